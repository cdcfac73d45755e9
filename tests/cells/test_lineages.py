"""Two lineages in one cluster: whether their markers are in the same cells or in different ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from cassia_engine.cells.lineages import LEAST_CELLS, lineage_pairs
from cassia_engine.evidence.cell_health import HealthKind, health_issues
from cassia_engine.knowledge.genes import translate
from cassia_engine.records import ClusterCells, LineagePair, QualityMeasure

T_CELL, B_CELL, OTHERS = ("CD3D", "CD3E", "CD3G", "TRAC"), ("CD79A", "CD79B", "MS4A1"), ("GAPDH", "ACTB", "MALAT1")
GENES = (*T_CELL, *B_CELL, *OTHERS)
PLAIN = OTHERS
BOTH = (*T_CELL, *B_CELL)


def pairs_of(
    clusters: Sequence[Sequence[Sequence[str]]], genes: Sequence[str] = GENES, species: str = "human"
) -> tuple[tuple[LineagePair, ...], ...]:
    """Of clusters, each with the genes that its cells express."""
    cells = [cell for cluster in clusters for cell in cluster]
    codes = np.repeat(np.arange(len(clusters)), [len(cluster) for cluster in clusters])
    columns = np.array([GENES.index(gene) for cell in cells for gene in cell], np.int64)
    pointers = np.cumsum([0, *map(len, cells)])
    return lineage_pairs(genes, pointers, columns, codes, len(clusters), species)


def test_markers_in_the_same_cells_are_doublets() -> None:
    plain = [[PLAIN] * 40] * 4
    *others, [pair] = pairs_of([*plain, [T_CELL, BOTH] * 20])
    assert not any(others)
    assert (pair.first, pair.second) == ("T cell", "B cell")
    assert (pair.n_cells, pair.in_first, pair.in_second, pair.in_both) == (40, 1.0, 0.5, 0.5)
    assert pair.genes == (T_CELL, B_CELL)
    (issue,) = health_issues(ClusterCells(40, lineages=(pair,)))
    assert issue.kind is HealthKind.DOUBLETS
    assert issue.text == (
        "Markers of two lineages in the same cells, as doublets have them: T cell markers in 100% of the cells, "
        "B cell markers in 50%, both in 50% (50% by chance)."
    )


def test_markers_in_different_cells_are_a_mixture() -> None:
    *_, [pair] = pairs_of([*[[PLAIN] * 40] * 4, [T_CELL, T_CELL, T_CELL, B_CELL] * 10])
    assert (pair.in_first, pair.in_second, pair.in_both) == (0.75, 0.25, 0.0)
    (issue,) = health_issues(ClusterCells(40, lineages=(pair,)))
    assert issue.kind is HealthKind.TWO_LINEAGES
    assert issue.text == (
        "Markers of two lineages in one cluster: T cell markers in 75% of the cells, B cell markers in 25%, both in 0% "
        "(19% by chance)."
    )


def test_no_more_cells_with_both_than_by_chance_are_no_doublets() -> None:
    pair = LineagePair("T cell", "B cell", (T_CELL, B_CELL), 300, 0.59, 0.39, 0.26)
    assert [issue.kind for issue in health_issues(ClusterCells(300, lineages=(pair,)))] == [HealthKind.TWO_LINEAGES]


@pytest.mark.parametrize(
    ("clusters", "why"),
    [
        ([[PLAIN] * 40, [T_CELL] * 40, [B_CELL] * 40], "one lineage each"),
        ([[(*T_CELL, "CD79A")] * 40, [PLAIN] * 40], "one gene alone may be ambient"),
        ([[T_CELL, BOTH] * 20] * 5, "seen in every cluster, so ambient"),
        ([*[[PLAIN] * 40] * 4, [BOTH] * (LEAST_CELLS - 1)], "too few cells"),
        ([*[[PLAIN] * 40] * 4, [T_CELL] * 35 + [B_CELL] * 5], "hardly any of the second"),
    ],
)
def test_what_is_no_pair(clusters: Sequence[Sequence[Sequence[str]]], why: str) -> None:
    assert not any(pairs_of(clusters)), why


def test_genes_of_mice_are_found_by_their_orthologs() -> None:
    genes = [translate(gene, "human", "mouse")[0].capitalize() for gene in GENES]
    *_, [pair] = pairs_of([*[[PLAIN] * 40] * 4, [BOTH] * 40], genes, "mouse")
    assert pair.genes[0][0] == "Cd3d"


def test_a_lineage_of_whose_genes_most_are_missing_is_not_looked_for() -> None:
    few = [gene if gene not in T_CELL[2:] else "OTHER" for gene in GENES]  # two of seven
    assert not any(pairs_of([*[[PLAIN] * 40] * 4, [BOTH] * 40], few))


def test_nothing_is_said_without_known_genes_or_cells() -> None:
    assert pairs_of([[BOTH] * 40, [PLAIN] * 40], [f"G{n}" for n in range(len(GENES))]) == ((), ())
    assert pairs_of([[], []]) == ((), ())


def measure(kind: str, value: float, overall: float) -> QualityMeasure:
    return QualityMeasure(kind, value, overall)


@pytest.mark.parametrize(
    ("found", "kind", "text"),
    [
        (
            measure("n_genes", 300, 1500),
            HealthKind.LOW_COUNTS,
            "Empty droplets or debris, or small cells such as platelets: 300 genes per cell, 1,500 in all cells.",
        ),
        (measure("n_genes", 500, 1500), None, ""),
        (
            measure("mitochondrial", 0.31, 0.05),
            HealthKind.MITOCHONDRIAL,
            "Dying cells, or cells rich in mitochondria such as muscle: 31% of the counts are mitochondrial, 5% in all "
            "cells.",
        ),
        (measure("mitochondrial", 0.31, 0.3), None, ""),
        (measure("mitochondrial", 0.1, 0.02), None, ""),
        (
            measure("doublet_score", 0.4, 0.05),
            HealthKind.DOUBLETS,
            "Often two cells in one droplet: doublet score 0.4, 0.05 in all cells.",
        ),
        (measure("doublet_score", 0.1, 0.01), None, ""),
    ],
)
def test_quality_against_that_of_all_cells(found: QualityMeasure, kind: HealthKind | None, text: str) -> None:
    issues = health_issues(ClusterCells(100, quality=(found,)))
    assert [(issue.kind, issue.text) for issue in issues] == ([(kind, text)] if kind else [])
