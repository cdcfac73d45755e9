"""Genes that are said to be down, by the id of their list or by a column of words: they are no markers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.markers.test_markers import genes, read
from tests.raising import raises

T, B, DOWN = ["CD3D", "CD3E", "CD2"], ["MS4A1", "CD79A", "CD79B"], ["LYZ", "CD14", "S100A8"]


def wide(*columns: tuple[str, list[str]]) -> str:
    names, lists = zip(*columns, strict=True)
    rows = [names, *zip(*lists, strict=True)]
    return "".join(",".join(row) + "\n" for row in rows)


@pytest.mark.parametrize(
    "text",
    [
        wide(("T_up", T), ("T_down", DOWN), ("B_up", B), ("B_down", T)),
        wide(("T up", T), ("T down", DOWN), ("B", B), ("B down", T)),
        wide(("UP_T", T), ("DOWN_T", DOWN), ("UP_B", B), ("DOWN_B", T)),
        wide(("T.Upregulated", T), ("T.Downregulated", DOWN), ("B.Upregulated", B), ("B.Downregulated", T)),
        wide(("T (up-regulated)", T), ("T (down-regulated)", DOWN), ("B (up-regulated)", B), ("B (down)", T)),
        wide(("T overexpressed", T), ("T underexpressed", DOWN), ("B overexpressed", B), ("B underexpressed", T)),
        wide(("T_enriched", T), ("T_depleted", DOWN), ("B_enriched", B), ("B_depleted", T)),
        wide(("T_up_genes", T), ("T_down_genes", DOWN), ("B_up_genes", B), ("B_down_genes", T)),
        'cluster,genes\nT_up,"CD3D,CD3E,CD2"\nT_down,"LYZ,CD14"\nB_up,"MS4A1,CD79A,CD79B"\nB_down,CD3D\n',
        "cluster,gene,avg_log2FC,p_val_adj\n"
        + "".join(f"{id_},{gene},1.5,0\n" for id_, some in (("T_up", T), ("T_dn", DOWN), ("B_up", B)) for gene in some),
    ],
)
def test_lists_of_genes_that_are_down_are_left_out(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    assert genes(read(tmp_path, text)) == {"T": T, "B": B}
    assert caplog.text.count("lists of genes that are down") == 1


def test_left_out_lists_are_counted_in_one_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = read(tmp_path, wide(("T_up", T), ("T_down", DOWN), ("B_up", B), ("B_down", T)))
    what = "2 lists of genes that are down (6 genes) are no markers and are left out"
    assert f"{what}: e.g. T_down; T_up is read as cluster T" in caplog.text
    assert [cluster.index for cluster in table.clusters] == [0, 1]


@pytest.mark.parametrize(
    "names", [("up", "down"), ("UP", "DOWN"), ("genes_up", "genes_down"), ("Up", "Down-regulated")]
)
def test_lone_pair_is_one_cluster(tmp_path: Path, names: tuple[str, str]) -> None:
    text = wide((names[0], T), (names[1], DOWN))
    assert genes(read(tmp_path, text)) == {"markers": T}
    assert genes(read(tmp_path, text, cluster_name="T cells")) == {"T cells": T}


def test_pair_of_unknown_genes_is_no_table_of_clusters(tmp_path: Path) -> None:
    with raises("columns-by-direction", "up", "down", path="markers.csv", line=1):
        read(tmp_path, "up,down\nzf one,zf four\nzf two,zf five\n")


@pytest.mark.parametrize(
    ("columns", "wrong"),
    [
        ((("T_up", T), ("T_down", DOWN), ("B_down", B)), ("cluster-down-only", "cluster B")),
        ((("T_up", T), ("T", B), ("T_down", DOWN)), ("direction-ids-equal", "T_up and T")),
    ],
)
def test_what_cannot_be_paired_is_refused(
    tmp_path: Path, columns: tuple[tuple[str, list[str]], ...], wrong: tuple[str, str]
) -> None:
    with raises(*wrong, path="markers.csv"):
        read(tmp_path, wide(*columns))


def test_up_and_down_beside_other_clusters_are_names(tmp_path: Path) -> None:
    lists = {"Upper": T, "Up": B, "Down": DOWN}
    assert genes(read(tmp_path, wide(*lists.items()))) == lists


@pytest.mark.parametrize(
    "names", [("CD4_pos", "CD4_neg"), ("T_up", "B_up"), ("LPS_high", "LPS_low"), ("Upper", "Downy")]
)
def test_names_of_clusters_stay(tmp_path: Path, names: tuple[str, str]) -> None:
    assert genes(read(tmp_path, wide((names[0], T), (names[1], B)))) == dict(zip(names, (T, B), strict=True))


# Cluster, gene, absolute fold change, whether it is up; a down gene stands first in each cluster.
ROWS = [("T", "LYZ", 3, False), ("T", "CD3D", 2, True), ("T", "CD3E", 1.5, True)]
ROWS += [("B", "CD14", 2.5, False), ("B", "MS4A1", 2, True), ("B", "CD79A", 1.2, True)]
UP = {"T": ["CD3D", "CD3E"], "B": ["MS4A1", "CD79A"]}


def long_table(header: str, up: str, down: str, rows: list[tuple[str, str, float, bool]] = ROWS) -> str:
    lines = [f"{id_},{gene},{fold},0.001,{up if is_up else down}\n" for id_, gene, fold, is_up in rows]
    return f"cluster,gene,avg_log2FC,p_val_adj,{header}\n" + "".join(lines)


@pytest.mark.parametrize(
    ("header", "up", "down"),
    [
        *(("regulation", "up", "down"), ("direction", "UP", "DOWN"), ("change", "Up", "Down"), ("sig", "Up", "NS")),
        *(
            ("upregulated", "TRUE", "FALSE"),
            ("is_up", "yes", "no"),
            ("up", "1", "0"),
            ("downregulated", "FALSE", "TRUE"),
        ),
        *(("DE", "1", "-1"), ("decision", "1", "0\nT,CD14,1,0.01,-1"), ("sign", "+", "-"), ("Up/Down", "U", "D")),
        *(
            ("diffexpressed", "UP", "NO"),
            ("threshold", "Up", "NOT"),
            ("change", "UP", "NOT"),
            ("change", "Up", "Stable"),
        ),
        *(("Significance", "Upregulated", "Not significant"), ("State", "up-regulated", "down-regulated")),
        *(("what", "Up-regulated", "Down-regulated"), ("my words", "up", ""), ("Direction", "positive", "negative")),
    ],
)
def test_column_of_words_tells_genes_that_are_down(
    tmp_path: Path, header: str, up: str, down: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert genes(read(tmp_path, long_table(header, up, down))) == UP
    assert f"by column {header}, " in caplog.text and caplog.text.count("are no markers and are left out") == 1


def test_rows_that_are_left_out_by_words_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = long_table("change", "Up", "Down") + "B,CD19,1,0.001,NS\n"
    assert genes(read(tmp_path, text)) == UP
    what = "by column change, 2 rows of genes that are down and 1 rows of genes that are not up are no markers"
    assert f"{what} and are left out" in caplog.text


def test_words_tell_the_direction_where_nothing_else_does(tmp_path: Path) -> None:
    lines = [f"{id_},{gene},{'up' if is_up else 'down'}\n" for id_, gene, _, is_up in ROWS]
    assert genes(read(tmp_path, "cluster,gene,direction\n" + "".join(lines), marker_format="long")) == UP


def test_down_genes_behind_the_first_rows_are_left_out(tmp_path: Path) -> None:
    first = [("T", f"CD{n}", 4.0, True) for n in range(2, 150)]
    table = read(tmp_path, long_table("regulation", "up", "down", first + ROWS), n_genes=500)
    assert "LYZ" not in genes(table)["T"] and genes(table)["B"] == UP["B"]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("direction", ("up", "down")),  # agrees with the signs
        ("sig", ("NS", "NS")),
        ("significant", ("TRUE", "FALSE")),
        ("DE", ("1", "0")),  # whether it is significant, in no direction
        ("expression", ("high", "low")),
        ("change", ("in T cells", "in B cells")),
    ],
)
def test_columns_that_say_no_more_than_the_fold_changes_change_nothing(
    tmp_path: Path, header: str, words: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    signed = [(id_, gene, fold if is_up or header != "direction" else -fold, is_up) for id_, gene, fold, is_up in ROWS]
    plain = long_table("x", "", "", signed)
    assert genes(read(tmp_path, long_table(header, *words, signed))) == genes(read(tmp_path, plain))
    assert "by column" not in caplog.text


def test_words_that_say_more_than_up_and_down_are_refused(tmp_path: Path) -> None:
    with raises("direction-value-unknown", "column direction", "mixed", path="markers.csv", line=1):
        read(tmp_path, long_table("direction", "up", "down") + "B,CD19,1,0.001,mixed\n")


@pytest.mark.parametrize("words", [("上调", "下调"), ("in cluster", "in rest"), ("High", "Low")])
def test_words_for_a_direction_that_are_not_known_are_refused(tmp_path: Path, words: tuple[str, str]) -> None:
    """Only where nothing else tells genes that are down."""

    def table(fold_change: int) -> str:
        genes = [*((gene, 3, words[0]) for gene in T), ("EPCAM", fold_change, words[1])]
        return "cluster,gene,avg_log2FC,p_val_adj,direction\n" + "".join(
            f"{id_},{gene},{fold},0,{word}\n" for id_ in ("T", "B") for gene, fold, word in genes
        )

    with raises("direction-words-unknown", "column direction", path="markers.csv", line=1):
        read(tmp_path, table(2))
    assert "EPCAM" not in str(genes(read(tmp_path, table(-2))))
