"""Tables of text with one row per item, as CSV and as mappings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from cassia_engine.csv_injection import csv_row, guard
from cassia_engine.files import atomic_write

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class RowTable(Generic[Item]):
    """A kind of table.

    Attributes:
        columns: the value of each column, as text, of an item.
        numbers: the columns of numbers, which no spreadsheet takes for a formula.
    """

    columns: Mapping[str, Callable[[Item], str]]
    numbers: Collection[str] = ()

    def rows(self, items: Iterable[Item]) -> list[dict[str, str]]:
        """One mapping per item; nothing is guarded against spreadsheets."""
        return [{name: value(one) for name, value in self.columns.items()} for one in items]

    def csv_lines(self, items: Iterable[Item]) -> Iterator[str]:
        """The table as lines of CSV, the header first."""
        yield csv_row(self.columns)
        for one in items:
            cells = ((name, value(one)) for name, value in self.columns.items())
            yield csv_row(text if name in self.numbers else guard(text) for name, text in cells)

    def write(self, items: Iterable[Item], path: Path) -> None:
        """Write a CSV file, which appears whole or not at all."""
        with atomic_write(path) as file:
            file.writelines(self.csv_lines(items))
