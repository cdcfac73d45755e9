"""obs.duckdb: columns of the cells, their clusters and coordinates.

The file is attached to a database in memory, so that no function, view or setting of its own is ever used, and DuckDB
opens no other file, loads no extension and takes no further setting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np
from numpy.typing import NDArray

from cassia_engine.server.reading.messages import LONGEST_NAME, MOST_CELLS, MOST_VALUES, ArtifactError, Column
from cassia_engine.text import CONTROLS

Result = TypeVar("Result")

_MAGIC, _MAGIC_AT = b"DUCK", 8
_MEMORY = "700MB"
_SETTINGS = (
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "allow_community_extensions = false",
    "allow_persistent_secrets = false",
    "threads = 1",
    f"memory_limit = '{_MEMORY}'",
    "temp_directory = ''",
    "enable_progress_bar = false",
)
_TABLE = "artifact.main.obs"
_MOST_COLUMNS = 2_000
_LONGEST_VALUE = 200  # characters that are shown of a value
_CODES_OF_CATEGORIES = 20  # whole numbers with at most so many different values are categories
_COORDINATES = re.compile(r"__vis_coordinates_(.+)_([12])")
_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
_NUMBERS = {*_WHOLE, "FLOAT", "DOUBLE"}
_TEXTS = {"VARCHAR", "BOOLEAN", "DATE", "TIME"}
_OTHERS = ("ENUM(", "TIMESTAMP", "DECIMAL(")

# What is one space in the name of a cluster, see `question_form.text_of`.
_BLANKS = rf"[\s{CONTROLS}\pZ]+"
# How a program may write whole numbers; jobs have them without decimals.
_WHOLE_FLOAT = re.compile(r"^([0-9]+)\.0$")


class ObsFile:
    """obs.duckdb of a job."""

    def __init__(self, path: Path, labels: Mapping[str, str]):
        """Start DuckDB, which looks at files of the system.

        Args:
            labels: of the clusters, by id.
        """
        self.clusters = list(dict.fromkeys(labels.values()))
        self._labels = [_WHOLE_FLOAT.sub(r"\1", label) for label in self.clusters]
        self._path, self._known, self._db = path, dict[str, Column](), in_memory()

    def open(self) -> None:
        """Open the file; no table of it is looked at before `read`.

        Raises:
            ArtifactError: it is no database.
        """
        with self._path.open("rb") as file:
            if file.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] != _MAGIC:
                raise ArtifactError("not a database of DuckDB")
        with_damage(lambda: attach(self._db, self._path))

    def close(self) -> None:
        self._db.close()

    def read(self) -> None:
        """Read which columns there are.

        Raises:
            ArtifactError: there is no table `obs`, or one that is not read.
        """
        self._types = self._columns()
        self.n_cells = int(self._rows(f"SELECT count(*) FROM {_TABLE}")[0][0])
        if self.n_cells > MOST_CELLS:
            raise ArtifactError(f"{self.n_cells} cells; at most {MOST_CELLS} are read")

    def _columns(self) -> dict[str, str]:
        """The type of each column; no other kind of table is looked at, nor is a column that is computed."""
        is_table = "database_name = 'artifact' AND schema_name = 'main' AND table_name = 'obs'"
        if not self._rows(f"SELECT 1 FROM duckdb_tables() WHERE {is_table}"):
            raise ArtifactError("there is no table obs")
        what = "column_name, data_type, column_default FROM duckdb_columns()"
        found = self._rows(f"SELECT {what} WHERE {is_table} ORDER BY column_index LIMIT {_MOST_COLUMNS + 1}")
        if len(found) > _MOST_COLUMNS:
            raise ArtifactError(f"the table obs has more than {_MOST_COLUMNS} columns")
        if any(computed is not None for _, _, computed in found):
            raise ArtifactError("the table obs has a computed column; only stored columns are read")
        if any("\0" in name for name, _, _ in found):
            raise ArtifactError("the table obs has a column whose name has a NUL")
        return {name: kind for name, kind, _ in found}

    def _rows(self, query: str, values: list[Any] | None = None) -> list[Any]:
        return with_damage(lambda: self._db.execute(query, values or []).fetchall())

    def _numbers(self, expression: str, values: list[Any] | None = None) -> NDArray[Any]:
        """An expression for all cells, in their order; a missing value is NaN."""
        query = f"SELECT {expression} AS found FROM {_TABLE}"
        found = with_damage(lambda: self._db.execute(query, values or []).fetchnumpy()["found"])
        return found.filled(np.nan) if isinstance(found, np.ma.MaskedArray) else np.asarray(found)

    @cached_property
    def columns(self) -> dict[str, Column]:
        """The columns that hold numbers or categories, but for coordinates."""
        return {name: self.column(name) for name in self._types if self._is_read(name)}

    def column(self, name: str) -> Column:
        """A column.

        Raises:
            ArtifactError: there is no such column, or it is none that is read.
        """
        if not self._is_read(name):
            raise ArtifactError("there is no such column", is_absent=True)
        if name not in self._known:
            kind = self._types[name]
            [[n_values]] = self._rows(f"SELECT count(DISTINCT {quoted(name)}) FROM {_TABLE}")
            is_number = kind in _NUMBERS and not (kind in _WHOLE and n_values <= _CODES_OF_CATEGORIES)
            is_number = is_number or kind.startswith("DECIMAL(")
            self._known[name] = Column(name, "numeric" if is_number else "categorical", n_values)
        return self._known[name]

    def _is_read(self, name: str) -> bool:
        kind = self._types.get(name, "")
        return not _COORDINATES.fullmatch(name) and (kind in _NUMBERS | _TEXTS or kind.startswith(_OTHERS))

    @cached_property
    def cluster_column(self) -> str:
        """The column whose values are the clusters' labels, or most like them.

        Raises:
            ArtifactError: no column has half of them.
        """
        best, best_share = "", 0.0
        # Texts first, as most clusters are: a column that fits ends the search.
        for name in sorted(filter(self._is_read, self._types), key=lambda name: self._types[name] in _NUMBERS):
            share = self._share_of_labels(name)
            if share > best_share:
                best, best_share = name, share
            if share == 1:
                break
        if not best:
            raise ArtifactError("no column of obs has the labels of the clusters")
        return best

    def _share_of_labels(self, name: str) -> float:
        """How many of a column's values and the labels are both; 0 where half of the labels are missing."""
        wanted = set(self._labels)
        if not len(wanted) <= 2 * self.column(name).n_values <= 8 * len(wanted):
            return 0.0
        found = {value for [value] in self._rows(f"SELECT DISTINCT {self._label(name)} FROM {_TABLE}")} - {None}
        both = wanted & found
        return len(both) / len(wanted | found) if 2 * len(both) >= len(wanted) else 0.0

    @cached_property
    def codes(self) -> NDArray[np.int32]:
        """Shape (cells,), the place of each cell's cluster; -1 for none of them."""
        return self._numbers(self._place(), [self._labels]).astype(np.int32) - 1

    def _place(self) -> str:
        """The place of a cell's cluster among the labels, which are $1, from 1; 0 for none of them."""
        return f"coalesce(list_position($1, {self._label(self.cluster_column)}), 0)"

    @cached_property
    def coordinates(self) -> tuple[str, NDArray[np.float64], NDArray[np.float64]]:
        """The key of the first coordinates, and both of them.

        Raises:
            ArtifactError: there are none.
        """
        for name, kind in self._types.items():
            found = _COORDINATES.fullmatch(name)
            other = f"__vis_coordinates_{found[1]}_2" if found else ""
            if found and found[2] == "1" and {kind, self._types.get(other)} <= _NUMBERS:
                x, y = (self._numbers(f"CAST({quoted(axis)} AS DOUBLE)") for axis in (name, other))
                return found[1].removeprefix("X_"), x, y
        raise ArtifactError("there are no coordinates of the cells", is_absent=True)

    def values_of(self, name: str) -> NDArray[np.float64]:
        """Shape (cells,), a column of numbers; a missing one is NaN."""
        return self._numbers(f"CAST({quoted(self.column(name).name)} AS DOUBLE)").astype(np.float64)

    def frequent_values(self, name: str) -> list[str]:
        """The values of a column that most cells have, the most frequent first."""
        text = self._shown(self.column(name).name)
        order = f"GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {MOST_VALUES}"
        query = f"SELECT {text} AS value FROM {_TABLE} WHERE {quoted(name)} IS NOT NULL {order}"
        return [value for [value] in self._rows(query)]

    def counts_of(self, name: str, values: list[str]) -> list[tuple[int, int | None, int]]:
        """How many cells have each value: place of the cluster from 1 (0: none of them), place of the value from 1 (0:
        another, None: missing), cells."""
        value = f"CASE WHEN {quoted(name)} IS NOT NULL THEN coalesce(list_position($2, {self._shown(name)}), 0) END"
        query = f"SELECT {self._place()}, {value}, count(*) FROM {_TABLE} GROUP BY 1, 2"
        return self._rows(query, [self._labels, values])

    def _label(self, name: str) -> str:
        """A column's values as the clusters of jobs are called: without some white space, cut, whole numbers without
        decimals."""
        name_of = f"left(trim(regexp_replace({self._text(name)}, '{_BLANKS}', ' ', 'g')), {LONGEST_NAME})"
        return f"regexp_replace({name_of}, '{_WHOLE_FLOAT.pattern}', '\\1')"

    def _text(self, name: str) -> str:
        """A column's values as Python writes them."""
        column = quoted(name)
        if self._types[name] == "BOOLEAN":
            return f"CASE WHEN {column} THEN 'True' WHEN NOT {column} THEN 'False' END"
        return f"CAST({column} AS VARCHAR)"

    def _shown(self, name: str) -> str:
        return f"left({self._text(name)}, {_LONGEST_VALUE})"


def quoted(name: str) -> str:
    """A name within a query."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def with_damage(read: Callable[[], Result]) -> Result:
    """What `read` reads; what DuckDB raises is raised as ArtifactError."""
    try:
        return read()
    except duckdb.OutOfMemoryException:
        raise ArtifactError(f"reading it needs more than {_MEMORY} of memory") from None
    except (duckdb.Error, RuntimeError) as error:
        why = str(error).partition("\n")[0][:200]
        raise ArtifactError(f"DuckDB {duckdb.__version__} cannot read it: {why}") from error


def in_memory() -> duckdb.DuckDBPyConnection:
    """A database in memory."""
    db = duckdb.connect()
    for setting in _SETTINGS:
        db.execute(f"SET {setting}")
    # Makes DuckDB load what it needs for it, which it cannot once no file can be opened any more.
    db.execute("SELECT unnest([1, NULL]) AS found").fetchnumpy()
    return db


def attach(db: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attach a file as `artifact`; nothing else can be opened, nor set, from then on."""
    place = str(path).replace("'", "''")
    db.execute(f"SET allowed_paths = ['{place}', '{place}.wal']")
    db.execute("SET enable_external_access = false")
    db.execute(f"ATTACH '{place}' AS artifact (READ_ONLY)")
    db.execute("SET lock_configuration = true")
