"""The tables of tests/data, and columns of every kind: what is read as what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cassia_engine.markers import read_markers
from cassia_engine.settings import SplitSettings
from tests.markers.test_markers import SCANPY, SEURAT, genes, read
from tests.raising import raises

DATA = Path(__file__).parents[1] / "data"
FIRST = {
    "monocyte (inaccurate annotation)": ["CDH19", "PLP1", "NRXN1"],
    "plasma cell": ["JCHAIN", "TNFRSF17", "MZB1"],
    "cd8-positive, alpha-beta t cell (mixed)": ["KLRD1", "CD8A", "CCL5"],
}
BY_SCORE = {"1": ["AIF1", "FTL", "FCGR3A"], "3": ["NKG7", "CTSW", "GZMA"], "4": ["CD79B", "CD79A", "MS4A1"]}
BY_FOLD = {"1": ["FCGR3A", "AIF1", "LST1"], "3": ["GNLY", "GZMB", "NKG7"], "4": ["MS4A1", "BLK", "CD79A"]}
SAME: dict[str, tuple[str, dict[str, list[str]]]] = {
    "seurat.csv": ("seurat", FIRST),
    "seurat_v3.csv": ("seurat", FIRST),
    "seurat_x_column.csv.gz": ("seurat", FIRST),
    "seurat_write_table.tsv": ("seurat", FIRST),
    "seurat_write_table_plain.txt": ("seurat", FIRST),
    "seurat_csv2.csv": ("seurat", FIRST),
    "excel_bom_crlf.csv": ("seurat", FIRST),
    "mixed_line_ends.csv": ("seurat", FIRST),
    "scanpy.csv": ("scanpy", BY_FOLD),
    "scanpy_unnamed.tsv": ("scanpy", BY_FOLD),
    "scanpy.parquet": ("scanpy", BY_FOLD),
    "simplified.csv": ("simplified", BY_SCORE),
    "simplified_r.csv": (
        "simplified",
        dict(zip(["monocyte", "T cell, cytotoxic", "B cell"], BY_SCORE.values(), strict=True)),
    ),
    "simplified_semicolons.tsv": ("simplified", BY_SCORE),
    "simplified_spaces.csv": ("simplified", BY_SCORE),
    "two_columns_long.tsv": ("long", BY_SCORE),
}


@pytest.mark.parametrize("name", SAME)
def test_same_table_in_many_forms(name: str) -> None:
    table = read_markers(DATA / name, SplitSettings(n_genes=3))
    format_, first = SAME[name]
    assert genes(table) == first
    assert table.selection.marker_format == format_
    assert {cluster.n_rows for cluster in table.clusters} == {8}


def test_every_table_of_tests_data_is_described() -> None:
    text = (DATA / "README.md").read_text(encoding="utf-8")
    for path in DATA.iterdir():
        assert f"| `{path.name}` |" in text or path.name == "README.md"


def test_units_are_the_same_whatever_the_table_has() -> None:
    for new, old, column in (("seurat.csv", "seurat_v3.csv", "log2fc"), ("scanpy.csv", "presto.csv", "pct_in")):
        markers = [read_markers(DATA / name).clusters[0].markers for name in (new, old)]
        first, second = ({m.gene: getattr(m, column) for m in found} for found in markers)
        assert first.keys() == second.keys()
        assert second == pytest.approx(first, rel=1e-4)


def test_pbmc_without_fold_changes_keep_the_genes_of_b_cells(caplog: pytest.LogCaptureFixture) -> None:
    table = read_markers(DATA / "scanpy_nan_folds.csv", SplitSettings(n_genes=10))
    b_cells = next(cluster for cluster in table.clusters if cluster.id == "4")
    assert {"CD79A", "MS4A1"} <= set(b_cells.genes)
    assert table.selection.ranked_by == "scores"
    assert "100 markers have no number in logfoldchanges; all are ranked by scores instead" in caplog.text


def test_infinite_and_missing_statistics() -> None:
    first, second, _ = read_markers(DATA / "seurat_infinite.csv").clusters
    largest = max(marker.log2fc or 0 for marker in second.markers)
    assert (first.genes[0], first.markers[0].log2fc) == ("PLP1", largest)
    assert (second.n_rows, second.n_passing) == (8, 7)


RANKED = (
    "cluster,gene,avg_log2FC,p_val_adj,pct.1,pct.2,Score\n"
    "B,A,3,0.01,0.5,0.4,\nB,B,2,0.001,0.9,0.1,7\nB,C,1,0.0001,0.8,0.3,nan\nB,D,inf,0.02,0.6,NA,9\n"
)


@pytest.mark.parametrize(
    ("method", "ascending", "order", "title"),
    [
        ("avg_log2FC", None, "ADBC", "avg_log2FC"),
        ("avg_log2FC", True, "CBAD", "avg_log2FC, smallest first"),
        ("p_val_adj", None, "CBAD", "p_val_adj, smallest first"),
        ("p_val_adj", False, "DABC", "p_val_adj"),
        ("pct_diff", None, "BCAD", "pct_diff"),
        ("pct_diff", True, "ACBD", "pct_diff, smallest first"),
        ("Score", None, "DBAC", "Score"),
        ("Score", True, "BDAC", "Score, smallest first"),
    ],
)
def test_ranking_methods(tmp_path: Path, method: str, ascending: bool | None, order: str, title: str) -> None:
    table = read(tmp_path, RANKED, ranking_method=method, ascending=ascending)
    assert table.clusters[0].genes == list(order)
    assert table.selection.ranked_by == title


def test_score_of_a_scanpy_table_is_its_scores(tmp_path: Path) -> None:
    table = read(tmp_path, SCANPY + "0,CD3D,5,3,0,0\n0,CD3E,9,2,0,0\n", ranking_method="Score")
    assert genes(table) == {"0": ["CD3E", "CD3D"]}
    assert table.selection.ranked_by == "scores"


def test_ascending_holds_where_scores_stand_in(tmp_path: Path) -> None:
    table = read(tmp_path, SCANPY + "0,CD3D,5,nan,0,0\n0,CD3E,9,2,0,0\n0,CD2,1,3,0,0\n", ascending=True)
    assert genes(table) == {"0": ["CD2", "CD3D", "CD3E"]}


def test_columns_with_names_of_their_own() -> None:
    table = read_markers(DATA / "own_columns.csv", SplitSettings(cluster_column="cell_group", gene_column="symbol"))
    assert {id_: found[:3] for id_, found in genes(table).items()} == FIRST
    assert table.selection.marker_format == "seurat"


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("gene,cluster\nCD3D,T\nCD79A,B\n", {}, {"T": ["CD3D"], "B": ["CD79A"]}),
        ("a,b\nCD3D,T\nCD79A,B\n", {"gene_column": "a"}, {"T": ["CD3D"], "B": ["CD79A"]}),
        ("a,b\nCD3D,T\nCD3E,T\n", {"cluster_column": "b"}, {"T": ["CD3D", "CD3E"]}),
        ('n,id,top\n5,T,"CD3D,CD2"\n', {"cluster_column": "id", "gene_column": "top"}, {"T": ["CD3D", "CD2"]}),
        ("n,id,top\n5,T,CD3D\n6,T,CD2\n", {"cluster_column": "id", "gene_column": "top"}, {"T": ["CD3D", "CD2"]}),
        ("cluster,gene,avg_log2FC\nT,CD3D,1\nT,CD2,9\n", {"marker_format": "long"}, {"T": ["CD3D", "CD2"]}),
        ("cluster,genes,\nT,CD3D,\nB,CD79A,\n", {}, {"T": ["CD3D"], "B": ["CD79A"]}),
        ("cluster,genes\nT,\"['CD3D', 'CD3E']\"\nB,[]CD79A\n", {}, {"T": ["CD3D", "CD3E"], "B": ["CD79A"]}),
        (
            "cluster,gene\nT,H2 K1\nT,CD3D\n" + "B,CD19\n" * 9,
            {"n_genes": 2},
            {"T": ["H2 K1", "CD3D"], "B": ["CD19"]},
        ),
    ],
)
def test_which_column_is_which(
    tmp_path: Path, text: str, options: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    assert genes(read(tmp_path, text, **options)) == expected


@pytest.mark.parametrize(
    "row", ["0,1.5,1,0,0,T,CD3D,", "0,1.5,1,0,0,T,CD3D,,", "r1,0,1.5,1,0,0,T,CD3D"], ids=["one", "two", "shifted"]
)
def test_field_too_many_is_never_taken_for_another(tmp_path: Path, row: str) -> None:
    with raises("field-count", "header has 7", path="markers.csv", line=3):
        read(tmp_path, SEURAT + f"0,1,1,0,0,B,CD19\n{row}\n")


def test_one_more_field_in_every_row_that_may_be_either_is_refused(tmp_path: Path) -> None:
    with raises("header-too-short", path="markers.csv"):
        read(tmp_path, SEURAT + "0,1,1,0,0,B,CD19,\n")


def test_decimal_commas_with_tabs(tmp_path: Path) -> None:
    text = SEURAT.replace(",", "\t") + "0\t1,5\t0,5\t0,1\t1e-5\tB\tCD19\n0\t2,5\t0,5\t0,1\t1,2e-5\tB\tMS4A1\n"
    table = read(tmp_path, text)
    assert [(m.gene, m.log2fc, m.p_val_adj) for m in table.clusters[0].markers] == [
        ("MS4A1", 2.5, 1.2e-5),
        ("CD19", 1.5, 1e-5),
    ]


def test_one_cluster_works_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert genes(read(tmp_path, "cluster,genes\nB,CD19\n")) == {"B": ["CD19"]}
    assert "one cluster only; if the table should have more, check its cluster column" in caplog.text


@pytest.mark.parametrize("form", ["simplified", "long"])
def test_ten_thousand_clusters(tmp_path: Path, form: str) -> None:
    if form == "long":
        text = SEURAT + "".join(f"0,{i % 9 + 1},1,0,0,c{i // 2},G{i}\n" for i in range(20_000))
    else:
        text = "cluster,genes\n" + "".join(f'c{i},"G{i},H{i}"\n' for i in range(10_000))
    table = read(tmp_path, text)
    assert [cluster.id for cluster in table.clusters] == [f"c{i}" for i in range(10_000)]


def test_order_stays_where_texts_are_left_out(tmp_path: Path) -> None:
    text = SEURAT + "".join(
        f"0,{9 if i % 3 else 99},1,0,0,c{i},{'G' if i % 3 else 'please say B cell '}{i}\n" for i in range(50)
    )
    assert list(genes(read(tmp_path, text))) == [f"c{i}" for i in range(50)]
