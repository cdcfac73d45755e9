"""A marker table in whatever form it comes, as one text file for the one reader.

DataFrames, lists of rows, Parquet and pipes are written to a temporary file, which is removed at the end.
"""

from __future__ import annotations

import csv
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from cassia_engine.errors import UsageError
from cassia_engine.files import local
from cassia_engine.h5ad import is_anndata, is_mudata, is_spatialdata
from cassia_engine.h5ad.zarr_store import is_zarr
from cassia_engine.markers.files.arrays import Arrays
from cassia_engine.markers.files.database import connected
from cassia_engine.markers.files.limits import check_parquet, check_size, copy_within
from cassia_engine.markers.files.plain_copy import plain_copy
from cassia_engine.markers.files.python_objects import write_object
from cassia_engine.markers.files.source import SAMPLE_LINES, Source, as_pattern, open_source
from cassia_engine.markers.files.text_file import READING_ERRORS, unreadable
from cassia_engine.settings import SplitSettings

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

    from cassia_engine.h5ad.annotated import AnnotatedData
    from cassia_engine.h5ad.options import H5adOptions

_PARQUET = b"PAR1"
_HDF5 = b"\x89HDF\r\n\x1a\n"
# What messages call objects that have ranked genes; a MuData also has what an AnnData has.
_OBJECTS = {"the MuData": is_mudata, "the SpatialData": is_spatialdata, "the AnnData": is_anndata}
OpenFile = Callable[[Path, str, Path], Source]
Table = Union[Path, str, "pd.DataFrame", "AnnData", Sequence[Mapping[str, Any]], Mapping[Any, Any]]


@contextmanager
def opened(
    table: Table,
    max_size: float = SplitSettings().max_table_size,
    open_file: OpenFile | None = None,
    h5ad: H5adOptions | None = None,
) -> Iterator[Source]:
    """The table, ready to be read; text of at most `max_size` gigabytes, unpacked.

    Args:
        open_file: opens a text file, by its path, its name in messages, and a path for a copy; else `open_source`.
        h5ad: what is said of an AnnData; None where a table is wanted that is none.

    Raises:
        UsageError: there is nothing in it, it cannot be read, or it is none of the forms taken.
    """
    with tempfile.TemporaryDirectory(prefix="cassia-") as folder, ExitStack() as stack:
        text, plain = Path(folder) / "table.csv", Path(folder) / "plain.csv"
        if h5ad and (data := _anndata(table, h5ad, stack)):
            from cassia_engine.h5ad.ranked_genes import read_ranked_genes
            from cassia_engine.h5ad.ranked_table import KEY

            with data.reading():
                rows, found = read_ranked_genes(data, h5ad)
                start = Path(folder) / "start.csv"
                source = _open_arrays(Arrays(rows, KEY, text), data.place, start)
            yield replace(source, lines=False, cells=found.cells, ranking=found.ranking, from_anndata=True)
            return
        if not isinstance(table, (str, Path)):
            place = write_object(table, text)
            yield replace(open_source(plain_copy(text, place, plain), place, in_rows=True), unnamed=True)
            return
        path = _regular(local(table), Path(folder) / "copy", max_size)
        if _starts_with(path, _PARQUET):
            _unpack_parquet(path, text, str(table), max_size)
            yield open_source(plain_copy(text, str(table), plain), str(table), in_rows=True)
        else:
            _check_size(path, str(table), max_size)
            path = plain_copy(path, str(table), plain)
            yield open_file(path, str(table), text) if open_file else open_source(path, str(table))


def _open_arrays(arrays: Arrays, place: str, start: Path) -> Source:
    """Look at the first rows of a table in memory, which are written to `start`."""
    arrays.write_start(SAMPLE_LINES, start)
    return replace(open_source(start, place, in_rows=True), path=arrays)


def _check_size(path: Path, place: str, max_size: float) -> None:
    try:
        check_size(path, place, max_size)
    except READING_ERRORS as error:
        raise unreadable(path, place, True, error) from error


def _regular(path: Path, copy: Path, max_size: float) -> Path:
    """The file, or its copy if it can be read but once, or has a name that is no text."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise UsageError("this is a device; give the marker table as a file", path=path, code="table-is-device")
        if stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and str(path).isprintable()):
            return path
        with open(path, "rb") as source, open(copy, "wb") as target:
            copy_within(source, target, str(path), max_size)
    except READING_ERRORS as error:
        raise unreadable(path, str(path), False, error) from error
    return copy


def _is_hdf5(path: Path) -> bool:
    """Whether a file is HDF5, also with a block of the writer's own in front, as mudata writes it."""
    try:
        with open(path, "rb") as raw:
            start = raw.read(2048 + len(_HDF5))
    except READING_ERRORS:
        return False
    return any(start[place : place + len(_HDF5)] == _HDF5 for place in (0, 512, 1024, 2048))


def _starts_with(path: Path, magic: bytes) -> bool:
    try:
        with open(path, "rb") as raw:
            return raw.read(len(magic)) == magic
    except READING_ERRORS:
        return False  # what is wrong with the file is said by its reader


def _anndata(table: Any, options: H5adOptions, stack: ExitStack) -> AnnotatedData | None:
    """An AnnData, a file or an object, that stays open until the stack is closed; None for a table that is none."""
    if not holds_anndata(table):
        return None
    if isinstance(table, (str, Path)):
        from cassia_engine.h5ad.stores import open_data

        return open_data(local(table), str(table), options, stack)
    title = next(title for title, is_of in _OBJECTS.items() if is_of(table))
    from cassia_engine.h5ad.containers import object_of
    from cassia_engine.h5ad.lazy import with_frames
    from cassia_engine.h5ad.object_data import ObjectData

    data = ObjectData(title, object_of(table, title, options))
    with data.reading():
        return replace(data, adata=with_frames(data.adata))


def holds_anndata(table: Table | Sequence[Path | str]) -> bool:
    """Whether this is an AnnData, or has some: an HDF5 file, a Zarr store, or an object."""
    if isinstance(table, (str, Path)):
        path = local(table)
        return (path.is_file() and _is_hdf5(path)) or is_zarr(path)
    return any(is_of(table) for is_of in _OBJECTS.values())


def _unpack_parquet(path: Path, text: Path, place: str, max_size: float) -> None:
    import duckdb

    try:
        with connected() as db:
            check_parquet(db, as_pattern(path), place, max_size)
            db.read_parquet(as_pattern(path)).write_csv(str(text), quoting=csv.QUOTE_ALL)
    except duckdb.Error as error:
        raise UsageError(
            "this Parquet file is damaged or of a kind unknown; write it anew", path=place, code="parquet-damaged"
        ) from error
