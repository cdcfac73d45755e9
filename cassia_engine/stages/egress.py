"""What a run of a table would send, shown in place of being sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cassia_engine.errors import gather
from cassia_engine.markers import Table, read_markers
from cassia_engine.markers.files.samplesheet import refuse_samplesheet
from cassia_engine.records import OFFLINE, Dataset
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.stages.annotate import check_air_gap
from cassia_engine.stages.run import gene_table_reader, one_chunk

if TYPE_CHECKING:
    from cassia_engine.providers.egress import Shown


def show_egress(
    markers: Table | Sequence[Path | str],
    dataset: Dataset,
    split: SplitSettings,
    annotate: AnnotateSettings,
    show: Callable[[Shown], None],
    fresh: bool = False,
) -> None:
    """Give each request to `show` that `run_table` would send before it waits for an answer that it does not have.

    Nothing is sent and nothing is written; answers in the journal count, and no key is needed.

    Raises:
        UsageError: the table or the model cannot be used.
    """
    refuse_samplesheet(markers)
    if annotate.provider == OFFLINE:
        return
    # Loaded only where a model would be asked.
    from cassia_engine.llm.egress import open_accounts, show_requests

    check_air_gap(annotate)
    table, accounts = gather(
        lambda: read_markers(markers, split, dataset.species),
        lambda: open_accounts(annotate),
    )
    chunk = one_chunk(markers, table, dataset, split, annotate)
    show_requests(chunk, annotate, accounts, gene_table_reader(markers, split, dataset), show, fresh)
