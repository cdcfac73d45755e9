"""Wide tables of a species of which no genes are known, such as flies: told by the names of their clusters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cassia_engine.errors import shown
from cassia_engine.markers.columns.gene_columns import distinct_share, filled
from cassia_engine.markers.columns.positions import NUMBERED, is_rank
from cassia_engine.markers.files.source import Source

# What names of clusters say, whatever the species.
_CELLS = re.compile(
    r"cells?\b|neuron|glia|blast|cyte|phage|muscle|crest|derm|thel|stroma|progenitor|precursor|stem\b|erythro|myelo|lympho|"
    r"macro|mono|gonad|germ|(?:^|[ _.])(?:cluster|clust|leiden|louvain)[ _.\-]?\d+$",
    re.IGNORECASE,
)
_SYMBOL = re.compile(r"(?=.*[A-Za-z])[^\s,;@/]{1,30}")
# Lists, genes of each on average, and the share of names that are there once. Two columns may be other things.
_ENOUGH_LISTS, _ENOUGH_NAMES, _NEARLY_ALL = 3, 3, 0.9
_SAMPLE = 100

Cells = Sequence[str]


def are_cells(names: Cells) -> bool:
    """Whether all names say that they are of cells or clusters."""
    return all(map(_CELLS.search, names))


def may_be_genes(lists: Sequence[Cells]) -> bool:
    """Whether lists under names of cells may be genes of a species of which none is known: each name there once."""
    names = [cell for cells in lists[:_SAMPLE] for cell in filled(cells[:_SAMPLE])]
    words = len(lists) >= _ENOUGH_LISTS and all(_SYMBOL.fullmatch(name) for name in names)
    return words and len(names) >= _ENOUGH_NAMES * len(lists) and distinct_share(names) >= _NEARLY_ALL


def refuse_numbered(source: Source) -> None:
    """Refuse lists of unknown genes under numbers: a row of such a table may as well be a cluster.

    Raises:
        UsageError: it has such lists; says what to do.
    """
    whole = [row for row in source.sample if len(row) == len(source.header)]
    columns = list(zip(*whole, strict=True))
    start = int(bool(columns) and is_rank(source.header[0], columns[0]))
    names = [name.strip() for name in source.header[start:]]
    if columns and all(map(NUMBERED.fullmatch, names)) and may_be_genes(columns[start:]):
        what = f"columns {shown(names[0])}, {shown(names[1])}, ... may be clusters with their genes, none of them known"
        raise source.error(
            f"{what}; write a name above each, such as cluster {shown(names[0])}", 0, code="numbered-clusters-unclear"
        )
