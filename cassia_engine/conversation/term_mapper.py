"""Where the labels of a conversation stand in the Cell Ontology, and how near two of them are."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from cassia_engine.evidence import kind
from cassia_engine.ontology import Ontology, Relation, Resolution, compare
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
        """The term of an answer: of its label, own or nearest above, or else of the ontology name given with it.

        Tissue and lineage have no say: with them the terms were no nearer to the experts' (docs/conversation.md).

        Args:
            cl_name: counts only where the label has no term, and only for the very term that it means.
        """
        own = self._ontology.resolve(cell_type)
        given = None if own.cl_id else self._given(cl_name)
        return given or _mapped(own)

    def map_looked_up(self, cell_type: str, cl_name: str) -> MappedTerm:
        """The same for a name that was looked up in the ontology, not written from memory.

        It counts also for a label that has only a near place, above or below its own.
        """
        own = self._ontology.resolve(cell_type)
        given = self._given(cl_name) if own.how in _NEAR_ONLY else None
        on_one_line = given and (not own.cl_id or self._compare(own.cl_id, given.cl_id) is Likeness.SAME)
        return given if given and on_one_line else _mapped(own)

    def _given(self, cl_name: str) -> MappedTerm | None:
        """The very term that an ontology name means."""
        found = None if not cl_name or nameless(cl_name) else self._ontology.resolve(cl_name)
        if found is None or found.how in _NEAR_ONLY:
            return None
        return MappedTerm(found.cl_id, found.cl_label, TermMatch(found.how, by_ontology_name=True))

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


def _mapped(found: Resolution) -> MappedTerm:
    return MappedTerm(found.cl_id, found.cl_label, TermMatch(found.how, why="" if found.cl_id else found.why))
