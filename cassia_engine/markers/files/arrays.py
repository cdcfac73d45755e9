"""A table whose columns are arrays in memory: it becomes text only where something reads its text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.markers.files.database import connected

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

_TABLE = "arrays"


@dataclass(frozen=True, slots=True)
class Arrays:
    """A table in memory.

    Attributes:
        columns: arrays of one length by the names of columns; NaN and None where a value is missing.
        unique: columns by which no two rows are the same.
        text: where its text is written.
    """

    columns: Mapping[str, NDArray[Any]]
    unique: frozenset[str]
    text: Path

    def as_text(self) -> Path:
        """The table as a CSV file, which is written when it is first asked for."""
        if not self.text.exists():
            self.write_start(None, self.text)
        return self.text

    def write_start(self, number: int | None, path: Path) -> None:
        """Write the first rows, or all, as a CSV file."""
        named = ", ".join(f'{_value(name, values)} AS "{name}"' for name, values in self.columns.items())
        with connected() as db:
            db.register(_TABLE, {name: values[:number] for name, values in self.columns.items()})
            db.sql(f"SELECT {named} FROM {_TABLE}").write_csv(str(path), quotechar='"')

    def register(self, db: duckdb.DuckDBPyConnection) -> None:
        """Make the table known to a database, for `sql`."""
        db.register(_TABLE, dict(self.columns))

    def sql(self, numbers: Collection[int], missing: Collection[str]) -> str:
        """The table as SQL, with columns c0, c1, ... as a reader of its text would find them.

        Args:
            numbers: positions of columns that are read as numbers; the others are text.
            missing: texts that stand for no value.
        """
        columns = (
            f"{_number(name, values, missing) if position in numbers else _text(name, values, missing)} AS c{position}"
            for position, (name, values) in enumerate(self.columns.items())
        )
        return f"(SELECT {', '.join(columns)} FROM {_TABLE})"


def _value(name: str, values: NDArray[Any]) -> str:
    return f"nullif(\"{name}\", 'nan')" if values.dtype.kind == "f" else f'"{name}"'


def _text(name: str, values: NDArray[Any], missing: Collection[str]) -> str:
    text = f"{_value(name, values)}::VARCHAR"
    if values.dtype.kind != "f":
        for word in missing:
            text = f"nullif({text}, '{word}')"
    return text


def _number(name: str, values: NDArray[Any], missing: Collection[str]) -> str:
    """A column as numbers: those of single precision are what their shortest decimals say, 0.1 and not 0.100000001."""
    double = values.dtype == "f8"
    return _value(name, values) if double else f"{_text(name, values, missing)}::DOUBLE"
