"""Every table of tests/data/cases: the labels it must give, the markers it must have, or the reason of its refusal."""

from __future__ import annotations

import csv
import logging
from functools import cache
from pathlib import Path

import pytest

import cassia_engine
from cassia_engine.markers import read_markers
from cassia_engine.settings import SplitSettings
from tests.raising import raises

CASES = Path(__file__).parents[1] / "data" / "cases"

BLOOD = {"0": "T cell", "1": "monocyte", "3": "natural killer cell", "4": "B cell"}
PBMC = {
    "0": "T cell",
    "1": "monocyte",
    "2": "dendritic cell",
    "3": "natural killer cell",
    "4": "B cell",
    "5": "monocyte",
    "6": "dendritic cell",
    "7": "dendritic cell",
    "8": "plasma cell",
    "9": "T cell",
    "10": "hematopoietic precursor cell",
}
FOUR = {"0": "T cell", "1": "B cell", "2": "monocyte", "3": "natural killer cell"}
NAMED = {"T": "T cell", "B": "B cell", "NK": "natural killer cell", "Mono": "monocyte"}

LABELS: dict[str, dict[str, str]] = {
    "base_seurat.csv": BLOOD,
    "real_all.csv": PBMC,
    # a column a cluster
    "wide2.csv": {"T cells": "T cell", "B cells": "B cell"},
    "wide_rows.csv": BLOOD,
    "real_wide_names.csv": PBMC,
    "real_wide_names_T.tsv": PBMC,
    "scanpy_wide_names_pvals.csv": FOUR,
    # a plain list of the same ten genes, CD4 among them, is taken for T cells too
    "cosg_df_COSG.csv": {**FOUR, "3": "T cell"},
    "cellranger_diffexp.csv": {f"Cluster {int(id_) + 1}": label for id_, label in PBMC.items()},
    "loupe.csv": {f"Cluster {int(id_) + 1}": label for id_, label in PBMC.items()},
    # decorated gene names
    "gene_GRCh38_dash.csv": BLOOD,
    "gene_premrna.csv": BLOOD,
    "gene_bd.csv": BLOOD,
    "gene_ensg_sym.csv": BLOOD,
    "gene_pipe.csv": BLOOD,
    "adt_prefix.csv": NAMED,
    "adt_totalseq.csv": NAMED,
    "adt_dot1.csv": NAMED,
    # suffixes of make.unique
    "unique_in_gene.csv": PBMC,
    "rbind_rownames.csv": PBMC,
    # formats and columns with names of their own
    "renamed_updown.csv": BLOOD,
    "scran.csv": BLOOD,
    "scran_any.csv": BLOOD,
    "scoremarkers.csv": BLOOD,
    "avg_diff.csv": BLOOD,
    "roc.csv": BLOOD,
    "conserved.csv": BLOOD,
    "scvi.csv": BLOOD,
    "monocle3.csv": BLOOD,
    "percent_num.csv": BLOOD,
    # the scores choose other genes than fold changes do; a plain list of these has the same labels
    "real_logreg.csv": {**PBMC, "3": "T cell", "6": "monocyte"},
    "real_gene_symbols_nan.csv": PBMC,
    "scanpy_gene_symbols.csv": FOUR,
    "scanpy_filtered_nopts.csv": FOUR,
    "scanpy_dup_names_pts.csv": FOUR,
    "cosg_rgg_df.csv": FOUR,
    # the first lines
    "comment.csv": BLOOD,
    "sep_line.csv": BLOOD,
    "title.csv": BLOOD,
    # two columns
    "gene_first.csv": {"T cells": "T cell", "B cells": "B cell", "Mono": "monocyte"},
    # of NK the first 15 genes only, which a plain list has as T cells too
    "gcn_1.csv": {"T cells": "T cell", "Mono": "monocyte", "NK": "T cell", "B cells": "B cell"},
    "two_cjk.csv": BLOOD,
    "two_dot.csv": BLOOD,
    "two_fc.csv": BLOOD,
    "two_index.csv": BLOOD,
    "two_pipe.csv": BLOOD,
    "two_plus.csv": BLOOD,
    "two_rlist.csv": BLOOD,
    "two_slash.csv": BLOOD,
}

REFUSED = {
    "ens_fly.csv": ("genes-are-ids", "FlyBase"),
    "hgnc.csv": ("genes-are-ids", "HGNC"),
    "peaks.csv": ("genes-are-ids", "peak"),
    "refseq.csv": ("genes-are-ids", "RefSeq"),
    "named_stats2.csv": ("no-markers-pass",),
    "p_neg.csv": ("no-markers-pass", "p_val_adj"),
}


@cache
def reference(table: str) -> dict[str, list[str]]:
    return genes_of(table)


def genes_of(table: str, n_genes: int = 50) -> dict[str, list[str]]:
    settings = SplitSettings(n_genes=n_genes, allow_unknown_genes=True)
    return {cluster.id: cluster.genes for cluster in read_markers(CASES / table, settings, "human").clusters}


@pytest.mark.parametrize("table", LABELS)
def test_table_gives_its_labels(table: str) -> None:
    frame = cassia_engine.annotate(CASES / table, tissue="blood", species="human", show_progress=False)
    found = dict(zip(frame["Cluster ID"], frame["Predicted General Cell Type"], strict=True))
    assert found == LABELS[table]
    assert list(found) == list(LABELS[table])


SAME_MARKERS = {
    "base_seurat.csv": [
        "gene_GRCh38_dash.csv",
        "gene_premrna.csv",
        "gene_bd.csv",
        "gene_ensg_sym.csv",
        "gene_pipe.csv",
        "avg_diff.csv",
        "roc.csv",
        "conserved.csv",
        "scvi.csv",
        "percent_num.csv",
        "comment.csv",
        "sep_line.csv",
        "title.csv",
        "scran.csv",
        "scoremarkers.csv",
    ],
    "two_pipe.csv": [
        "two_cjk.csv",
        "two_dot.csv",
        "two_fc.csv",
        "two_index.csv",
        "two_plus.csv",
        "two_rlist.csv",
        "two_slash.csv",
        "wide_rows.csv",
    ],
    "real_wide_names.csv": ["real_wide_names_T.tsv"],
    "adt_prefix.csv": ["adt_totalseq.csv", "adt_dot1.csv"],
    "cellranger_diffexp.csv": ["loupe.csv"],
    "scran_any.csv": ["renamed_updown.csv"],
}


@pytest.mark.parametrize(("plain", "table"), [(plain, one) for plain, many in SAME_MARKERS.items() for one in many])
def test_table_has_the_markers_of_the_plain_one(plain: str, table: str) -> None:
    assert genes_of(table) == reference(plain)


@pytest.mark.parametrize("table", REFUSED)
def test_table_is_refused_with_its_reason(table: str) -> None:
    with raises(*REFUSED[table], path=table):
        cassia_engine.annotate(CASES / table, tissue="blood", species="human", show_progress=False)


def test_every_case_is_stated() -> None:
    stated = {*LABELS, *REFUSED, *OTHERS}
    assert {path.name for path in CASES.iterdir() if path.suffix != ".md"} - stated == set()


# Those that have a test of their own below or elsewhere.
OTHERS = {
    "labels_celltypist_azimuth.txt",  # tests/ontology/test_resolve.py
    "labels_schemes.tsv",  # tests/ontology/test_resolve.py
    "gene_MT.csv",
    "real_single_group.csv",
    "scanpy_logreg_0.csv",
    "decoupler_rankby_genes.csv",
    "scvi_de.csv",
    "simp_dup.csv",
    "scran_fm_all.csv",
    "scran_wilcox_all.csv",
    "seurat4_roc.csv",
    "conserved_all.csv",
}


def test_numbers_of_row_names_are_taken_off_where_they_can_be_told() -> None:
    """A known gene that may also be another one with a number (CD22: CD2, or CD22) stays, and is warned of."""
    plain, numbered = genes_of("unique_in_gene.csv"), genes_of("rbind_rownames.csv")
    for id_, genes in plain.items():
        assert len(set(genes) & set(numbered[id_])) >= 0.9 * len(genes)


def test_technical_genes_are_known_under_a_genome_prefix() -> None:
    table = read_markers(CASES / "gene_MT.csv")
    aside = {kind.kind: kind.genes for cluster in table.clusters[:1] for kind in cluster.set_aside}
    assert {"ribosomal", "mitochondrial"} <= set(aside)
    assert aside["mitochondrial"] == ("MT-CO1",)
    assert all(not gene.startswith("GRCh38") for cluster in table.clusters for gene in cluster.genes)


def test_single_group_is_one_cluster_named_by_its_file_or_option() -> None:
    table = read_markers(CASES / "real_single_group.csv")
    assert [cluster.id for cluster in table.clusters] == ["real_single_group"]
    named = read_markers(CASES / "real_single_group.csv", SplitSettings(cluster_name="B cells?"))
    assert [cluster.id for cluster in named.clusters] == ["B cells?"]
    assert {"CD79A", "CD79B", "MS4A1"} <= set(named.clusters[0].genes)


def test_two_group_logreg_is_said_to_hold_the_other_group(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        table = read_markers(CASES / "scanpy_logreg_0.csv")
    assert len(table.clusters) == 1
    assert table.clusters[0].genes[:3] == ["CD79B", "CD79A", "MS4A1"]
    assert not {"CD3D", "FCN1", "EPCAM"} & set(table.clusters[0].genes)
    assert "other group" in caplog.text


def test_only_genes_that_are_up_are_markers() -> None:
    decoupler = genes_of("decoupler_rankby_genes.csv")
    assert decoupler["0"][:2] == ["CD3E", "CD3D"]
    assert {"CD79A", "CD79B"}.isdisjoint(decoupler["0"])
    assert decoupler["1"][:2] == ["CD79B", "CD79A"]
    assert genes_of("scvi_de.csv") == {"0": ["CD3D", "CD3E", "IL7R"], "1": ["MS4A1", "CD79A", "CD79B"]}


@pytest.mark.parametrize("table", ["scran_fm_all.csv", "scran_wilcox_all.csv", "seurat4_roc.csv", "conserved_all.csv"])
def test_tables_of_r_give_the_genes_of_each_group(table: str) -> None:
    own = {
        "T": {"CD3D", "CD3E", "TRAC", "IL7R", "CD2"},
        "B": {"CD19", "CD79A", "CD79B", "MS4A1", "BANK1"},
        "M": {"LYZ", "CD14", "S100A8", "S100A9", "FCN1"},
        "N": {"NKG7", "KLRD1", "GNLY", "PRF1", "GZMB"},
    }
    found = genes_of(table)
    assert len(found) == 4
    for id_, genes in found.items():
        others = set().union(*(other for first, other in own.items() if first != id_[0]))
        assert own[id_[0]] & set(genes)
        assert not others & set(genes), (id_, genes)


def test_a_gene_that_stands_twice_is_taken_once() -> None:
    assert genes_of("simp_dup.csv") == {"0": ["CD3D", "CD3E"], "1": ["LYZ", "CD14"]}
    for genes in genes_of("scanpy_dup_names_pts.csv").values():
        assert len(set(genes)) == len(genes)


def test_base_table_has_the_statistics_of_its_rows() -> None:
    with open(CASES / "base_seurat.csv", newline="") as file:
        rows = {(row["cluster"], row["gene"]): row for row in csv.DictReader(file)}
    for table in ("base_seurat.csv", "gene_GRCh38_dash.csv", "title.csv"):
        for cluster in read_markers(CASES / table).clusters:
            for marker in cluster.markers:
                assert marker.log2fc == float(rows[cluster.id, marker.gene]["avg_log2FC"])
