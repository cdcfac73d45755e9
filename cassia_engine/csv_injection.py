"""CSV cells that a spreadsheet would run as a formula, made inert and read back, and rows that no reader takes apart.

A spreadsheet looks behind blanks and signs that are not seen, takes full-width signs for their plain ones, and, where
its list separator is `;` or it opens a file as tab-separated, begins a cell within one of ours. So a `'` goes wherever
a cell may begin and a formula would.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cassia_engine.text import CONTROLS, INVISIBLE

# = + - @ with their full-width and small forms.
_SIGNS = "=+@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b\\-"
# What may stand before them: spaces, control characters, and letters without a width.
_UNSEEN = r"\x20\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u2800\u3000" + CONTROLS + INVISIBLE
_BEFORE = rf"(?='*[{_UNSEEN}]*"
# Where a cell begins, a leading tab or line break is dropped by spreadsheets too. Within one, + and - at the start of a
# line are the bullets of a list.
_START = rf"\A{{}}{_BEFORE}[{_SIGNS}\t\r\n])"
# One set of characters in front, then which of them it is: so long texts are searched three times as fast.
_WITHIN = rf"[;\t\r\n](?:(?<=[;\t]){{0}}{_BEFORE}[{_SIGNS}])|(?<=[\r\n]){{0}}{_BEFORE}[=@\uff1d\uff20\ufe66\ufe6b]))"
_OPEN = re.compile(_START.format("")), re.compile(_WITHIN.format(""))
_GUARDED = re.compile(_START.format("'")), re.compile(_WITHIN.format("'"))
_QUOTED = re.compile('[",\r\n]')


def guard(text: str) -> str:
    """The cell with a ' wherever a spreadsheet would otherwise run what follows."""
    start, within = _OPEN
    return ("'" if start.match(text) else "") + within.sub(r"\g<0>'", text)


def unguard(text: str) -> str:
    """The inverse of `guard`, for every text."""
    if "'" not in text:
        return text
    start, within = _GUARDED
    return within.sub(lambda found: found[0][0], text[1:] if start.match(text) else text)


def csv_row(cells: Iterable[str]) -> str:
    """A line of CSV, with its end. The csv module leaves a lone carriage return unquoted, which ends a row for some."""
    return ",".join(_quoted(cell) for cell in cells) + "\n"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell
