"""Tables of the field's tools, and of people with names of their own: read by their statistics, genes that are up."""

from __future__ import annotations

import csv
import logging
import random
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cassia_engine.errors import UsageError
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.markers.columns.formats import SIMPLIFIED_TITLE
from cassia_engine.markers.columns.known_formats import FORMATS
from cassia_engine.markers.columns.statistics import KNOWN, known_statistics
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS
from cassia_engine.settings import MARKER_FORMATS, SplitSettings
from tests.markers.test_markers import genes, read
from tests.raising import raises

CASES = Path(__file__).parents[1] / "data" / "cases"
# The genes of base_seurat.csv, in other columns: format, and what ranks them.
LIKE_BASE = {
    "conserved.csv": ("seurat_conserved", "avg_log2FC, the weakest of 2 conditions"),
    "roc.csv": ("seurat_roc", "avg_log2FC"),
    "avg_diff.csv": ("seurat_avg_diff", "avg_diff, above 0"),
    "scran.csv": ("scran", "summary.logFC"),
    "scoremarkers.csv": ("scran_scores", "mean.logFC.cohen, above 0"),
    "scvi.csv": ("scvi", "lfc_mean"),
    "percent_num.csv": ("seurat", "avg_log2FC"),
}
BY_FOLD = {"0": ["CD3D", "IL32", "CCR7"], "1": ["FCGR3A", "C1QA", "CFD"], "3": ["GNLY", "GZMB", "NKG7"]}
BY_FOLD["4"] = ["MS4A1", "FCRLA", "BLK"]
OF_TOY = {"0": ["CD3E", "CD3D", "IL7R"], "1": ["CD79A", "CD79B", "MS4A1"], "2": ["LYZ", "S100A8", "CD14"]}
OF_TOY["3"] = ["NKG7", "KLRD1", "PRF1"]
# The first genes of each cluster.
FIRST: dict[str, tuple[str, dict[str, list[str]]]] = {
    "renamed_updown.csv": ("generic", BY_FOLD),
    "scran_any.csv": ("scran", BY_FOLD),
    "scran_fm_all.csv": (
        "scran",
        {
            "B": ["CD79B", "CD79A", "CD19"],
            "Mono/DC": ["FCN1", "CD14", "S100A9"],
            "NK": ["GNLY", "NKG7", "KLRD1"],
            "T_cell": ["TRAC", "IL7R", "CD3D"],
        },
    ),
    "scran_wilcox_all.csv": (
        "scran_wilcox",
        {
            "B": ["MS4A1", "CD19", "CD79A"],
            "Mono/DC": ["FCN1", "CD14", "LYZ"],
            "NK": ["GNLY", "NKG7", "KLRD1"],
            "T_cell": ["TRAC", "IL7R", "CD3E"],
        },
    ),
    "conserved_all.csv": (
        "seurat_conserved",
        {
            "B": ["CD79B", "CD79A", "CD19"],
            "Mono/DC": ["FCN1", "CD14", "S100A9"],
            "NK": ["GNLY", "NKG7", "GZMB"],
            "T_cell": ["IL7R", "CD2", "TRAC"],
        },
    ),
    "seurat4_roc.csv": (
        "seurat_roc",
        {
            "T_cell": ["IL7R", "CD2", "TRAC"],
            "B": ["CD79B", "CD19", "CD79A"],
            "Mono/DC": ["FCN1", "CD14", "S100A8"],
            "NK": ["NKG7", "GNLY", "GZMB"],
        },
    ),
    "scvi_de.csv": ("scvi", {"0": ["CD3D", "CD3E", "IL7R"], "1": ["MS4A1", "CD79A", "CD79B"]}),
    "monocle3.csv": (
        "monocle3",
        {
            "0": ["CD3D", "LDHB", "CD3E"],
            "1": ["AIF1", "FTL", "FCGR3A"],
            "3": ["NKG7", "CTSW", "GZMA"],
            "4": ["CD79B", "CD79A", "MS4A1"],
        },
    ),
    "decoupler_rankby_genes.csv": ("decoupler", {"0": ["CD3E", "CD3D", "TRAC"], "1": ["CD79B", "CD79A", "MS4A1"]}),
    "cosg_rgg_df.csv": ("scanpy", OF_TOY),
    "scanpy_gene_symbols.csv": ("scanpy", OF_TOY),
    "scanpy_filtered_nopts.csv": ("scanpy", OF_TOY),
}


@pytest.mark.parametrize("name", LIKE_BASE)
def test_same_genes_in_the_columns_of_a_tool(name: str) -> None:
    table = read_markers(CASES / name)
    assert (table.selection.marker_format, table.selection.ranked_by) == LIKE_BASE[name]
    assert genes(table) == genes(read_markers(CASES / "base_seurat.csv"))


@pytest.mark.parametrize("name", FIRST)
def test_genes_that_are_up_come_first(name: str) -> None:
    table = read_markers(CASES / name, SplitSettings(n_genes=3))
    format_, first = FIRST[name]
    assert table.selection.marker_format == format_
    assert {cluster.id: cluster.genes for cluster in table.clusters} == first


def test_thresholds_of_a_tool_are_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "cassia_engine")
    read_markers(CASES / "scran_wilcox_all.csv")
    assert "a marker has FDR below 0.05, summary.AUC above 0.5" in caplog.text


def test_real_logistic_regression_has_genes_of_all_clusters() -> None:
    table = read_markers(CASES / "real_logreg.csv", SplitSettings(n_genes=2))
    assert table.selection.marker_format == "scanpy_scores"
    assert genes(table)["4"] == ["CD79B", "CD79A"]
    assert len(table.clusters) == 11


def test_formats_are_those_of_the_settings() -> None:
    assert ("auto", *FORMATS, "long", "simplified") == MARKER_FORMATS
    assert all(format_.direction for format_ in FORMATS.values())
    assert SIMPLIFIED_TITLE


HEADS = {
    "scran_log_p": "cluster,gene,Top,log.p.value,log.FDR,summary.logFC",
    "scran_stats": "cluster,gene,Top,p.value,FDR,summary.stats,stats.1.logFC,stats.1.log.FDR",
    "scran_wilcox_stats": "cluster,gene,Top,p.value,FDR,summary.stats,stats.1.AUC,stats.1.log.FDR",
    "scvi_vanilla": "gene,proba_m1,proba_m2,bayes_factor,scale1,scale2,comparison,group1,group2",
    "pegasus": "cluster,feature,log2Mean,log2FC,percentage,percentage_other,auroc,mwu_U,mwu_pval,mwu_qval",
    "muscat": "gene,cluster_id,logFC,logCPM,F,p_val,p_adj.loc,p_adj.glb",
    "limma": "cluster,gene,logFC,AveExpr,t,P.Value,adj.P.Val,B",
    "edger": "cluster,gene,logFC,logCPM,F,PValue,FDR",
    "deseq2": "cluster,gene,baseMean,log2FoldChange,lfcSE,stat,pvalue,padj",
    "mast": "cluster,primerid,coef,ci.hi,ci.lo,z,Pr(>Chisq),fdr",
    "presto": "Cluster,Gene,avgExpr,logFC,statistic,auc,pval,padj,pct_in,pct_out",
    "seurat": "Gene,seurat_clusters,p_val,avg log2FC,pct_1,pct_2,p val adj",
    "scanpy": "leiden_0.5,gene_symbol,scores,logfoldchanges,pvals,pvals_adj",
    "scanpy_scores": "group,names,scores",
    "seurat_roc": "cluster,gene,myAUC,avg_diff,power,pct.1,pct.2",
}
# Values of a gene that is up and of one that is down; 0.01 for all else.
UP_DOWN = {
    **dict.fromkeys(("summary.logFC", "log2FC", "logFC", "log2FoldChange", "coef", "avg log2FC"), ("2", "-2")),
    **dict.fromkeys(("scores", "logfoldchanges", "bayes_factor", "avg_diff", "stat", "t", "z"), ("2", "-2")),
    **dict.fromkeys(("auroc", "myAUC", "auc"), ("0.9", "0.1")),
    **dict.fromkeys(("log.FDR", "log.p.value", "stats.1.log.FDR"), ("-20", "-30")),
    **dict.fromkeys(("percentage", "percentage_other", "pct_in", "pct_out", "pct_1", "pct.1"), ("50", "60")),
    **dict.fromkeys(("pct_1", "pct_2", "pct.1", "pct.2"), ("0.5", "0.6")),
}
NAMES = {
    **dict.fromkeys(("cluster", "Cluster", "group", "group1", "cluster_id"), "T"),
    "group2": "Rest",
    "comparison": "T",
}
NAMES |= {"seurat_clusters": "T", "leiden_0.5": "T"}
GENE_COLUMNS = ("gene", "Gene", "names", "feature", "primerid", "gene_symbol")


@pytest.mark.parametrize("name", HEADS)
def test_format_is_recognised_and_takes_genes_that_are_up(tmp_path: Path, name: str) -> None:
    header = HEADS[name].split(",")
    up_down = {**UP_DOWN, "summary.stats": ("0.9", "0.1") if "wilcox" in name else ("2", "-2")}
    rows = []
    for which, gene in ((1, "DOWN"), (0, "UP")):
        cells = {column: up_down[column][which] if column in up_down else "0.01" for column in header}
        cells |= {column: NAMES[column] for column in header if column in NAMES}
        cells |= {column: gene for column in header if column in GENE_COLUMNS}
        rows.append(",".join(cells.values()))
    table = read(tmp_path, "\n".join([",".join(header), *rows]) + "\n")
    assert table.selection.marker_format == name
    assert genes(table) == {"T": ["UP"]}


def test_one_condition_in_which_a_gene_is_down_is_enough(tmp_path: Path) -> None:
    head = "cluster,gene,A_avg_log2FC,A_p_val_adj,B_avg_log2FC,B_p_val_adj,max_pval\n"
    rows = "T,DOWN,5,0,-1,0,0\nT,UNSURE,5,0,5,0.9,0.9\nT,MISSING,5,0,,0,0\nT,CD3D,2,0,3,0,0\nT,CD3E,4,0,2.5,0,0\n"
    table = read(tmp_path, head + rows)
    assert genes(table) == {"T": ["CD3E", "CD3D"]}
    assert [marker.log2fc for marker in table.clusters[0].markers] == [2.5, 2]


def test_fold_changes_are_log2_whatever_the_base(tmp_path: Path) -> None:
    rows = "T,CD3D,1,0,0.5,0.1\n"
    for name, log2fc in (("avg_log2FC", 1.0), ("avg_logFC", 1.442695), ("avg_log10FC", 3.321928)):
        table = read(tmp_path, f"cluster,gene,{name},p_val_adj,pct.1,pct.2\n{rows}")
        assert table.clusters[0].markers[0].log2fc == pytest.approx(log2fc)


def test_scores_of_0_and_minus_1_are_no_markers_of_cosg(tmp_path: Path) -> None:
    rows = "T,FILTERED,-1,3\nT,UNSPECIFIC,0,4\nT,CD3D,0.8,2\n"
    table = read(tmp_path, "group,names,scores,note\n" + rows.replace("3\n", "x\n"))
    assert genes(table) == {"T": ["CD3D"]}
    assert genes(read(tmp_path, f"group,names,scores,logfoldchanges\n{rows}")) == {"T": ["CD3D"]}
    header = "group,names,scores,logfoldchanges,pvals,pvals_adj\n"
    assert genes(read(tmp_path, header + rows.replace("\n", ",0,0\n"))) == {"T": ["CD3D"]}


def test_table_of_one_group_of_a_logistic_regression_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert genes(read(tmp_path, "group,names,scores\nB,CD3D,2\nB,CD79A,-2\n")) == {"B": ["CD3D"]}
    assert "scores of one group only: of a logistic regression (logreg) of two groups they are the other" in caplog.text


def test_what_clusters_were_compared_with_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    header = "group,reference,name,stat,meanchange,pval,padj\n"
    assert genes(read(tmp_path, header + "B,T,CD19,5,1,0,0\nB,T,CD3D,-5,-1,0,0\n")) == {"B": ["CD19"]}
    assert "column reference: clusters were compared with T and not with all others" in caplog.text


def test_scvi_takes_what_it_calls_differential(tmp_path: Path) -> None:
    header = "gene,proba_de,lfc_mean,is_de_fdr_0.05,group1,group2\n"
    rows = "A,0.8,3,True,T,Rest\nB,0.99,4,False,T,Rest\n"
    assert genes(read(tmp_path, header + rows)) == {"T": ["A"]}
    without = "gene,proba_de,lfc_mean,group1,group2\nA,0.8,3,T,Rest\nB,0.99,4,T,Rest\n"
    assert genes(read(tmp_path, without)) == {"T": ["B"]}


OWN = "ct,sym,up,sig,mine,inside,outside\n"
ROWS = "T,CD3D,2,0.001,7,0.9,0.1\nT,CD3E,3,0.9,8,0.9,0.1\nT,LYZ,-4,0.001,9,0.9,0.1\nT,CD2,1,0.001,6,0.02,0.01\n"
NAMED = {"cluster_column": "ct", "gene_column": "sym"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"log2fc_column": "up"}, ["CD3E", "CD3D", "CD2"]),
        ({"log2fc_column": "up", "p_val_adj_column": "sig"}, ["CD3D", "CD2"]),
        (
            {
                "log2fc_column": "up",
                "p_val_adj_column": "sig",
                "pct_in_column": "inside",
                "pct_out_column": "outside",
            },
            ["CD3D"],
        ),
        ({"score_column": "mine"}, ["LYZ", "CD3E", "CD3D", "CD2"]),
        ({"score_column": "up"}, ["CD3E", "CD3D", "CD2"]),
        ({"log2fc_column": "up", "score_column": "mine", "ranking_method": "Score"}, ["CD3E", "CD3D", "CD2"]),
    ],
)
def test_statistics_are_named_by_options(tmp_path: Path, options: dict[str, str], expected: list[str]) -> None:
    table = read(tmp_path, OWN + ROWS, **NAMED, **options)
    assert genes(table) == {"T": expected}
    assert table.selection.marker_format == "generic"


def test_named_statistic_takes_the_place_of_a_known_one(tmp_path: Path) -> None:
    text = "cluster,gene,avg_log2FC,p_val_adj,shrunk\nT,CD3D,5,0,-1\nT,CD3E,4,0,2\n"
    assert genes(read(tmp_path, text, log2fc_column="shrunk")) == {"T": ["CD3E"]}


@pytest.mark.usefixtures("command_line")
def test_unused_numbers_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read(tmp_path, OWN + ROWS, **NAMED, log2fc_column="up")
    assert "columns of numbers that are not used: sig, mine, inside, outside" in caplog.text
    caplog.clear()
    read(tmp_path, OWN + ROWS, **NAMED)
    assert "up has values below 0: genes that are down may be among the markers" in caplog.text
    assert "name them with --log2fc_column" in caplog.text


@pytest.mark.parametrize("name", ["base_seurat", "roc", "conserved", "scvi_de", "scoremarkers", "monocle3", "scran"])
def test_what_a_tool_always_writes_is_not_warned_of(name: str, caplog: pytest.LogCaptureFixture) -> None:
    read_markers(CASES / f"{name}.csv")
    read_markers(CASES.parent / "presto.csv")
    assert "not used" not in caplog.text


def test_negative_values_are_found_behind_the_first_rows(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = "".join(f"T,G{n},{300 - n}\n" for n in range(400))
    with raises("fold-change-unused", "effect", path="markers.csv", line=1):
        read(tmp_path, f"ct,sym,effect\n{rows}", **NAMED)
    read(tmp_path, f"ct,sym,num\n{rows}", **NAMED)
    assert "num has values below 0" in caplog.text


@pytest.mark.usefixtures("command_line")
def test_forced_formats_do_not_drop_fold_changes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = "cluster,gene,avg_log2FC\nT,CD3D,1\nT,CD2,9\n"
    read(tmp_path, text, marker_format="long")
    assert (
        "columns of numbers that are not used: avg_log2FC; if there are statistics, leave out --marker" in caplog.text
    )
    with raises("fold-change-unused", "avg_log2FC", "--marker_format long", path="markers.csv", line=1):
        read(tmp_path, text.replace("9", "-9"), marker_format="long")
    with raises("statistic-unused-format", "--log2fc_column avg_log2FC", path="markers.csv", line=1):
        read(tmp_path, text, marker_format="long", log2fc_column="avg_log2FC")


@pytest.mark.usefixtures("command_line")
def test_several_columns_of_clusters_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = "gene,group,seurat_clusters,avg_log2FC,p_val_adj\nCD3D,ctrl,0,2,0\nCD19,stim,1,2,0\n"
    assert genes(read(tmp_path, text)) == {"0": ["CD3D"], "1": ["CD19"]}
    assert "clusters may also be in column group; --cluster_column names another than seurat_clusters" in caplog.text


def test_p_values_alone_tell_no_direction(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    table = read(tmp_path, "cluster,gene,padj\nT,CD3D,0.01\nT,CD3E,0.001\nT,CD2,0.9\n")
    assert genes(table) == {"T": ["CD3E", "CD3D"]}
    assert "no column tells genes that are up from those that are down" in caplog.text


def test_ids_are_left_for_the_symbols_beside_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "cassia_engine")
    table = read_markers(CASES / "real_gene_symbols_nan.csv")
    assert genes(table)["4"][:2] == ["MS4A1", "FCRLA"]
    assert "genes in column names are Ensembl ids; their symbols are taken from column symbol" in caplog.text
    assert "26 of 880 rows have nothing in column symbol and are left out" in caplog.text
    with raises("genes-are-ids", "Ensembl ids", path="real_gene_symbols_nan.csv"):
        read_markers(CASES / "real_gene_symbols_nan.csv", SplitSettings(gene_column="names"))


def test_percent_is_said_and_divided(caplog: pytest.LogCaptureFixture) -> None:
    first = read_markers(CASES / "percent_num.csv").clusters[0].markers[0]
    assert (first.pct_in, first.pct_out) == pytest.approx((0.977, 0.281))
    assert "240 of 240 rows have numbers from 1 to 100 in pct.1, pct.2: they are taken as percent" in caplog.text


def test_some_numbers_that_cannot_be_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    head = "cluster,gene,avg_log2FC,p_val_adj,pct.1,pct.2\n"
    rows = "T,CD3D,1,0.01,1.2,0.1\nT,CD3E,1,1.5,0.5,-3\nT,CD2,1,-1,0.5,0.1\n" + "T,CD4,1,0.01,0.5,0.1\n" * 20
    table = read(tmp_path, head + rows, n_genes=2, gene_filter="none")
    assert genes(table)["T"][0] == "CD3D"
    assert table.clusters[0].n_passing == 21
    for what in (
        "1 of 23 rows have a p value above 1 in p_val_adj",
        "1 of 23 rows have a number below 0 in p_val_adj, which is no p value; they are no markers",
        "1 of 23 rows have a fraction of cells above 1 in pct.1, pct.2",
        "1 of 23 rows have a number below 0 or above 100 in pct.1, pct.2, which is no fraction of cells",
    ):
        assert what in caplog.text


def test_p_values_times_the_number_of_genes_are_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = "".join(f"T,G{n},1,{1e-9 * 10**n}\n" for n in range(20))
    assert read(tmp_path, f"cluster,gene,avg_log2FC,p_val_adj\n{rows}").clusters[0].n_passing == 8
    assert "10 of 20 rows have a p value above 1 in p_val_adj" in caplog.text


def test_statistics_are_known_by_their_names() -> None:
    assert known_statistics(["names", "scores", "logfoldchanges", "pvals", "pvals_adj"]) == {
        "log2fc": "logfoldchanges",
        "p_val_adj": "pvals_adj",
        "score": "scores",
    }
    assert known_statistics(["A_avg_log2FC", "A_p_val_adj", "max_pval"])["log2fc"] == "A_avg_log2FC"
    assert known_statistics(["T", "B", "NK", "cluster", "gene", "note"]) == {}


def base() -> list[dict[str, str]]:
    with open(CASES / "renamed_updown.csv", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


# Natural logarithms and other bases are other numbers; a name that a tool uses for two things is not for all.
LOG2 = [name for name in KNOWN["log2fc"] if name not in ("avg_logFC", "avg_log10FC", "log10FC", "coef")]
SPELLING = st.sampled_from(
    [str, str.upper, str.title, lambda name: name.replace("_", "."), lambda n: n.replace("_", " ")]
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    cluster=st.sampled_from(CLUSTER_HEADERS),
    gene=st.sampled_from(GENE_HEADERS),
    log2fc=st.sampled_from(LOG2),
    p_val_adj=st.sampled_from([name for name in KNOWN["p_val_adj"] if not name.startswith("marker_test")]),
    pct=st.sampled_from([("pct.1", "pct.2"), ("pct_in", "pct_out"), ("frac_in", "frac_out"), ("", "")]),
    spelling=SPELLING,
    more=st.lists(st.sampled_from(["note", "weight", "avgExpr", "Length", "p_val"]), unique=True),
    seed=st.integers(0, 999),
)
def test_names_and_order_of_columns_change_no_marker(
    tmp_path_factory: pytest.TempPathFactory,
    cluster: str,
    gene: str,
    log2fc: str,
    p_val_adj: str,
    pct: tuple[str, str],
    spelling: Any,
    more: list[str],
    seed: int,
) -> None:
    names = {"Cluster": cluster, "Gene": gene, "log2FC": log2fc, "padj": p_val_adj, "pct1": pct[0], "pct2": pct[1]}
    columns = {old: spelling(new) for old, new in names.items() if new} | {name: name for name in more}
    order = random.Random(seed).sample(sorted(columns), len(columns))
    path = tmp_path_factory.mktemp("named") / "markers.csv"
    with open(path, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(columns[name] for name in order)
        writer.writerows([row.get(name, "0.5" if name != "note" else "x") for name in order] for row in base())
    try:
        table: MarkerTable = read_markers(path)
    except UsageError:
        return
    assert genes(table) == _genes_of_base(bool(pct[0]))


@cache
def _genes_of_base(has_pct: bool) -> Any:
    return genes(read_markers(CASES / "renamed_updown.csv", SplitSettings(min_pct=0.1 if has_pct else 0)))
