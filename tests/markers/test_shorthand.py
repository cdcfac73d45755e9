"""Several genes in short, and genes with a word before them for low or absent, in lists and wide tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from cassia_engine.genes.shorthand import expanded, is_unclear
from cassia_engine.markers.lists.gene_lists import parse_genes
from tests.markers.test_markers import genes, read


@pytest.mark.parametrize(
    ("name", "several"),
    [
        ("CD3D/E/G", ("CD3D", "CD3E", "CD3G")),
        ("CD79A/B", ("CD79A", "CD79B")),
        ("Cd79a/b", ("Cd79a", "Cd79b")),
        ("S100A8/9", ("S100A8", "S100A9")),
        ("S100A8/A9", ("S100A8", "S100A9")),
        ("S100A8 / A9", ("S100A8", "S100A9")),
        ("KRT5/14", ("KRT5", "KRT14")),
        ("HLA-DPA1/B1", ("HLA-DPA1", "HLA-DPB1")),
        ("CD3D-G", ("CD3D", "CD3E", "CD3G")),
        ("CD79A-B", ("CD79A", "CD79B")),
        ("S100A8-9", ("S100A8", "S100A9")),
        ("IGHG1–4", ("IGHG1", "IGHG2", "IGHG3", "IGHG4")),
    ],
)
def test_genes_in_short_are_written_out(name: str, several: tuple[str, ...]) -> None:
    assert expanded(name) == several
    assert not is_unclear(name)


@pytest.mark.parametrize("name", ["CD3D", "NKX2-1", "HLA-DRB1", "HLA-A", "MT-ND1", "svp/lbe", "H2-K1", "TNFRSF10B"])
def test_single_genes_stay(name: str) -> None:
    assert expanded(name) == ()
    assert not is_unclear(name)


def test_lists_with_genes_in_short(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    text = 'cluster,markers\nT,"CD3D/E/G, TRAC, IL7R"\nB,"CD79A/B, MS4A1, CD19/ZZZ"\nM,"S100A8-9, CD14, LYZ"\n'
    assert genes(read(tmp_path, text)) == {
        "T": ["CD3D", "CD3E", "CD3G", "TRAC", "IL7R"],
        "B": ["CD79A", "CD79B", "MS4A1", "CD19/ZZZ"],
        "M": ["S100A8", "S100A9", "CD14", "LYZ"],
    }
    assert "3 names are read as several genes in short: e.g. CD3D/E/G as CD3D, CD3E, CD3G" in caplog.text
    assert "line 3: 1 names may be several genes in short, not all of which are known" in caplog.text


@pytest.mark.parametrize(
    "name", ["neg_LYZ", "low_LYZ", "LOW-LYZ", "not_LYZ", "no_LYZ", "absent:LYZ", "down.LYZ", "dim_LYZ", "minus_LYZ"]
)
def test_word_for_low_before_a_gene(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    found = parse_genes(f"CD3D, CD3E, {name}")
    assert (found.genes, found.negative) == (("CD3D", "CD3E"), ("LYZ",))
    text = f"T cells,B cells,NK\nCD3D,MS4A1,NKG7\nCD3E,CD79A,GNLY\nCD2,CD19,KLRD1\n{name},{name},\n"
    assert genes(read(tmp_path, text)) == {
        "T cells": ["CD3D", "CD3E", "CD2"],
        "B cells": ["MS4A1", "CD79A", "CD19"],
        "NK": ["NKG7", "GNLY", "KLRD1"],
    }
    assert "2 genes are said to be absent or low; they are no markers and are left out" in caplog.text


def test_word_for_high_before_a_gene() -> None:
    assert parse_genes("pos_CD3D, high_CD3E, CD2").genes == ("CD3D", "CD3E", "CD2")
