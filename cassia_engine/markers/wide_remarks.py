"""Rows of a wide table that hold no genes: counts of cells, lineages or "na" below its header, totals at its end."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from cassia_engine.errors import shown
from cassia_engine.markers.genelike import filled, is_number, known_share
from cassia_engine.markers.recognised import is_recognised
from cassia_engine.markers.source import Source

log = logging.getLogger(__name__)

_LEAST_ROWS = 5
_KNOWN = 0.6  # of all cells
_NOTE = re.compile(r"n\s*=.*|.*:\s.*|na|n/a|\S+ \S+.*", re.IGNORECASE)
_PARTS = re.compile(r"[\s:;|_,()/.\-]+")


def remark_rows(source: Source, lists: Sequence[Sequence[str]], places: Sequence[int]) -> list[int]:
    """Which of the first and the last position of lists of genes hold a remark, with a warning.

    Args:
        lists: the genes of each cluster; `places`: the lines of their positions, as long as each.
    """
    if len(places) < _LEAST_ROWS or len(lists) < 2:
        return []
    found = []
    for position in (0, len(places) - 1):
        cells = filled([cells[position] for cells in lists])
        if _is_remark(cells, len(lists)) and known_share([one for cells in lists for one in cells]) >= _KNOWN:
            what = f"no gene is in this row ({', '.join(map(shown, cells[:2]))}, ...), and it is left out"
            log.warning("%s: %s", source.at(places[position]), what)
            found.append(position)
    return found


def _is_remark(cells: Sequence[str], n_lists: int) -> bool:
    """Whether each list has a cell there, none is a gene, and they repeat or are written as no gene is."""
    if len(cells) < n_lists or any(is_number(cell) or _names_gene(cell) for cell in cells):
        return False
    are_words = not any(re.search(r"\d", cell) for cell in cells)
    return (are_words and len(set(cells)) < len(cells)) or all(map(_NOTE.fullmatch, cells))


def _names_gene(cell: str) -> bool:
    """Whether a cell is a gene, or has one in it beside its id or the like."""
    return is_recognised(cell) or any(len(part) > 1 and is_recognised(part) for part in _PARTS.split(cell))
