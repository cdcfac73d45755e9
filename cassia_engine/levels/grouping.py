"""Labelled clusters, each with its label at three levels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cassia_engine.levels.leveller import Leveller
from cassia_engine.ontology import Ontology
from cassia_engine.records import TermMatch
from cassia_engine.records.terms import NEAR_ONLY
from cassia_engine.replies.claims import UNRESOLVED


@dataclass(frozen=True, slots=True)
class Labelled:
    """A cluster with its label, "" for none, and what is known of that; `match` is how the label got its term."""

    cluster: str
    label: str
    cl_id: str
    general_type: str
    match: TermMatch
    outcome: str


@dataclass(frozen=True, slots=True)
class Group:
    """A name at one level, with its term ("" for none)."""

    name: str
    cl_id: str = ""


@dataclass(frozen=True, slots=True)
class Grouped:
    """A cluster at three levels.

    Attributes:
        label: as it was given; "" for a cluster without an annotation.
        note: why its own label stands, or nothing; "" where the ontology has placed it.
    """

    cluster: str
    label: str
    broad: Group
    medium: Group
    fine: Group
    note: str = ""

    @property
    def levels(self) -> tuple[Group, Group, Group]:
        return self.broad, self.medium, self.fine


def grouped(labelled: Iterable[Labelled]) -> tuple[Grouped, ...]:
    """The clusters in their order. The same label has the same groups in every sample."""
    grouping = _Grouping(Ontology.load())
    return tuple(map(grouping.of, labelled))


class _Grouping:
    def __init__(self, ontology: Ontology):
        self._ontology = ontology
        self._leveller = Leveller(ontology)

    def of(self, label: Labelled) -> Grouped:
        if not label.label:
            nothing = Group("")
            return Grouped(label.cluster, "", nothing, nothing, nothing, f"no annotation: {label.outcome}")
        if label.label == UNRESOLVED:
            return self._itself(label, "unresolved: its markers did not decide a type")
        if cl_id := self._ontology.current(label.cl_id):
            return self._placed(label, cl_id, self._fine(label, cl_id))
        if cl_id := self._ontology.resolve(label.general_type).cl_id if label.general_type else "":
            note = "the label has no Cell Ontology term; its general type is grouped"
            return self._placed(label, cl_id, Group(label.label), note)
        return self._itself(label, "the label has no Cell Ontology term; it stands for itself")

    def _placed(self, label: Labelled, cl_id: str, fine: Group, note: str = "") -> Grouped:
        found = self._leveller.levels(cl_id)
        return Grouped(label.cluster, label.label, self._group(found.broad), self._group(found.medium), fine, note)

    def _fine(self, label: Labelled, cl_id: str) -> Group:
        """The term, so that a type has one name however it was written; the label where the term says less."""
        return Group(label.label, cl_id) if label.match.how in NEAR_ONLY else self._group(cl_id)

    def _group(self, cl_id: str) -> Group:
        return Group(self._ontology.label(cl_id), cl_id)

    def _itself(self, label: Labelled, note: str) -> Grouped:
        alone = Group(label.label)
        return Grouped(label.cluster, label.label, alone, alone, alone, note)
