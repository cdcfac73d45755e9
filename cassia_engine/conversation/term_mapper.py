"""Where the labels of a conversation stand in the Cell Ontology, and how near two of them are."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from cassia_engine.evidence import kind
from cassia_engine.ontology import Ontology, Relation, compare
from cassia_engine.ontology.broad_lineages import lineage_of
from cassia_engine.records import How, TermMatch
from cassia_engine.replies import nameless

# These place a label near its type, not at it: two labels with the same term need not mean the same.
_NEAR_ONLY = frozenset({How.BROADER, How.COMMON_PARENT, How.MISS})


class Likeness(IntEnum):
    """How near two types are, from the farthest."""

    OTHER_LINEAGE = 0
    SAME_LINEAGE = 1
    UNKNOWN = 2  # one of them has no place in the ontology, or in no lineage
    SAME = 3  # or one is a kind of the other


_LIKENESS = {
    Relation.SAME: Likeness.SAME,
    Relation.NARROWER: Likeness.SAME,
    Relation.BROADER: Likeness.SAME,
    Relation.RELATED: Likeness.SAME_LINEAGE,
    Relation.DIFFERENT: Likeness.OTHER_LINEAGE,
    Relation.UNKNOWN: Likeness.UNKNOWN,
}


class MappedTerm(NamedTuple):
    """A term, and how it was found or why there is none."""

    cl_id: str
    cl_label: str
    match: TermMatch


class TermMapper:
    """Looks labels up in an ontology, which remembers them."""

    def __init__(self, ontology: Ontology):
        self._ontology = ontology

    def cl_id(self, label: str) -> str:
        """The id of the very type that a label means; "" if only one near it is known."""
        found = self._ontology.resolve(label)
        return "" if found.how in _NEAR_ONLY else found.cl_id

    def map(self, cell_type: str, cl_name: str = "") -> MappedTerm:
        """The term of an answer: by its label, or by the ontology's name that was given with it.

        That name counts only if the label itself has no exact place, and does not lie in another lineage.
        """
        own = self._ontology.resolve(cell_type)
        if own.how in _NEAR_ONLY and cl_name and not nameless(cl_name):
            given = self._ontology.resolve(cl_name)
            if given.how not in _NEAR_ONLY and (
                not own.cl_id or self._compare(own.cl_id, given.cl_id) is Likeness.SAME
            ):
                return MappedTerm(given.cl_id, given.cl_label, TermMatch(given.how, by_ontology_name=True))
        return MappedTerm(own.cl_id, own.cl_label, TermMatch(own.how, why="" if own.cl_id else own.why))

    def lineage(self, cl_id: str, label: str) -> str:
        """The general type of a term; of a label without one the label itself."""
        return lineage_of(cl_id, label, self._ontology).label

    def likeness(self, label: str, other: str) -> Likeness:
        if kind(label, self.cl_id) == kind(other, self.cl_id):
            return Likeness.SAME
        one, two = self._ontology.resolve(label).cl_id, self._ontology.resolve(other).cl_id
        return self._compare(one, two) if one and two else Likeness.UNKNOWN

    def _compare(self, one: str, two: str) -> Likeness:
        return _LIKENESS[compare(self._ontology, one, two)]
