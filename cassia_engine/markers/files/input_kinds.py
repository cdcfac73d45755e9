"""A marker table in whatever form it comes, as one text file for the one reader.

DataFrames, lists of rows, Parquet and pipes are written to a temporary file, which is removed at the end.
"""

from __future__ import annotations

import csv
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from cassia_engine.errors import UsageError
from cassia_engine.files import local
from cassia_engine.markers.files.database import connected
from cassia_engine.markers.files.limits import check_parquet, check_size, copy_within
from cassia_engine.markers.files.plain_copy import plain_copy
from cassia_engine.markers.files.python_objects import write_object
from cassia_engine.markers.files.source import Source, as_pattern, open_source
from cassia_engine.markers.files.text_file import READING_ERRORS, unreadable
from cassia_engine.settings import SplitSettings

if TYPE_CHECKING:
    import pandas as pd

_PARQUET = b"PAR1"
OpenFile = Callable[[Path, str, Path], Source]
Table = Union[Path, str, "pd.DataFrame", Sequence[Mapping[str, Any]], Mapping[Any, Any]]


@contextmanager
def opened(
    table: Table, max_size: float = SplitSettings().max_table_size, open_file: OpenFile | None = None
) -> Iterator[Source]:
    """The table, ready to be read; text of at most `max_size` gigabytes, unpacked.

    Args:
        open_file: opens a text file, by its path, its name in messages, and a path for a copy; else `open_source`.

    Raises:
        UsageError: there is nothing in it, it cannot be read, or it is none of the forms taken.
    """
    with tempfile.TemporaryDirectory(prefix="cassia-") as folder:
        text, plain = Path(folder) / "table.csv", Path(folder) / "plain.csv"
        if not isinstance(table, (str, Path)):
            place = write_object(table, text)
            yield replace(open_source(plain_copy(text, place, plain), place, in_rows=True), unnamed=True)
            return
        path = _regular(local(table), Path(folder) / "copy", max_size)
        if _is_parquet(path):
            _unpack_parquet(path, text, str(table), max_size)
            yield open_source(plain_copy(text, str(table), plain), str(table), in_rows=True)
        else:
            _check_size(path, str(table), max_size)
            path = plain_copy(path, str(table), plain)
            yield open_file(path, str(table), text) if open_file else open_source(path, str(table))


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
            raise UsageError("this is a device; give the marker table as a file", path=path)
        if stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and str(path).isprintable()):
            return path
        with open(path, "rb") as source, open(copy, "wb") as target:
            copy_within(source, target, str(path), max_size)
    except READING_ERRORS as error:
        raise unreadable(path, str(path), False, error) from error
    return copy


def _is_parquet(path: Path) -> bool:
    try:
        with open(path, "rb") as raw:
            return raw.read(4) == _PARQUET
    except READING_ERRORS:
        return False  # what is wrong with the file is said by its reader


def _unpack_parquet(path: Path, text: Path, place: str, max_size: float) -> None:
    import duckdb

    try:
        with connected() as db:
            check_parquet(db, as_pattern(path), place, max_size)
            db.read_parquet(as_pattern(path)).write_csv(str(text), quoting=csv.QUOTE_ALL)
    except duckdb.Error as error:
        raise UsageError("this Parquet file is damaged or of a kind unknown; write it anew", path=place) from error
