"""Quality measures of clusters: medians of known columns, else means from the matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cassia_engine.cells.quality import Scale, quality, quality_columns
from cassia_engine.h5ad.annotated import Groups
from cassia_engine.h5ad.expression import Expression, expression
from cassia_engine.h5ad.matrix import Dense
from cassia_engine.records import QualityMeasure
from tests.cells.adata import WAYS, in_memory, opened

CLUSTERS = ["a", "a", "a", "b", "b", None]
GROUPS = Groups(np.array([0, 0, 0, 1, 1, -1]), ("a", "b"))
COLUMNS: dict[str, list[Any]] = {
    "cluster": CLUSTERS,
    "total_counts": [100, 300, 200, 10, 20, 1000],
    "n_counts": [1.0] * 6,  # the same kind, and a name that comes later
    "nFeature_RNA": [1.0, 2.0, float("nan"), 4.0, 5.0, 6.0],
    "pct_counts_mt": [0.5, 0.25, 0.75, 1.0, 0.5, 0.0],  # percent, though none is above 1
    "doublet_score": [0.1, 0.2, 0.3, 0.4, 0.4, 0.0],
}


@pytest.mark.parametrize("way", WAYS)
def test_columns_known_by_name_are_taken_as_medians(way: str) -> None:
    data = opened(way, COLUMNS)
    assert quality(data, data.groups("cluster"), None, [])[0] == (
        QualityMeasure("n_counts", 200.0, 150.0, "total_counts"),
        QualityMeasure("n_genes", 1.5, 4.0, "nFeature_RNA"),
        QualityMeasure("mitochondrial", 0.005, 0.005, "pct_counts_mt"),
        QualityMeasure("doublet_score", 0.2, 0.25, "doublet_score"),
    )


@pytest.mark.parametrize(
    ("values", "median"), [([0.1, 0.1, 0.1, 0.2, 0.2, 0.9], 0.1), ([10.0, 10.0, 10.0, 20.0, 20.0, 0.5], 0.1)]
)
@pytest.mark.parametrize("name", ["percent_mito", "percent.mito"])
def test_percent_mito_is_a_fraction_where_none_is_above_1(name: str, values: list[float], median: float) -> None:
    [found] = quality(in_memory({name: values}), GROUPS, None, [])[0]
    assert found.value == median


@pytest.mark.parametrize("name", ["nCount_RNA", "total_counts", "nUMI", "n_counts"])
def test_names_of_scanpy_and_seurat_are_known(name: str) -> None:
    assert quality_columns(["other", name, "leiden"]) == {"n_counts": [(name, Scale.AS_IS)]}


@pytest.mark.parametrize("column", [["x", "y", "x", "y", "x", "y"], [None] * 6, [float("nan")] * 6, [True] * 6])
def test_a_column_without_numbers_is_no_measure(column: list[Any]) -> None:
    assert not quality(in_memory({"n_counts": column}), GROUPS, None, [])[0]


def test_a_column_without_numbers_gives_way_to_the_next_of_its_kind() -> None:
    data = in_memory({"total_counts": [float("nan")] * 6, "n_genes": ["x"] * 6, "nCount_RNA": [5.0] * 6})
    assert quality(data, GROUPS, None, [])[0] == (QualityMeasure("n_counts", 5.0, 5.0, "nCount_RNA"),)


SYMBOLS = ["CD3D", "MT-CO1", "MTOR"]
COUNTS = np.array([[4, 1, 0], [2, 0, 0], [0, 3, 0], [1, 1, 1], [3, 0, 1], [0, 10, 0]], np.float32)


def counted(values: Any) -> Expression:
    return expression(Dense("X", values), GROUPS.codes, 2)


def test_without_columns_means_are_taken_from_counts() -> None:
    found = quality(in_memory({"cluster": CLUSTERS}), GROUPS, counted(COUNTS), SYMBOLS)
    assert found[0] == (
        QualityMeasure("n_counts", 3.3333, 4.5),
        QualityMeasure("n_genes", 1.3333, 1.6667),
        QualityMeasure("mitochondrial", 0.4, 0.55556),
    )
    assert found[1][1] == QualityMeasure("n_genes", 2.5, 1.6667)


def test_of_other_values_only_genes_are_counted() -> None:
    found = quality(in_memory({"cluster": CLUSTERS}), GROUPS, counted(np.log1p(COUNTS)), SYMBOLS)
    assert [one.kind for one in found[0]] == ["n_genes"]
    assert not quality(in_memory({"cluster": CLUSTERS}), GROUPS, counted(COUNTS - 1), SYMBOLS)[0]


def test_a_column_comes_before_the_matrix() -> None:
    found = quality(in_memory({"n_genes": [7.0] * 6}), GROUPS, counted(COUNTS), SYMBOLS)
    assert [one.column for one in found[0]] == [None, "n_genes", None]


def test_mitochondrial_share_is_unknown_without_such_genes() -> None:
    found = quality(in_memory({"cluster": CLUSTERS}), GROUPS, counted(COUNTS), ["CD3D", "CD3E", "MTOR"])
    assert [one.kind for one in found[0]] == ["n_counts", "n_genes"]


def test_a_group_without_cells_has_no_measures() -> None:
    groups = Groups(GROUPS.codes, ("a", "b", "empty"))
    found = expression(Dense("X", COUNTS), groups.codes, 3)
    assert not quality(in_memory({"total_counts": [1] * 6}), groups, found, SYMBOLS)[2]
