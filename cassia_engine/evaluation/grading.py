"""How near the term of a label is to those that an expert accepts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import IntEnum, StrEnum
from typing import NamedTuple

from cassia_engine.evaluation.lineages import lineage
from cassia_engine.ontology import Ontology
from cassia_engine.records.record import Record

# Above so much that to be below them says next to nothing: cell, eukaryotic, hematopoietic, nucleate, motile, single
# nucleate, neural, native and animal cell.
TOO_GENERAL = frozenset(
    {
        *("CL:0000000", "CL:0000255", "CL:0000988", "CL:0002242", "CL:0000219"),
        *("CL:0000226", "CL:0002319", "CL:0000003", "CL:0000548"),
    }
)
# Above every term, so that they would count as agreement of any two labels: cell, eukaryotic cell.
ROOTS = frozenset({"CL:0000000", "CL:0000255"})


class Grade(IntEnum):
    """How near, from the farthest; each includes those above it."""

    DIFFERENT = 0
    SAME_LINEAGE = 1
    ANCESTOR_OR_DESCENDANT = 2
    WITHIN_ONE_PARENT = 3
    EXACT = 4

    @property
    def key(self) -> str:
        return self.name.lower()

    @property
    def words(self) -> str:
        return self.key.replace("_", " ")


# The figures, from the strictest.
LEVELS = (Grade.EXACT, Grade.WITHIN_ONE_PARENT, Grade.ANCESTOR_OR_DESCENDANT, Grade.SAME_LINEAGE)


class Standing(StrEnum):
    """What the label's term is, seen from the expert's."""

    EXACT = "exact"
    PARENT = "parent"
    CHILD = "child"
    ANCESTOR = "ancestor"
    DESCENDANT = "descendant"
    SAME_LINEAGE = "same lineage"
    DIFFERENT = "different"


_GRADES = {
    Standing.EXACT: Grade.EXACT,
    Standing.PARENT: Grade.WITHIN_ONE_PARENT,
    Standing.CHILD: Grade.WITHIN_ONE_PARENT,
    Standing.ANCESTOR: Grade.ANCESTOR_OR_DESCENDANT,
    Standing.DESCENDANT: Grade.ANCESTOR_OR_DESCENDANT,
    Standing.SAME_LINEAGE: Grade.SAME_LINEAGE,
    Standing.DIFFERENT: Grade.DIFFERENT,
}


class Graded(NamedTuple):
    """The nearest of the accepted terms.

    Attributes:
        expert_id: that term.
        standing: what the label's term is to it.
    """

    expert_id: str
    standing: Standing

    @property
    def grade(self) -> Grade:
        return _GRADES[self.standing]


def grade(cl_id: str, accepted: Sequence[str], ontology: Ontology) -> Graded:
    """How near a term is to the nearest of those that are accepted, of equally near ones to the first.

    Args:
        accepted: at least one id.
    """
    graded = (Graded(expert, standing(cl_id, expert, ontology)) for expert in accepted)
    return max(graded, key=lambda one: one.grade)


def standing(cl_id: str, expert: str, ontology: Ontology) -> Standing:
    """What a term is to the expert's; what is too general is an ancestor by one step only."""
    if cl_id == expert:
        return Standing.EXACT
    if cl_id in ontology.parents(expert):
        return Standing.PARENT
    if expert in ontology.parents(cl_id):
        return Standing.CHILD
    if cl_id in ontology.ancestors(expert) - TOO_GENERAL:
        return Standing.ANCESTOR
    if expert in ontology.ancestors(cl_id) - TOO_GENERAL:
        return Standing.DESCENDANT
    shared = lineage(cl_id, ontology)
    return Standing.SAME_LINEAGE if shared and shared == lineage(expert, ontology) else Standing.DIFFERENT


class Overlap(Record, frozen=True):
    """Numbers of terms: of the label with its ancestors, of the expert's with its own, and of those in both."""

    label: int
    expert: int
    shared: int

    @property
    def f(self) -> float:
        total = self.label + self.expert
        return 2 * self.shared / total if total else 0.0


def overlap(cl_id: str, accepted: Collection[str], ontology: Ontology) -> Overlap:
    """How much of two lines of ancestors is the same, for the accepted term with which most is.

    Args:
        cl_id: "" for a label without a term, which has no ancestors.
        accepted: at least one id.
    """
    ours = _line(cl_id, ontology)
    found = (Overlap(len(ours), len(line), len(ours & line)) for line in (_line(one, ontology) for one in accepted))
    return max(found, key=lambda one: one.f)


def _line(cl_id: str, ontology: Ontology) -> frozenset[str]:
    return (ontology.ancestors(cl_id) | {cl_id}) - ROOTS if cl_id else frozenset()
