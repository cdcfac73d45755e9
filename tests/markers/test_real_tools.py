"""Tables that the real tools wrote of the same cells: the right clusters, genes that are up in them, the right labels.

The cells are sorted blood cells (tests/data/real_tools), so which gene is up in which cluster is known beforehand.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.errors import InputProblems, UsageError
from cassia_engine.markers import MarkerTable, read_markers
from cassia_engine.offline import OfflineAnnotator, open_annotator
from cassia_engine.records import Cluster, Dataset
from cassia_engine.settings import SplitSettings

FOLDER = Path(__file__).parents[1] / "data" / "real_tools"
# Markers that are checked against the truth; means of all other cells are not quite those of each tool.
FIRST = 10
TYPES = {"0": "T cell", "1": "monocyte", "2": "B cell", "3": "natural killer cell"}


def renamed(*ids: str) -> dict[str | None, str]:
    """The expected types under ids of the table's own."""
    return dict(zip(ids, TYPES, strict=True))


@dataclass(frozen=True)
class Expected:
    """What is to be read from a file.

    Attributes:
        clusters: the table's id of each cluster to the cluster in truth.csv; an id of None is any.
        options: settings that a person would give.
        up_against: "all": a marker's mean is above the mean of the other clusters; "any": above that of one of them, as
            with tests of pairs of clusters, or of some clusters only.
        empty: ids of clusters that have no marker.
    """

    clusters: Mapping[str | None, str] = field(default_factory=lambda: {id_: id_ for id_ in TYPES})
    options: Mapping[str, Any] = field(default_factory=dict)
    up_against: str = "all"
    empty: tuple[str, ...] = ()


ALL = Expected()
NAMED_IDS = ("T cell, CD4", "CD14+ Mono", "B", "NK")
PAIRS = Expected(up_against="any")


def one(cluster: str, **options: Any) -> Expected:
    """A table of one cluster, without a column that names it."""
    return Expected(clusters={None: cluster}, options=options)


def by_columns(log2fc: str, p_val_adj: str, **options: Any) -> Expected:
    return Expected(options={"log2fc_column": log2fc, "p_val_adj_column": p_val_adj, **options})


READ: dict[str, Expected] = {
    # Seurat
    "seurat_findallmarkers.csv": ALL,
    "seurat_findallmarkers_no_row_names.csv": ALL,
    "seurat_write_csv2.csv": ALL,
    "seurat_write_table.txt": ALL,
    "seurat_write_table_tabs.tsv": ALL,
    "seurat_col_names_na.tsv": ALL,
    "seurat_only_pos.csv": ALL,
    "seurat_only_pos_gene_in_row_names.csv": ALL,
    "seurat_gene_in_row_names.csv": ALL,
    "seurat_roc.csv": ALL,
    "seurat_lr.csv": ALL,
    "seurat_t.csv": ALL,
    "seurat_bimod.csv": ALL,
    "seurat_base_e.csv": ALL,
    "seurat_mean_fxn.csv": ALL,
    "seurat_scale_data.csv": ALL,
    "seurat_findmarkers_1.csv": one("1"),
    "seurat_findmarkers_1_vs_2.csv": one("1"),
    "seurat_findmarkers_rbind.csv": ALL,
    "seurat_findmarkers_bind_rows.csv": ALL,
    "seurat_split_rbind.csv": ALL,
    "seurat_conserved.csv": ALL,
    "seurat_conserved_2.csv": one("2"),
    "seurat_top10.csv": ALL,
    "seurat_top10_pasted.csv": ALL,
    "seurat_top10_wide.csv": Expected(clusters=renamed("X0", "X1", "X2", "X3")),
    "seurat_top10_wide_numbers.csv": ALL,
    "seurat_named_clusters.csv": Expected(clusters=renamed(*NAMED_IDS)),
    "seurat_genome_prefix.csv": ALL,
    "seurat_two_rows_of_a_symbol.csv": ALL,
    # Bioconductor
    "scran_t_any.csv": PAIRS,
    "scran_t_all.csv": PAIRS,
    "scran_t_some.csv": PAIRS,
    "scran_t_up.csv": PAIRS,
    "scran_t_summary.csv": PAIRS,
    "scran_wilcox_any.csv": PAIRS,
    "scran_wilcox_all.csv": PAIRS,
    "scran_wilcox_some.csv": PAIRS,
    "scran_binom_any.csv": PAIRS,
    "scran_binom_all.csv": Expected(empty=("0",), up_against="any"),
    "scran_binom_some.csv": PAIRS,
    "scran_log_p.csv": PAIRS,
    "scran_bind_rows.csv": PAIRS,
    "scran_one_cluster.csv": one("1"),
    "scran_one_cluster_full_stats.csv": one("1"),
    "scran_scoremarkers.csv": ALL,
    "scran_scoremarkers_one_cluster.csv": one("3"),
    "scran_top_wide.csv": ALL,
    "edger_toptags.csv": by_columns("logFC", "FDR"),
    "limma_toptable.csv": by_columns("logFC", "adj.P.Val"),
    "deseq2_results.csv": by_columns("log2FoldChange", "padj"),
    # Scanpy
    "scanpy_wilcoxon_pts.csv": ALL,
    "scanpy_wilcoxon_pts_index.csv": ALL,
    "scanpy_wilcoxon.parquet": ALL,
    "scanpy_t_test.csv": ALL,
    "scanpy_rankby_abs.csv": ALL,
    "scanpy_reference_1.csv": Expected({"0": "0", "2": "2", "3": "3"}, up_against="any"),
    "scanpy_logreg.csv": PAIRS,
    "scanpy_logreg_group_0.csv": one("0"),
    "scanpy_logreg_two_groups.csv": one("2"),
    "scanpy_group_3.csv": one("3"),
    "scanpy_cut.csv": ALL,
    "scanpy_concat_keys.csv": ALL,
    "scanpy_concat_names.csv": ALL,
    "scanpy_concat_assign.csv": ALL,
    "scanpy_filtered.csv": ALL,
    "scanpy_filtered_pts.csv": ALL,
    "scanpy_filtered_names.csv": ALL,
    "scanpy_gene_symbols.csv": Expected(options={"gene_column": "feature_name"}),
    "scanpy_duplicate_names.csv": ALL,
    "scanpy_duplicate_names_pts.csv": ALL,
    "scanpy_made_unique.csv": ALL,
    "scanpy_scaled.csv": ALL,
    "scanpy_names.csv": ALL,
    "scanpy_names_no_index.csv": ALL,
    "scanpy_names_transposed.csv": ALL,
    "scanpy_names_named_clusters.csv": Expected(clusters=renamed("T cells", "Monocytes (CD14+)", "B", "NK")),
    "scanpy_names_pvals.csv": ALL,
    "scanpy_five_each.csv": ALL,
    "scanpy_key_first.csv": ALL,
    # Other packages for Python
    "cosg_names.csv": ALL,
    "cosg_table.csv": ALL,
    "cosg_rank_genes_groups_df.csv": ALL,
    "cosg_two_groups_table.csv": Expected(empty=("0", "3"), up_against="any"),
    "decoupler_rankby_group.csv": ALL,
    "pydeseq2_results.csv": by_columns("log2FoldChange", "padj"),
}
# Right, or refused: whether the table says enough is for the reader to decide, but it is never read wrong.
EITHER: dict[str, Expected] = {
    "seurat_base_10.csv": ALL,
    "seurat_findmarkers_rbind_row_names.csv": ALL,
    "scanpy_concat_columns.csv": ALL,
    "edger_toptags.csv": ALL,
    "limma_toptable.csv": ALL,
    "deseq2_results.csv": ALL,
    "pydeseq2_results.csv": ALL,
    "scanpy_gene_symbols.csv": ALL,
}
NO_MARKERS = (
    "seurat_average_expression.csv",
    "scanpy_scores_only.csv",
    "scanpy_marker_gene_overlap.csv",
    "scanpy_aggregate_mean.csv",
    "cosg_scores.csv",
)
MADE_FROM = {"counts.csv", "cells.csv", "truth.csv"}
NOT_TESTED = {"cosg_two_groups_names.csv"}  # two of its clusters are nonsense, and nothing in the file tells


@cache
def truth() -> dict[str, dict[str, float]]:
    """Each gene's mean expression in each cluster."""
    with (FOLDER / "truth.csv").open(encoding="utf-8", newline="") as file:
        return {row.pop("gene"): {id_: float(mean) for id_, mean in row.items()} for row in csv.DictReader(file)}


@cache
def annotator() -> OfflineAnnotator:
    return open_annotator(Dataset("test", "PBMC", "human"))


def is_up(gene: str, cluster: str, against: str) -> bool:
    others = [mean for id_, mean in truth()[gene].items() if id_ != cluster]
    return truth()[gene][cluster] > (min(others) if against == "any" else sum(others) / len(others))


def read(name: str, options: Mapping[str, Any]) -> MarkerTable:
    return read_markers(FOLDER / name, SplitSettings(**options))


def check_cluster(cluster: Cluster, true: str, against: str) -> None:
    assert cluster.genes, cluster.id
    assert not set(cluster.genes) - truth().keys(), f"{cluster.id}: names that no gene has"
    assert len(set(cluster.genes)) == len(cluster.genes), f"{cluster.id}: a gene twice"
    wrong = [gene for gene in cluster.genes[:FIRST] if not is_up(gene, true, against)]
    assert not wrong, f"{cluster.id}: markers that are not up in it"
    annotation = annotator().annotate(cluster).annotation
    assert annotation is not None, cluster.id
    assert annotation.general_type == TYPES[true], cluster.id


def check(table: MarkerTable, expected: Expected) -> None:
    ids = [cluster.id for cluster in table.clusters]
    if None in expected.clusters:
        assert len(ids) == 1
        check_cluster(table.clusters[0], expected.clusters[None], expected.up_against)
        return
    assert ids == list(expected.clusters)
    for cluster in table.clusters:
        if cluster.id in expected.empty:
            assert not cluster.markers
        else:
            check_cluster(cluster, expected.clusters[cluster.id], expected.up_against)


@pytest.mark.parametrize("name", READ)
def test_table_of_a_real_tool_is_read_right(name: str) -> None:
    check(read(name, READ[name].options), READ[name])


@pytest.mark.parametrize("name", ["seurat_per_cluster", "scran_per_cluster", "scanpy_per_cluster"])
def test_a_file_a_cluster_is_one_table(name: str) -> None:
    """The files are in the order of the clusters; their names are the clusters' ids."""
    paths = sorted((FOLDER / name).iterdir())
    table = read_markers(paths)
    assert [cluster.id for cluster in table.clusters] == [path.stem for path in paths]
    for cluster, true in zip(table.clusters, TYPES, strict=True):
        check_cluster(cluster, true, against="any")


def refusal(name: str) -> list[str]:
    """The lines of the refusal of a file, none if it is read."""
    try:
        read(name, {})
    except UsageError as error:
        return [str(problem) for problem in (error.problems if isinstance(error, InputProblems) else [error])]
    return []


@pytest.mark.parametrize("name", EITHER)
def test_table_that_says_too_little_is_read_right_or_refused(name: str) -> None:
    lines = refusal(name)
    if lines:
        assert len(lines) == 1 and lines[0].startswith(str(FOLDER / name)), lines
    else:
        check(read(name, {}), EITHER[name])


@pytest.mark.parametrize("name", NO_MARKERS)
def test_table_without_markers_is_refused_in_one_line(name: str) -> None:
    lines = refusal(name)
    assert len(lines) == 1 and lines[0].startswith(str(FOLDER / name)), lines


def test_every_file_of_a_real_tool_is_described_and_tested() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    tables = [path for path in FOLDER.iterdir() if path.suffix in {".csv", ".tsv", ".txt", ".parquet"}]
    names = {path.name for path in tables if not path.name.startswith("requirements")}
    assert names == {*READ, *EITHER, *NO_MARKERS, *MADE_FROM, *NOT_TESTED}
    assert [name for name in sorted(names) if f"| `{name}` |" not in text] == []
