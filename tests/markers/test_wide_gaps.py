"""Wide tables as spreadsheets have them, with headings over blocks of columns; and of species without known genes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.markers.test_markers import genes, read
from tests.raising import raises

CLUSTERS = {
    "T cells": ["CD3D", "CD3E", "CD2", "TRAC"],
    "B cells": ["MS4A1", "CD79A", "CD79B", "CD19"],
    "Monocytes": ["LYZ", "CD14", "S100A8", "FCN1"],
}
FLY = {
    "cardioblast": ["tin", "svp", "lbe", "Mef2"],
    "neuron": ["elav", "nSyb", "brp", "para"],
    "glia": ["repo", "gcm", "moody", "nrv2"],
}
FISH = {
    "neural crest": ["sox10", "mitfa", "si:ch211-1e14.1", "dct"],
    "neuron": ["elavl3", "gap43", "zgc:65894", "stmn1b"],
    "erythroid": ["hbbe1.1", "hbae3", "gata1a", "si:ch211-5k11.6"],
}


def blocks(clusters: dict[str, list[str]], heading: str, inner: str, row: str) -> str:
    """A block of columns a cluster: `{}` in the heading is its name, in the row its gene."""
    header = ",".join(heading.format(name) for name in clusters)
    below = ",".join([inner] * len(clusters)) + "\n" if inner else ""
    ranks = zip(*clusters.values(), strict=True)
    body = (",".join(row.format(gene) for gene in names) for names in ranks)
    return f"{header}\n{below}" + "\n".join(body) + "\n"


@pytest.mark.parametrize(
    ("heading", "inner", "row"),
    [
        ("{},", "", "{},"),
        ("{},,", "", "{},,"),
        ("{},", "", "{},2.5"),
        ("{},,", "", "{},2.5,0.001"),
        ("{},", "gene,avg_log2FC", "{},2.5"),
        ("{},,", "gene,avg_log2FC,p_val_adj", "{},2.5,0.001"),
        ("{},,", "gene,avg_log2FC,", "{},2.5,"),
    ],
)
def test_headings_over_blocks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, heading: str, inner: str, row: str
) -> None:
    table = read(tmp_path, blocks(CLUSTERS, heading, inner, row))
    assert genes(table) == CLUSTERS
    assert table.clusters[0].markers[0].log2fc == (2.5 if inner else None)
    assert ("columns of numbers without a name are not used" in caplog.text) == ("2.5" in row and not inner)


@pytest.mark.parametrize("names", [FLY, FISH, {f"Cluster {n}": found for n, found in enumerate(FLY.values())}])
@pytest.mark.parametrize("index", [True, False])
def test_genes_of_other_species(tmp_path: Path, names: dict[str, list[str]], index: bool) -> None:
    lines = blocks(names, "{}", "", "{}").splitlines()
    text = "\n".join(f"{n - 1 if n else ''},{line}" for n, line in enumerate(lines)) if index else "\n".join(lines)
    assert genes(read(tmp_path, text)) == names


def test_what_is_not_clear_is_refused(tmp_path: Path) -> None:
    numbered = blocks(dict(zip("012", FLY.values(), strict=True)), "{}", "", "{}")
    with raises("numbered-clusters-unclear", "columns 0, 1, ...", "cluster 0", path="markers.csv", line=1):
        read(tmp_path, numbered)
    with raises("wide-column-unnamed", path="markers.csv", line=1):
        read(tmp_path, "T cells,,B cells,\nCD3D,CD3E,MS4A1,CD79A\nCD2,TRAC,CD19,CD79B\n")
    with raises("not-a-marker-table", path="markers.csv", line=1):
        read(tmp_path, "sample,site,batch\ns1,brain,b1\ns2,liver,b2\ns3,lung,b3\n")
    with raises("wide-numbers-below-zero", path="markers.csv", line=1):
        read(tmp_path, blocks(CLUSTERS, "{},", "", "{},-2.5"))


@pytest.mark.parametrize("zero", ["0", "0.0"])
def test_zeros_that_fill_up_columns_are_left_out(tmp_path: Path, zero: str, caplog: pytest.LogCaptureFixture) -> None:
    text = f"T,B,Mono\nCD3D,MS4A1,CD14\nCD3E,CD79A,LYZ\nIL7R,CD79B,{zero}\nCD2,{zero},{zero}\n"
    assert genes(read(tmp_path, text)) == {
        "T": ["CD3D", "CD3E", "IL7R", "CD2"],
        "B": ["MS4A1", "CD79A", "CD79B"],
        "Mono": ["CD14", "LYZ"],
    }
    assert "zeros below the last genes of columns are left out: 3" in caplog.text
