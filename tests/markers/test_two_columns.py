"""Two columns: which holds the clusters and which the genes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from cassia_engine.errors import UsageError
from cassia_engine.markers import read_markers
from tests.genes.test_gene_names import labels, read_case
from tests.markers.test_markers import genes, read
from tests.raising import raises

CLUSTERS = {"T": ["CD3D", "CD3E", "CD2"], "B": ["MS4A1", "CD79A", "BANK1"]}


def long_table(header: str, gene_first: bool, clusters: dict[str, list[str]] = CLUSTERS) -> str:
    rows = [(gene, id_) if gene_first else (id_, gene) for id_, found in clusters.items() for gene in found]
    return header + "\n" + "".join(f"{one},{other}\n" for one, other in rows)


@pytest.mark.parametrize(
    ("header", "gene_first"),
    [
        *(("Symbol,Cell", True), ("gene,leiden", True), ("Symbol,CellType", True), ("marker,celltype", True)),
        *(("names,group", True), ("feature,seurat_clusters", True), ("gene_name,cell_type", True)),
        *(("gene_short_name,cell_group", True), ("HGNC_symbol,ident", True), ("hits,group", True), ("gene,what", True)),
        *(("leiden,gene", False), ("cell_group,gene_short_name", False), ("Cell,Symbol", False), ("name,hits", False)),
        *(("a,b", True), ("a,b", False), ("name,markers", False), ("V1,V2", True), ("label,marker_gene", False)),
    ],
)
def test_genes_are_found_by_headers_and_content(tmp_path: Path, header: str, gene_first: bool) -> None:
    table = read(tmp_path, long_table(header, gene_first))
    assert genes(table) == CLUSTERS
    assert table.selection.marker_format == "long"


def test_numbers_of_clusters_may_stand_behind(tmp_path: Path) -> None:
    clusters = {"0": CLUSTERS["T"], "1": CLUSTERS["B"]}
    assert genes(read(tmp_path, long_table("a,b", True, clusters))) == clusters


def test_of_an_unknown_species_what_repeats_are_the_clusters(tmp_path: Path) -> None:
    clusters = {"head": ["zf1", "zf2", "zf3"], "tail": ["zf4", "zf5"]}
    assert genes(read(tmp_path, long_table("a,b", True, clusters))) == clusters


def test_lists_may_stand_first(tmp_path: Path) -> None:
    text = 'top,what\n"CD3D,CD3E",T cells\n"MS4A1,CD79A",B cells\n'
    assert genes(read(tmp_path, text)) == {"T cells": ["CD3D", "CD3E"], "B cells": ["MS4A1", "CD79A"]}


def test_clusters_called_like_genes_are_clusters(tmp_path: Path) -> None:
    text = 'cluster,markers\nCD4,"CD4,IL7R"\nCD14,"LYZ,S100A8"\nCD8A,"GZMK,CCL5"\n'
    assert list(genes(read(tmp_path, text))) == ["CD4", "CD14", "CD8A"]


@pytest.mark.parametrize("name", ["gene_first.csv", "gcn_1.csv"])
def test_case_tables_with_the_gene_first(name: str) -> None:
    table = read_case(name)
    assert {cluster.id for cluster in table.clusters} <= {"T cells", "B cells", "Mono", "NK"}
    assert labels(table)["T cells"].endswith("T cell") and labels(table)["B cells"] == "B cell"


def test_numbers_are_neither(tmp_path: Path) -> None:
    rows = "".join(f"{gene},0.{number}1\n" for number, gene in enumerate(CLUSTERS["T"] + CLUSTERS["B"]))
    with raises("column-of-numbers", "column weight", path="markers.csv", line=1):
        read(tmp_path, "gene,weight\n" + rows)
    assert list(genes(read(tmp_path, "names,scores\n" + rows))) == ["markers"], "one cluster, named by its file"


def test_two_columns_of_genes_have_no_clusters(tmp_path: Path) -> None:
    text = "T cells,B cells\nCD3D,CD79B\nLDHB,CD79A\nCD3E,MS4A1\n"
    with raises("columns-of-genes-only", "T cells and B cells", path="markers.csv", line=1):
        read(tmp_path, text, marker_format="long")


# Names of clusters that are symbols of genes too.
LIKE_GENES = {
    "CD4": ["CD3D", "IL7R", "CCR7", "LEF1"],
    "CD14": ["LYZ", "S100A8", "FCN1", "VCAN"],
    "DC": ["FCER1A", "CD1C", "CLEC10A", "CD74"],
    "NK": ["GNLY", "NKG7", "KLRD1", "PRF1"],
    "PC": ["MZB1", "IGHG1", "JCHAIN", "XBP1"],
}
LIKE_LISTS = {"CD4 T": LIKE_GENES["CD4"], "CD14 Mono": LIKE_GENES["CD14"], "DC NK": LIKE_GENES["DC"]}


@pytest.mark.parametrize("gene_first", [False, True])
@pytest.mark.parametrize("header", ["Cell population,Marker gene", "a,b", "population,marker", "Name,Feature", "0,1"])
@pytest.mark.parametrize("clusters", [LIKE_GENES, {"CD4": LIKE_GENES["CD4"]}, LIKE_LISTS], ids=["all", "one", "lists"])
def test_of_two_columns_of_symbols_what_repeats_are_the_clusters(
    tmp_path: Path, header: str, gene_first: bool, clusters: dict[str, list[str]]
) -> None:
    one, other = header.split(",")
    table = read(tmp_path, long_table(f"{other},{one}" if gene_first else header, gene_first, clusters))
    assert genes(table) == clusters


def test_an_index_in_front_of_clusters_and_genes(tmp_path: Path) -> None:
    rows = [(id_, gene) for id_, found in LIKE_GENES.items() for gene in found]
    text = ",who,what\n" + "".join(f"{n},{id_},{gene}\n" for n, (id_, gene) in enumerate(rows))
    assert genes(read(tmp_path, text)) == LIKE_GENES


@pytest.mark.parametrize("clusters", [LIKE_GENES, LIKE_LISTS, {"0": ["CD3D", "CD3E"], "1": ["LYZ", "CD14"]}])
@pytest.mark.parametrize("gene_first", [False, True])
@pytest.mark.parametrize("sign", [",", "\t"])
@pytest.mark.parametrize("length", [1, 2, 4])
def test_a_first_row_without_a_header_is_not_lost(
    tmp_path: Path, clusters: dict[str, list[str]], gene_first: bool, sign: str, length: int
) -> None:
    some = {id_: found[:length] for id_, found in clusters.items()}
    text = long_table("", gene_first, some).lstrip("\n").replace(",", sign)
    with pytest.raises(
        UsageError, match=r"line 1: (the first line \(.*\) looks like a row|the first column has genes)"
    ):
        read(tmp_path, text)


@pytest.mark.parametrize("values", [list(LIKE_GENES), list(LIKE_LISTS), [0, 1, 2], ["0", "1"]], ids=str)
@pytest.mark.parametrize("gene_first", [False, True])
def test_a_frame_with_numbered_columns_is_decided_by_content(values: list[object], gene_first: bool) -> None:
    lists = dict(zip(values, LIKE_GENES.values(), strict=False))
    rows = [(gene, id_) if gene_first else (id_, gene) for id_, found in lists.items() for gene in found]
    table = read_markers(pd.DataFrame(rows))
    assert genes(table) == {str(id_): found for id_, found in lists.items()}


def test_two_lists_of_unknown_genes_under_0_and_1_are_refused(tmp_path: Path) -> None:
    with raises("header-is-row", "0, 1", path="markers.csv", line=1):
        read(tmp_path, "0,1\nmt:CoI,mt:CoII\nmt:ND1,mt:ATPase6\nmt:Cyt-b,mt:ND4\n")


ENSEMBL = {f"ENSG{n:011d}": gene for n, gene in enumerate(gene for found in LIKE_GENES.values() for gene in found)}
ENTREZ = {str(910 + 13 * n): gene for n, gene in enumerate(ENSEMBL.values())}


@pytest.mark.parametrize("length", [3, 20])
@pytest.mark.parametrize(
    ("header", "symbols", "kind"),
    [
        *((header, ENSEMBL, "Ensembl ids") for header in ("gene_id,gene_name", "cluster,gene", "id,name", "a,b")),
        ("entrez,symbol", ENTREZ, "Entrez ids"),
        ("Gene stable ID,Gene name", ENSEMBL, "Ensembl ids"),
    ],
)
def test_a_gene_map_is_no_table_of_markers(
    tmp_path: Path, header: str, symbols: dict[str, str], kind: str, length: int
) -> None:
    text = header + "\n" + "".join(f"{id_},{gene}\n" for id_, gene in list(symbols.items())[:length])
    with raises("table-is-gene-map", kind, "gene_map", path="markers.csv", line=1):
        read(tmp_path, text)


@pytest.mark.parametrize("written", ["1. {}", "{} (2.31)", "{} high", "{}"])
def test_a_gene_a_row_with_something_written_at_it(tmp_path: Path, written: str) -> None:
    lists = {"T cells": ["CD3D", "CD3E", "TRAC"], "B cells": ["MS4A1", "CD79A", "CD19"]}
    rows = [f"{id_},{written.format(gene)}\n" for id_, found in lists.items() for gene in found]
    for absent in ("EPCAM low", "not EPCAM", "EPCAM-", "EPCAM (-2.1)", "EPCAM neg"):
        path = tmp_path / "table.csv"
        path.write_text("cluster,gene\n" + "".join([*rows, f"B cells,{absent}\n"]))
        assert {cluster.id: cluster.genes for cluster in read_markers(path).clusters} == lists
