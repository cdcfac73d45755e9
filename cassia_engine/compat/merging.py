"""CASSIA's merging of annotations: its calls, with the groups of `merge_labels`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cassia_engine.arguments import complete
from cassia_engine.callers import Caller, argument, called_from
from cassia_engine.compat.arguments import say_without_effect
from cassia_engine.csv_injection import csv_row, guard, unguard
from cassia_engine.errors import UsageError, shown
from cassia_engine.files import atomic_write, check_writable, local
from cassia_engine.markers.files.input_kinds import opened
from cassia_engine.markers.files.source import Problems, rows
from cassia_engine.merging.in_python import merge_labels
from cassia_engine.merging.table import MERGED

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

WHY = "groups are the Cell Ontology's, and no language model is asked"
IDLE = ("provider", "model", "temperature", "api_key", "additional_context", "batch_size", "reasoning")


@complete(())
def merge_annotations(
    csv_path: Path | str | pd.DataFrame,
    output_path: Path | str | None = None,
    provider: str = "openrouter",
    model: str | None = None,
    temperature: float | None = None,
    api_key: str | None = None,
    additional_context: str | None = None,
    batch_size: int = 20,
    detail_level: str = "broad",
    reasoning: str | None = None,
) -> pd.DataFrame:
    """Add the groups of one level to a summary, with CASSIA's arguments in their order.

    Args:
        csv_path: a summary of runCASSIA_batch: its file, or the DataFrame.
        output_path: a CSV file to write as well.
        provider, model, temperature, api_key, additional_context, batch_size, reasoning: without effect, as the groups
            are the Cell Ontology's and no language model is asked; said if given.
        detail_level: broad, detailed or very_detailed, which is the column Merged_Grouping_1, 2 or 3.

    Returns:
        The summary as text, with the column.

    Raises:
        UsageError: something given cannot be used; says what, where and what to do.
    """
    say_without_effect(merge_annotations, IDLE, locals(), WHY)
    if detail_level not in MERGED:
        what = f"{argument('detail_level')} {shown(detail_level)}: expected one of {', '.join(MERGED)}"
        raise UsageError(what, code="merge-level-unknown")
    return _merged(csv_path, output_path, [MERGED[detail_level]])


@complete(())
def merge_annotations_all(
    csv_path: Path | str | pd.DataFrame,
    output_path: Path | str | None = None,
    provider: str = "openrouter",
    model: str | None = None,
    temperature: float | None = None,
    api_key: str | None = None,
    additional_context: str | None = None,
    batch_size: int = 20,
    reasoning: str | None = None,
) -> pd.DataFrame:
    """`merge_annotations` for all three levels at once."""
    say_without_effect(merge_annotations_all, IDLE, locals(), WHY)
    return _merged(csv_path, output_path, list(MERGED.values()))


@complete(())
def runCASSIA_merge_annotations(
    csv_path: Path | str | pd.DataFrame,
    output_path: Path | str | None = None,
    provider: str = "openrouter",
    model: str | None = None,
    additional_context: str | None = None,
    batch_size: int = 20,
    detail_level: str = "broad",
    process_all: bool = False,
) -> pd.DataFrame:
    """`merge_annotations` by the name of CASSIA's R package; all three levels with `process_all`."""
    same = partial(
        merge_annotations_all if process_all else partial(merge_annotations, detail_level=detail_level),
        provider=provider,
        model=model,
        additional_context=additional_context,
        batch_size=batch_size,
    )
    return same(csv_path, output_path)


def _merged(summary: Path | str | pd.DataFrame, output: Path | str | None, columns: Sequence[str]) -> pd.DataFrame:
    path = None if output is None else local(output)
    if path:
        check_writable(path, inputs=[local(summary)] if isinstance(summary, str | Path) else ())
    with called_from(Caller.CASSIA):
        groups = merge_labels(summary, show_progress=False)
    frame = _as_text(summary)
    for column in columns:
        frame[column] = groups[column].to_numpy()
    if path:
        _write(frame, path)
    return frame


def _as_text(summary: Path | str | pd.DataFrame) -> pd.DataFrame:
    """The summary as it is; of a file with other separators, too."""
    import pandas as pd

    with opened(summary) as source:
        problems = Problems(source)
        found = [row for _, row in rows(source, problems)]
        return pd.DataFrame(found, columns=list(source.header), dtype=str)


def _write(frame: pd.DataFrame, path: Path) -> None:
    with atomic_write(path) as file:
        file.write(csv_row(map(str, frame.columns)))
        for row in frame.itertuples(index=False):
            # Those of a file are guarded already.
            file.write(csv_row(guard(unguard(str(cell))) for cell in row))
