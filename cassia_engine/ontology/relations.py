"""How two terms of the Cell Ontology stand to each other: whether one label agrees with another."""

from __future__ import annotations

from cassia_engine.ontology.broad_lineages import related, table_lineage
from cassia_engine.ontology.terms import Terms
from cassia_engine.records.terms import Relation

__all__ = ["Relation", "at_or_above", "compare", "has_lineage"]


# Above nearly everything, so that a label of this kind tells nothing: cell, eukaryotic cell.
_SAYS_NOTHING = frozenset({"CL:0000000", "CL:0000255"})
# Of any lineage, whatever the ontology or the table of lineages files them under: malignant, neoplastic, abnormal and
# transit amplifying cell, cell in vitro; stem, progenitor and precursor cell.
_ANY_LINEAGE = frozenset(
    {"CL:0001064", "CL:0001063", "CL:0001061", "CL:0009010", "CL:0001034", "CL:0000034", "CL:0011026", "CL:0011115"}
)
# What people who name clusters count as a kind of something else, and the ontology does not: plasma cell and B cell,
# dendritic cell and myeloid cell, regulatory and CD4-positive T cell, myofibroblast and fibroblast, vascular smooth
# muscle and mural cell.
_ALSO_ABOVE = {
    "CL:0000786": "CL:0000236",
    "CL:0000451": "CL:0000763",
    "CL:0000815": "CL:0000624",
    "CL:0000186": "CL:0000057",
    "CL:0000359": "CL:0008034",
}
# Families of lineages between which the ontology's border is not that of the tissue: smooth muscle of vessels and
# pericytes, fat cells and their precursors among fibroblasts, cells of bone and cartilage, Schwann cells and
# melanocytes and the crest they are from.
_NEIGHBOURS = frozenset(
    {
        frozenset({"mural", "muscle"}),
        frozenset({"mural", "stromal"}),
        frozenset({"fat", "stromal"}),
        frozenset({"skeletal", "stromal"}),
        frozenset({"neural crest", "glial"}),
        frozenset({"neural crest", "neural"}),
        frozenset({"neural crest", "melanocyte"}),
    }
)


def compare(ontology: Terms, ours: str, other: str) -> Relation:
    """What `other` is, compared with `ours`; both are ids of the Cell Ontology, "" for a label without one.

    The first of these that holds:

    - unknown: one of them is not in this release and has no successor there, or is a term above nearly all others
      ("cell");
    - same, narrower, broader: by "is a", by a short list of what the ontology files elsewhere (a plasma cell counts
      as a B cell), and by the general type of its lineage (a basal cell counts as an epithelial cell);
    - related, different: both have a broad lineage, the same (or neighbours, such as muscle and mural cells) or not.
      That is not left to common ancestors, which are functions and shapes as often as lineages;
    - related: without a lineage, they share a direct parent that says something;
    - unknown: else.

    Deprecated ids count as what replaced them. Symmetric: `compare(o, a, b)` is `compare(o, b, a).converse`.
    """
    ours, other = ontology.current(ours), ontology.current(other)
    if not ours or not other or {ours, other} & _SAYS_NOTHING:
        return Relation.UNKNOWN
    if ours == other:
        return Relation.SAME
    if other in _above(ours, ontology):
        return Relation.BROADER
    if ours in _above(other, ontology):
        return Relation.NARROWER
    return _by_lineage(ours, other, ontology)


def at_or_above(ontology: Terms, cl_id: str) -> frozenset[str]:
    """A term and those that it is a kind of, by the same rules as `compare`, without those above nearly all others.

    Empty for an id that this release does not have.
    """
    cl_id = ontology.current(cl_id)
    return frozenset({cl_id} | _above(cl_id, ontology)) - _SAYS_NOTHING if cl_id else frozenset()


def has_lineage(ontology: Terms, cl_id: str) -> bool:
    """Whether a term is in a broad lineage, and so no mere function or shape such as "contractile cell"."""
    return table_lineage(cl_id, ontology) is not None


def _above(cl_id: str, ontology: Terms) -> frozenset[str]:
    """The terms that a type is a kind of, without itself."""
    known = ontology.ancestors(cl_id)
    also = {_ALSO_ABOVE[term] for term in known | {cl_id} if term in _ALSO_ABOVE}
    lineage = None if cl_id in _ANY_LINEAGE else table_lineage(cl_id, ontology)
    if lineage and lineage.cl_id != cl_id and not ontology.is_a(lineage.cl_id, cl_id):
        also.add(lineage.cl_id)
    return known.union(also, *map(ontology.ancestors, also)) - {cl_id}


def _by_lineage(ours: str, other: str, ontology: Terms) -> Relation:
    if {ours, other} & _ANY_LINEAGE:
        return Relation.UNKNOWN
    one, two = table_lineage(ours, ontology), table_lineage(other, ontology)
    if one and two:
        families = (one.family, two.family)
        near = related(*families) or frozenset(families) in _NEIGHBOURS
        return Relation.RELATED if near else Relation.DIFFERENT
    shared = {*ontology.parents(ours)} & {*ontology.parents(other)} - _SAYS_NOTHING
    return Relation.RELATED if shared else Relation.UNKNOWN
