"""Genes that rule a cell type out: the shipped table, and which of a cluster's genes count."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cassia_engine.knowledge import tables
from cassia_engine.knowledge.genes import HUMAN, MOUSE, translate
from cassia_engine.knowledge.known import is_known
from cassia_engine.knowledge.rule_out import NAMES_IN_MOUSE, RuledOutBy, excluding_genes, has_rules
from cassia_engine.ontology import Ontology
from cassia_engine.records import Cluster, Marker

DATA = Path(tables.__file__).parent.parent / "data"
ROWS = [
    line.split("\t")
    for line in (DATA / "rule_out_markers.tsv").read_text(encoding="utf-8").splitlines()[1:]
    if not line.startswith("#")
]
B_CELL, NAIVE_B_CELL, T_CELL = "CL:0000236", "CL:0000788", "CL:0000084"
# What docs/offline.md says is never in the table: products that float in most samples.
AMBIENT = re.compile(
    r"HB[ABDEGMQZ]\d?|IG[HKL].*|JCHAIN|LYZ|S100A[89]|MT-.*|RP[LS].*|ALB|APOA\d|INS|GCG|SFTP.*|PPBP|PF4"
)


def cluster(*markers: Marker) -> Cluster:
    return Cluster("0", 0, n_rows=len(markers), n_passing=len(markers), markers=markers)


def genes(*names: str) -> Cluster:
    return cluster(*map(Marker, names))


def test_names_in_mouse_are_those_of_the_orthologs() -> None:
    symbols = {gene for _, _, named, _ in ROWS for gene in named.split()}
    other = {gene: set(translate(gene, HUMAN, MOUSE)) - {gene.upper()} for gene in symbols}
    assert {gene: names for gene, names in other.items() if names} == {
        gene: set(names) for gene, names in NAMES_IN_MOUSE.items()
    }


def test_every_row_is_a_current_term_with_known_genes_and_a_source() -> None:
    ontology = Ontology.load()
    for cl_id, label, symbols, source in ROWS:
        assert ontology.label(cl_id) == label and not ontology.deprecated(cl_id)
        assert source
        assert all(is_known(symbol, "human") for symbol in symbols.split()), label
        assert len(set(symbols.split())) == len(symbols.split()), label


def test_no_gene_that_floats_in_most_samples_is_in_the_table() -> None:
    assert [gene for _, _, symbols, _ in ROWS for gene in symbols.split() if AMBIENT.fullmatch(gene)] == []


def test_no_rule_speaks_against_a_marker_of_its_own_type() -> None:
    ontology = Ontology.load()
    against = {cl_id: set(symbols.split()) for cl_id, _, symbols, _ in ROWS}
    for row in tables.read_shipped("human"):
        for term in {row.cl_id, *ontology.ancestors(row.cl_id)} & against.keys():
            assert row.gene not in against[term], (row.cell_type, row.gene)


def test_it_names_gene_rank_and_type() -> None:
    assert excluding_genes(NAIVE_B_CELL, genes("MS4A1", "CD3D", "CD79A", "COL1A1")) == (
        RuledOutBy("CD3D", 2, "B cell"),
        RuledOutBy("COL1A1", 4, "B cell"),
    )


def test_mouse_symbols_count() -> None:
    assert [found.gene for found in excluding_genes(T_CELL, genes("Cd3e", "Ms4a1", "Krt8"))] == ["Ms4a1", "Krt8"]


def test_only_the_first_20_count() -> None:
    many = [f"GENE{number}" for number in range(20)]
    assert excluding_genes(B_CELL, genes(*many, "CD3D")) == ()
    assert len(excluding_genes(B_CELL, genes(*many[:19], "CD3D"))) == 1


@pytest.mark.parametrize(
    ("inside", "outside", "counts"),
    [(None, None, True), (0.9, 0.1, True), (0.25, None, True), (0.24, 0.01, False), (0.6, 0.6, False)],
)
def test_a_gene_that_may_come_from_other_cells_does_not_count(
    inside: float | None, outside: float | None, counts: bool
) -> None:
    found = excluding_genes(B_CELL, cluster(Marker("CD3D", pct_in=inside, pct_out=outside)))
    assert bool(found) is counts


def test_exempt_genes_do_not_count() -> None:
    assert excluding_genes(B_CELL, genes("CD3D", "CD3E"), exempt=("CD3D",)) == (RuledOutBy("CD3E", 2, "B cell"),)


def test_of_a_type_without_rules_nothing_is_said() -> None:
    assert has_rules(NAIVE_B_CELL) and not has_rules("CL:0000738") and not has_rules("")
    assert excluding_genes("", genes("CD3D")) == ()
