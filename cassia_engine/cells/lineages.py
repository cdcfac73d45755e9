"""Markers of two lineages in one cluster: in the same cells, as doublets have them, or in different cells."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from cassia_engine.knowledge.genes import translate
from cassia_engine.package_data import rows
from cassia_engine.records import LineagePair

# A cell is of a lineage if it expresses so many of its genes: one alone may be ambient RNA.
LEAST_GENES = 2
# A lineage of whose genes the data have a smaller share, as panels and chosen genes do, is not looked for.
LEAST_KNOWN = 0.5
# A cluster with fewer cells says nothing of shares.
LEAST_CELLS = 20
# The share of a cluster's cells from which a lineage counts. It is also this many times its share in most other
# clusters, since what floats in every droplet is seen everywhere.
LEAST_SHARE = 0.15
ABOVE_OTHERS = 2.0
MOST_PAIRS = 3


def lineage_pairs(
    genes: Sequence[str],
    pointers: NDArray[np.int64],
    columns: NDArray[np.integer],
    clusters: NDArray[np.integer],
    n_clusters: int,
    species: str,
) -> tuple[tuple[LineagePair, ...], ...]:
    """The pairs of lineages in each cluster, at most MOST_PAIRS, those first whose rarer lineage has most cells.

    Args:
        genes: the symbol of each gene of the matrix.
        pointers, columns: the genes that each cell expresses, as in a CSR matrix; shapes (cells + 1,) and (values,).
        clusters: shape (cells,), the cluster of each cell, -1 for none.
        species: "human", "mouse" or another one, of which human symbols are looked for.
    """
    known = _known(genes, species)
    if len(known) < 2 or not len(columns):
        return ((),) * n_clusters
    cells = np.repeat(np.arange(len(pointers) - 1), np.diff(pointers))
    inside = np.stack([_has_lineage(cells, columns, places, len(pointers) - 1) for _, places in known])
    sizes = np.bincount(clusters[clusters >= 0], minlength=n_clusters)
    shares = np.full((len(known), n_clusters), np.nan)
    enough = np.flatnonzero(sizes >= LEAST_CELLS)
    if not len(enough):
        return ((),) * n_clusters
    for cluster in enough:
        shares[:, cluster] = inside[:, clusters == cluster].mean(axis=1)
    usual = np.nanquantile(shares, 0.25, axis=1)
    there = shares >= np.maximum(LEAST_SHARE, ABOVE_OTHERS * usual)[:, None]
    named = [(lineage, tuple(genes[place] for place in places)) for lineage, places in known]
    return tuple(
        _pairs(named, inside[:, clusters == cluster], np.flatnonzero(there[:, cluster]))
        for cluster in range(n_clusters)
    )


def _pairs(
    named: Sequence[tuple[str, tuple[str, ...]]], inside: NDArray[np.bool_], present: NDArray[np.int64]
) -> tuple[LineagePair, ...]:
    """The pairs of the lineages that are there; `inside` has one row per lineage and one column per cell."""
    found = []
    for one, other in combinations(present.tolist(), 2):
        first, second = sorted((one, other), key=lambda lineage: -inside[lineage].mean())
        found.append(
            LineagePair(
                first=named[first][0],
                second=named[second][0],
                genes=(named[first][1], named[second][1]),
                n_cells=inside.shape[1],
                in_first=_rounded(inside[first]),
                in_second=_rounded(inside[second]),
                in_both=_rounded(inside[first] & inside[second]),
            )
        )
    return tuple(sorted(found, key=lambda pair: -min(pair.in_first, pair.in_second))[:MOST_PAIRS])


def _rounded(cells: NDArray[np.bool_]) -> float:
    return round(float(cells.mean()), 4)


def _has_lineage(
    cells: NDArray[np.int64], columns: NDArray[np.integer], places: Sequence[int], n_cells: int
) -> NDArray[np.bool_]:
    """Shape (cells,): whether a cell expresses LEAST_GENES of the genes or more."""
    return np.bincount(cells[np.isin(columns, places)], minlength=n_cells) >= LEAST_GENES


def _known(genes: Sequence[str], species: str) -> list[tuple[str, tuple[int, ...]]]:
    """The lineages of whose genes the data have LEAST_KNOWN, and the places of these."""
    place = {gene.upper(): index for index, gene in reversed(list(enumerate(genes)))}
    found = []
    for lineage, symbols in _lineages():
        names = (name.upper() for symbol in symbols for name in _names(symbol, species))
        places = tuple(dict.fromkeys(place[name] for name in names if name in place))
        if len(places) >= max(LEAST_GENES, LEAST_KNOWN * len(symbols)):
            found.append((lineage, places))
    return found


def _names(symbol: str, species: str) -> tuple[str, ...]:
    return translate(symbol, "human", species) if species == "mouse" else (symbol,)


@cache
def _lineages() -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((lineage, tuple(symbols.split())) for lineage, symbols in rows("lineage_genes.tsv"))
