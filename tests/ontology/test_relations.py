"""How two terms stand to each other, for pairs that people who name clusters have a firm opinion of."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassia_engine.ontology import Ontology, Relation, compare
from cassia_engine.ontology.relations import _ALSO_ABOVE

ONTOLOGY = Ontology.load()
CURRENT = [term.id for term in ONTOLOGY if not term.deprecated]

# Ours, the other label, and what the other is.
PAIRS = [
    ("T cell", "T cell", "same"),
    ("T cell", "T lymphocyte", "same"),
    ("CD4-positive, alpha-beta T cell", "T cell", "broader"),
    ("T cell", "CD8-positive, alpha-beta T cell", "narrower"),
    ("naive B cell", "B cell", "broader"),
    ("T cell", "leukocyte", "broader"),
    ("enterocyte", "epithelial cell", "broader"),
    ("GABAergic neuron", "neuron", "broader"),
    ("hepatocyte", "epithelial cell", "broader"),
    # The ontology has no "is a" here.
    ("plasma cell", "B cell", "broader"),
    ("IgG plasma cell", "B cell", "broader"),
    ("plasmablast", "B cell", "broader"),
    ("conventional dendritic cell", "myeloid cell", "broader"),
    ("regulatory T cell", "CD4-positive, alpha-beta T cell", "broader"),
    ("myofibroblast cell", "fibroblast", "broader"),
    ("vascular associated smooth muscle cell", "mural cell", "broader"),
    ("basal cell", "epithelial cell", "broader"),
    ("multiciliated columnar cell of tracheobronchial tree", "epithelial cell", "broader"),
    ("pancreatic D cell", "endocrine cell", "broader"),
    ("mast cell", "leukocyte", "broader"),
    # Other types of one lineage.
    ("CD4-positive, alpha-beta T cell", "CD8-positive, alpha-beta T cell", "related"),
    ("T cell", "natural killer cell", "related"),
    ("T cell", "innate lymphoid cell", "related"),
    ("plasma cell", "naive B cell", "related"),
    ("mast cell", "granulocyte", "related"),
    ("mast cell", "basophil", "related"),
    ("classical monocyte", "conventional dendritic cell", "related"),
    ("macrophage", "neutrophil", "related"),
    ("microglial cell", "monocyte", "related"),
    ("hematopoietic stem cell", "T cell", "related"),
    ("enterocyte", "goblet cell", "related"),
    ("basal cell", "club cell", "related"),
    ("GABAergic neuron", "glutamatergic neuron", "related"),
    ("astrocyte", "oligodendrocyte", "related"),
    ("pericyte", "vascular associated smooth muscle cell", "related"),
    ("fibroblast", "pericyte", "related"),
    ("type B pancreatic cell", "pancreatic D cell", "related"),
    ("fibroblast", "chondrocyte", "related"),
    ("preadipocyte", "adipocyte", "related"),
    # Other lineages.
    ("T cell", "B cell", "different"),
    ("T cell", "plasma cell", "different"),
    ("natural killer cell", "B cell", "different"),
    ("monocyte", "T cell", "different"),
    ("plasmacytoid dendritic cell", "B cell", "different"),
    ("erythrocyte", "T cell", "different"),
    ("platelet", "monocyte", "different"),
    ("fibroblast", "endothelial cell", "different"),
    ("endothelial cell", "epithelial cell", "different"),
    ("endothelial cell", "pericyte", "different"),
    ("astrocyte", "neuron", "different"),
    ("microglial cell", "astrocyte", "different"),
    ("microglial cell", "neuron", "different"),
    ("keratinocyte", "melanocyte", "different"),
    ("type B pancreatic cell", "pancreatic acinar cell", "different"),
    ("Sertoli cell", "spermatogonium", "different"),
    ("cardiac muscle cell", "fibroblast", "different"),
    ("T cell", "epithelial cell", "different"),
    # These say too little.
    ("T cell", "cell", "unknown"),
    ("T cell", "malignant cell", "unknown"),
    ("T cell", "stem cell", "unknown"),
    ("astrocyte", "progenitor cell", "unknown"),
    ("hepatocyte", "kidney cell", "unknown"),
]


@pytest.mark.parametrize(("ours", "other", "relation"), PAIRS, ids=lambda text: text.replace(" ", "_"))
def test_known_pairs(ours: str, other: str, relation: str) -> None:
    one, two = ONTOLOGY.find(ours), ONTOLOGY.find(other)
    assert one
    assert two
    assert compare(ONTOLOGY, one, two) == relation
    assert compare(ONTOLOGY, two, one) is Relation(relation).converse


@pytest.mark.parametrize("other", ["", "CL:9999999", "no id", "CL:0000002"])  # the last was replaced by no CL term
def test_without_a_term_nothing_is_known(other: str) -> None:
    assert compare(ONTOLOGY, "CL:0000084", other) is Relation.UNKNOWN
    assert compare(ONTOLOGY, other, other) is Relation.UNKNOWN


def test_a_deprecated_id_counts_as_its_successor() -> None:
    assert ONTOLOGY.current("CL:0000044") == "CL:0000051"
    assert compare(ONTOLOGY, "CL:0000044", "CL:0000051") is Relation.SAME


@given(st.sampled_from(CURRENT), st.sampled_from(CURRENT))
def test_the_other_way_round_is_the_converse(one: str, two: str) -> None:
    assert compare(ONTOLOGY, one, two) is compare(ONTOLOGY, two, one).converse


@given(st.sampled_from(CURRENT), st.data())
def test_what_is_above_in_the_ontology_is_broader(cl_id: str, data: st.DataObject) -> None:
    above = sorted(ONTOLOGY.ancestors(cl_id) - {"CL:0000000", "CL:0000255"})
    if above and cl_id not in {"CL:0000000", "CL:0000255"}:
        assert compare(ONTOLOGY, cl_id, data.draw(st.sampled_from(above))) is Relation.BROADER


def test_nothing_is_both_above_and_below_by_the_lists_of_ours() -> None:
    """All pairs of the terms that the short list names with what is around them."""
    listed = {*_ALSO_ABOVE, *_ALSO_ABOVE.values()}
    near = listed | {parent for cl_id in listed for parent in ONTOLOGY.ancestors(cl_id)}
    for one, two in itertools.combinations(sorted(near), 2):
        assert compare(ONTOLOGY, one, two) is compare(ONTOLOGY, two, one).converse


def test_the_short_list_holds_only_what_the_ontology_lacks() -> None:
    for below, above in _ALSO_ABOVE.items():
        assert ONTOLOGY.label(below)
        assert ONTOLOGY.label(above)
        assert not ONTOLOGY.is_a(below, above)
