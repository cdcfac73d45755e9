"""`cassia_engine.boost`: what `cassia boost` does, from Python."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.api import annotate_settings, check_fresh, place_of, plain_options, texts_of
from cassia_engine.arguments import complete, refuse_unknown
from cassia_engine.boosting.boost import boost_cluster, refuse_offline
from cassia_engine.boosting.boosted import Boost
from cassia_engine.boosting.options import OF_ANNOTATE, OF_SPLIT
from cassia_engine.boosting.outputs import ENDS, lines, write_boost
from cassia_engine.callers import argument
from cassia_engine.errors import UsageError, gather
from cassia_engine.markers import Table
from cassia_engine.progress import messages, say
from cassia_engine.records import Dataset
from cassia_engine.settings import SplitSettings

if TYPE_CHECKING:
    import pandas as pd

OPTIONS = (*OF_SPLIT, *(name for name in OF_ANNOTATE if name not in ("provider", "model")))
_OWN = ("cluster", "tissue", "species", "provider", "model", "api_key", "summary", "additional_info", "output_name")


@complete(OPTIONS)
def boost(
    markers: Table | Sequence[Path | str],
    *,
    cluster: str,
    tissue: str,
    species: str,
    provider: str,
    model: str | None = None,
    api_key: str | None = None,
    summary: Path | str | pd.DataFrame | None = None,
    additional_info: str = "",
    output_name: Path | str | None = None,
    fresh: bool = False,
    show_progress: bool = True,
    **options: Any,
) -> Boost:
    """Investigate one cluster whose label is in doubt: a language model asks for genes, which are looked up.

    Args:
        markers: the whole marker table, in any form that `annotate` takes; genes that do not pass its filter can be
            asked for too.
        cluster: its id, as text.
        tissue, species, additional_info: what is known of the data, in your words; tissue "none" for none.
        provider, model, api_key: who is asked, as for `annotate`; "offline" asks no language model and is refused.
        summary: of a run on this table, whose answer is looked into: NAME_summary.csv or the DataFrame of `annotate`.
        output_name: where to write the outputs, `{output_name}_boost.json` and `.html`. None writes nothing.
        fresh: ask everything anew; recorded answers are set aside.
        show_progress: show messages, and say at the end what came out.
        **options: how markers are chosen and the model is asked, by the names of `cassia boost --help`, such as
            n_genes, group_key, max_rounds, depth, temperature or journal_dir.

    Returns:
        A `Boost`: `boosted` has the ranked `types`, the `claim` as the model made it, the checks' `findings`,
        and the `rounds`, each with its hypotheses and the rows that were looked up.

    Raises:
        ArgumentError: an argument is missing, or there is none of this name; a TypeError and a UsageError.
        UsageError: something given cannot be used; nothing was spent.
        AccountError, TemporaryError: the account refuses, or the provider is down; the same call goes on from there.
    """
    with messages(show_progress):
        refuse_unknown(options, (*OPTIONS, *_OWN, "fresh", "show_progress"), "boost")
        check_fresh(fresh)
        refuse_offline(provider)
        if not isinstance(cluster, str):
            what = f"{argument('cluster')}: expected text, found {cluster!r}; ids of clusters are text"
            raise UsageError(what, code="boost-cluster-not-text")
        (folder, name), about, split, who = gather(
            lambda: place_of(output_name, "boost", (markers, summary, *options.values()), ENDS),
            lambda: texts_of(tissue=tissue, species=species, additional_info=additional_info),
            lambda: SplitSettings(**plain_options(options, OF_SPLIT)),
            lambda: annotate_settings(options, api_key, provider=provider, model=model),
        )
        found = boost_cluster(markers, cluster, Dataset(name, **about).checked(), split, who, summary, fresh=fresh)
        if output_name is not None:
            write_boost(found, folder)
        if show_progress:
            for line in lines(found):
                say(f"cassia: {line}")
    return found
