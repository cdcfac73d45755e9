"""Wide tables with two header rows: all names of statistics that long tables have, and names of the index."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_markers import genes, read

READ = {"T cells": ["CD3D", "CD3E", "IL7R"], "B cells": ["MS4A1", "CD79A", "CD79B"]}
FOLDS = "CD3D,3.1,1e-9,MS4A1,3.2,1e-9\nCD3E,2.5,1e-8,CD79A,2.9,1e-9\nIL7R,2.1,1e-8,CD79B,2.5,1e-8\n"
P_ONLY = "CD3D,1e-9,MS4A1,1e-9\nCD3E,1e-8,CD79A,1e-9\nIL7R,1e-8,CD79B,1e-8\n"
INDEX = "".join(f"{n},{line}\n" for n, line in enumerate(FOLDS.splitlines()))


@pytest.mark.parametrize(
    "columns",
    [
        "Gene,log2FC,adj. p",
        "Gene,Log2FC,P adj",
        "Gene symbol,log2 fold change,adj.P.Val",
        "Gene,avg_log2FC,Adjusted p-value",
        "names,LogFC,q value",
    ],
)
def test_blocks_know_the_statistics_of_long_tables(tmp_path: Path, columns: str) -> None:
    table = read(tmp_path, f"T cells,,,B cells,,\n{columns},{columns}\n{FOLDS}")
    assert genes(table) == READ
    [first, *_] = table.clusters[0].markers
    assert (first.log2fc, first.p_val_adj) == (3.1, 1e-9)


@pytest.mark.parametrize("name", ["q value", "adj. p", "FDR"])
def test_blocks_with_a_p_value_alone(tmp_path: Path, name: str) -> None:
    assert genes(read(tmp_path, f"T cells,,B cells,\nGene,{name},Gene,{name}\n{P_ONLY}")) == READ


@pytest.mark.parametrize(
    ("above", "below", "index"),
    [("group", "field", "rank"), ("group", "field", ""), ("cluster", "", ""), ("", "", ""), ("", "", "rank")],
)
def test_names_of_pandas_levels(tmp_path: Path, above: str, below: str, index: str) -> None:
    columns = "names,logfoldchanges,pvals_adj"
    text = f"{above},T cells,T cells,T cells,B cells,B cells,B cells\n{below},{columns},{columns}\n"
    assert genes(read(tmp_path, text + (f"{index},,,,,,\n" if index else "") + INDEX)) == READ
