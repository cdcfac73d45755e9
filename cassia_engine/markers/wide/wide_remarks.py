"""Rows and columns of a wide table that hold no genes: counts of cells, labels of clusters, "na", totals, comments."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cassia_engine.errors import shown
from cassia_engine.genes.recognised import is_recognised
from cassia_engine.markers.columns.gene_columns import filled, is_number, known_share
from cassia_engine.markers.columns.positions import are_positions, is_rank
from cassia_engine.markers.columns.unknown_genes import are_cells
from cassia_engine.markers.files.source import Source
from cassia_engine.markers.wide.gaps import filled_columns
from cassia_engine.markers.wide.two_headers import one_header

log = logging.getLogger(__name__)

_LEAST_ROWS = 5
_LEAST_GENES = 2  # rows of them, below or above labels and numbers
_KNOWN = 0.6  # of all cells
_LABELS, _CAPITALS = 2 / 3, 0.9
_SAMPLE = 100
_MOST_ROWS = 3  # at each end
_NOTE = re.compile(r"n\s*=.*|.*:\s.*|na|n/a|\S+ \S+.*", re.IGNORECASE)
_COUNT = re.compile(r"\(?(?:n\s*=\s*)?\d[\d.,' ]{0,20}%?\)?", re.IGNORECASE)
_PARTS = re.compile(r"[\s:;|_,()/.\-]+")
# Short names of cells, some of which are aliases of genes.
_ABBREVIATIONS = """
    nk nkt dc pdc cdc cdc1 cdc2 mdc modc mait treg tregs tem tcm tn gdt ctl ilc ilc1 ilc2 ilc3 hsc hspc mpp cmp gmp mep
    clp opc ec ecs smc vsmc msc caf rbc esc npc exn inn mono monos mac macs mph mdsc neu neut mast baso eos ery plasma
    endo epi fib fibro hep astro oligo micro peri strom stromal tumor tumour malignant prolif cycling dividing
    doublet doublets unknown unassigned myeloid lymphoid immune ductal acinar alpha beta delta basal ciliated club
"""
_SHORT_LABELS = frozenset(_ABBREVIATIONS.split())
_WORD = re.compile(r"[A-Za-z]*[a-z][A-Za-z]*")
_COMMENTS = re.compile(
    r"(?:comment|note|remark|observation|reference|source|citation|pmid|doi|description|evidence)s?(?:\W.*)?"
    r"|refs?\.?",
    re.IGNORECASE,
)

Cells = Sequence[str]


@dataclass(frozen=True, slots=True)
class Remarks:
    """Positions of the rows and the columns of a wide table that hold no genes."""

    rows: Sequence[int] = ()
    columns: Sequence[int] = ()

    def without(
        self, header: Cells, body: Sequence[Cells], places: Sequence[int]
    ) -> tuple[Cells, Sequence[Cells], Sequence[int]]:
        """The table without them."""
        kept = [n for n in range(len(header)) if n not in self.columns]
        rows = [[row[n] for n in kept] for number, row in enumerate(body) if number not in self.rows]
        return [header[n] for n in kept], rows, [place for n, place in enumerate(places) if n not in self.rows]

    def say(self, source: Source, body: Sequence[Cells], places: Sequence[int]) -> None:
        """Warn of each."""
        for number in self.rows:
            _say_row(source, body[number], places[number])
        for column in self.columns:
            example = next(iter(filled(row[column] for row in body)))
            what = f"column {shown(source.header[column])} has no genes ({shown(example)}, ...), and it is left out"
            log.warning("%s: %s", source.place, what)


def find_remarks(header: Cells, body: Sequence[Cells]) -> Remarks:
    """The remarks in a table whose other cells are genes; none in one of another shape."""
    if not body or any(len(row) != len(header) for row in body):
        return Remarks()
    kept = filled_columns(header, body)
    header, body = [header[n] for n in kept], [[row[n] for n in kept] for row in body]
    columns = list(zip(*body, strict=True))
    genes = [n for n, cells in enumerate(columns) if known_share(cells[:_SAMPLE]) >= _KNOWN - 1 / len(cells)]
    if len(genes) < 2 or (0 not in genes and not _is_rank(header[0], columns[0]) and are_positions(header[1:])):
        return Remarks()
    first = one_header(header, body)[1]
    found = [n for n in range(1, len(header)) if n not in genes and _is_comment(header[n], columns[n][first:])]
    return Remarks(_rows([[row[n] for n in genes] for row in body], first), [kept[n] for n in found])


def _rows(body: Sequence[Cells], first: int) -> list[int]:
    """Positions of the rows without genes at either end of the columns of genes, from the first one behind headers."""
    found: list[int] = []
    last = len(body) - 1
    for ends in (range(first, min(first + _MOST_ROWS, last)), range(last, max(last - _MOST_ROWS, first), -1)):
        for number in ends:
            rest = [row for n, row in enumerate(body[: first + _SAMPLE]) if n >= first and n not in (*found, number)]
            if number in found or len(rest) < _LEAST_GENES or not _is_no_gene(filled(body[number]), rest):
                break
            found.append(number)
    return sorted(found)


def remark_rows(source: Source, lists: Sequence[Cells], places: Sequence[int]) -> list[int]:
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
            _say_row(source, cells, places[position])
            found.append(position)
    return found


def _say_row(source: Source, row: Cells, place: int) -> None:
    what = f"no gene is in this row ({', '.join(map(shown, filled(row)[:2]))}, ...), and it is left out"
    log.warning("%s: %s", source.at(place), what)


def _is_rank(name: str, cells: Cells) -> bool:
    """Whether a first column numbers the rows, of which the first or the last may have a name instead."""
    return any(some and is_rank(name, some) for some in (cells, cells[1:], cells[2:], cells[:-1]))


def _is_no_gene(cells: Cells, rest: Sequence[Cells]) -> bool:
    """Whether a row has a count in each list of genes, or is one of labels, where the rest are known genes."""
    if len(cells) < len(rest[0]) or known_share([cell for row in rest for cell in row]) < _KNOWN:
        return False
    if all(map(_COUNT.fullmatch, cells)):
        return True
    names = [cell for row in rest for cell in filled(row)]
    in_capitals = sum(name == name.upper() for name in names) >= _CAPITALS * len(names)
    return sum(_is_label(cell, in_capitals) for cell in cells) >= _LABELS * len(cells)


def _is_label(cell: str, in_capitals: bool) -> bool:
    """Whether a cell is a label of cells and no gene.

    Args:
        in_capitals: the genes are in capitals, so that a word that is not is none.
    """
    if len(cell) == 1 or cell.lower() in _SHORT_LABELS:
        return not cell.isdigit()
    if is_recognised(cell):
        return False
    parts = [part for part in _PARTS.split(cell) if part]
    if len(parts) > 1 and any((len(part) == 1 and part.isalpha()) or part.lower() in _SHORT_LABELS for part in parts):
        return True  # CD4_T
    return are_cells([cell]) or len(cell.split()) > 1 or (in_capitals and bool(_WORD.fullmatch(cell)))


def _is_comment(name: str, cells: Cells) -> bool:
    """Whether a column is one of comments: by its name, or as each cell is of several words; and none is a gene."""
    found = filled(cells)
    if not found or any(map(is_recognised, found)) or all(map(is_number, found)):
        return False
    words = min(len(cell.split()) for cell in found)
    return bool(_COMMENTS.fullmatch(name.strip())) or words > (2 if name.strip() else 1)


def _is_remark(cells: Cells, n_lists: int) -> bool:
    """Whether each list has a cell there, none is a gene, and they repeat or are written as no gene is."""
    if len(cells) < n_lists or any(is_number(cell) or _names_gene(cell) for cell in cells):
        return False
    are_words = not any(re.search(r"\d", cell) for cell in cells)
    return (are_words and len(set(cells)) < len(cells)) or all(map(_NOTE.fullmatch, cells))


def _names_gene(cell: str) -> bool:
    """Whether a cell is a gene, or has one in it beside its id or the like."""
    return is_recognised(cell) or any(len(part) > 1 and is_recognised(part) for part in _PARTS.split(cell))
