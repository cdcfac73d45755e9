"""`cassia_engine.subcluster`: what `cassia subcluster` does, from Python, with a DataFrame for its table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.api import (
    OF_ANNOTATE,
    OF_SPLIT,
    annotate_settings,
    check_fresh,
    conclude,
    place_of,
    plain_options,
    texts_of,
)
from cassia_engine.arguments import complete, refuse_unknown
from cassia_engine.errors import gather
from cassia_engine.markers import Table
from cassia_engine.outputs.names import ENDS
from cassia_engine.outputs.publish import write_outputs
from cassia_engine.progress import messages, say
from cassia_engine.records import OFFLINE, Dataset
from cassia_engine.settings import SplitSettings
from cassia_engine.subclustering.population import Population
from cassia_engine.subclustering.subclusters import run_subclusters
from cassia_engine.subclustering.table import END, TABLE, lines, path_of, section

if TYPE_CHECKING:
    import pandas as pd

_OWN = (
    *("major_cluster", "tissue", "species", "additional_info", "provider", "model", "api_key", "output_name"),
    *("fresh", "show_progress"),
)


@complete((*OF_SPLIT, *OF_ANNOTATE))
def subcluster(
    markers: Table | Sequence[Path | str],
    *,
    major_cluster: str,
    tissue: str,
    species: str,
    additional_info: str = "",
    provider: str = OFFLINE,
    model: str | None = None,
    api_key: str | None = None,
    output_name: Path | str | None = None,
    fresh: bool = False,
    show_progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """Annotate the subclusters of one population, and say which answers are no kind of its type.

    Args:
        markers: the marker table of the subclusters, in any form that `annotate` takes.
        major_cluster: the cell type of the whole population, such as "CD8 T cell".
        tissue, species, additional_info, provider, model, api_key, fresh, show_progress: as for `annotate`.
        output_name: as for `annotate`; `{output_name}_subclusters.csv` is written too.
        **options: those of `annotate`; `depth` is "fine" unless given.

    Returns:
        One row per cluster in the table's order, all text: `Result ID`, `main_cell_type`, `sub_cell_type` (the next
        likely one), `key_markers`, `reason` (why there is no answer), `CL ID` and `Fit`: "kind of it", "no finer",
        "other type", "unknown" or "no answer".

    Raises:
        ArgumentError: an argument is missing, or there is none of this name; a TypeError and a UsageError.
        UsageError: something given cannot be used, such as a population that the Cell Ontology has no place for.
        AccountError, TemporaryError: as for `annotate`; what had been annotated by then is written.
    """
    import pandas as pd

    with messages(show_progress):
        refuse_unknown(options, (*OF_SPLIT, *OF_ANNOTATE, *_OWN), "subcluster")
        check_fresh(fresh)
        (folder, name), about, split, who, population = gather(
            lambda: place_of(output_name, "subclusters", (markers, *options.values()), (*ENDS, END)),
            lambda: texts_of(tissue=tissue, species=species, additional_info=additional_info),
            lambda: SplitSettings(**plain_options(options, OF_SPLIT)),
            lambda: annotate_settings({"depth": "fine", **options}, api_key, provider=provider, model=model),
            lambda: Population.of(texts_of(major_cluster=major_cluster)["major_cluster"]),
        )
        data = Dataset(name, **about).checked()
        found = run_subclusters(markers, population, data, split, who, show_progress, fresh=fresh)
        paths: list[Path] = []
        if output_name is not None:
            paths = [
                *write_outputs(found.merged, folder, sections=[section(found.fits, population)]),
                path_of(folder, name),
            ]
            TABLE.write(found.fits, paths[-1])
        conclude(found.merged, paths, show_progress)
        if show_progress:
            for line in lines(found.fits, population):
                say(f"cassia: {line}")
        if found.ended:
            raise found.ended
    return pd.DataFrame(TABLE.rows(found.fits), columns=list(TABLE.columns), dtype=str)
