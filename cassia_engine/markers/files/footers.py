"""Rows that are no rows of a table: blank ones of a spreadsheet, and the notes that people write below a table."""

from __future__ import annotations

import re
from collections.abc import Sequence

# How a note below a table begins. A text of that many words is one too; a truncated row is not.
_NOTE = re.compile(
    r"((grand )?totals?|sum|(foot)?notes?|(data )?sources?|legend|references?)\b(?! \w)|abbreviations?\b|"
    r"(generated|created|exported|adapted|downloaded) (by|from|on|with)\b|[*†‡§#]",
    re.IGNORECASE,
)
# So sure a beginning that commas in the note may have parted it into cells.
_CERTAIN = re.compile(r"(abbreviations?|(foot)?notes?|legend|(data )?sources?)\s*:\s*\S", re.IGNORECASE)
_WORDS = 5


def is_note(text: str) -> bool:
    """Whether a text is one that people write below a table: a total, a source, an abbreviation."""
    return bool(_NOTE.match(text.strip())) or len(text.split()) >= _WORDS


def is_blank(row: Sequence[str]) -> bool:
    """Whether no cell of a row has anything in it, as rows of a spreadsheet that were left empty."""
    return not any(row) or not "".join(row).strip()


def note_of(row: Sequence[str]) -> str:
    """The one filled cell of a row, or the cells that commas of a note made, if that is a note; else ""."""
    if row and _CERTAIN.match(row[0].strip()):
        return ",".join(row).rstrip(",").strip()
    if sum(map(bool, row)) != 1:
        return ""
    text = "".join(row).strip()
    return text if is_note(text) else ""


def body_of(sample: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The first rows of a table without blank ones, and without notes at their end."""
    found = [row for row in sample if not is_blank(row)]
    while len(found) > 1 and note_of(found[-1]):
        found.pop()
    return tuple(found)
