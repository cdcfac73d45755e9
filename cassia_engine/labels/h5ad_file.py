"""Labels for the cells of an .h5ad file: into a copy of it, or a Parquet table."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from pathlib import Path

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.files import atomic_copy, check_writable, left_aside
from cassia_engine.labels.wanted import Wanted

log = logging.getLogger(__name__)


def label_file(data: Path, summary: Path, wanted: Wanted, output: Path | None, parquet: Path | None) -> list[Path]:
    """Write labels for the cells of an .h5ad file; returns the files written.

    Args:
        output: a copy of `data` with the labels in obs; None for none.
        parquet: a table with one row per cell; None for none.

    Raises:
        UsageError: something given cannot be used; says what, where and what to do. Nothing is written.
        OSError: an output cannot be written.
    """
    _check_targets(data, summary, output, parquet)
    with atomic_copy(data, output) if output else nullcontext() as copy:
        # The copy has begun: what follows, loading these modules too, takes no time of its own.
        from cassia_engine.h5ad.labels import add_to_copy
        from cassia_engine.labels.cells_of_file import labels_for
        from cassia_engine.labels.summary import read_summary

        found = labels_for(data, read_summary(summary), wanted, output is not None, parquet is not None)
        if parquet:
            from cassia_engine.labels.parquet import write_parquet  # brings DuckDB and pandas

            write_parquet(parquet, found.index_name, found.index, found.labelled.columns)
        if copy and output:
            add_to_copy(copy(), found.labelled, data, output)
    return [path for path in (output, parquet) if path]


def _check_targets(data: Path, summary: Path, output: Path | None, parquet: Path | None) -> None:
    targets = [path for path in (output, parquet) if path]
    if not targets:
        what = f"nothing to write: give {argument('output')} or {argument('parquet')}, or both"
        raise UsageError(what, code="labels-no-output")
    if len(targets) == 2 and targets[0].absolute() == targets[1].absolute():
        what = f"{argument('output')} and {argument('parquet')} are one file; give two"
        raise UsageError(what, path=targets[0], code="labels-same-output")
    for target in targets:
        for given in (data, summary):
            if target.exists() and given.exists() and target.samefile(given):
                what = "an output cannot take the place of an input; give another name"
                raise UsageError(what, path=target, code="labels-output-is-input")
    if data.exists() and not data.is_file() and not data.is_dir():
        raise UsageError("this is a device or a pipe; give an .h5ad file", path=data, code="labels-data-device")
    check_writable(*targets)
    for left in (left for target in targets if target.parent.is_dir() for left in left_aside(target)):
        log.warning("%s: left by a run that was killed, if none is writing it now; remove it", left)
