"""A delimited text file, plain or gzipped: its header, how it is written, and its rows where Python reads them."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from cassia_engine.errors import UsageError, raise_all, shown
from cassia_engine.markers.columns.header_rows import is_repeated, is_units
from cassia_engine.markers.files.arrays import Arrays
from cassia_engine.markers.files.footers import body_of, is_blank, note_of
from cassia_engine.markers.files.preamble import Preamble, preamble
from cassia_engine.markers.files.sniff import GZIP, foreign, layout
from cassia_engine.markers.files.text_file import (
    LONGEST_LINE,
    READING_ERRORS,
    TooLongError,
    lines_in,
    open_bytes,
    open_text,
    too_long,
    unreadable,
)

if TYPE_CHECKING:
    from cassia_engine.h5ad.clustered_cells import ClusteredCells
    from cassia_engine.records import GeneRanking

log = logging.getLogger(__name__)

# Only these are a missing id or gene; every other text, "nan" and "None" too, is a name.
MISSING = ("", "NA", "NaN")
# Of a problem that many rows have, so many lines are named.
MOST_LISTED = 3

SAMPLE_LINES = 100
_START = 4096
# In DuckDB a file name is a pattern.
_PATTERN = str.maketrans({character: f"[{character}]" for character in "[*?"})


@dataclass(frozen=True, slots=True)
class Source:
    """A table.

    Attributes:
        path: its text file, or its arrays, whose text `text_path` has; `place` is what messages call it.
        in_rows: the table has no lines (a DataFrame, Parquet); messages count its rows, the first being 1.
        header: the names of its columns, "" for those without.
        sample: its first rows.
        lines: its lines (rows) are those that a person knows; not of a table that cassia wrote anew.
        skip: how many lines stand above the header.
        unnamed: it is no file of a person's, so that `place` is no name.
        mixed_ends: its first lines have ends of several kinds.
        added: how many lines cassia wrote above what the file has, as it has no header.
        from_anndata: these are the ranked genes of an AnnData.
        cells: those of the AnnData by cluster, while it is open; None where it does not say which they are.
        ranking: how the genes of the AnnData were ranked.
    """

    path: Path | Arrays
    place: str
    in_rows: bool
    gzipped: bool
    delimiter: str
    header: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]
    lines: bool = True
    skip: int = 0
    unnamed: bool = False
    mixed_ends: bool = False
    added: int = 0
    from_anndata: bool = False
    cells: ClusteredCells | None = None
    ranking: GeneRanking | None = None

    @property
    def text_path(self) -> Path:
        """Its text file; of arrays it is written now."""
        return self.path.as_text() if isinstance(self.path, Arrays) else self.path

    def at(self, line: int | None = None) -> str:
        """The table, or a line (row) of it as `rows` gives it, as messages call it; 0 is the header."""
        number = self._number(line)
        return self.place if number is None else f"{self.place}, {self._unit} {number}"

    def error(self, what: str, line: int | None = None, *, code: str = "") -> UsageError:
        """An error in this table, or at a place that `at` takes."""
        return UsageError(what, code=code, path=self.place, line=self._number(line), unit=self._unit)

    def _number(self, line: int | None) -> int | None:
        """The line (row) as messages count it, None where a person knows none."""
        if line is None or not self.lines or (self.in_rows and not line):
            return None
        return line or self.skip + 1

    @property
    def _unit(self) -> str:
        return "row" if self.in_rows else "line"


@dataclass(slots=True)
class Problems:
    """What is wrong with a table, to be raised at once: a message for each kind, however many rows have it.

    Rows that are no rows of the table are told in a log line where nothing is wrong: `blank` ones, those that repeat
    the header (`headers`) and one of `units` by their lines; what is written below it, `notes`, by line and text.
    """

    source: Source
    single: list[UsageError] = field(default_factory=list)
    found: dict[str, list[tuple[str, int | None]]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    blank: list[int] = field(default_factory=list)
    headers: list[int] = field(default_factory=list)
    units: list[int] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)

    def add(self, kind: str, what: str, line: int | None = None, *, code: str = "") -> None:
        """Add a problem of a row; `kind` is what such rows are ("without a gene"), "" for one of the whole table."""
        if not kind:
            self.single.append(self.source.error(what, line, code=code))
            return
        self.codes[kind] = code
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if self.counts[kind] <= MOST_LISTED:
            self.found.setdefault(kind, []).append((what, line))

    def __bool__(self) -> bool:
        return bool(self.single or self.found)

    def raise_all(self) -> None:
        """Raise what was added, in the order of the first lines."""
        raise_all([*map(self._message, self.found), *self.single])
        place, unit = self.source.place, "row" if self.source.in_rows else "line"
        if self.blank:
            log.info("%s: blank rows are skipped: %d, from %s %d", place, len(self.blank), unit, self.blank[0])
        if self.headers:
            what = f"rows that repeat the header are skipped: {len(self.headers)}, from {unit} {self.headers[0]}"
            log.warning("%s: %s", place, what)
        if self.units:
            log.warning("%s: a row of units is skipped", self.source.at(self.units[0]))
        if self.notes:
            line, text = self.notes[0]
            n_notes = len(self.notes)
            log.warning(
                "%s: rows below the table are skipped: %d, from %s %d: %s", place, n_notes, unit, line, shown(text)
            )

    def _message(self, kind: str) -> UsageError:
        count, listed, code = self.counts[kind], self.found[kind], self.codes[kind]
        what, line = listed[0]
        if count == 1:
            return self.source.error(what, line, code=code)
        unit = "rows" if self.source.in_rows else "lines"
        numbers = ", ".join(str(line) for _, line in listed if line is not None) if self.source.lines else ""
        where = f" ({unit} {numbers}{', ...' if count > len(listed) else ''})" if numbers else ""
        return self.source.error(f"{count} rows {kind}{where}: e.g. {what}", code=code)


def open_source(path: Path, place: str, in_rows: bool = False) -> Source:
    """Look at the first bytes, the header and the first rows of a table.

    Raises:
        UsageError: the file is missing, empty, unreadable or no table; says what to do with it.
    """
    gzipped = False
    try:
        with open(path, "rb") as raw:
            gzipped = raw.read(2) == GZIP
        with open_bytes(path, gzipped) as unpacked:
            start = unpacked.read(_START)
        if advice := foreign(start):
            raise UsageError(advice, path=place, code="wrong-file-type")
        with open_text(path, gzipped) as text:
            lines = [line.lstrip("\ufeff") for line in islice(lines_in(text), SAMPLE_LINES)]
    except TooLongError as error:
        raise too_long(place, error.line) from error
    except READING_ERRORS as error:
        raise unreadable(path, place, gzipped, error) from error
    if not "".join(lines).strip():
        raise UsageError("the file is empty; give a table with a header and rows", path=place, code="table-empty")
    above = Preamble() if in_rows else preamble(lines)
    if above.first:
        what = "lines above the header are" if above.skip > 1 else "line above the header is"
        log.info("%s: %d %s skipped: %s", place, above.skip, what, shown(above.first))
    csv.field_size_limit(LONGEST_LINE)
    try:
        found = layout(lines[above.skip :], place, cut=len(lines) == SAMPLE_LINES, given=above.delimiter)
    except csv.Error as error:
        raise UsageError(f"{error}; correct the quotes", path=place, code="quotes-broken") from error
    sample = body_of(_without_headers(found.sample, found.header))
    return Source(
        path,
        place,
        in_rows,
        gzipped,
        found.delimiter,
        found.header,
        sample,
        skip=above.skip,
        mixed_ends=_have_mixed_ends(lines),
    )


def _without_headers(sample: Sequence[tuple[str, ...]], header: Sequence[str]) -> list[tuple[str, ...]]:
    """The first rows without what names columns and units again."""
    units = sample[:1] if sample and is_units(sample[0], header) else ()
    return [row for row in sample[len(units) :] if not is_repeated(row, header)]


def first_lines(path: Path) -> tuple[list[str], bool]:
    """The first lines of a text file that are whole, and whether it is gzipped; none of one that cannot be read."""
    try:
        with open(path, "rb") as raw:
            gzipped = raw.read(2) == GZIP
        with open_bytes(path, gzipped) as unpacked:
            if foreign(unpacked.read(_START)):
                return [], gzipped
        with open_text(path, gzipped) as text:
            return [line.lstrip("\ufeff") for line in islice(lines_in(text), SAMPLE_LINES)], gzipped
    except (TooLongError, *READING_ERRORS):
        return [], False  # what is wrong is said when the file is read


def _have_mixed_ends(lines: Sequence[str]) -> bool:
    return len({line[len(line.rstrip("\r\n")) :] for line in lines if line.endswith(("\r", "\n"))}) > 1


def rows(source: Source, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """The rows of a table under its header, each with its line and as many fields as the header.

    A row with another number of fields is left out and added to `problems`; so is what cannot be read, and ends it.
    Blank rows, repeated headers, a row of units and notes below the table are left out too.
    """
    line, number = source.skip + 1, -1
    held: list[tuple[int, list[str]]] = []  # notes, if nothing follows
    try:
        with open_text(source.text_path, source.gzipped) as text:
            reader = csv.reader(islice(lines_in(text), source.skip, None), delimiter=source.delimiter, strict=True)
            for row in reader:
                start, line = line, source.skip + reader.line_num + 1
                if len(row) < 2 and not "".join(row).strip():
                    continue
                number += 1
                place = number if source.in_rows else start - source.added
                if not number:
                    continue  # the header
                if is_blank(row):
                    problems.blank.append(place)
                elif is_repeated(row, source.header):
                    problems.headers.append(place)
                elif number == 1 and is_units(row, source.header):
                    problems.units.append(place)
                elif note_of(row):
                    held.append((place, row))
                else:
                    yield from _fitting(source, [*held, (place, row)], problems)
                    held = []
            problems.notes += [(place, note_of(row)) for place, row in held]
    except csv.Error as error:
        problems.add("", f"{error}; correct the quotes here", line, code="quotes-broken-in-row")
    except TooLongError as error:
        problems.single.append(too_long(source.place, error.line))
    except READING_ERRORS as error:
        problems.single.append(unreadable(source.text_path, source.place, source.gzipped, error))


def _fitting(
    source: Source, found: Sequence[tuple[int, list[str]]], problems: Problems
) -> Iterator[tuple[int, list[str]]]:
    for place, row in found:
        if len(row) == len(source.header):
            yield place, row
        else:
            problems.add("with too few or too many fields", _misfit(source, len(row)), place, code="field-count")


def as_pattern(path: Path) -> str:
    """The path as DuckDB takes it, which reads every file that fits a pattern."""
    return str(path.absolute()).translate(_PATTERN)


def _misfit(source: Source, fields: int) -> str:
    what = f"{fields} fields, but the header has {len(source.header)}"
    sign = {"\t": "a tab", " ": "a space"}.get(source.delimiter, repr(source.delimiter))
    return f'{what}; put quotes (") around a field that has {sign} in it' if fields > len(source.header) else what
