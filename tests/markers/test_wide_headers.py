"""Wide tables with two header rows: all names of statistics that long tables have, and names of the index."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.markers.test_markers import genes, read
from tests.raising import raises

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


ROWS = [["0", "CD3D", "CD3E", "IL7R"], ["1", "MS4A1", "CD79A", "CD79B"], ["2", "CD14", "LYZ", "S100A8"]]
BESIDE = {
    "cell_type": ["T cells", "B cells", "Monocytes"],
    "cell type": ["CD4", "B", "DC"],
    "n_cells": ["120", "80", "40"],
    "Comment": ["see text", "", ""],
    "tissue": ["blood"] * 3,
    "score": ["3.1", "2.2", "1.9"],
}


@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize("position", [0, 1, 4])
@pytest.mark.parametrize("genes_called", ["gene{}", "Marker {}", "top_{}"])
def test_rows_of_genes_beside_other_columns(
    tmp_path: Path, name: str, position: int, genes_called: str, caplog: pytest.LogCaptureFixture
) -> None:
    header = ["cluster", *(genes_called.format(n) for n in (1, 2, 3))]
    lines = [header, *ROWS]
    lines = [[*row[:position], cell, *row[position:]] for row, cell in zip(lines, [name, *BESIDE[name]], strict=True)]
    text = "".join(",".join(line) + "\n" for line in lines)
    assert genes(read(tmp_path, text)) == {id_: some for id_, *some in ROWS}
    assert f"genes from the numbered ones; not read: {name}" in caplog.text


def test_rows_of_cell_types_and_genes_beside_a_number(tmp_path: Path) -> None:
    text = "cell_type,n_cells,gene1,gene2\nT,9,CD3D,CD3E\nB,9,MS4A1,CD79A\n"
    assert genes(read(tmp_path, text)) == {"T": ["CD3D", "CD3E"], "B": ["MS4A1", "CD79A"]}


def test_numbered_statistics_beside_genes_are_not_left_out(tmp_path: Path) -> None:
    with raises("columns-missing", "no column gene", path="markers.csv", line=1):
        read(tmp_path, "cluster,gene1,gene2,lfc1,lfc2\nT,CD3D,CD3E,2,-2\nB,MS4A1,CD79A,2,-2\n")
