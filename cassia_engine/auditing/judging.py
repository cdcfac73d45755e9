"""A cluster's label against what its markers say, by marker scoring."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import NamedTuple

from cassia_engine.genes.states import is_sign
from cassia_engine.offline.scoring import Candidate, Ranking
from cassia_engine.offline.verdict import ONE_GENE
from cassia_engine.ontology import Ontology, Relation, compare
from cassia_engine.ontology.broad_lineages import table_lineage

LEAST_GENES = 2  # a single stray gene of another lineage contradicts no label
_OF_THE_TYPE = (Relation.SAME, Relation.NARROWER)
_OTHER = (Relation.RELATED, Relation.DIFFERENT)


class Finding(IntEnum):
    """What is found of a label, the worst first."""

    CONTRADICTED = 0  # another lineage is backed better, by two genes or more
    DOUBTFUL = 1  # another type of the same lineage is, or another lineage by one gene
    BACKED = 2
    UNKNOWN = 3  # nothing can be compared

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Judged:
    """A label and the strongest other type for a list of markers.

    Attributes:
        finding: what is found.
        other_id, other: the strongest type, by genes of its own, that is neither the label's, nor a kind of it, nor
            what it is a kind of; "" for none.
        relation: what the other type is, compared with the label.
        label_score, other_score: what backs each, 0 to 100; both together at most 100.
        markers_for: genes that mark the label's type, strongest first.
        markers_against: genes that mark the other type and not the label's, nor a mere state, strongest first.
        note: why nothing can be compared, or what was taken in place of the label's type.
    """

    finding: Finding
    other_id: str = ""
    other: str = ""
    relation: Relation = Relation.UNKNOWN
    label_score: float = 0.0
    other_score: float = 0.0
    markers_for: tuple[str, ...] = ()
    markers_against: tuple[str, ...] = ()
    note: str = ""

    @property
    def difference(self) -> float:
        """The other type's score minus the label's, -100 to 100."""
        return round(self.other_score - self.label_score, 1)


class Judge:
    """Judges labels of one data set.

    Args:
        known: the ids of the types whose markers are known.
    """

    def __init__(self, ontology: Ontology, known: Sequence[str]):
        self._ontology = ontology
        self._known = known
        self._relation = cache(lambda label, other: compare(ontology, label, other))

    def judge(self, label_id: str, ranking: Ranking) -> Judged:
        """What the candidates for a cluster's markers say of a label, by its term.

        What backs the label is the strongest of its type, the kinds of it, and what it is a kind of within its
        lineage. Of a type whose markers are not known, all types of its lineage stand for it.
        """
        if not ranking.candidates:
            return Judged(Finding.UNKNOWN, note="none of its markers is in the marker knowledge")
        own = [one for one in ranking.candidates if self._speaks_for(label_id, one.cl_id)]
        others = [one for one in ranking.candidates if self._relation(label_id, one.cl_id) in _OTHER]
        note = ""
        if not self._is_known(label_id):
            note = "no markers of this type are known; its lineage was compared"
            own += [one for one in others if self._relation(label_id, one.cl_id) is Relation.RELATED]
            others = [one for one in others if one not in own]
        return self._weighed(label_id, own, others, note)

    def _is_known(self, label_id: str) -> bool:
        return any(self._speaks_for(label_id, cl_id) for cl_id in self._known)

    def _speaks_for(self, label_id: str, cl_id: str) -> bool:
        found = self._relation(label_id, cl_id)
        return found in _OF_THE_TYPE or (found is Relation.BROADER and self._same_lineage(label_id, cl_id))

    def _same_lineage(self, label_id: str, cl_id: str) -> bool:
        one, two = table_lineage(label_id, self._ontology), table_lineage(cl_id, self._ontology)
        return bool(one and two and one.family == two.family)

    def _weighed(self, label_id: str, own: Sequence[Candidate], others: Sequence[Candidate], note: str) -> Judged:
        backing = max((one.strength for one in own), default=0.0)
        for_label = dict.fromkeys(gene for one in sorted(own, key=lambda c: -c.strength) for gene in one.genes)
        rival = max((_rival(one, for_label) for one in others), key=lambda one: one.strength, default=_NO_RIVAL)
        relation = self._relation(label_id, rival.cl_id) if rival.cl_id else Relation.UNKNOWN
        total = backing + rival.strength + ONE_GENE
        return Judged(
            _finding(relation, backing, rival),
            rival.cl_id,
            rival.label,
            relation,
            round(100 * backing / total, 1),
            round(100 * rival.strength / total, 1),
            tuple(for_label),
            rival.genes,
            note,
        )


class _Rival(NamedTuple):
    """Another type by the genes of its own."""

    cl_id: str
    label: str
    strength: float
    genes: tuple[str, ...]


_NO_RIVAL = _Rival("", "", 0.0, ())


def _rival(one: Candidate, for_label: Container[str]) -> _Rival:
    """A candidate, with its strength in proportion to the genes that do not mark the label's type, nor a mere state."""
    own = [(gene, part) for gene, part in one.parts if gene not in for_label and not is_sign(gene)]
    share = sum(part for _, part in own) / sum(part for _, part in one.parts)
    return _Rival(one.cl_id, one.label, one.strength * share, tuple(gene for gene, _ in own))


def _finding(relation: Relation, backing: float, rival: _Rival) -> Finding:
    if rival.strength <= backing:
        return Finding.BACKED
    other_lineage = relation is Relation.DIFFERENT and len(rival.genes) >= LEAST_GENES
    return Finding.CONTRADICTED if other_lineage else Finding.DOUBTFUL
