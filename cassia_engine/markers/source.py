"""A delimited text file, plain or gzipped: its header, how it is written, and its rows where Python reads them."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from cassia_engine.errors import UsageError, raise_all
from cassia_engine.markers.sniff import GZIP, foreign, layout

# Only these are a missing id or gene; every other text, "nan" and "None" too, is a name.
MISSING = ("", "NA", "NaN")
# As many problems of a kind are listed; a person mends the first ones and sees the rest then.
MOST_LISTED = 20

_SAMPLE_LINES = 100
_START = 4096
# What opening, unpacking and decoding can raise; ValueError also for a path that no system takes.
READING_ERRORS = (OSError, EOFError, zlib.error, ValueError)
# In DuckDB a file name is a pattern.
_PATTERN = str.maketrans({character: f"[{character}]" for character in "[*?"})
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Source:
    """A table.

    Attributes:
        path: its text file; `place` is what messages call it.
        in_rows: the table has no lines (a DataFrame, Parquet); messages count its rows, the first being 1.
        header: the names of its columns, "" for those without.
        sample: its first rows.
        lines: its lines (rows) are those that a person knows; not of a table that cassia wrote anew.
        skip: how many lines stand above the header.
    """

    path: Path
    place: str
    in_rows: bool
    gzipped: bool
    delimiter: str
    header: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    lines: bool = True
    skip: int = 0

    def at(self, line: int | None = None) -> str:
        """The table, or a line (row) of it as `rows` gives it, as messages call it; 0 is the header."""
        if line is None or not self.lines or (self.in_rows and not line):
            return self.place
        return f"{self.place}, row {line}" if self.in_rows else f"{self.place}, line {line or 1}"

    def error(self, what: str, line: int | None = None) -> UsageError:
        """An error in this table, or at a place that `at` takes."""
        return UsageError(what, path=self.at(line))


@dataclass(slots=True)
class Problems:
    """What is wrong with a table, to be raised at once: of each kind the first ones, and how many."""

    source: Source
    found: list[UsageError] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, what: str, line: int | None = None) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self.counts[kind] <= MOST_LISTED:
            self.found.append(self.source.error(what, line))

    def raise_all(self) -> None:
        many = {kind: count for kind, count in self.counts.items() if count > MOST_LISTED}
        rest = [f"{count} rows {kind} in all, {MOST_LISTED} are listed" for kind, count in many.items()]
        raise_all([*self.found, *map(self.source.error, rest)])


def open_source(path: Path, place: str, in_rows: bool = False) -> Source:
    """Look at the first bytes, the header and the first rows of a table.

    Raises:
        UsageError: the file is missing, empty, unreadable or no table; says what to do with it.
    """
    gzipped = False
    try:
        with open(path, "rb") as raw:
            gzipped = raw.read(2) == GZIP
        with _open_bytes(path, gzipped) as unpacked:
            start = unpacked.read(_START)
        if advice := foreign(start):
            raise UsageError(advice, path=place)
        with _open_text(path, gzipped) as text:
            lines = list(islice(text, _SAMPLE_LINES))
    except READING_ERRORS as error:
        raise unreadable(path, place, gzipped, error) from error
    if not "".join(lines).strip():
        raise UsageError("the file is empty; give a table with a header and rows", path=place)
    if not lines[0].strip():
        raise UsageError("the first line is empty; the header belongs there", path=place, line=1)
    found = layout(lines, place, cut=len(lines) == _SAMPLE_LINES)
    return Source(path, place, in_rows, gzipped, found.delimiter, found.header, found.sample)


def rows(source: Source, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table under its header, each with its line and as many fields as the header.

    A row with another number of fields is left out and added to `problems`; so is what cannot be read, and ends it.
    """
    width = len(source.header)
    line, number = 1, -1
    try:
        with _open_text(source.path, source.gzipped) as text:
            reader = csv.reader(text, delimiter=source.delimiter, strict=True)
            for row in reader:
                start, line = line, reader.line_num + 1
                if len(row) < 2 and not "".join(row).strip():
                    continue
                number += 1
                place = number if source.in_rows else start
                if not number:
                    continue  # the header
                if len(row) != width:
                    problems.add("with too few or too many fields", _misfit(source, len(row)), place)
                else:
                    yield place, row
    except csv.Error as error:
        problems.add("", f"{error}; mend the quotes here", line)
    except READING_ERRORS as error:
        problems.found.append(unreadable(source.path, source.place, source.gzipped, error))


def as_pattern(path: Path) -> str:
    """The path as DuckDB takes it, which reads every file that fits a pattern."""
    return str(path.absolute()).translate(_PATTERN)


def _misfit(source: Source, fields: int) -> str:
    what = f"{fields} fields, but the header has {len(source.header)}"
    sign = {"\t": "a tab", " ": "a space"}.get(source.delimiter, repr(source.delimiter))
    return f'{what}; put quotes (") around a field that has {sign} in it' if fields > len(source.header) else what


def _open_bytes(path: Path, gzipped: bool) -> IO[bytes]:
    return gzip.open(path) if gzipped else open(path, "rb")  # type: ignore[return-value]


def _open_text(path: Path, gzipped: bool) -> IO[str]:
    if gzipped:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return open(path, encoding="utf-8-sig", newline="")


def unreadable(path: Path, place: str, gzipped: bool, error: Exception) -> UsageError:
    """What an error of reading means, for a person."""
    line = None
    match error:
        case FileNotFoundError():
            what = "no such file; check the path"
        case IsADirectoryError():
            what = "this is a folder; give the marker table itself"
        case PermissionError():
            what = "you may not read this file; check its permissions (ls -l)"
        case UnicodeDecodeError():
            what, line = "not UTF-8 text; save the table as CSV or TSV in UTF-8", _undecodable_line(path, gzipped)
        case EOFError() | gzip.BadGzipFile() | zlib.error():
            what = "the gzip file is damaged; make it again"
        case _:
            what = f"cannot be read ({getattr(error, 'strerror', None) or error}); check the path"
    return UsageError(what, path=place, line=line)


def _undecodable_line(path: Path, gzipped: bool) -> int | None:
    """The first line that is not UTF-8: the error itself counts from the start of some buffer."""
    with _open_bytes(path, gzipped) as raw:
        lines = _LINE_END.split(raw.read())
    for number, line in enumerate(lines, start=1):
        try:
            line.decode()
        except UnicodeDecodeError:
            return number
    return None
