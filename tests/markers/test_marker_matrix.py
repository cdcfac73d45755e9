"""Matrices of genes and clusters whose cells say which genes are markers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.markers.test_markers import genes, read
from tests.raising import raises

CLUSTERS = {"T cells": ["CD3D", "CD3E", "IL7R"], "B cells": ["MS4A1", "CD79A"], "NK": ["GNLY", "NKG7", "CD3E"]}
GENES = list(dict.fromkeys(gene for found in CLUSTERS.values() for gene in found))
ORDERED = {name: [gene for gene in GENES if gene in found] for name, found in CLUSTERS.items()}
MARKS = [
    ("1", "0"),
    ("1.0", "0.0"),
    ("TRUE", "FALSE"),
    ("True", "False"),
    ("yes", "no"),
    ("x", ""),
    ("+", "-"),
    ("1", ""),
]


def matrix(marks: tuple[str, str], corner: str = "gene", sign: str = ",", names: Sequence[str] = ()) -> str:
    rows = [[corner, *(names or CLUSTERS)]]
    rows += [[gene, *(marks[gene not in found] for found in CLUSTERS.values())] for gene in GENES]
    return "".join(sign.join(row) + "\n" for row in rows)


@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize("corner", ["gene", ""])
@pytest.mark.parametrize("sign", [",", "\t"])
def test_marked_genes_are_those_of_the_cluster(
    tmp_path: Path, marks: tuple[str, str], corner: str, sign: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert genes(read(tmp_path, matrix(marks, corner, sign))) == ORDERED
    assert "read as a matrix of genes and clusters" in caplog.text
    assert "3 clusters (T cells, B cells, NK)" in caplog.text


@pytest.mark.parametrize("corner", ["cell_type", "", "Cell"])
def test_clusters_may_be_the_rows(tmp_path: Path, corner: str) -> None:
    rows = [[corner, *GENES]] + [[name, *("01"[gene in found] for gene in GENES)] for name, found in CLUSTERS.items()]
    assert genes(read(tmp_path, "".join(",".join(row) + "\n" for row in rows))) == ORDERED


def test_clusters_may_be_called_as_genes_are(tmp_path: Path) -> None:
    names = ["CD4", "CD19", "NCAM1"]
    found = genes(read(tmp_path, matrix(("1", "0"), names=names)))
    assert found == dict(zip(names, ORDERED.values(), strict=True))


def test_genes_of_no_known_species_are_read_by_the_header(tmp_path: Path) -> None:
    text = "gene,neuron,glia\nelav,1,0\nnSyb,1,0\nrepo,0,1\nmoody,0,1\n"
    assert genes(read(tmp_path, text)) == {"neuron": ["elav", "nSyb"], "glia": ["repo", "moody"]}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (matrix(("1", "-1")), "columns-missing"),
        (matrix(("2", "0")), "columns-missing"),
        (matrix(("0", "0")), "columns-missing"),
        (matrix(("TRUE", "FALSE"), names=["T cells", "is_TF", "surface"]), "columns-missing"),
        (matrix(("1", "0"), names=["T cells", "significant", "B cells"]), "columns-missing"),
        (matrix(("1", "0"), names=["T cells", "score", "B cells"]), "columns-missing"),
        (matrix(("1", "0"), corner="", names=["CD4", "CD19", "NCAM1"]), "not-a-marker-table"),
        (
            "gene,hallmark,in_panel\n"
            + "".join(f"{gene},{'TRUE' if n < 2 else 'FALSE'},FALSE\n" for n, gene in enumerate(GENES)),
            "columns-missing",
        ),
    ],
)
def test_what_may_be_another_table_is_refused(tmp_path: Path, text: str, code: str) -> None:
    with raises(code, path="markers.csv", line=1):
        read(tmp_path, text)
