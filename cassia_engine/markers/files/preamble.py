"""The lines above the header of a text table: comments, a title, and a spreadsheet's `sep=;`."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cassia_engine.genes.recognised import is_recognised
from cassia_engine.markers.columns.statistics import known_statistics
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS
from cassia_engine.markers.files.numbers import as_number

_SEP = re.compile(r'"?sep=(?P<sign>\\t|.)"?[,;\t]*\s*', re.IGNORECASE)
_SIGNS = ",;\t"
_EMPTY = _SIGNS + ' "\r\n'
# A title stands within the first lines; a table has more.
MOST_LINES = 40
_LEAST_NAMES = 2  # of columns, to tell a header from a comment with commas
_LEAST_STATISTICS = 3  # of which a title does not have the names


@dataclass(frozen=True, slots=True)
class Preamble:
    """What stands above the header.

    Attributes:
        skip: how many lines that is.
        delimiter: what `sep=` says; "" without it.
        first: the first of these lines that says something.
    """

    skip: int = 0
    delimiter: str = ""
    first: str = ""


def preamble(lines: Sequence[str]) -> Preamble:
    """What stands above the header, from the first lines of a file."""
    skip, delimiter, first = 0, "", ""
    for number, line in enumerate(lines[:MOST_LINES]):
        if found := _SEP.fullmatch(line):
            delimiter = "\t" if found["sign"] == "\\t" else found["sign"]
        elif line.strip(_EMPTY) and not _is_above(lines, number, delimiter):
            break
        first = first or line.strip()
        skip = number + 1
    return Preamble(skip, delimiter, first) if skip < len(lines) else Preamble()


def uncommented(name: str) -> str:
    """The first name of a header that starts as a comment does: "#cluster"."""
    return name.lstrip("#").strip() if name.lstrip("#").strip() else name


def _is_above(lines: Sequence[str], number: int, delimiter: str) -> bool:
    """Whether a line stands above the header: a comment, a title, or words over some of its columns."""
    return is_comment(lines, number) or _is_title(lines, number, delimiter) or _is_spanning(lines, number, delimiter)


def _is_spanning(lines: Sequence[str], number: int, delimiter: str) -> bool:
    """Whether a line has words over several columns (",,Statistics,") of a header with clusters and genes below."""
    below = next((line for line in lines[number + 1 :] if line.strip()), "")
    known = _names(below)
    for sign in delimiter or _SIGNS:
        cells, header = _cells(lines[number], sign), [cell.strip() for cell in _cells(below, sign)]
        filled = [cell for cell in cells if cell.strip()]
        if not filled or not 2 < len(cells) == len(header) or len(filled) == len(cells) or _names(lines[number]):
            continue
        if all(header) and len(set(header)) == len(header):
            return bool(known & set(CLUSTER_HEADERS) and known & set(GENE_HEADERS))
    return False


def is_comment(lines: Sequence[str], number: int) -> bool:
    """Whether a line is a comment, and not a header that starts like one: `#cluster`, or `#` above row numbers."""
    if not lines[number].lstrip('"').startswith("#"):
        return False
    below = [line for line in lines[number + 1 :] if line.strip(_EMPTY)][:2]
    if any(map(_names, below[:1])) or _is_prose(lines[number], below):
        return True
    if _names(lines[number]):
        return False
    is_last = not below or below[0].lstrip('"').startswith("#")
    return is_last or not any(_heads(lines[number], below, sign) for sign in _SIGNS)


def _is_prose(line: str, below: Sequence[str]) -> bool:
    """Whether a line has blanks behind its commas, which the lines below have not: "# Marker genes, blood"."""
    spaced = [", " in one or "; " in one for one in (line, *below[:1])]
    return spaced == [True, False] and not re.search(r"[,;]\S", line) and len(_names(line)) < _LEAST_NAMES


def _heads(line: str, below: Sequence[str], sign: str) -> bool:
    """Whether a line has as many fields as the next ones, and these are rows of genes and numbers."""
    cells, *rows = (_cells(one, sign) for one in (line, *below))
    if len(cells) < 2 or any(len(row) != len(cells) for row in rows) or not all(map(str.strip, cells[1:])):
        return False
    numbered = any(all(map(_is_number, column)) for column in zip(*rows, strict=True))
    return (numbered and len(rows) > 1) or any(map(_has_genes, rows[0]))


def _is_number(cell: str) -> bool:
    value = as_number(cell, "p_val_adj")
    return value is not None and not math.isnan(value)


def _has_genes(cell: str) -> bool:
    """Whether a cell is a known gene, or a list of mostly such."""
    found = [name for name in re.split(r"[,;|\s]+", cell) if name]
    return 2 * sum(len(name) > 1 and is_recognised(name) for name in found) > len(found)


def _is_title(lines: Sequence[str], number: int, delimiter: str) -> bool:
    """Whether a line is a text over a table: one cell, or fewer than the lines below, of which one names columns."""
    below = [line for line in lines[number + 1 : number + 6] if line.strip()]
    for sign in delimiter or _SIGNS:
        cells = _cells(lines[number], sign)
        widths = [width for line in below if (width := len(_cells(line, sign))) > 1]
        filled = [cell for cell in cells if cell.strip()]
        if not widths or max(widths) - min(widths) > 1 or _names(lines[number]) or _is_spaced(lines[number], below):
            continue
        if len(filled) == 1 and cells[0].strip() and len(cells) in (1, max(widths)) and _has_two(below, sign):
            return True
        if len(cells) < min(widths) and any(map(_names, below[:1])) and any(len(cell.split()) > 1 for cell in cells):
            return True
    return False


def _is_spaced(line: str, below: Sequence[str]) -> bool:
    """Whether a line is the header of columns with spaces between: by the rows below, or by names of statistics."""
    if len(known_statistics(line.split())) >= _LEAST_STATISTICS:
        return True
    width = len(_cells(line, " "))
    return width > 1 and all(len(_cells(row, " ")) - width in (0, 1) for row in below)


def _has_two(lines: Sequence[str], sign: str) -> bool:
    """Whether the lines are of a table: the next ones are not titles alone."""
    return any(sum(bool(cell.strip()) for cell in _cells(line, sign)) > 1 for line in lines)


def _names(line: str) -> set[str]:
    """Column names of clusters and genes in a line; words of a title are none."""
    known = {*CLUSTER_HEADERS, *GENE_HEADERS}
    words = {word.strip('"#').lower() for word in line.split()}
    found = {cell.strip().lstrip("#").strip().lower() for sign in _SIGNS for cell in _cells(line, sign)}
    return (found & known) or (words if len(words) > 1 and words <= known else set())


def _cells(line: str, sign: str) -> list[str]:
    """The cells of a line; all of it is one where the sign is within quotes of other columns: `0 CD3D "x, y"`."""
    try:
        cells = next(csv.reader([line.rstrip("\r\n")], delimiter=sign), [])
    except csv.Error:
        return [line]
    return [line] if any(cell.count('"') % 2 for cell in cells) else cells
