"""Tables that look like others: read by what they say, or refused, and never read wrongly without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.markers.test_markers import genes, read
from tests.raising import raises

T, B = ["CD3D", "CD3E", "CD2", "IL7R", "TRAC"], ["MS4A1", "CD79A", "CD79B", "CD19", "BANK1"]
M = ["CD14", "LYZ", "S100A8", "FCN1", "VCAN"]


def long_table(ids: tuple[str, str], column: str = "", values: tuple[str, ...] = ("",) * 5, stats: bool = True) -> str:
    """A long table of two clusters with five genes, and a further column with a value for each rank."""
    lines = ["cluster,gene" + ",avg_log2FC,p_val_adj" * stats + (f",{column}" if column else "")]
    for id_, some in zip(ids, (T, B), strict=True):
        for rank, (gene, value) in enumerate(zip(some, values, strict=True)):
            lines.append(f"{id_},{gene}" + f",{3 - rank / 2},0.001" * stats + (f",{value}" if column else ""))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        long_table(("0.0", "1.0")),
        "0.0,1.0\n" + "".join(f"{one},{other}\n" for one, other in zip(T, B, strict=True)),
        f'cluster,genes\n0.0,"{",".join(T)}"\n1.0,"{",".join(B)}"\n',
    ],
)
def test_ids_that_are_whole_floats_are_whole_numbers(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert genes(read(tmp_path, text)) == {"0": T, "1": B}
    assert "ids of clusters are whole numbers written as decimals: 0.0 as 0 is read" in caplog.text


@pytest.mark.parametrize("ids", [(" 0", " 1"), (" 0", "10"), ("0 ", "1 ")])
@pytest.mark.parametrize("stats", [True, False])
def test_blanks_around_numbers_of_clusters_are_taken_away(
    tmp_path: Path, ids: tuple[str, str], stats: bool, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = (id_.strip() for id_ in ids)
    (tmp_path / "context.csv").write_text(f"cluster,text\n{ids[0]},spleen\n")
    table = read(tmp_path, long_table(ids, stats=stats), cluster_context=tmp_path / "context.csv")
    assert genes(table) == {one: T, other: B}
    assert table.clusters[0].context == "spleen"
    assert "ids of clusters are read without the blanks around them: '" in caplog.text


def test_context_of_ids_that_are_whole_floats_finds_its_cluster(tmp_path: Path) -> None:
    context = tmp_path / "context.csv"
    context.write_text("cluster,text\n0.0,from a lymph node\n1,spleen\n")
    clusters = read(tmp_path, long_table(("0.0", "1.0")), cluster_context=context).clusters
    assert [cluster.context for cluster in clusters] == ["from a lymph node", "spleen"]


@pytest.mark.parametrize("ids", [("0.0", "0.5"), ("1.0", "T cells"), ("1.0", "1.00"), ("1.0", "2"), (" T cells", "B ")])
def test_other_ids_stay_as_they_are(tmp_path: Path, ids: tuple[str, str]) -> None:
    assert genes(read(tmp_path, long_table(ids))) == dict(zip(ids, (T, B), strict=True))


@pytest.mark.parametrize("words", [("True", "False"), ("TRUE", "FALSE"), ("1", "0"), ("yes", "no"), ("T", "")])
def test_rows_that_a_column_calls_no_markers_are_left_out(
    tmp_path: Path, words: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    values = tuple(words[rank in (0, 3)] for rank in range(5))
    marked = {"T": ["CD3E", "CD2", "TRAC"], "B": ["CD79A", "CD79B", "BANK1"]}
    assert genes(read(tmp_path, long_table(("T", "B"), "is_marker", values))) == marked
    text = long_table(("T", "B"), "significant", values, stats=False)
    assert genes(read(tmp_path, text, marker_format="long")) == marked
    assert "4 rows that are not True in column significant are no markers and are left out" in caplog.text


def test_column_of_other_words_leaves_nothing_out(tmp_path: Path) -> None:
    values = ("tight", "loose", "tight", "True", "False")
    assert genes(read(tmp_path, long_table(("T", "B"), "keep", values))) == {"T": T, "B": B}


def ratios(name: str, values: tuple[float, ...], fractions: str = "") -> str:
    more = [fractions.split()[rank] if fractions else "" for rank in range(5)]
    rows = [f"{id_},{gene},{values[n]},0{more[n]}" for id_, some in (("T", T), ("B", B)) for n, gene in enumerate(some)]
    return "\n".join([f"cluster,gene,{name},p_val_adj{',pct.1,pct.2' if fractions else ''}", *rows]) + "\n"


UP_AND_DOWN = (4, 2, 0.5, 0.4, 0.8)


@pytest.mark.parametrize(
    ("name", "fractions"),
    [("FC", ""), ("fold_change", ""), ("ratio", ""), ("effect", ",.9,.1 ,.9,.1 ,.1,.9 ,.1,.9 ,.1,.9")],
)
def test_ratio_is_not_taken_for_its_logarithm(tmp_path: Path, name: str, fractions: str) -> None:
    with raises("fold-change-is-ratio", name, "6 values", path="markers.csv", line=1):
        read(tmp_path, ratios(name, UP_AND_DOWN, fractions), log2fc_column=name)


@pytest.mark.parametrize(
    ("name", "values", "fractions"),
    [
        ("log2FC", UP_AND_DOWN, ""),  # of genes that are up only
        ("effect", UP_AND_DOWN, ""),
        ("FC", UP_AND_DOWN, ",.9,.1 ,.9,.1 ,.9,.1 ,.9,.1 ,.9,.1"),
        ("FC", (4, 2, 0.5, 0.4, -0.8), ""),
    ],
)
def test_fold_changes_of_genes_that_are_up_are_not_taken_for_ratios(
    tmp_path: Path, name: str, values: tuple[float, ...], fractions: str
) -> None:
    found = genes(read(tmp_path, ratios(name, values, fractions), log2fc_column=name))
    assert found["T"][:2] == ["CD3D", "CD3E"]


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("comparison", "AD_vs_CTRL", "column comparison has AD_vs_CTRL"),
        ("comparison", "treated-control", "column comparison has treated-control"),
        ("contrast", "treated_vs_control", "column contrast has treated_vs_control"),
        ("test", "KO vs WT", "column test has KO vs WT"),
        ("group1,group2", "AD,CTRL", "columns group1 and group2 have AD and CTRL"),
        ("ident.1,ident.2", "stim,ctrl", "columns ident.1 and ident.2 have stim and ctrl"),
    ],
)
def test_comparison_of_conditions_is_warned_of(
    tmp_path: Path, column: str, value: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    read(tmp_path, long_table(("T", "B"), column, (value,) * 5))
    assert f"{said}: the genes tell conditions apart within clusters" in caplog.text
    assert caplog.text.count("the genes tell conditions apart") == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("comparison", "T_vs_rest"), ("comparison", "T vs B"), ("contrast", "cluster B"), ("group2", "rest")),
        *(("contrast", "T-other"), ("contrast", "B-rest"), ("comparison", "Cluster T - all others")),
        *(("test", "wilcox"), ("group1,group2", "T,rest"), ("note", "seen in mice")),
    ],
)
def test_comparison_of_clusters_is_not_warned_of(
    tmp_path: Path, column: str, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    read(tmp_path, long_table(("T", "B"), column, (value,) * 5))
    assert "the genes tell conditions apart" not in caplog.text


def test_comparison_of_conditions_is_no_cluster(tmp_path: Path) -> None:
    text = long_table(("AD_vs_CTRL", "AD_vs_CTRL"))
    with raises("cluster-is-comparison", "AD_vs_CTRL", "column cluster", path="markers.csv", line=1):
        read(tmp_path, text)
    assert list(genes(read(tmp_path, text, cluster_column="cluster"))) == ["AD_vs_CTRL"]


@pytest.mark.parametrize(
    "label",
    [
        *("{} (gene)", "{}: Gene", "{} genes", "{} - symbol", "{} [Genes]", "{} Gene Symbol", "{} marker genes"),
        *("{} top genes", "{} (markers)", "Top genes {}", "Markers of {}", "Gene: {}", "{} – Genes", "{} / gene"),
        *("Gene ({})", "gene[{}]", "Marker genes ({})"),
    ],
)
def test_word_for_genes_is_no_part_of_a_wide_tables_label(tmp_path: Path, label: str) -> None:
    rows = "".join(f"{one},{other}\n" for one, other in zip(T, B, strict=True))
    header = f"{label.format('T cells')},{label.format('B cells')}\n"
    assert genes(read(tmp_path, header + rows)) == {"T cells": T, "B cells": B}


@pytest.mark.parametrize("header", ["Gene ({0}),log2FC ({0})", "Gene ({0}),log2FC", "{0} (gene),log2FC"])
def test_word_for_genes_beside_statistics_is_no_part_of_the_label(tmp_path: Path, header: str) -> None:
    rows = "".join(f"{one},{9 - n},{other},{8 - n}\n" for n, (one, other) in enumerate(zip(T, B, strict=True)))
    text = f"{header.format('T cells')},{header.format('B cells')}\n"
    assert genes(read(tmp_path, text + rows)) == {"T cells": T, "B cells": B}


def test_statistics_in_brackets_belong_to_their_cluster(tmp_path: Path) -> None:
    rows = "".join(f"{one},{2 - rank},{other},{rank - 1}\n" for rank, (one, other) in enumerate(zip(T, B, strict=True)))
    found = genes(read(tmp_path, "T (gene),T (log2FC),B (gene),B (log2FC)\n" + rows))
    assert found == {"T": T[:2], "B": [*reversed(B[2:])]}


@pytest.mark.parametrize(
    "first", ["0,1\ncluster,gene\n", "V1,V2\nCluster,Markers\n", "X,Y\nleiden,names\n", 'a,b\ncluster,"gene,gene"\n']
)
@pytest.mark.parametrize("lists", [False, True])
def test_header_below_another_one_is_no_cluster(tmp_path: Path, first: str, lists: bool) -> None:
    pairs = [("T", '"CD3D,CD3E"'), ("B", '"MS4A1,CD79A"')] if lists else [*zip("TTBB", T[:2] + B[:2], strict=True)]
    with raises("second-header", "row 1", "remove the line above", path="markers.csv", line=1):
        read(tmp_path, first + "".join(f"{id_},{some}\n" for id_, some in pairs))


def test_another_header_below_is_no_cluster(tmp_path: Path) -> None:
    with raises("second-header", "row 2", "Cluster, Gene", "remove that row", path="markers.csv", line=1):
        read(tmp_path, "cluster,gene\nT,CD3D\nCluster,Gene\nB,MS4A1\nB,CD79A\n")


@pytest.mark.parametrize(
    "ids", [("T cell", "T cell "), ("T cell", "t cell"), ("1", "01"), ("0", "0.0"), ("a b", "a  b")]
)
def test_ids_that_differ_in_notation_only_are_warned_of(
    tmp_path: Path, ids: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    assert genes(read(tmp_path, long_table(ids))) == dict(zip(ids, (T, B), strict=True))
    assert "differ in spaces, letter case or notation only, and stay apart" in caplog.text


def test_ids_that_a_spreadsheet_made_dates_of_are_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read(tmp_path, long_table(("1-Jan", "2-Mar")))
    assert "ids of clusters look like dates, as a spreadsheet makes of 1-1 or 2-3: 1-Jan, 2-Mar; check" in caplog.text


@pytest.mark.parametrize(
    "name", ["1-Mar", "Sep-02", "2001-03-01", "01/03/2021", "2021-03-01 00:00:00", "2.Sep", "01-Sep-21"]
)
def test_genes_that_a_spreadsheet_made_dates_of_are_named(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    read(tmp_path, long_table(("T", "B")) + f"B,{name},3,0\nB,2.31E+19,3,0\n")
    assert f"a spreadsheet turned genes into dates (SEPT2 into 2-Sep, MARCH1 into 1-Mar): {name};" in caplog.text
    assert "turned genes into numbers (2310009E19Rik into 2.31E+19): 2.31E+19;" in caplog.text


@pytest.mark.parametrize(
    "name", ["negative markers", "down_genes", "downregulated_gene", "not expressed", "bottom genes"]
)
def test_genes_that_are_down_by_their_columns_name_are_refused(tmp_path: Path, name: str) -> None:
    for text in (
        f"cluster,{name}\nT,CD3D\nT,CD3E\nB,MS4A1\nB,CD79A\n",
        f'cluster,{name}\nT,"CD3D,CD3E"\nB,"MS4A1,CD79A"\n',
    ):
        with raises("column-of-down-genes", f"column {name}", path="markers.csv", line=1):
            read(tmp_path, text)


def test_effect_with_a_sign_is_not_left_unused(tmp_path: Path) -> None:
    text = long_table(("T", "B")).replace("avg_log2FC", "Δlog2").replace(",2.0,", ",-2.0,")
    with raises("fold-change-unused", "Δlog2", path="markers.csv", line=1):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "ids", [("T pos", "T neg"), ("T+", "T-"), ("Mono (positive markers)", "Mono (negative markers)")]
)
def test_ids_that_pair_by_sign_are_warned_of(
    tmp_path: Path, ids: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    read(tmp_path, long_table(ids))
    assert f"({ids[0]} and {ids[1]}), and are read as clusters of their own; remove {ids[1]} if" in caplog.text


def test_clusters_that_are_called_by_a_genes_sign_are_not_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read(tmp_path, long_table(("CD8+", "CD8-")))
    assert "pair" not in caplog.text


def test_clusters_that_are_comparisons_are_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read(tmp_path, long_table(("AD_vs_CTRL", "MCI_vs_CTRL")))
    assert "clusters are comparisons (AD_vs_CTRL): their genes tell the one side from the other only" in caplog.text
    caplog.clear()
    read(tmp_path, long_table(("T_vs_rest", "B vs all")))
    assert "comparisons" not in caplog.text


def test_gene_with_a_minus_before_it_is_no_marker_of_a_long_table(tmp_path: Path) -> None:
    assert genes(read(tmp_path, long_table(("T", "B")) + "B,-EPCAM,5,0\n"))["B"] == B


@pytest.mark.parametrize(
    ("column", "kind"), [("pvalue", "a p value"), ("p_val", "a p value"), ("padj", "a p value"), ("rank", "a rank")]
)
def test_what_is_best_where_it_is_smallest_is_no_score(tmp_path: Path, column: str, kind: str) -> None:
    text = f"cluster,gene,{column}\n" + "".join(
        f"{id_},{gene},0.01\n" for id_, some in (("T", T), ("B", B)) for gene in some
    )
    with raises("score-not-ascending", column, "score_column", kind, path="markers.csv", line=1):
        read(tmp_path, text, score_column=column)


def test_absolute_fold_changes_tell_no_direction(tmp_path: Path) -> None:
    text = long_table(("T", "B"), "direction", ("up", "up", "down", "up", "up")).replace("avg_log2FC", "abs_log2FC")
    found = genes(read(tmp_path, text, log2fc_column="abs_log2FC"))
    assert found["T"] == ["CD3D", "CD3E", "IL7R", "TRAC"]
    with raises("fold-change-unsigned", "abs_log2FC", path="markers.csv", line=1):
        read(
            tmp_path,
            text.replace("direction", "note").replace(",down", ",x").replace(",up", ",x"),
            log2fc_column="abs_log2FC",
        )


def test_markers_that_are_in_fewer_cells_are_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = [f"{id_},{gene},2,0,.1,.9\n" for id_, some in (("T", T), ("B", B)) for gene in some]
    read(tmp_path, "cluster,gene,avg_log2FC,p_val_adj,pct.1,pct.2\n" + "".join(rows))
    assert (
        "10 of 10 markers are in fewer cells of their cluster than of the others; are the fold changes" in caplog.text
    )


@pytest.mark.parametrize(
    "remark", ["n=500,n=300", "na,na", "lymphoid,lymphoid", "Total: 5,Total: 6", "500 cells,300 cells"]
)
def test_row_of_remarks_in_a_wide_table_is_left_out(
    tmp_path: Path, remark: str, caplog: pytest.LogCaptureFixture
) -> None:
    rows = "".join(f"{one},{other}\n" for one, other in zip(T, B, strict=True))
    expected = {"T cells": T, "B cells": B}
    assert genes(read(tmp_path, f"T cells,B cells\n{remark}\n{rows}")) == expected
    assert f"line 2: no gene is in this row ({remark.replace(',', ', ')}, ...), and it is left out" in caplog.text
    assert genes(read(tmp_path, f"T cells,B cells\n{rows}{remark}\n")) == expected


@pytest.mark.parametrize(
    "remark",
    [
        *("1234,500,77", '"1,234",500,77', "40%,20%,40%", "n=1,n=2,n=3", "(n=1),(n=2),(n=3)", "500 (5%),3 (1%),2 (1%)"),
        *("CD4 T,B cells,CD14 Mono", "T,B,Mono", "NK,DC,Endo", "CD4_T,B_naive,CD14", "T cells,B cells,Monocytes"),
        *("Lymphoid,Lymphoid,Myeloid", "CD4+ T,Naive B,Classical monocytes of blood", "120 cells,80 cells,77 cells"),
    ],
)
@pytest.mark.parametrize("n_rows", [2, 5])
@pytest.mark.parametrize("in_front", ["", "x,"])
def test_row_of_labels_or_counts_in_a_wide_table_is_left_out(
    tmp_path: Path, remark: str, n_rows: int, in_front: str, caplog: pytest.LogCaptureFixture
) -> None:
    expected = {"Cluster 0": T[:n_rows], "Cluster 1": B[:n_rows], "Cluster 2": M[:n_rows]}
    front = [in_front and f"{number}," for number in range(1, n_rows + 1)]
    rows = "".join(f"{number}{a},{b},{c}\n" for number, a, b, c in zip(front, T, B, M, strict=False))
    header, row = f"{in_front}Cluster 0,Cluster 1,Cluster 2\n", f"{in_front and 'all,'}{remark}\n"
    assert genes(read(tmp_path, header + row + rows)) == expected
    assert "line 2: no gene is in this row (" in caplog.text
    assert genes(read(tmp_path, header + rows + row)) == expected
    assert genes(read(tmp_path, header + row + f"{in_front and 'n,'}9,9,9\n" + rows)) == expected


@pytest.mark.parametrize(
    ("name", "cells"),
    [("Comment", "see text,,"), ("Notes", "x,y,z"), ("Reference", "Smith 2020,,"), ("", "seen in the blood of all,,")],
)
def test_column_of_comments_in_a_wide_table_is_left_out(
    tmp_path: Path, name: str, cells: str, caplog: pytest.LogCaptureFixture
) -> None:
    rows = "".join(",".join(row) + "\n" for row in zip(T[:3], B[:3], cells.split(","), strict=True))
    assert genes(read(tmp_path, f"Cluster 0,Cluster 1,{name}\n{rows}")) == {"Cluster 0": T[:3], "Cluster 1": B[:3]}
    assert f"column {name or repr(name)} has no genes (" in caplog.text


def test_short_column_of_unknown_genes_is_a_cluster(tmp_path: Path) -> None:
    text = f"A1,B1,C1\n{T[0]},{B[0]},NEWGENE1\n{T[1]},{B[1]},\n{T[2]},{B[2]},\n"
    assert genes(read(tmp_path, text))["C1"] == ["NEWGENE1"]


@pytest.mark.parametrize("row", ["GENE1,GENE2", "CD3G,CD3G", "unknown1,CD22", "new1,new1", "new1,"])
def test_row_of_unknown_genes_in_a_wide_table_stays(tmp_path: Path, row: str) -> None:
    rows = "".join(f"{one},{other}\n" for one, other in zip(T, B, strict=True))
    assert genes(read(tmp_path, f"T cells,B cells\n{rows}{row}\n"))["T cells"] == [*T, row.split(",")[0]]


def test_power_alone_is_refused_with_advice_that_works(tmp_path: Path) -> None:
    lines = [f"{id_},{gene},0.{9 - n}" for id_, some in (("T", T), ("B", B)) for n, gene in enumerate(some)]
    text = "cluster,gene,power\n" + "\n".join(lines) + "\n"
    with raises("columns-missing", "power", "Seurat, roc", 'score_column="power"', path="markers.csv", line=1):
        read(tmp_path, text)
    assert genes(read(tmp_path, text, score_column="power")) == {"T": T, "B": B}


@pytest.mark.parametrize(
    ("first", "second"),
    [("name", "symbol"), ("gene", "gene_symbol"), ("feature", "symbol"), ("Gene", "Symbol"), ("symbol", "gene")],
)
@pytest.mark.parametrize("clusters", ["cluster", ""])
@pytest.mark.parametrize("text", ["{} molecule", "CD3 delta subunit of the {} receptor complex"])
def test_column_of_symbols_is_read_rather_than_descriptions(
    tmp_path: Path, first: str, second: str, clusters: str, text: str
) -> None:
    lines = [f"{clusters and 'cluster,'}{first},{second},log2FC,padj"]
    for id_, some in (("T", T), ("B", B)):
        for rank, gene in enumerate(some):
            lines.append(f"{clusters and id_ + ','}{text.format(gene.lower())},{gene},{9 - rank},0.001")
    expected = {"T": T, "B": B} if clusters else {"x": [gene for pair in zip(T, B, strict=True) for gene in pair]}
    assert genes(read(tmp_path, "\n".join(lines) + "\n", "x.csv")) == expected


def test_gene_that_is_up_and_down_in_a_cluster_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = long_table(("T", "B"))
    other = [line.split(",") for line in text.splitlines()[1:]]
    again = "".join(f"{id_},{gene},-{fold},{p}\n" for id_, gene, fold, p in other)
    assert genes(read(tmp_path, text + again)) == {"T": T, "B": B}
    what = "10 genes are up in one row of a cluster and down in another (BANK1 in cluster B: 1 and -1)"
    assert f"{what}; are tables of several comparisons put together?" in caplog.text
    caplog.clear()
    read(tmp_path, text + "T,MS4A1,-2,0.001\nB,CD3D,-2,0.001\n")
    assert "down in another" not in caplog.text


@pytest.mark.parametrize(
    ("name", "expected"),
    [("{} /// {}P1", "{}"), ("{}///{}P1", "{}"), ("ZZZ1 /// {}", "{}"), ("ZZZ1 /// ZZZ2 /// {}", "{}")],
)
def test_first_known_gene_of_a_probe_counts(tmp_path: Path, name: str, expected: str) -> None:
    text = long_table(("T", "B")).replace("CD3D", name.format("CD3D", "CD3D"))
    assert genes(read(tmp_path, text)) == {"T": T, "B": B}


@pytest.mark.parametrize(
    ("columns", "said"),
    [("group,group_name", True), ("cluster,cluster_label", True), ("group,name_of_sample", False)],
)
def test_names_beside_numbers_of_clusters_are_said(
    tmp_path: Path, columns: str, said: bool, caplog: pytest.LogCaptureFixture
) -> None:
    number, name = columns.split(",")
    lines = long_table(("1", "2"), name, ("",) * 5).replace("cluster,", f"{number},", 1).splitlines()
    text = "\n".join([lines[0], *(line + ("T cells" if line[0] == "1" else "B cells") for line in lines[1:])])
    assert genes(read(tmp_path, text)) == {"1": T, "2": B}
    assert (f"their names are in {name}, and cluster_column" in caplog.text) == said
    if said:
        assert list(genes(read(tmp_path, text, cluster_column=name))) == ["T cells", "B cells"]


def test_comma_within_quotes_makes_no_columns_of_a_table_with_spaces(tmp_path: Path) -> None:
    header = "p_val avg_log2FC pct.1 pct.2 p_val_adj cluster gene note"
    rows = ['0 1.5 0.5 0.1 0 0 CD3D "x"', '0 1.4 0.5 0.1 0 0 CD3E "x, y"', '0 1.3 0.5 0.1 0 0 "x, y"']
    with raises("one-column", path="markers.csv"):
        read(tmp_path, "\n".join([header, *rows]) + "\n")
    with raises("field-count", path="markers.csv", line=3):
        read(tmp_path, "\n".join([header, *rows]).replace('"', "") + "\n")
    assert genes(read(tmp_path, "\n".join([header, *rows[:2]]) + "\n")) == {"0": ["CD3D", "CD3E"]}
