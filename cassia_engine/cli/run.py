"""`cassia run`: split, annotate and collect in one process, for a laptop or a script."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cassia_engine.cancellation import Cancellation, stop_on_signals
from cassia_engine.cli.options import (
    FilePath,
    Grouped,
    annotate_options,
    annotate_settings,
    corrections_option,
    dataset,
    dataset_options,
    parameter_option,
    split_options,
)
from cassia_engine.errors import gather
from cassia_engine.process_limits import start
from cassia_engine.settings import RunSettings, SplitSettings
from cassia_engine.settings.declaration import parameters

if TYPE_CHECKING:
    from cassia_engine.records import Merged
    from cassia_engine.report import Section

log = logging.getLogger(__name__)

# On a terminal the clusters are listed at the end, unless they would fill screens.
MOST_LISTED = 60


@click.command(cls=Grouped)
@click.argument("markers", type=FilePath, nargs=-1, required=True)
@click.option("--outdir", type=FilePath, default=Path(), help="Folder for the outputs.")
@dataset_options()
@split_options
@annotate_options
@corrections_option
@click.option("--fresh", is_flag=True, help="Ask everything anew: the recorded answers are set aside, not deleted.")
@click.option(
    "--show_egress",
    is_flag=True,
    help="Print each request that would be sent next, byte for byte, with the key as ***. Nothing is sent or written, "
    "and no key is needed. For a CyteType server, cassia artifacts writes the files.",
)
@parameter_option(
    parameters(RunSettings)["max_failed_clusters"], help="Clusters that may fail before the exit code is 1."
)
def run(
    markers: tuple[Path, ...],
    outdir: Path,
    name: str | None,
    tissue: str,
    species: str,
    additional_info: str,
    corrections: Path | None,
    fresh: bool,
    show_egress: bool,
    max_failed_clusters: int,
    **options: Any,
) -> None:
    """Annotate the clusters of the table MARKERS and write summary, conversations and report into --outdir.

    MARKERS is a CSV, TSV (also .gz) or Parquet file as Seurat's FindAllMarkers, Scanpy's rank_genes_groups_df,
    presto's wilcoxauc, or a person (cluster, comma-separated genes) writes it, or an AnnData (.h5ad) with Scanpy's
    rank_genes_groups. Several are one sample: tables of one form with clusters of their own, or of one cluster each,
    which has its file's name.

    Ctrl-C: nothing more is asked, answers on their way are waited for, and what is done is written; the same command
    goes on from there.
    """
    from cassia_engine.outputs.names import check_outputs
    from cassia_engine.settings.declaration import input_paths
    from cassia_engine.stages.collect import check
    from cassia_engine.stages.run import run_table

    who, settings, limits, data = gather(
        lambda: annotate_settings(options),
        lambda: SplitSettings(**options),
        lambda: RunSettings(max_failed_clusters),
        lambda: dataset(markers, name, tissue, species, additional_info),
    )
    if show_egress:
        from cassia_engine.cli.egress import print_requests

        print_requests(markers, data, settings, who, fresh)
        return
    check_outputs(outdir, data.name, (*markers, corrections, *input_paths(who, settings)))
    merged, ended = run_table(markers, data, settings, who, stopping=annotating, fresh=fresh, corrections=corrections)
    paths = write(merged, outdir)
    conclude(merged, paths)
    if ended:
        raise ended
    check([merged.status], limits.max_failed_clusters)


@contextmanager
def annotating() -> Iterator[Cancellation]:
    """Stop on signals; while answers are awaited, what writes the outputs is loaded."""
    start(threading.Thread(target=_prepare_outputs, daemon=True))
    with stop_on_signals() as stop:
        yield stop


def _prepare_outputs() -> None:
    from cassia_engine.outputs.publish import prepare

    prepare()


def write(merged: Merged, outdir: Path, sections: Sequence[Section] = ()) -> list[Path]:
    """Write the outputs, with further tables of the report."""
    from cassia_engine.outputs.publish import write_outputs

    return write_outputs(merged, outdir, sections=sections)


def conclude(merged: Merged, paths: Sequence[Path]) -> None:
    """Say what came out: the clusters on a terminal, the counts, and where the files are."""
    from rich.console import Console

    from cassia_engine.outputs.publish import closing_lines

    console = Console()
    if console.is_terminal and len(merged.results) <= MOST_LISTED:
        console.print(_listing(merged))
    log.info("%s", merged.outcome_words)
    for line in closing_lines(merged, warned=True):
        log.info("%s", line)
    for path in paths:
        click.echo(path)


def _listing(merged: Merged) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table("Cluster", "Cell type", "CL ID", "Confidence", "Evidence genes", box=None, pad_edge=False)
    for result in merged.results:
        if named := result.named_by_person:
            row = (named.label, named.cl_id, named.decided_by, "")
        elif best := result.annotation:
            row = (best.label, best.cl_id, str(best.confidence), ", ".join(best.evidence_genes[:5]))
        else:
            row = (str(result.outcome), "", "", result.reason)
        # Text, so that square brackets in names are not taken for markup.
        table.add_row(*(Text(cell) for cell in (result.cluster.id, *row)))
    return table
