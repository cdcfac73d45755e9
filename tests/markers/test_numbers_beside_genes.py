"""Numbers beside genes whose meaning is not known: they are never passed over where they may tell the direction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cassia_engine.markers import read_markers
from tests.raising import raises

PAIRS = "T cells,value,B cells,value\nCD14,-4.1,LYZ,-5.2\nCD3D,3.2,CD79A,4.0\nCD3E,2.5,MS4A1,3.1\n"
NAMED = "0_names,0_value,1_names,1_value\nCD14,-4.1,LYZ,-5.2\nCD3D,3.2,CD79A,4.0\nCD3E,2.5,MS4A1,3.1\n"
TWICE = (
    "Feature Name,T Log2 fold change,T Adjusted p value,T Log2 fold change,T Adjusted p value\n"
    "CD3D,3,1e-9,-2,1e-9\nCD79A,-2,1e-9,4,1e-9\nCD3E,3,1e-9,-2,1e-9\nMS4A1,-2,1e-9,4,1e-9\n"
)


@pytest.mark.parametrize(
    ("text", "code", "value"),
    [
        (PAIRS, "wide-numbers-below-zero", "cluster T cells"),
        (NAMED, "wide-numbers-below-zero", "cluster 0"),
        (TWICE, "cluster-statistic-twice", "cluster T"),
    ],
)
def test_tables_are_refused(tmp_path: Path, text: str, code: str, value: str) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(text)
    with raises(code, value, path="wide.csv", line=1):
        read_markers(path)


@pytest.mark.parametrize(
    "header",
    [
        "T cells,logFC,B cells,logFC",
        "T cells gene,T cells logFC,B cells gene,B cells logFC",
        "T cells_names,T cells_logFC,B cells_names,B cells_logFC",
    ],
)
def test_fold_changes_tell_genes_that_are_down(tmp_path: Path, header: str) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(f"{header}\n{PAIRS.partition(chr(10))[2]}")
    found = {cluster.id: cluster.genes for cluster in read_markers(path).clusters}
    assert found == {"T cells": ["CD3D", "CD3E"], "B cells": ["CD79A", "MS4A1"]}


@pytest.mark.parametrize("column", ["FC", "Fold Change"])
def test_ratios_below_1_are_refused(tmp_path: Path, column: str) -> None:
    """Nothing else of such a table tells genes that are down."""
    path = tmp_path / "table.csv"
    up = "T,CD3D,3.2,0\nT,CD3E,2.5,0\nB,CD79A,4.0,0\nB,MS4A1,3.1,0\n"
    path.write_text(f"cell type,gene,{column},FDR\n{up}")
    assert [cluster.genes for cluster in read_markers(path).clusters] == [["CD3D", "CD3E"], ["CD79A", "MS4A1"]]
    path.write_text(f"cell type,gene,{column},FDR\n{up}T,LYZ,0.2,0\n")
    with raises("ratio-unused", column, path="table.csv", line=1):
        read_markers(path)


@pytest.mark.parametrize(
    "table",
    [
        {"T": {"LYZ": -3.0, "CD3D": 3.2}, "B": {"NKG7": -3.0, "CD79A": 4.0}},
        {"T": pd.Series([-3.0, 3.2], index=["LYZ", "CD3D"]), "B": pd.Series([4.0], index=["CD79A"])},
    ],
)
def test_genes_with_values_are_refused(table: Any) -> None:
    with raises("genes-with-values", "cluster T"):
        read_markers(table)


def test_series_of_one_gene_a_row_keeps_all_genes() -> None:
    frame = pd.DataFrame({"cluster": ["T", "T", "B"], "gene": ["CD3D", "CD3E", "CD79A"]})
    series: Any = frame.set_index("cluster")["gene"]
    table = read_markers(series)
    assert {cluster.id: cluster.genes for cluster in table.clusters} == {"T": ["CD3D", "CD3E"], "B": ["CD79A"]}
