"""A delimited text file, plain or gzipped: its header, how it is written, and its rows where Python reads them."""

from __future__ import annotations

import codecs
import csv
import gzip
import logging
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from cassia_engine.errors import UsageError, raise_all, shown
from cassia_engine.markers.preamble import Preamble, preamble
from cassia_engine.markers.sniff import GZIP, foreign, layout

log = logging.getLogger(__name__)

# Only these are a missing id or gene; every other text, "nan" and "None" too, is a name.
MISSING = ("", "NA", "NaN")
# Of a problem that many rows have, so many lines are named.
MOST_LISTED = 3
# Longer lines and cells are no table: an open quote, or a packed file made to fill the memory.
LONGEST_LINE = 16_000_000  # characters

_SAMPLE_LINES = 100
_START = 4096
# What opening, unpacking and decoding can raise; ValueError also for a path that no system takes.
READING_ERRORS = (OSError, EOFError, zlib.error, ValueError)
# In DuckDB a file name is a pattern.
_PATTERN = str.maketrans({character: f"[{character}]" for character in "[*?"})
_LINE_END = re.compile(rb"\r\n|\r|\n")
_PIECE = 1 << 20  # bytes that are looked at at once


class _TooLongError(Exception):
    """A line is longer than `LONGEST_LINE`."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


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
        unnamed: it is no file of a person's, so that `place` is no name.
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
    unnamed: bool = False

    def at(self, line: int | None = None) -> str:
        """The table, or a line (row) of it as `rows` gives it, as messages call it; 0 is the header."""
        if line is None or not self.lines or (self.in_rows and not line):
            return self.place
        return f"{self.place}, row {line}" if self.in_rows else f"{self.place}, line {line or self.skip + 1}"

    def error(self, what: str, line: int | None = None) -> UsageError:
        """An error in this table, or at a place that `at` takes."""
        return UsageError(what, path=self.at(line))


@dataclass(slots=True)
class Problems:
    """What is wrong with a table, to be raised at once: a message for each kind, however many rows have it."""

    source: Source
    single: list[UsageError] = field(default_factory=list)
    found: dict[str, list[tuple[str, int | None]]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, what: str, line: int | None = None) -> None:
        """Add a problem of a row; `kind` is what such rows are ("without a gene"), "" for one of the whole table."""
        if not kind:
            self.single.append(self.source.error(what, line))
            return
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self.counts[kind] <= MOST_LISTED:
            self.found.setdefault(kind, []).append((what, line))

    def __bool__(self) -> bool:
        return bool(self.single or self.found)

    def raise_all(self) -> None:
        """Raise what was added, in the order of the first lines."""
        raise_all([*map(self._message, self.found), *self.single])

    def _message(self, kind: str) -> UsageError:
        count, listed = self.counts[kind], self.found[kind]
        what, line = listed[0]
        if count == 1:
            return self.source.error(what, line)
        unit = "rows" if self.source.in_rows else "lines"
        numbers = ", ".join(str(line) for _, line in listed if line is not None) if self.source.lines else ""
        where = f" ({unit} {numbers}{', ...' if count > len(listed) else ''})" if numbers else ""
        return self.source.error(f"{count} rows {kind}{where}: e.g. {what}")


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
            lines = list(islice(_lines(text), _SAMPLE_LINES))
    except _TooLongError as error:
        raise too_long(place, error.line) from error
    except READING_ERRORS as error:
        raise unreadable(path, place, gzipped, error) from error
    if not "".join(lines).strip():
        raise UsageError("the file is empty; give a table with a header and rows", path=place)
    above = Preamble() if in_rows else preamble(lines)
    if above.first:
        what = "lines above the header are" if above.skip > 1 else "line above the header is"
        log.info("%s: %d %s skipped: %s", place, above.skip, what, shown(above.first))
    csv.field_size_limit(LONGEST_LINE)
    try:
        found = layout(lines[above.skip :], place, cut=len(lines) == _SAMPLE_LINES, given=above.delimiter)
    except csv.Error as error:
        raise UsageError(f"{error}; correct the quotes", path=place) from error
    return Source(path, place, in_rows, gzipped, found.delimiter, found.header, found.sample, skip=above.skip)


def rows(source: Source, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table under its header, each with its line and as many fields as the header.

    A row with another number of fields is left out and added to `problems`; so is what cannot be read, and ends it.
    """
    width = len(source.header)
    line, number = source.skip + 1, -1
    try:
        with _open_text(source.path, source.gzipped) as text:
            reader = csv.reader(islice(_lines(text), source.skip, None), delimiter=source.delimiter, strict=True)
            for row in reader:
                start, line = line, source.skip + reader.line_num + 1
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
        problems.add("", f"{error}; correct the quotes here", line)
    except _TooLongError as error:
        problems.single.append(too_long(source.place, error.line))
    except READING_ERRORS as error:
        problems.single.append(unreadable(source.path, source.place, source.gzipped, error))


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


def too_long(place: str, line: int) -> UsageError:
    """A line that no table has."""
    what = f"longer than {LONGEST_LINE} characters; write each row on its own line, and close its quotes"
    return UsageError(what, path=place, line=line)


def _lines(text: IO[str]) -> Iterator[str]:
    """The lines of a text, none of which fills the memory."""
    number = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE:
            raise _TooLongError(number)
        yield line


def _undecodable_line(path: Path, gzipped: bool) -> int | None:
    """The first line that is not UTF-8: the error itself counts from the start of some buffer."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line = 1
    with _open_bytes(path, gzipped) as raw:
        while piece := raw.read(_PIECE):
            if piece.endswith(b"\r"):
                piece += raw.read(1)  # the two bytes of a line end stay together
            try:
                decoder.decode(piece)
            except UnicodeDecodeError as error:
                return line + len(_LINE_END.findall(error.object[: error.start]))
            line += len(_LINE_END.findall(piece))
    return line
