"""Which of the two names that an answer gives its type places it in the Cell Ontology."""

from __future__ import annotations

import pytest

from cassia_engine.conversation.term_mapper import TermMapper
from cassia_engine.ontology import Ontology
from cassia_engine.records import How, TermMatch

MAPPER = TermMapper(Ontology.load())


@pytest.mark.parametrize(
    ("cell_type", "cl_name", "term", "how"),
    [
        # The ontology name is that of one tissue's cells.
        ("tuft cell", "intestinal tuft cell", "tuft cell", How.EXACT),
        ("fibroblast", "skin fibroblast", "fibroblast", How.EXACT),
        ("astrocyte", "astrocyte of the cerebral cortex", "astrocyte", How.EXACT),
        ("pericyte", "lung pericyte", "pericyte", How.EXACT),
        # It is broader.
        ("immature neuron", "neuron", "immature neuron", How.EXACT),
        ("dentate gyrus granule cell", "hippocampal granule cell", "dentate gyrus granule cell", How.EXACT),
        ("dermal fibroblast", "skin fibroblast", "fibroblast of dermis", How.TOKENS),
        # It is something else.
        ("hepatocyte", "T cell", "hepatocyte", How.EXACT),
        ("CD8 T cell", "CD4-positive, alpha-beta T cell", "CD8-positive, alpha-beta T cell", How.ABBREVIATION),
        # Only part of the label has a place.
        ("red pulp macrophage", "splenic red pulp macrophage", "macrophage", How.BROADER),
        ("T/NK cells", "natural killer cell", "lymphocyte", How.COMMON_PARENT),
        # There is none, or one that names no type.
        ("B cells", "", "B cell", How.NORMALISED),
        ("B cells", "unknown", "B cell", How.NORMALISED),
    ],
)
def test_label_with_a_place_decides(cell_type: str, cl_name: str, term: str, how: How) -> None:
    found = MAPPER.map(cell_type, cl_name)
    assert (found.cl_label, found.match) == (term, TermMatch(how))


@pytest.mark.parametrize(
    ("cell_type", "cl_name", "term", "how"),
    [
        ("neuron of midbrain or hindbrain", "neuron", "neuron", How.EXACT),
        ("scleral fibroblast", "fibroblast", "fibroblast", How.EXACT),
        ("goblet or secretory progenitor cell", "goblet cell", "goblet cell", How.EXACT),
        ("monocyte-derived or interstitial macrophage", "macrophage", "macrophage", How.EXACT),
        ("neoplastic B cell", "malignant cell", "malignant cell", How.EXACT),
        ("scleral fibroblast", "fibroblasts", "fibroblast", How.NORMALISED),
    ],
)
def test_ontology_name_stands_in_for_a_label_without_a_place(cell_type: str, cl_name: str, term: str, how: How) -> None:
    found = MAPPER.map(cell_type, cl_name)
    assert (found.cl_label, found.match) == (term, TermMatch(how, by_ontology_name=True))


@pytest.mark.parametrize("cl_name", ["", "unknown", "zzyzx cell", "red pulp macrophage", "T/NK cells"])
def test_ontology_name_without_a_term_of_its_own_places_nothing(cl_name: str) -> None:
    found = MAPPER.map("scleral fibroblast", cl_name)
    assert (found.cl_id, found.match.how, found.match.by_ontology_name) == ("", How.MISS, False)
    assert found.match.why == MAPPER.map("scleral fibroblast").match.why != ""


@pytest.mark.parametrize(
    ("cell_type", "cl_name", "term", "by_name"),
    [
        ("tuft cell", "intestinal tuft cell", "tuft cell", False),
        ("red pulp macrophage", "splenic red pulp macrophage", "splenic red pulp macrophage", True),
        ("red pulp macrophage", "hepatocyte", "macrophage", False),
        ("red pulp macrophage", "", "macrophage", False),
        ("scleral fibroblast", "fibroblast", "fibroblast", True),
    ],
)
def test_name_that_was_looked_up_also_narrows_a_near_place(
    cell_type: str, cl_name: str, term: str, by_name: bool
) -> None:
    found = MAPPER.map_looked_up(cell_type, cl_name)
    assert (found.cl_label, found.match.by_ontology_name) == (term, by_name)
