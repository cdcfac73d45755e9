"""Genes a row with signs, quotes, brackets, ids and words around their names."""

from __future__ import annotations

import csv
import io
import logging
from pathlib import Path

import pytest

from cassia_engine.knowledge.proteins import is_target
from tests.markers.test_markers import SEURAT, genes, read

CLUSTERS = {"T": ["CD3D", "CD3E", "IL7R"], "B": ["MS4A1", "CD79A", "HLA-DRA"], "Mono": ["LYZ", "S100A8", "FCN1"]}
FORMS = {
    **{form: form for form in ("{}+", "{}++", "{}(+)", "[{}]", "({})", '"{}"', "'{}'", "“{}”", "{}*", "['{}']")},
    **{form: form for form in ("{} high", "{} (+)", "{}: 3.2", "1. {}", "{}hi", "{}pos", "{}(17.2x)", "{}@3.2", "↑{}")},
    "symbol (id)": "{} (ENSG000001672{:02d})",
    "symbol (id.version)": "{} (ENSG000001672{:02d}.5)",
    "id (symbol)": "ENSG000001672{1:02d} ({0})",
}


def rows(form: str, header: str, end: list[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header.strip().split(","))
    names = [(id_, gene) for id_, found in CLUSTERS.items() for gene in found]
    for number, (id_, gene) in enumerate(names):
        cells = [id_, form.format(gene, number)]
        writer.writerow(["0", "2", "0.9", "0.1", "0", *cells] if end else cells)
    return out.getvalue()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("statistics", [False, True])
def test_what_stands_around_names_is_taken_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, form: str, statistics: bool
) -> None:
    caplog.set_level(logging.INFO)
    text = rows(FORMS[form], SEURAT if statistics else "cluster,gene", ["statistics"] * statistics)
    table = read(tmp_path, text)
    assert genes(table) == CLUSTERS
    assert table.selection.marker_format == ("seurat" if statistics else "long")
    assert "9 of 9 gene names are read without " in caplog.text


@pytest.mark.parametrize(
    "form", ["{}:3.2", "{} (3.2)", "{}=2.5", "- {}", "{} 4.1", "{} (log2FC=2.5)", "{}hi", "{}(7x)"]
)
def test_signs_that_most_names_have_are_taken_from_unknown_ones_too(tmp_path: Path, form: str) -> None:
    found = ["CD3D", "CD3E", "CD2", "IL7R", "LCK", "LAT", "TRAC", "PILRA"]
    text = "p_val,avg_log2FC,pct.1,pct.2,p_val_adj,cluster,gene\n"
    text += "".join(f"0,{9 - n},0.9,0.1,0,T,{form.format(gene)}\n" for n, gene in enumerate(found))
    assert genes(read(tmp_path, text)) == {"T": found}


@pytest.mark.parametrize("form", ["{}=2", "{}:2", "{}(2)", "{}@2"])
def test_numbers_do_not_make_another_antibody_of_a_cd_name(tmp_path: Path, form: str) -> None:
    assert not is_target("CD14=2")  # CD142 is another protein
    found = {"Mono": ["CD14", "CD16", "LYZ"], "B": ["CD19", "CD20", "CD79A"]}
    text = "".join(f"{id_},{form.format(gene)}\n" for id_, some in found.items() for gene in some)
    assert genes(read(tmp_path, "cluster,gene\n" + text)) == found
    columns = zip(*([id_, *map(form.format, some)] for id_, some in found.items()), strict=True)
    assert genes(read(tmp_path, "".join(",".join(row) + "\n" for row in columns))) == found


def test_signs_of_names_stay(tmp_path: Path) -> None:
    fly = {"0": ["Su(H)", "E(spl)m8-HLH", "l(1)sc"], "1": ["mt:CoI", "His3.3A", "tRNA:Val-CAC-2-1"]}
    text = "cluster,gene\n" + "".join(f"{id_},{gene}\n" for id_, found in fly.items() for gene in found)
    assert genes(read(tmp_path, text)) == fly


def test_genes_that_are_absent_are_no_markers(tmp_path: Path) -> None:
    text = "cluster,gene\nT,CD3D+\nT,CD3E+\nT,MS4A1-\nB,MS4A1+\nB,CD79A+\n"
    assert genes(read(tmp_path, text)) == {"T": ["CD3D", "CD3E"], "B": ["MS4A1", "CD79A"]}
