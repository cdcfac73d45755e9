"""The shipped Cell Ontology table, as people and the annotator look things up in it."""

from __future__ import annotations

import pytest

from cassia_engine.ontology import Ontology


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return Ontology.load()


def test_is_the_release_it_says(ontology: Ontology) -> None:
    assert ontology.version == "2026-03-26"
    assert ontology.label("CL:0000084") == "T cell"


def test_is_read_once(ontology: Ontology) -> None:
    assert Ontology.load() is ontology


@pytest.mark.parametrize("label", ["T cell", "t CELL", "  T  cell ", "T-lymphocyte", "T lymphocyte"])
def test_finds_a_term_by_label_or_synonym_in_any_case(ontology: Ontology, label: str) -> None:
    assert ontology.find(label) == "CL:0000084"


@pytest.mark.parametrize("label", ["", "no such cell", "obsolete immortal cell line cell"])
def test_finds_nothing_for_what_is_no_current_term(ontology: Ontology, label: str) -> None:
    assert ontology.find(label) == ""


def test_ancestors_reach_from_parents_to_the_root(ontology: Ontology) -> None:
    above = ontology.ancestors("CL:0000624")  # CD4-positive, alpha-beta T cell
    assert {*ontology.parents("CL:0000624"), "CL:0000084", "CL:0000542", "CL:0000000"} <= above
    assert "CL:0000624" not in above


def test_an_unknown_id_is_no_error(ontology: Ontology) -> None:
    assert "CL:9999999" not in ontology
    assert (ontology.label("CL:9999999"), ontology.parents("CL:9999999")) == ("", ())
    assert ontology.ancestors("") == frozenset()


def test_knows_deprecated_terms(ontology: Ontology) -> None:
    assert ontology.deprecated("CL:0000003")
    assert not ontology.deprecated("CL:0000084")
