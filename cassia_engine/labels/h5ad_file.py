"""Labels for the cells of an .h5ad file: into a copy of it, or a Parquet table."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path
from typing import Any

import h5py

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.files import check_writable, left_aside
from cassia_engine.h5ad.elements import index_of, opened_h5ad, texts
from cassia_engine.h5ad.file_data import FileData
from cassia_engine.h5ad.labels import write_copy
from cassia_engine.labels.labelling import Wanted, columns_of, notes_of
from cassia_engine.labels.summary import read_summary

log = logging.getLogger(__name__)


def label_file(data: Path, summary: Path, wanted: Wanted, output: Path | None, parquet: Path | None) -> list[Path]:
    """Write labels for the cells of an .h5ad file; returns the files written.

    Args:
        output: a copy of `data` with the labels in obs; None for none.
        parquet: a table with a row a cell; None for none.

    Raises:
        UsageError: something given cannot be used; says what, where and what to do. Nothing is written.
        OSError: an output cannot be written.
    """
    targets = [path for path in (output, parquet) if path]
    _check_targets(data, summary, output, parquet)
    label_set = read_summary(summary)
    with opened_h5ad(_checked(data), str(data)) as file:
        obs = file["obs"]
        taken = {*obs} if output else ()
        columns = columns_of(FileData(str(data), file), label_set, wanted, taken, _own(file, wanted))
        index = index_of(obs) if parquet else []
        index_name = str(obs.attrs["_index"])
    if parquet:
        from cassia_engine.labels.parquet import write_parquet  # brings DuckDB and pandas

        write_parquet(parquet, index_name, index, columns)
    if output:
        write_copy(data, output, columns, notes_of(label_set, wanted, columns))
    return targets


def _check_targets(data: Path, summary: Path, output: Path | None, parquet: Path | None) -> None:
    targets = [path for path in (output, parquet) if path]
    if not targets:
        raise UsageError(f"nothing to write: give {argument('output')} or {argument('parquet')}, or both")
    if len(targets) == 2 and targets[0].absolute() == targets[1].absolute():
        raise UsageError(f"{argument('output')} and {argument('parquet')} are one file; give two", path=targets[0])
    for target in targets:
        for given in (data, summary):
            if target.exists() and given.exists() and target.samefile(given):
                raise UsageError("an output cannot take the place of an input; give another name", path=target)
    check_writable(*targets)
    for left in (left for target in targets if target.parent.is_dir() for left in left_aside(target)):
        log.warning("%s: left by a run that was killed, if none is writing it now; remove it", left)


def _checked(data: Path) -> Path:
    """The path of what is an HDF5 file at least."""
    if data.is_dir():
        raise UsageError("this is a folder; labels go into an .h5ad file", path=data)
    if data.is_file() and not h5py.is_hdf5(data):
        raise UsageError("this is no HDF5 file; give an .h5ad file, and the summary behind it", path=data)
    data.stat()  # what is wrong with it otherwise is the system's to say
    return data


def _own(file: h5py.File, wanted: Wanted) -> Collection[str]:
    """The columns that an earlier labelling has written."""
    written: Any = file.get(f"uns/{wanted.key}/columns")
    return [] if written is None else [name for name in texts(written) if name]
