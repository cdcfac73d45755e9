"""Run: split, annotate and merge in one process, for the command line and for Python."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.callers import argument
from cassia_engine.cancellation import Cancellation
from cassia_engine.errors import CassiaError, gather
from cassia_engine.lookup import MOST_COUNTED, GeneTable, genes_offered, read_gene_table
from cassia_engine.markers import MarkerTable, Table, read_markers
from cassia_engine.markers.files.samplesheet import refuse_samplesheet
from cassia_engine.process_limits import start
from cassia_engine.progress import progress
from cassia_engine.records import OFFLINE, Chunk, ClusterResult, Dataset, Merged
from cassia_engine.settings import AnnotateSettings, SplitSettings, check_offline
from cassia_engine.settings.declaration import parameters
from cassia_engine.stages.annotate import OnDone, check_air_gap, open_annotator, prepare, run_chunk, warnings_of
from cassia_engine.stages.collect import merge
from cassia_engine.stages.corrections import read_corrections, with_corrections
from cassia_engine.stages.split import into_chunks

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


def run_table(
    markers: Table | Sequence[Path | str],
    dataset: Dataset,
    split: SplitSettings,
    annotate: AnnotateSettings,
    show_progress: bool = True,
    stopping: Callable[[], AbstractContextManager[Cancellation]] = lambda: nullcontext(Cancellation()),
    fresh: bool = False,
    corrections: Path | str | pd.DataFrame | Sequence[Mapping[str, Any]] | None = None,
    on_done: OnDone = lambda result: None,
) -> tuple[Merged, CassiaError | None]:
    """Annotate every cluster of a marker table.

    Args:
        stopping: within it clusters are annotated, and the cancellation that it gives ends that early; before it,
            nothing is spent and an interrupt may end all.
        fresh: ask everything anew; the sample's recorded answers are set aside, once the table is known to be good.
        corrections: a table of what a person says of clusters, for `read_corrections`.
        on_done: is called with each cluster's result, as it is there.

    Returns:
        All clusters, and what ended the run early, such as a cancellation or an account that refuses; those that were
        not done by then are `not_reached`.

    Raises:
        UsageError, AccountError: the table cannot be used, or the annotator not on this data set or without a key;
            nothing was spent.
    """
    refuse_samplesheet(markers)
    check_air_gap(annotate)
    # What asking a model needs takes a third of a second to load: while the table is read, which is not Python's work.
    loading = threading.Thread(target=prepare, args=(annotate,), daemon=True)
    start(loading)
    try:
        table, annotator, said, _ = gather(
            lambda: read_markers(markers, split, dataset.species),
            lambda: open_annotator(annotate, dataset, gene_table_reader(markers, split, dataset)),
            lambda: None if corrections is None else read_corrections(corrections),
            lambda: _check_of_models(split) if annotate.provider == OFFLINE else None,
        )
    finally:
        loading.join()
    if said:
        said.check({cluster.id for cluster in table.clusters})
    for warning in warnings_of(annotator, table.clusters):
        log.warning("%s", warning)
    start_journal(annotate, dataset, fresh)
    chunk = one_chunk(markers, table, dataset, split, annotate)
    with progress(len(chunk.clusters), show_progress, annotator.activity) as advance, stopping() as stop:

        def done(result: ClusterResult) -> None:
            advance(result)
            on_done(result)

        annotated = run_chunk(chunk, annotator, done, stop)
    rows = [(result, annotator.run_info) for result in annotated.results]
    merged = merge(
        dataset, table.selection, rows, table.cells, annotated.controls, chunk.n_siblings, chunk.lookup_genes
    )
    return with_corrections(merged, said) if said else merged, annotated.ended


def one_chunk(
    markers: Table | Sequence[Path | str],
    table: MarkerTable,
    dataset: Dataset,
    split: SplitSettings,
    annotate: AnnotateSettings,
) -> Chunk:
    """All clusters of a table, with what only a language model is shown where one is asked."""
    of_model = annotate.provider != OFFLINE
    lookup_genes = genes_offered(split.lookup_genes, markers, table) if of_model else 0
    controls = split.controls if of_model else 0
    [chunk] = into_chunks(table, dataset, len(table.clusters), split.siblings, controls, lookup_genes)
    return chunk


def gene_table_reader(
    markers: Table | Sequence[Path | str], split: SplitSettings, dataset: Dataset
) -> Callable[[], GeneTable]:
    """Reads what the table says of any gene, for second annotators that ask."""
    return lambda: read_gene_table(markers, split, dataset.species, MOST_COUNTED)


def _check_of_models(split: SplitSettings) -> None:
    """Refuse settings that only a language model is for; 0 asks for nothing."""
    declared = parameters(SplitSettings).values()
    check_offline(*(one.name for one in declared if one.of_models and getattr(split, one.name) not in (0, one.default)))


def start_journal(settings: AnnotateSettings, dataset: Dataset, fresh: bool) -> None:
    """Ready the journal for a run of its own: what an account refused last time may work now; `fresh` sets the
    sample's recorded answers aside."""
    if settings.provider == OFFLINE or settings.journal_dir is None:
        return
    from cassia_engine.budget.folders import budget_folder, clear_reached
    from cassia_engine.journal import clear_stops, set_aside, writers

    clear_stops(settings.journal_dir)
    clear_reached(budget_folder(settings.journal_dir, dataset.name, settings.budget))
    if others := writers(settings.journal_dir / dataset.name):
        log.warning(
            "process %d has asked about this sample within the last minutes and is still there: if it goes on, what "
            "both ask is paid for twice; wait for its end, or give one of them another %s",
            others[0],
            argument("name"),
        )
    aside = set_aside(settings.journal_dir / dataset.name) if fresh else None
    if aside:
        log.info("earlier answers are set aside in %s", aside)
