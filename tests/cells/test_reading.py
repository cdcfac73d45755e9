"""What the cells say reaches the clusters of the table."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from cassia_engine.markers import read_markers
from cassia_engine.records import ClusterCells
from cassia_engine.settings import SplitSettings

T_CELL, B_CELL, OTHERS = ("CD3D", "CD3E", "CD3G", "TRAC"), ("CD79A", "CD79B", "MS4A1"), ("LYZ", "CST3", "NKG7", "PPBP")
GENES = (*T_CELL, *B_CELL, *OTHERS)


def test_lineages_in_the_same_cells_are_found() -> None:
    """Four clusters of 40 cells, each with a gene of its own, and one whose cells have markers of two lineages."""
    clusters = np.repeat([*"abcde"], 40)
    values = np.zeros((200, len(GENES)), np.float32)
    for number, gene in enumerate(OTHERS):
        values[clusters == "abcd"[number], GENES.index(gene)] = 1.5
    both = clusters == "e"
    values[both, : len(T_CELL)] = 0.75
    values[np.flatnonzero(both)[:20], len(T_CELL) : len(T_CELL) + len(B_CELL)] = 0.75
    obs, var = pd.DataFrame({"cluster": pd.Categorical(clusters)}), pd.DataFrame(index=list(GENES))
    adata = SimpleNamespace(obs=obs, var=var, uns={}, obsm={}, layers={}, X=values, raw=None)
    *others, last = read_markers(adata, SplitSettings(rank=True, group_key="cluster"), "human").clusters
    assert isinstance(last.cells, ClusterCells)
    [pair] = last.cells.lineages
    assert (pair.first, pair.second) == ("T cell", "B cell")
    assert (pair.n_cells, pair.in_first, pair.in_second, pair.in_both) == (40, 1.0, 0.5, 0.5)
    assert not any(one.cells.lineages for one in others if one.cells)
