"""Tables with columns beside clusters and genes, and no statistics: which two are read."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.markers.test_markers import genes, read
from tests.raising import raises

SETS = {
    "T cells": ["CD3D", "CD3E", "CD2", "TRAC"],
    "B cells": ["MS4A1", "CD79A", "CD79B"],
    "Monocytes": ["LYZ", "CD14", "S100A8", "S100A9", "FCN1"],
}
FLY = {"neuron": ["elav", "nSyb", "brp"], "glia": ["repo", "moody"], "muscle": ["Mef2", "sls"]}
NOT = {"T cells": ["CD19", "LYZ"], "B cells": ["CD3D"], "Monocytes": ["CD3D", "CD19"]}
# What stands in the columns of a table: n is the number of the cluster, c its name, l its list, x its genes it lacks.
LISTS = {
    "cluster,n_cells,markers": "n,m,l",
    "cluster,cell_type,markers": "n,c,l",
    "Cluster;Number of cells;Marker genes": "c;m;l",
    "Cluster\tCells\tPercent\tTop markers": "c\tm\tm\tl",
    "cell_type,tissue,markers,reference": "c,blood,l,Smith et al., 2019",
    "cluster,positive_markers,negative_markers": "c,l,x",
    "cell type\tmarkers\tnegativeMarkers": "c\tl\tx",
    "cluster,up_genes,down_genes": "c,l,x",
    "tissueType,cellName,geneSymbolmore1,geneSymbolmore2,shortName": "Immune system,c,l,x,n",
    "Nr,Typ,Marker,Quelle": "n,c,l,Smith 2019",
    "speciesType\ttissueType\tcellType\tcellName\tcellMarker\tgeneSymbol\tgeneID\tPMID": (
        "Human\tBlood\tNormal cell\tc\tl\tl\t915, 916\t31"
    ),
    "细胞类型,组织,标记基因": "c,血,l",
}
ROWS = {
    "gene,cell type,source": "g,c,Smith 2019",
    "Population,HGNC symbol,Panel": "c,g,first",
    "cluster,gene,rank": "c,g,r",
    "rank,gene,cluster,n_cells,resolution": "r,g,c,m,0.8",
    "cluster,gene,chromosome_name,start_position,strand": "c,g,1,100,-1",
    "cluster,gene,is_TF,confidence": "c,g,FALSE,low",
    "Zelltyp,Gen,Quelle": "c,g,Smith 2019",
    "tipo celular,gen,fuente": "c,g,Smith 2019",
    "遺伝子,細胞型,組織": "g,c,血液",
    "species\tofficial gene symbol\tcell type\tubiquitousness index\tcanonical marker\torgan\tsensitivity_human": (
        "Mm Hs\tg\tc\t0.01\t1\tBlood\t0.9"
    ),
    "species,tissue_class,cell_type,cell_name,marker,Symbol,GeneID,PMID,year": (
        "Human,Blood,Normal cell,c,g,g,915,31,2020"
    ),
}


def table(header: str, cells: str, sets: dict[str, list[str]], *, each: bool) -> str:
    sign = next(sign for sign in "\t;," if sign in header)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=sign, lineterminator="\n")
    writer.writerow(header.split(sign))
    for n, (name, found) in enumerate(sets.items()):
        for rank, gene in enumerate(found if each else [""], 1):
            values = {
                "n": n,
                "m": 100 + n,
                "c": name,
                "l": ", ".join(found),
                "x": ", ".join(NOT.get(name, [])),
                "g": gene,
                "r": rank,
            }
            writer.writerow([values.get(cell, cell) for cell in cells.split(sign)][: len(header.split(sign))])
    return out.getvalue()


@pytest.mark.parametrize("header", LISTS)
def test_lists_beside_other_columns(tmp_path: Path, caplog: pytest.LogCaptureFixture, header: str) -> None:
    found = genes(read(tmp_path, table(header, LISTS[header], SETS, each=False)))
    by_number = header.startswith(("cluster,n_cells", "cluster,cell_type"))
    assert found == (dict(zip("012", SETS.values(), strict=True)) if by_number else SETS)
    assert "clusters are read from column" in caplog.text
    assert ("has 5 genes that the clusters do not have" in caplog.text) == (
        ",x" in LISTS[header] or "\tx" in LISTS[header]
    )


@pytest.mark.parametrize("header", ROWS)
def test_a_gene_a_row_beside_other_columns(tmp_path: Path, caplog: pytest.LogCaptureFixture, header: str) -> None:
    assert genes(read(tmp_path, table(header, ROWS[header], SETS, each=True))) == SETS
    assert len([line for line in caplog.text.splitlines() if "not read: " in line]) == 1


@pytest.mark.parametrize(("header", "each"), [("cell_type,tissue,markers", False), ("cell_type,source,gene", True)])
def test_genes_of_other_species(tmp_path: Path, header: str, each: bool) -> None:
    assert genes(read(tmp_path, table(header, "c,brain,g" if each else "c,brain,l", FLY, each=each))) == FLY


# Header, cells, whether each gene has a row, and what the refusal says.
REFUSED = [
    (
        "cluster,surface,nuclear",
        "c,l,l",
        False,
        ("gene-lists-several", "columns surface, nuclear", 1),
    ),
    ("cluster,term,p.adjust,geneID", "c,defense,0.01,l", False, ("no-gene-names", "no cluster has a marker", None)),
    ("cluster,gene,weight", "c,g,2.5", True, ("columns-missing", "statistics with", 1)),
    ("cluster,gene,rank", "c,g,2", True, ("columns-missing", "statistics with", 1)),
    ("cluster,gene,n_cells", "c,g,r", True, ("columns-missing", "statistics with", 1)),
    ("gene,description,chromosome", "g,a gene,1", True, ("columns-missing", "cluster_column", 1)),
]


@pytest.mark.parametrize(("header", "cells", "each", "wrong"), REFUSED)
def test_what_is_not_clear_is_refused(
    tmp_path: Path, header: str, cells: str, each: bool, wrong: tuple[str, str, int | None]
) -> None:
    code, value, line = wrong
    with raises(code, value, path="markers.csv", line=line):
        read(tmp_path, table(header, cells, SETS, each=each))


def test_lists_of_several_tissues_are_not_mixed(tmp_path: Path) -> None:
    text = 'tissueType,cellName,geneSymbolmore1\nBlood,B cells,"CD19,CD79A"\nBlood,T cells,"CD3D,CD3E"\n'
    text += 'Liver,B cells,"MS4A1,CD79B"\nLiver,Kupffer cells,"CD163,MARCO"\n'
    with raises(
        "cluster-in-several-values", "cluster B cells", "column tissueType (Blood, L", path="markers.csv", line=1
    ):
        read(tmp_path, text)


def test_rows_of_several_tissues_are_not_mixed(tmp_path: Path) -> None:
    one = table("gene,cell type,tissue_class", "g,c,Blood", SETS, each=True)
    other = table("gene,cell type,tissue_class", "g,c,Liver", SETS, each=True)
    with raises("comparisons-mixed", "column tissue_class has 2 values", path="markers.csv", line=1):
        read(tmp_path, one + other.split("\n", 1)[1])


@pytest.mark.parametrize("words", [("positive", "negative"), ("+", "-"), ("high", "low"), ("yes", "no")])
@pytest.mark.parametrize("lists", [False, True])
def test_rows_of_genes_that_a_cluster_lacks_are_no_markers(tmp_path: Path, words: tuple[str, str], lists: bool) -> None:
    cells = ('"CD3D, CD3E"', '"CD19, MS4A1"') if lists else ("CD3D", "CD19")
    ids = ("T", "B") if lists else ("T", "T")
    rows = "".join(f"{id_},{cell},{word}\n" for id_, cell, word in zip(ids, cells, words, strict=True))
    text = "cell_type,marker,kind\n" + rows + ("" if lists else f"T,CD3E,{words[0]}\nB,MS4A1,{words[0]}\n")
    with raises("absent-genes-column", "column kind", path="markers.csv", line=1):
        read(tmp_path, text)
    if not lists:
        said = text.replace("kind", "direction").replace(f",{words[0]}\n", ",up\n").replace(f",{words[1]}\n", ",down\n")
        assert genes(read(tmp_path, said)) == {"T": ["CD3D", "CD3E"], "B": ["MS4A1"]}


T_B = [("T cells", "CD3D"), ("T cells", "CD3E"), ("B cells", "MS4A1"), ("B cells", "CD79A")]
NETWORKS = {
    "cellxgene": ("gene_set_name,gene_set_description,gene_symbol,gene_description", "{0},,{1},"),
    "decoupler": ("source,target,weight", "{0},{1},1.0"),
    "decoupler's PanglaoDB": (
        "genesymbol,canonical_marker,cell_type,organ,human_sensitivity,ncbi_tax_id,ubiquitiousness",
        "{1},True,{0},Immune,0.9,9606,0.1",
    ),
    "clustermole": (
        "celltype_full,db,species,organ,celltype,n_genes,gene_original,gene",
        "{0} | Human,PanglaoDB,Human,Blood,{0},12,{1},{1}",
    ),
    "Giotto": ("p.value,FDR,summary.logFC,feats,cluster,ranking", "1e-9,1e-8,2.5,{1},{0},1"),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_sets_and_networks_of_tools_are_read(tmp_path: Path, kind: str) -> None:
    header, row = NETWORKS[kind]
    text = header + "\n" + "".join(row.format(*pair) + "\n" for pair in T_B)
    assert genes(read(tmp_path, text)) == {"T cells": ["CD3D", "CD3E"], "B cells": ["MS4A1", "CD79A"]}


def test_weights_below_zero_are_refused(tmp_path: Path) -> None:
    with raises("weight-below-zero", "weight -1", path="markers.csv", line=3):
        read(tmp_path, "source,target,weight\nT,CD3D,1\nT,MS4A1,-1\nB,MS4A1,1\nB,CD79A,1\n")
