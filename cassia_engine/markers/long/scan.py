"""A long table read by Python, row by row: slow, and only where DuckDB refused it or found something missing.

DuckDB is fast, but takes no line ends that change within a file, and cannot say in which line a row is.
"""

from __future__ import annotations

import csv
import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from cassia_engine.csv_injection import unguard
from cassia_engine.errors import quoted, shown
from cassia_engine.markers.files.numbers import as_number, has_comma
from cassia_engine.markers.files.source import MISSING, Problems, Source, rows

log = logging.getLogger(__name__)

_SHOWN = 3
_LEAST_EMPTY = 2  # a single id may have been forgotten
# Far more than a gene's name has: what is longer is left out as none anyway.
_LONGEST_GENE = 200


@dataclass(frozen=True, slots=True)
class Columns:
    """What of a table is read, by positions of columns.

    Attributes:
        numbers: a statistic of `records.Marker` to its column.
        decimal: the decimal sign of these.
        texts: further columns that are read as text.
        percent: fractions are counted from 0 to 100.
    """

    cluster: int
    gene: int
    numbers: Mapping[str, int]
    decimal: str
    texts: tuple[int, ...] = ()
    percent: bool = False


@contextmanager
def tidied(source: Source, columns: Columns) -> Iterator[Source]:
    """The table written anew, with what is read of it only.

    Raises:
        UsageError: rows that cannot be read, have no cluster, or text for a number; all of them.
    """
    problems, spelled = Problems(source), _Spelled()
    merged = _are_merged(source, columns.cluster)
    used = {columns.cluster, columns.gene, *columns.numbers.values(), *columns.texts}
    with TemporaryDirectory(prefix="cassia-") as folder:
        copy = Path(folder) / "tidy.csv"
        with open(copy, "w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
            writer.writerow(source.header)
            id_ = ""
            for line, row in rows(source, problems):
                id_ = row[columns.cluster] = row[columns.cluster] or (id_ if merged else "")
                _check(problems, columns, line, row, spelled)
                row[columns.gene] = row[columns.gene][:_LONGEST_GENE]
                writer.writerow(cell if position in used else "" for position, cell in enumerate(row))
        problems.raise_all()
        spelled.describe(source)
        if merged:
            what = f"column {_name(source.header, columns.cluster)} has its id in the first row of each cluster only"
            log.warning("%s: %s, as of merged cells: the rows below it are of that cluster", source.place, what)
        yield replace(source, path=copy, gzipped=False, delimiter=",", sample=(), skip=0, mixed_ends=False)


def _are_merged(source: Source, position: int) -> bool:
    """Whether ids stand in the first row of their cluster only, each once, as merged cells of a spreadsheet do."""
    ids: set[str] = set()
    empty = 0
    for _, row in rows(source, Problems(source)):
        id_ = row[position].strip()
        if id_ in ids or (not id_ and not ids):
            return False
        empty += not id_
        ids |= {id_} - {""}
    return empty >= max(_LEAST_EMPTY, len(ids))


def lines_of(source: Source, wanted: Iterable[int]) -> dict[int, int]:
    """The lines (rows) of some rows of the table, these counted from 0; none if they cannot be told."""
    remaining = set(wanted)
    problems = Problems(source)
    found = {}
    for number, (line, _) in enumerate(rows(source, problems)):
        if problems or not remaining:
            break
        if number in remaining:
            remaining.discard(number)
            found[number] = line
    return found


@dataclass(slots=True)
class _Spelled:
    """Numbers that are written in another way than programs do: how many, and the first ones."""

    numbers: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    n_numbers: int = 0
    n_missing: int = 0

    def add(self, text: str, value: float) -> None:
        """Take note of a text and the number that it is read as."""
        if math.isnan(value):
            self.n_missing += 1
            self.missing = list(dict.fromkeys([*self.missing, quoted(text)]))[:_SHOWN]
        else:
            self.n_numbers += 1
            self.numbers = list(dict.fromkeys([*self.numbers, f"{quoted(text)} as {value:g}"]))[:_SHOWN]

    def describe(self, source: Source) -> None:
        """Warn of them, a line a kind."""
        if self.n_numbers:
            what = f"{', '.join(self.numbers)} ({self.n_numbers} in all)"
            log.warning("%s: cells that are read as numbers: %s", source.place, what)
        if self.n_missing:
            what = f"{', '.join(self.missing)} ({self.n_missing} in all)"
            log.warning("%s: cells without a number, taken as missing: %s", source.place, what)


def _check(problems: Problems, columns: Columns, line: int, row: list[str], spelled: _Spelled) -> None:
    header = problems.source.header
    if unguard(row[columns.cluster]).strip() in MISSING:
        problems.add(
            "without a cluster",
            f"nothing in column {_name(header, columns.cluster)}; name the cluster",
            line,
            code="cluster-missing",
        )
    for statistic, position in columns.numbers.items():
        text = row[position].strip()
        if _is_number(text, columns.decimal):
            row[position] = _as_programs_write(text, columns.decimal)
            continue
        value = as_number(text, statistic.split()[0], columns.decimal, columns.percent)
        if value is not None:
            spelled.add(text, value)
            row[position] = "" if math.isnan(value) else repr(value).replace(".", columns.decimal)
        else:
            name = _name(header, position)
            what = f"{quoted(text)} in column {name} is not a number; correct it or leave it empty"
            if has_comma(text):
                what = f"{quoted(text)} in column {name} has a decimal comma or one of thousands; "
                what += "write it with a decimal point"
            problems.add(f"with text for a number in column {name}", what, line, code="number-malformed")


def _as_programs_write(text: str, decimal: str) -> str:
    """A number that Python reads, also with digits of full width, as DuckDB does too."""
    return text if text.isascii() or text in MISSING else repr(float(text.replace(decimal, "."))).replace(".", decimal)


def _name(header: tuple[str, ...], position: int) -> str:
    return shown(header[position])


def _is_number(text: str, decimal: str) -> bool:
    if text in MISSING:
        return True
    try:
        float(text.replace(decimal, "."))
    except ValueError:
        return False
    return "_" not in text and (decimal == "." or "." not in text)
