"""A long table read by Python, row by row: slow, and only where DuckDB refused it or found something missing.

DuckDB is fast, but takes no line ends that change within a file, and cannot say in which line a row is.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from cassia_engine.cells import unguard
from cassia_engine.errors import quoted, shown
from cassia_engine.markers.source import MISSING, Problems, Source, rows

# Far more than a gene's name has: what is longer is left out as none anyway.
_LONGEST_GENE = 200


@dataclass(frozen=True, slots=True)
class Columns:
    """What of a table is read, by positions of columns.

    Attributes:
        numbers: a statistic of `records.Marker` to its column.
        decimal: the decimal sign of these.
        texts: further columns that are read as text.
    """

    cluster: int
    gene: int
    numbers: Mapping[str, int]
    decimal: str
    texts: tuple[int, ...] = ()


@contextmanager
def tidied(source: Source, columns: Columns) -> Iterator[Source]:
    """The table written anew, with what is read of it only.

    Raises:
        UsageError: rows that cannot be read, have no cluster, or text for a number; all of them.
    """
    problems = Problems(source)
    used = {columns.cluster, columns.gene, *columns.numbers.values(), *columns.texts}
    with TemporaryDirectory(prefix="cassia-") as folder:
        copy = Path(folder) / "tidy.csv"
        with open(copy, "w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
            writer.writerow(source.header)
            for line, row in rows(source, problems):
                _check(problems, columns, line, row)
                row[columns.gene] = row[columns.gene][:_LONGEST_GENE]
                writer.writerow(field if position in used else "" for position, field in enumerate(row))
        problems.raise_all()
        yield replace(source, path=copy, gzipped=False, delimiter=",", sample=(), skip=0)


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


def _check(problems: Problems, columns: Columns, line: int, row: list[str]) -> None:
    header = problems.source.header
    if unguard(row[columns.cluster]).strip() in MISSING:
        problems.add("without a cluster", f"nothing in column {_name(header, columns.cluster)}; name the cluster", line)
    for position in columns.numbers.values():
        field = row[position].strip()
        if not _is_number(field, columns.decimal):
            name = _name(header, position)
            what = f"{quoted(field)} in column {name} is not a number; correct it or leave it empty"
            problems.add(f"with text for a number in column {name}", what, line)


def _name(header: tuple[str, ...], position: int) -> str:
    return shown(header[position])


def _is_number(field: str, decimal: str) -> bool:
    if field in MISSING:
        return True
    try:
        float(field.replace(decimal, "."))
    except ValueError:
        return False
    return decimal == "." or "." not in field
