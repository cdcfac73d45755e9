"""Columns and rows that are called by their number, as those of a list are, or that number the rows of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cassia_engine.markers.columns.formats import ROW_NAMES
from cassia_engine.markers.files.headers import CLUSTER_HEADERS

COUNTING = ("rank", "no", "no.", "nr", "top", "#")
NAMELESS = tuple(name.lower() for name in ROW_NAMES)
_RANK_HEADERS = (*NAMELESS, *COUNTING, "index", "level_0", "...1")
# What people and programs call the columns of a list: gene1, top_2, V3, 4, Unnamed: 5, or nothing.
POSITION = re.compile(
    r"((gene|marker|symbol|top|rank|v|x|col|column|unnamed:)s?[ _.\-#]*)?\d*|#\d+|\d+(\.|st|nd|rd|th)", re.IGNORECASE
)
# What only numbers the genes of a list: no cluster is called so.
_CERTAIN_RANK = re.compile(r"((gene|marker|symbol|top|rank)s?[ _.\-#]*|#)\d+|\d+(\.|st|nd|rd|th)", re.IGNORECASE)
NUMBERED = re.compile(r"[xX]?\d+")  # R puts an X before numbers
COUNTER = re.compile(r"\.\d+$")
_INTEGER = re.compile(r"\d+")

Cells = Sequence[str]


def are_positions(names: Cells) -> bool:
    """Whether columns are called by their number, or all the same, as those of a list are."""
    named = [name.strip() for name in names if name.strip()]
    if all(map(NUMBERED.fullmatch, named)):
        return len(named) < len(names) or _run(named)
    return all(map(POSITION.fullmatch, named)) or len({COUNTER.sub("", name).lower() for name in named}) == 1


def _run(names: Cells) -> bool:
    """Whether names count on from 0 or 1 (or 2, where the first column has a number too)."""
    numbers = [int(name.strip("xX")) for name in names]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers))) and numbers[0] <= 2


def are_ranks(names: Cells) -> bool:
    """Whether names say that they number genes (gene 1, #1, 1st) rather than clusters."""
    numbers = [int(re.sub(r"\D", "", name)) for name in names if _CERTAIN_RANK.fullmatch(name.strip())]
    return len(numbers) == len(names) > 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def is_rank(name: str, cells: Cells) -> bool:
    """Whether a first column numbers the rows."""
    plain = name.strip().lower()
    if are_ranks(cells):
        return True
    if all(_INTEGER.fullmatch(cell.strip()) for cell in cells):
        return plain not in CLUSTER_HEADERS and int(cells[0]) <= 1 and _run([cell.strip() for cell in cells])
    return plain in _RANK_HEADERS and all(POSITION.fullmatch(cell.strip()) for cell in cells)
