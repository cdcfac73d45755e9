"""Marker hygiene: technical genes are set aside, others take their places, and nothing is lost or hidden."""

from __future__ import annotations

import csv
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassia_engine.genes.technical import is_technical, kinds, trait
from cassia_engine.markers import count_words, read_markers
from cassia_engine.records import Cluster, Dataset
from cassia_engine.settings import SplitSettings
from tests.conftest import EXAMPLES, ROOT

pytestmark = pytest.mark.usefixtures("command_line")

DATA = ROOT / "cassia_engine" / "data"
TECHNICAL = {
    "ribosomal": ["RPL3", "RPLP0", "RPL36AL", "RPL13AP5", "RPS4X", "RPS27A", "RPSA", "Rps3a1", "Rpl9-ps6", "MRPL12"],
    "mitochondrial": ["MT-ND1", "mt-Nd1", "MT.CO1", "MT-RNR2", "MTRNR2L12", "MTND1P23", "hg19_MT-CO3"],
    "stress": ["HSPA1A", "Hspa1b", "DNAJB1", "HSPH1", "FOS", "Junb", "Dusp1"],
    "nuclear RNA": ["MALAT1", "Malat1", "NEAT1"],
    "sex": ["XIST", "Xist", "DDX3Y", "Uty"],
    "cell cycle": ["CENPF", "Birc5", "HIST1H4C", "H4C3", "MCM5", "UBE2C", "Cdca8"],
    "receptor segment": ["TRAV8-1", "TRBV20-1", "TRAJ9", "Trbv13-2", "IGHV3-23", "IGKV1D-39", "Iglv1", "IGHD3-10"],
    "unnamed": ["LOC100130", "Gm42418", "1810037I17Rik", "A130010J15Rik", "AC092580.4", "RP11-34P13.7", "AL358216.1"],
}
# They look alike, but mark a type or belong to every prompt.
KEPT = """
    RPS6KA1 RPS6KA3 RPS6KB1 RPS19BP1 RPL3L Rpl10l MT1A MT2A MT1X MT3 HSPA2 HSPA5 HSPB1 HSPB6 HSPB7 FOSL2 NR4A1
    MKI67 TOP2A PCNA Mki67 STMN1 TUBA1B H1-0 IGHM IGHD IGHA1 IGHG1 IGHG4 IGHE IGKC IGLC2 IGLL5 JCHAIN Ighm Ighd Igkc
    TRAC TRBC1 TRBC2 TRDC TRGC1 Trac Trbc2 TRAV1-2 TRDV2 TRGV9 TRDN TRAF1 TRAP1 IGLON5 GM2A GRIK1 LINC02446 RP1 RP2
    HBB HBA1 Hbb-bs XAF1 ISG15 IFIT1 CD3D EEF1A2 KIF5A CDC42 CCND1 PTTG1 ACTB AC1 CTC1 CH25H
"""


@pytest.mark.parametrize(("kind", "genes"), TECHNICAL.items())
def test_technical_genes_are_known_by_kind_in_any_case(kind: str, genes: Sequence[str]) -> None:
    for gene in genes:
        for spelling in (gene, gene.upper(), gene.lower(), f" {gene} "):
            found = trait(spelling)
            assert found and (found.kind, found.aside) == (kind, True), spelling


def test_markers_that_only_look_technical_are_kept() -> None:
    assert [gene for gene in KEPT.split() if is_technical(gene)] == []


def table_rows() -> list[dict[str, str]]:
    with (DATA / "technical_genes.tsv").open(encoding="utf-8") as text:
        return list(csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_every_pattern_has_its_reason_and_its_exceptions_fit() -> None:
    rows = table_rows()
    assert tuple(dict.fromkeys(row["kind"] for row in rows)) == kinds()
    for row in rows:
        assert row["species"] in ("human", "mouse", "any") and row["pattern"] and row["why"]
        for gene in row["keep"].replace("*", "").split():
            found = trait(gene)
            assert found and found.kind == row["kind"] and not found.aside, gene


def test_a_marker_of_the_bundled_knowledge_is_set_aside_only_if_the_table_names_it() -> None:
    reasons = " ".join(row["why"] for row in table_rows()).replace(",", " ").replace(".", " ").split()
    lines = (DATA / "markers.tsv").read_text(encoding="utf-8").splitlines()[1:]
    known = {gene for line in lines if not line.startswith("#") for gene in line.split("\t")[4].split()}
    assert len(known) > 1000
    assert [gene for gene in sorted(known) if is_technical(gene) and gene not in reasons] == []


def simple(folder: Path, genes: Sequence[str], **options: object) -> Cluster:
    path = folder / "simple.csv"
    path.write_text(f'cluster,markers\nB,"{",".join(genes)}"\n')
    [cluster] = read_markers(path, SplitSettings(**options)).clusters  # type: ignore[arg-type]
    return cluster


def test_list_is_refilled_in_order(tmp_path: Path) -> None:
    genes = ["RPL3", "CD79A", "MT-ND1", "RPS6", "MS4A1", "CD19", "RPL4", "CD22"]
    cluster = simple(tmp_path, genes, n_genes=3)
    assert cluster.genes == ["CD79A", "MS4A1", "CD19"]
    assert [(aside.kind, aside.genes) for aside in cluster.set_aside] == [
        ("ribosomal", ("RPL3", "RPS6")),
        ("mitochondrial", ("MT-ND1",)),
    ]
    assert (cluster.n_rows, cluster.n_passing) == (8, 8)
    assert count_words([cluster, cluster]) == "4 ribosomal, 2 mitochondrial"


def test_none_leaves_everything_as_it_is(tmp_path: Path) -> None:
    cluster = simple(tmp_path, ["RPL3", "CD79A", "CENPF", "UBE2C", "BIRC5"], n_genes=4, gene_filter="none")
    assert cluster.genes == ["RPL3", "CD79A", "CENPF", "UBE2C"]
    assert (cluster.set_aside, cluster.hints) == ((), ())


def test_fewer_genes_than_wanted_are_all_kept(tmp_path: Path) -> None:
    cluster = simple(tmp_path, ["RPL3", "CD79A", "RPL4"], n_genes=50)
    assert cluster.genes == ["CD79A"]
    assert cluster.set_aside[0].genes == ("RPL3", "RPL4")


def test_a_cluster_of_technical_genes_keeps_them_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cluster = simple(tmp_path, ["RPL3", "RPL4", "RPL5", "MALAT1"], n_genes=3)
    assert cluster.genes == ["RPL3", "RPL4", "RPL5"]
    assert cluster.set_aside == ()
    assert cluster.hints == ("only technical genes pass the filter, 3 are kept: they tell little of the cell type",)
    assert "1 cluster has technical genes only, which are kept: B" in caplog.text


def test_many_genes_of_a_state_become_a_hint(tmp_path: Path) -> None:
    genes = ["CENPF", "MKI67", "UBE2C", "TOP2A", "BIRC5", "ISG15", "CD79A", "IFIT1", "MX1", "CD19"]
    cluster = simple(tmp_path, genes)
    assert cluster.hints == (
        "5 of the first 10 genes are cell-cycle genes (MKI67, TOP2A, ...): many cells may be cycling",
        "3 of the first 10 genes are interferon-stimulated genes (ISG15, IFIT1, MX1): many cells may be responding to "
        "interferon",
    )
    assert cluster.genes == ["MKI67", "TOP2A", "ISG15", "CD79A", "IFIT1", "MX1", "CD19"]


def test_few_genes_of_a_state_are_no_hint(tmp_path: Path) -> None:
    assert simple(tmp_path, ["MKI67", "TOP2A", *(f"GENE{i}" for i in range(40))]).hints == ()
    four = ["MKI67", "TOP2A", "PCNA", "TYMS"]
    assert simple(tmp_path, [*four, *(f"GENE{i}" for i in range(40))]).hints == ()
    assert len(simple(tmp_path, [*four, "CENPF", *(f"GENE{i}" for i in range(45))]).hints) == 1


def seurat(path: Path, clusters: Mapping[str, Sequence[str]]) -> Path:
    """A table in which each cluster's genes rank in the order given."""
    rows = [
        f"0,{1 + (len(genes) - rank) / 100},.9,.1,0.001,{id_},{gene}"
        for id_, genes in clusters.items()
        for rank, gene in enumerate(genes)
    ]
    path.write_text("\n".join(["p_val,avg_log2FC,pct.1,pct.2,p_val_adj,cluster,gene", *rows]) + "\n")
    return path


def test_a_long_run_of_technical_genes_is_looked_behind(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = seurat(
        tmp_path / "m.csv",
        {
            "deep": [*(f"RPL{i}" for i in range(1, 301)), "CD79A", "MS4A1", "CD19"],
            "plain": [f"GENE{i}" for i in range(300)],
            "only": [f"Rps{i}" for i in range(1, 90)],
        },
    )
    with caplog.at_level(logging.INFO):
        deep, plain, only = read_markers(path, SplitSettings(n_genes=2)).clusters
    assert deep.genes == ["CD79A", "MS4A1"]
    assert [len(aside.genes) for aside in deep.set_aside] == [300]
    assert plain.genes == ["GENE0", "GENE1"]
    assert only.genes == ["Rps1", "Rps2"]
    said = "300 technical genes are set aside in 1 of 3 clusters: 300 ribosomal; --gene_filter none keeps them"
    assert said in caplog.messages


def test_ids_are_judged_by_their_symbols(tmp_path: Path) -> None:
    ids = {"ENSG00000100316.5": "RPL3", "ENSG00000105369": "CD79A", "ENSG00000198888": "MT-ND1"}
    path = seurat(tmp_path / "m.csv", {"B": list(ids)})
    gene_map = tmp_path / "map.csv"
    gene_map.write_text("id,symbol\n" + "".join(f"{id_},{symbol}\n" for id_, symbol in ids.items()))
    [cluster] = read_markers(path, SplitSettings(gene_map=gene_map)).clusters
    assert cluster.genes == ["CD79A"]
    assert [aside.genes for aside in cluster.set_aside] == [("RPL3",), ("MT-ND1",)]


GENES = st.sampled_from(
    [
        *(f"GENE{i}" for i in range(20)),
        "RPL3",
        "RPS6",
        "mt-Nd1",
        "CENPF",
        "MKI67",
        "FOS",
        "MALAT1",
        "ISG15",
        "IGHV3-23",
        "Gm12",
        "TRAC",
    ]
)
CLUSTERS = st.dictionaries(st.sampled_from("abcdef"), st.lists(GENES, min_size=1, unique=True), min_size=1)


@settings(max_examples=60, deadline=None)
@given(clusters=CLUSTERS, n_genes=st.integers(1, 12), long=st.booleans())
def test_markers_and_set_aside_are_the_start_of_the_ranking(
    tmp_path_factory: pytest.TempPathFactory, clusters: dict[str, list[str]], n_genes: int, long: bool
) -> None:
    path = tmp_path_factory.mktemp("wild") / "markers.csv"
    if long:
        seurat(path, clusters)
    else:
        path.write_text("cluster,genes\n" + "".join(f'{id_},"{",".join(some)},"\n' for id_, some in clusters.items()))
    options = {"n_genes": n_genes, "marker_format": "auto" if long else "simplified"}
    filtered = read_markers(path, SplitSettings(**options)).clusters  # type: ignore[arg-type]
    plain = read_markers(path, SplitSettings(**options, gene_filter="none")).clusters  # type: ignore[arg-type]
    assert [cluster.id for cluster in filtered] == list(clusters)
    for cluster, same, ranking in zip(filtered, plain, clusters.values(), strict=True):
        aside = [gene for some in cluster.set_aside for gene in some.genes]
        assert same.genes == ranking[:n_genes]
        assert (cluster.n_rows, cluster.n_passing) == (same.n_rows, same.n_passing)
        assert sorted(cluster.genes + aside) == sorted(ranking[: len(cluster.genes) + len(aside)])
        assert cluster.genes == [gene for gene in ranking if gene in cluster.genes]
        technical = [gene for gene in ranking if is_technical(gene)]
        assert len(cluster.genes) == min(n_genes, len(ranking) - len(technical) or len(ranking))
        assert cluster.genes == technical[:n_genes] or not any(map(is_technical, cluster.genes))


def test_examples_keep_their_clusters_and_their_markers() -> None:
    table = read_markers(EXAMPLES / "large_intestine_seurat.csv.gz")
    assert table.selection.gene_filter == "technical"
    assert [len(cluster.genes) for cluster in table.clusters] == [50] * 6
    plasma, cycling = table.clusters[1], table.clusters[3]
    assert {"JCHAIN", "IGKC", "IGHG1"} <= set(plasma.genes) and not any("IGHV" in gene for gene in plasma.genes)
    assert {"MKI67", "TOP2A"} <= set(cycling.genes) and "cycling" in cycling.hints[0]


def test_offline_annotator_still_sees_a_state(tmp_path: Path) -> None:
    from cassia_engine.offline import open_annotator

    cluster = simple(tmp_path, ["CD79A", "MS4A1", "CD19", "CENPF", "UBE2C", "BIRC5", "CDK1"])
    result = open_annotator(Dataset("s", "blood", "human")).annotate(cluster)
    assert result.annotation and result.annotation.state == "cycling"
    assert set(result.annotation.evidence_genes) <= set(cluster.genes)
    assert "(4 cell cycle)" in result.conversation.annotations[0]
