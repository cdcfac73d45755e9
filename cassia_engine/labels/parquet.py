"""A Parquet table with one row per cell; pandas reads the cells' names as its index."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cassia_engine.files import atomic_path, check_writable
from cassia_engine.h5ad.labels import Categories, Column, Flags, Numbers
from cassia_engine.labels.columns import for_pandas
from cassia_engine.markers.files.database import connected

# What anndata calls an index that has no name.
_NAMELESS = "_index"
# By what pandas calls them; all else is text.
_SQL_TYPES = {"bool": "BOOLEAN", "float64": "DOUBLE"}


def write_parquet(path: Path, index_name: str, index: Sequence[str], columns: Sequence[Column]) -> None:
    """Write the columns, with the names of the cells in front. The table appears whole or not at all.

    Raises:
        UsageError, OSError: it cannot be written.
    """
    import duckdb
    import pandas as pd

    values = {column.name: for_pandas(column) for column in columns}
    frame = pd.DataFrame({index_name: pd.Series(index, dtype=object), **values})
    names = ", ".join(
        f"{_quoted(name)}::{_SQL_TYPES.get(kind, 'VARCHAR')} AS {_quoted(name)}"
        for name, kind in {index_name: "unicode", **_kinds(columns)}.items()
    )
    notes = json.dumps(_for_pandas(index_name, columns)).replace("'", "''")
    with atomic_path(path) as aside, connected() as db:
        db.register("cells", frame)
        target = str(aside).replace("'", "''")
        form = f"FORMAT parquet, COMPRESSION zstd, KV_METADATA {{pandas: '{notes}'}}"
        try:
            db.execute(f"COPY (SELECT {names} FROM cells) TO '{target}' ({form})")
        except duckdb.IOException as error:
            check_writable(path)  # says so where the disk is full
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path)) from error


def _kinds(columns: Sequence[Column]) -> dict[str, str]:
    """What pandas calls the type of each column."""
    kinds = {Flags: "bool", Numbers: "float64", Categories: "unicode"}
    return {column.name: kinds[type(column)] for column in columns}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _for_pandas(index_name: str, columns: Sequence[Column]) -> dict[str, Any]:
    """The note in a Parquet file by which pandas knows the index."""
    described = [
        {
            "name": None if name == _NAMELESS else name,
            "field_name": name,
            "pandas_type": kind,
            "numpy_type": kind if kind in _SQL_TYPES else "object",
            "metadata": None,
        }
        for name, kind in {**_kinds(columns), index_name: "unicode"}.items()
    ]
    return {"index_columns": [index_name], "column_indexes": [], "columns": described, "pandas_version": "2.2.2"}
