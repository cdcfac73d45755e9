"""A marker table in whatever form it comes, as one text file for the one reader.

DataFrames, lists of rows, Parquet and pipes are written to a temporary file, which is removed at the end.
"""

from __future__ import annotations

import csv
import math
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.cells import guard, unguard
from cassia_engine.errors import UsageError
from cassia_engine.files import local
from cassia_engine.markers.source import READING_ERRORS, Source, as_pattern, open_source, unreadable

if TYPE_CHECKING:
    import pandas as pd

_PARQUET = b"PAR1"
_EXPECTED = "markers: expected a path, a pandas DataFrame or a list of mappings, one a row"


@contextmanager
def opened(table: Path | str | pd.DataFrame | Sequence[Mapping[str, Any]]) -> Iterator[Source]:
    """The table, ready to be read.

    Raises:
        UsageError: there is nothing in it, it cannot be read, or it is none of the forms taken.
    """
    with tempfile.TemporaryDirectory(prefix="cassia-") as folder:
        text = Path(folder) / "table.csv"
        if not isinstance(table, (str, Path)):
            place = _write_frame(table, text)
            yield open_source(text, place, in_rows=True)
            return
        path = _regular(local(table), Path(folder) / "copy")
        if _is_parquet(path):
            _unpack_parquet(path, text, str(table))
            yield open_source(text, str(table), in_rows=True)
        else:
            yield open_source(path, str(table))


def _regular(path: Path, copy: Path) -> Path:
    """The file, or its copy if it can be read but once, or has a name that is no text."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise UsageError("this is a device; give the marker table as a file", path=path)
        if stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and str(path).isprintable()):
            return path
        with open(path, "rb") as source, open(copy, "wb") as target:
            shutil.copyfileobj(source, target)
    except READING_ERRORS as error:
        raise unreadable(path, str(path), False, error) from error
    return copy


def _is_parquet(path: Path) -> bool:
    try:
        with open(path, "rb") as raw:
            return raw.read(4) == _PARQUET
    except READING_ERRORS:
        return False  # what is wrong with the file is said by its reader


def _unpack_parquet(path: Path, text: Path, place: str) -> None:
    import duckdb

    try:
        with duckdb.connect() as db:
            db.read_parquet(as_pattern(path)).write_csv(str(text), quoting=csv.QUOTE_ALL)
    except duckdb.Error as error:
        raise UsageError("this Parquet file is damaged or of a kind unknown; write it anew", path=place) from error


def _write_frame(table: Any, text: Path) -> str:
    """Write a DataFrame or a list of rows; returns what messages call it."""
    try:
        if hasattr(table, "to_csv") and hasattr(table, "columns"):
            if not len(table.columns):
                raise UsageError("the DataFrame has no columns; give a marker table")
            _as_cells(table).to_csv(text, index=False, quoting=csv.QUOTE_ALL, lineterminator="\n")
            return "the DataFrame"
        _write_rows(table, text)
        return "the list of rows"
    except UnicodeEncodeError as error:
        raise UsageError("the table has text that is not valid Unicode; mend it") from error


def _write_rows(rows: Any, text: Path) -> None:
    if not isinstance(rows, Sequence) or not all(isinstance(row, Mapping) for row in rows):
        kind = type(rows)
        raise UsageError(f"{_EXPECTED}; this is {kind.__module__.partition('.')[0]}.{kind.__name__}")
    if not rows:
        raise UsageError("the list of rows is empty; give a marker table")
    columns = list(dict.fromkeys(str(name) for row in rows for name in row))
    with open(text, "w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows({str(name): _cell(value) for name, value in row.items()} for row in rows)


def _as_cells(frame: pd.DataFrame) -> pd.DataFrame:
    from pandas.api.types import is_numeric_dtype

    cells = frame.copy(deep=False)
    for position in range(frame.shape[1]):
        values = frame.iloc[:, position]
        if not is_numeric_dtype(values):
            cells.isetitem(position, values.astype(object).map(_cell).to_list())
    return cells


def _cell(value: Any) -> Any:
    """A cell as text of a CSV: genes of a list with commas, NaN, which is Python's way to say nothing, as nothing."""
    match value:
        case list() | tuple():
            return ",".join(map(str, value))
        case float() if math.isnan(value):
            return ""
        case str() if unguard(value) != value:
            return guard(value)  # the reader takes a ' off, which here is part of the text
    return _cell(value.tolist()) if getattr(value, "ndim", False) else value
