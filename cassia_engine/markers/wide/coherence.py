"""Which way a table of genes is written, where its labels do not say: genes of one list mark the same cell types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import combinations

from cassia_engine.knowledge.genes import HUMAN
from cassia_engine.knowledge.tables import read_shipped

_LENGTH = 12  # the first genes of a list say most
_LISTS = 60
# A gene of more types than this tells little.
_MOST_TYPES = 12
_LEAST_PAIRS, _FACTOR = 3, 2.0


def direction(columns: Sequence[Sequence[str]], rows: Sequence[Sequence[str]]) -> int:
    """1 if the columns of a table of genes are the lists of clusters, -1 if its rows are, 0 if it cannot be told.

    A gene is once in a list, and genes that mark one cell type stand together. Both must not disagree.
    """
    repeated = _repeated(rows) - _repeated(columns) if not (_repeated(rows) and _repeated(columns)) else 0
    votes = {_sign(repeated), _by_types(columns, rows)} - {0}
    return votes.pop() if len(votes) == 1 else 0


def _repeated(lists: Sequence[Sequence[str]]) -> int:
    return sum(len(cells) - len(set(cells)) for cells in lists)


def _by_types(columns: Sequence[Sequence[str]], rows: Sequence[Sequence[str]]) -> int:
    (of_columns, n_columns), (of_rows, n_rows) = _shared(columns), _shared(rows)
    if max(n_columns, n_rows) < _LEAST_PAIRS:
        return 0
    if of_columns >= _FACTOR * of_rows:
        return 1
    return -1 if of_rows >= _FACTOR * of_columns else 0


def _shared(lists: Sequence[Sequence[str]]) -> tuple[float, int]:
    """Of the pairs of known genes in a list, the share that marks one cell type, and their number."""
    pairs = shared = 0
    for cells in lists[:_LISTS]:
        types = [
            found for cell in cells[:_LENGTH] if (found := _types().get(cell.upper())) and len(found) <= _MOST_TYPES
        ]
        for one, other in combinations(types, 2):
            pairs += 1
            shared += bool(one & other)
    return (shared / pairs if pairs else 0.0), shared


@cache
def _types() -> dict[str, frozenset[str]]:
    types: dict[str, set[str]] = defaultdict(set)
    for row in read_shipped(HUMAN):
        types[row.gene.upper()].add(row.cell_type)
    return {gene: frozenset(found) for gene, found in types.items()}


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
