"""Genes in row names, tables of one cluster, and several files as one sample."""

from __future__ import annotations

from pathlib import Path

import pytest

from cassia_engine.errors import UsageError
from cassia_engine.markers import read_markers
from cassia_engine.settings import SplitSettings
from tests.markers.test_markers import SEURAT, genes, read
from tests.raising import raises

DATA = Path(__file__).parents[1] / "data"
CASES = DATA / "cases"
STATISTICS = "p_val,avg_log2FC,pct.1,pct.2,p_val_adj"


@pytest.mark.parametrize("name", ["", "X", "Unnamed: 0", "rownames", "Row.names", "rn", "...1", "index"])
@pytest.mark.parametrize("cluster", ["cluster", "group"])
def test_genes_in_row_names(tmp_path: Path, name: str, cluster: str) -> None:
    text = f"{name},{STATISTICS},{cluster}\nCD19,0,2,1,0,0,B\nMS4A1,0,1,1,0,0,B\nCD3D,0,2,1,0,0,T\n"
    assert genes(read(tmp_path, text)) == {"B": ["CD19", "MS4A1"], "T": ["CD3D"]}


@pytest.mark.parametrize("sign", [",", ";", "\t", " "])
def test_short_header_of_write_table(tmp_path: Path, sign: str) -> None:
    text = f'{STATISTICS},cluster\n"CD19",0,2,1,0,0,"B"\n"MS4A1",0,1,1,0,0,"B"\n"CD3D",0,2,1,0,0,"T"\n'
    assert genes(read(tmp_path, text.replace(",", sign))) == {"B": ["CD19", "MS4A1"], "T": ["CD3D"]}


def test_row_names_of_all_markers(tmp_path: Path) -> None:
    table = read_markers(CASES / "rbind_rownames.csv", SplitSettings(gene_filter="none"))
    long = read_markers(CASES / "real_all.csv", SplitSettings(gene_filter="none"))
    assert list(genes(table)) == list(genes(long))
    assert genes(table)["0"][:2] == genes(long)["0"][:2]


def test_a_gene_column_goes_before_row_names(tmp_path: Path) -> None:
    text = f",{STATISTICS},cluster,gene\nMS4A1,0,2,1,0,0,B,CD19\nCD3E,0,2,1,0,0,T,CD3D\n"
    assert genes(read(tmp_path, text)) == {"B": ["CD19"], "T": ["CD3D"]}
    assert genes(read(tmp_path, text, gene_column="")) == {"B": ["MS4A1"], "T": ["CD3E"]}
    with raises("nameless-column-unclear", "no column", 'gene_column=""', path="markers.csv", line=1):
        read(tmp_path, text.replace(",", "id,", 1), gene_column="")


def test_one_group_of_scanpy(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = CASES / "real_single_group.csv"
    long = genes(read_markers(CASES / "real_all.csv"))
    assert genes(read_markers(path)) == {"real_single_group": long["4"]}
    what = "no column of clusters: all 765 rows are one cluster, real_single_group (cluster_name names it)"
    assert f"{path}: {what}" in caplog.messages
    assert genes(read_markers(path, SplitSettings(cluster_name="'-4"))) == {"'-4": long["4"]}


def test_find_markers_of_one_comparison(tmp_path: Path) -> None:
    text = (
        '"","p_val","avg_log2FC","pct.1","pct.2","p_val_adj"\n"CD19",0,2,1,0,0\n"MS4A1",0,1,1,0,0\n"CD3D",0,-2,1,0,0\n'
    )
    table = read(tmp_path, text, name="B cells.csv")
    assert genes(table) == {"B cells": ["CD19", "MS4A1"]}
    assert table.clusters[0].n_rows == 3


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    text = f'# comment\ngene,{STATISTICS}\nCD19,0,2,1,0,0\n\n"CD\n3",0,1,1,0,0\nCD3D,0,high,1,0,0\n'
    with raises("number-malformed", "'high'", "column avg_log2FC", path="markers.csv", line=7):
        read(tmp_path, text)


def test_decimal_commas_of_one_cluster(tmp_path: Path) -> None:
    text = f"gene;{STATISTICS.replace(',', ';')}\nCD19;0;2,5;1;0;0\nMS4A1;0;3,5;1;0;0\n"
    assert genes(read(tmp_path, text)) == {"markers": ["MS4A1", "CD19"]}


SEVERAL_CLUSTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "an unknown name": (
        "gene,avg_log2FC,p_val_adj,my_types\nCD3D,2,0,T\nCD3E,2,0,T\nCD19,2,0,B\nMS4A1,2,0,B\n",
        ("columns-missing", "cluster"),
    ),
    "numbers": (
        "gene,avg_log2FC,p_val_adj,my_types\nCD3D,2,0,1\nCD3E,2,0,1\nCD19,2,0,2\nMS4A1,2,0,2\n",
        ("columns-missing", "cluster"),
    ),
    "genes that repeat": (
        "gene,avg_log2FC,p_val_adj\n" + "".join(f"G{n % 10},2,0\n" for n in range(40)),
        ("genes-repeat", "40 rows, 10 genes", "cluster_column"),
    ),
}


@pytest.mark.parametrize("kind", SEVERAL_CLUSTERS)
def test_several_clusters_are_never_taken_for_one(tmp_path: Path, kind: str) -> None:
    with raises(*SEVERAL_CLUSTERS[kind][1], path="markers.csv", line=1):
        read(tmp_path, SEVERAL_CLUSTERS[kind][0])


def write(folder: Path, **tables: str) -> list[Path]:
    paths = [folder / f"{name}.csv" for name in tables]
    for path, text in zip(paths, tables.values(), strict=True):
        path.write_text(text)
    return paths


ONE = f"gene,{STATISTICS}\n" + "{},0,2,1,0,0\n"


def test_several_files_are_one_sample(tmp_path: Path) -> None:
    paths = write(
        tmp_path, B=ONE.format("CD19"), T=ONE.format("CD3D"), both=SEURAT + "0,1,1,0,0,7,NKG7\n0,1,1,0,0,8,LYZ\n"
    )
    table = read_markers(paths)
    assert genes(table) == {"B": ["CD19"], "T": ["CD3D"], "7": ["NKG7"], "8": ["LYZ"]}
    assert [cluster.index for cluster in table.clusters] == [0, 1, 2, 3]


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "equal ids": (
        {"a": SEURAT + "0,1,1,0,0,0,CD19\n", "b": SEURAT + "0,1,1,0,0,0,CD3D\n"},
        r"b\.csv: cluster 0 is in .*a\.csv too; give each cluster of a sample an id of its own$",
    ),
    "two forms": (
        {"a": SEURAT + "0,1,1,0,0,0,CD19\n", "b": "cluster,genes\n1,CD3D\n"},
        r"b\.csv: a table of another form \(.*given order\) than .*a\.csv \(.*avg_log2FC\); give tables of one form$",
    ),
    "two forms of one tool": (
        {"a": SEURAT + "0,1,1,0,0,0,CD19\n", "b": "cluster,gene,avg_log2FC,p_val_adj\n1,CD3D,1,0\n"},
        r"b\.csv: a table of another form \((.*), with p values, with fold changes, without fractions of cells\) than "
        r".*a\.csv \(\1, with p values, with fold changes, with fractions of cells\); give tables of one form$",
    ),
    "all that is wrong": (
        {"a": "a,b,c\n1,2,3\n", "b": ""},
        r"a\.csv, line 1: not a marker table(.|\n)*b\.csv: the file is empty",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_files_that_are_not_one_sample(tmp_path: Path, kind: str) -> None:
    tables, message = REFUSED[kind]
    with pytest.raises(UsageError, match=message):
        read_markers(write(tmp_path, **tables))


def test_headings_of_clusters_are_no_genes(tmp_path: Path) -> None:
    path = tmp_path / "supplement.csv"
    path.write_text("gene,avg_log2FC,p_val_adj\nT cells,,\nCD3D,3,0\nCD3E,2,0\nB cells,,\nMS4A1,3,0\nCD79A,2,0\n")
    with raises("heading-rows", "T cells", path="supplement.csv", line=2):
        read_markers(path)
