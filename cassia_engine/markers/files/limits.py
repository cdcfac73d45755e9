"""How large a table may be, unpacked: a small file can be made to fill disk and memory."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import IO, Any

from cassia_engine.callers import option
from cassia_engine.errors import UsageError
from cassia_engine.markers.files.sniff import GZIP

GIGABYTE = 1_000_000_000
_MOST_PACKED = 1032  # gzip makes nothing smaller than by this factor
_PIECE = 1 << 20
_LEAST_CELL = 3  # bytes of a cell of Parquet as text: two quotes and a delimiter


def check_size(path: Path, place: str, limit: float) -> None:
    """Refuse a text file that is larger than `limit` gigabytes, unpacked if it is packed.

    Raises:
        UsageError: it is.
        OSError, EOFError, zlib.error: it cannot be read.
    """
    size = path.stat().st_size
    most = int(limit * GIGABYTE)
    if size > most:
        raise too_large(place, limit)
    with open(path, "rb") as raw:
        packed = raw.read(len(GZIP)) == GZIP
    if packed and size * _MOST_PACKED > most:
        with gzip.open(path) as unpacked:
            copy_within(unpacked, None, place, limit)


def copy_within(source: IO[bytes] | gzip.GzipFile, target: IO[bytes] | None, place: str, limit: float) -> None:
    """Copy a file, or only read it, up to `limit` gigabytes.

    Raises:
        UsageError: it is longer.
    """
    rest = int(limit * GIGABYTE)
    while piece := source.read(_PIECE):
        rest -= len(piece)
        if rest < 0:
            raise too_large(place, limit)
        if target:
            target.write(piece)


def check_parquet(db: Any, pattern: str, place: str, limit: float) -> None:
    """Refuse a Parquet file whose text would be larger than `limit` gigabytes, before anything of it is unpacked.

    Args:
        db: a connection of DuckDB.

    Raises:
        UsageError: it is.
        duckdb.Error: it cannot be read.
    """
    most = limit * GIGABYTE
    # DuckDB allows no other work on a connection before all rows are fetched, also where there is one.
    [(rows, groups)] = db.execute("SELECT sum(num_rows), count(*) FROM parquet_file_metadata($1)", [pattern]).fetchall()
    [(columns, size)] = db.execute(
        "SELECT count(DISTINCT path_in_schema), sum(total_uncompressed_size) FROM parquet_metadata($1)", [pattern]
    ).fetchall()
    if not rows or not groups or not columns:
        return
    if size > most or rows * columns * _LEAST_CELL > most:
        raise too_large(place, limit)
    # A value may be stored once and stand in all rows.
    names = [name for (name, *_) in db.execute("DESCRIBE SELECT * FROM read_parquet($1)", [pattern]).fetchall()]
    lengths = " + ".join(f"sum(coalesce(strlen({_quoted(name)}::VARCHAR), 0))" for name in names)
    [(text,)] = db.execute(f"SELECT {lengths} FROM read_parquet($1)", [pattern]).fetchall()
    if text + rows * columns * _LEAST_CELL > most:
        raise too_large(place, limit)


def too_large(place: str, limit: float) -> UsageError:
    """The message for a table above the limit."""
    what = f"larger than {limit:g} GB, unpacked; give the markers only, or allow more with {option('max_table_size')}"
    return UsageError(what, path=place, code="table-too-large")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
