"""Where the labels of a conversation stand in the Cell Ontology, and how near two of them are."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from msgspec.structs import replace

from cassia_engine.evidence import kind
from cassia_engine.ontology import Ontology, Resolution, compare
from cassia_engine.ontology.broad_lineages import lineage_of
from cassia_engine.records import CrossCheck, How, Relation, TermMatch
from cassia_engine.records.replies import Claim
from cassia_engine.records.terms import NEAR_ONLY
from cassia_engine.replies import answer_label, is_unresolved, named_candidates, nameless

# These place a label near its type, not at it: two labels with the same term need not mean the same.
_NOT_EXACT = NEAR_ONLY | {How.MISS}


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
        return "" if found.how in _NOT_EXACT else found.cl_id

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
        given = self._given(cl_name) if own.how in _NOT_EXACT else None
        on_one_line = given and (not own.cl_id or self._likeness(own.cl_id, given.cl_id) is Likeness.SAME)
        return given if given and on_one_line else _mapped(own)

    def _given(self, cl_name: str) -> MappedTerm | None:
        """The very term that an ontology name means."""
        found = None if not cl_name or nameless(cl_name) else self._ontology.resolve(cl_name)
        if found is None or found.how in _NOT_EXACT:
            return None
        return MappedTerm(found.cl_id, found.cl_label, TermMatch(found.how, by_ontology_name=True))

    def answer(self, claim: Claim) -> MappedTerm | None:
        """The term of a claim's answer, which is its lineage where no candidate is named; None if it is unresolved."""
        if is_unresolved(claim):
            return None
        if named := named_candidates(claim):
            return self.map(named[0].cell_type, named[0].cl_name)
        return None if nameless(claim.lineage) else self.map(claim.lineage)

    def relation(self, ours: Claim, other: Claim) -> Relation:
        """What the other claim's type is, compared with ours."""
        one, two = self.answer(ours), self.answer(other)
        if one is None or two is None:
            return Relation.SAME if one is two else Relation.DIFFERENT
        if one.cl_id and two.cl_id:
            return self.compare(one, two)
        same = kind(answer_label(ours), self.cl_id) == kind(answer_label(other), self.cl_id)
        return Relation.SAME if same else Relation.UNKNOWN

    def is_lineage(self, claim: Claim) -> bool:
        """Whether a claim's answer is no finer than its lineage."""
        answer = self.answer(claim)
        return bool(answer and answer.cl_id) and self.cl_id(claim.lineage) == (answer.cl_id if answer else "")

    def n_kinds(self, answer: MappedTerm | None) -> int:
        """How many terms are below that of an answer."""
        return self._ontology.n_kinds(answer.cl_id) if answer else 0

    def sure(self, claim: Claim) -> Relation | None:
        """What the narrowest type that the annotator is sure of is, compared with its answer; None if not stated."""
        answer = self.answer(claim)
        if claim.sure is None or answer is None:
            return None
        if kind(claim.sure.cell_type, self.cl_id) == kind(answer_label(claim), self.cl_id):
            return Relation.SAME
        return self.compare(answer, self.map(claim.sure.cell_type, claim.sure.cl_name))

    def checked(self, found: CrossCheck, claim: Claim) -> CrossCheck:
        """What marker scoring says, compared with a claim's answer."""
        answer = self.answer(claim)
        known = MappedTerm(found.cl_id, found.label, TermMatch())
        relation = self.compare(answer, known) if answer and found.cl_id else Relation.UNKNOWN
        return replace(found, relation=relation)

    def broader(self, claim: Claim, other: Claim) -> bool:
        """Whether the first claim's type is one that the other's is a kind of."""
        return self.relation(other, claim) is Relation.BROADER

    def compare(self, ours: MappedTerm, other: MappedTerm) -> Relation:
        """What the other term is, compared with ours; unknown where one is missing."""
        return compare(self._ontology, ours.cl_id, other.cl_id)

    def lineage(self, cl_id: str, label: str) -> str:
        """The general type of a term; of a label without one the label itself."""
        return lineage_of(cl_id, label, self._ontology).label

    def likeness(self, label: str, other: str) -> Likeness:
        if kind(label, self.cl_id) == kind(other, self.cl_id):
            return Likeness.SAME
        one, two = self._ontology.resolve(label).cl_id, self._ontology.resolve(other).cl_id
        return self._likeness(one, two) if one and two else Likeness.UNKNOWN

    def _likeness(self, one: str, two: str) -> Likeness:
        return _LIKENESS[compare(self._ontology, one, two)]


def _mapped(found: Resolution) -> MappedTerm:
    return MappedTerm(found.cl_id, found.cl_label, TermMatch(found.how, why="" if found.cl_id else found.why))
