"""Text of a table without what spreadsheets and web pages put around its cells and lines.

`="CD3D"` keeps Excel from turning names into dates; characters without a width come from web pages and PDFs; whole
lines in quotes are what a spreadsheet makes of a CSV file that it took for one column.
"""

from __future__ import annotations

import csv
import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from cassia_engine.errors import quoted
from cassia_engine.genes.recognised import is_recognised
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS
from cassia_engine.markers.files.source import first_lines
from cassia_engine.markers.files.text_file import LONGEST_LINE, READING_ERRORS, TooLongError, lines_in, open_text
from cassia_engine.text import ZERO_WIDTH

log = logging.getLogger(__name__)

_SIGNS = ",;\t|"
_GUARDED = re.compile(r'"=""([^"\r\n]*)"""|(?<![^,;\t|])="([^"\r\n]*)"(?=[,;\t|\r\n]|$)')
# Between letters of other scripts and in emoji they have a meaning. Overrides, which turn the order of letters around,
# are not among them: a name with one is no gene's.
_HIDDEN = re.compile(rf"(?<![^\x00-\x7f])[{ZERO_WIDTH}\u202a-\u202c]+(?![^\x00-\x7f])")
_NAME = re.compile(r"[\w.\-]+")

Change = Callable[[str], str]


def plain_copy(path: Path, place: str, copy: Path) -> Path:
    """The file itself, or `copy` with the same lines as plain text where its first lines need that; says so."""
    lines, gzipped = first_lines(path)
    changes = _changes(lines, place)
    if not changes:
        return path
    try:
        with open_text(path, gzipped) as text, open(copy, "w", encoding="utf-8", newline="") as out:
            for line in lines_in(text):
                for change in changes:
                    line = change(line)
                out.write(line)
    except (TooLongError, *READING_ERRORS):
        return path  # what is wrong is said when the file is read
    return copy


def _changes(lines: Sequence[str], place: str) -> list[Change]:
    changes: list[Change] = []
    if _are_quoted(lines):
        log.warning("%s: whole lines stand in quotes and are read without them", place)
        changes.append(_unquoted)
    text = "".join(map(_unquoted, lines) if changes else lines)
    if found := _GUARDED.search(text):
        name = _inside(found)
        what = 'cells are read without the ="" of a spreadsheet around them'
        log.warning("%s: %s: %s as %s", place, what, quoted(f'="{name}"'), quoted(name))
        changes.append(_unguarded)
    if _has_hidden_in_genes(text):
        log.warning("%s: characters without a width, as web pages have them, are left out", place)
        changes.append(_without_hidden)
    if _has_wide_bars(lines):
        changes.append(_with_narrow_bars)
    return changes


def _has_wide_bars(lines: Sequence[str]) -> bool:
    """Whether fields are parted by bars with blanks around them."""
    header = next(filter(str.strip, lines), "")
    return " | " in header and not any(sign in header for sign in _SIGNS.replace("|", ""))


def _with_narrow_bars(line: str) -> str:
    return re.sub(r" ?\| ?", "|", line)


def _unguarded(line: str) -> str:
    return _GUARDED.sub(lambda found: f'"{_inside(found)}"', line)


def _inside(found: re.Match[str]) -> str:
    return found[1] if found[1] is not None else found[2]


def _without_hidden(line: str) -> str:
    return _HIDDEN.sub("", line)


def _has_hidden_in_genes(text: str) -> bool:
    """Whether a known gene has such a character before, in or behind its name."""
    for line in text.splitlines() if _HIDDEN.search(text) else ():
        cells = re.split(r'[,;\t|" ]', line)
        hidden = [cell for cell in cells if _HIDDEN.search(cell)]
        if any(_NAME.fullmatch(name) and is_recognised(name) for name in map(_without_hidden, hidden)):
            return True
    return False


def _are_quoted(lines: Sequence[str]) -> bool:
    """Whether each line is one text in quotes, which is a row of a table of the columns that the first one names."""
    filled = [line.strip() for line in lines if line.strip()]
    if len(filled) < 2 or any(_unquoted(line) == line for line in filled):
        return False
    csv.field_size_limit(LONGEST_LINE)
    for sign in _SIGNS:
        table = list(csv.reader(map(_unquoted, filled), delimiter=sign))
        names = {name.strip().lower() for name in table[0]}
        if len(table[0]) > 1 and {len(row) for row in table} == {len(table[0])}:
            return bool(names & {*CLUSTER_HEADERS, *GENE_HEADERS})
    return False


def _unquoted(line: str) -> str:
    """A line without the quotes around it, if what is inside is one text."""
    text = line.rstrip("\r\n")
    inside = text[1:-1]
    if len(text) < 2 or text[0] != '"' or text[-1] != '"' or '"' in inside.replace('""', ""):
        return line
    return inside.replace('""', '"') + line[len(text) :]
