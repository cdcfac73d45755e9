"""Run: split, annotate and merge in one process, for the command line and for Python."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.annotate import open_annotator, run_chunk, warnings_of
from cassia_engine.collect import Merged, merge
from cassia_engine.errors import gather
from cassia_engine.markers import read_markers
from cassia_engine.progress import progress
from cassia_engine.records import Dataset
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.split import into_chunks

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


def run_table(
    markers: Path | str | pd.DataFrame | Sequence[Mapping[str, Any]],
    dataset: Dataset,
    split: SplitSettings,
    annotate: AnnotateSettings,
    show_progress: bool = True,
    on_done: Callable[[object], None] = lambda result: None,
) -> Merged:
    """Annotate every cluster of a marker table; `on_done` is called after each, and may raise to end the run.

    Raises:
        UsageError: the table cannot be used, or the annotator cannot work on this data set; nothing was spent.
    """
    annotator, table = gather(lambda: open_annotator(annotate, dataset), lambda: read_markers(markers, split))
    for warning in warnings_of(annotator, table.clusters):
        log.warning("%s", warning)
    [chunk] = into_chunks(table, dataset, chunk_size=len(table.clusters))
    with progress(len(chunk.clusters), show_progress) as advance:
        results = []
        for result in run_chunk(chunk, annotator, on_done=advance):
            results.append(result)
            on_done(result)
    return merge(dataset, table.selection, [(result, annotator.run_info) for result in results])
