"""Which type more than half of several votes are for: the deepest one, by the Cell Ontology."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from cassia_engine.ontology import Ontology
from cassia_engine.ontology.relations import at_or_above, has_lineage


class NamedType(NamedTuple):
    """What a vote is for: a label, "unresolved" among them, and its Cell Ontology term ("" where it has none)."""

    label: str
    cl_id: str = ""


class Majority(NamedTuple):
    """The type that more than half of the votes are for.

    Attributes:
        label: that of the term, or, without one, of the votes.
        cl_id: its term; "" for a label without one, and for "unresolved".
        named: the places of the votes that name this very type; () where it is broader than each of them.
        agreeing: the places of the votes that name it, or a kind of it.
    """

    label: str
    cl_id: str
    named: tuple[int, ...]
    agreeing: tuple[int, ...]


def find_majority(votes: Sequence[NamedType], ontology: Ontology) -> Majority | None:
    """The deepest type that more than half of the votes name, or name a kind of; None if there is none.

    A vote counts for its own term and for all that this is a kind of; without a term for its label alone, and
    "unresolved" for nothing else. A term that no vote names has to be in a broad lineage, and terms above nearly all
    others ("cell") count for nothing. Of several equally deep ones, one that a vote names comes first, then the one
    with more votes, then the one with fewer kinds. The order of the votes does not matter.
    """
    own = [_own(vote, ontology) for vote in votes]
    lines = [_line(vote, key, ontology) for vote, key in zip(votes, own, strict=True)]
    counts = Counter(key for line in lines for key in line)
    found = {key for key, count in counts.items() if 2 * count > len(votes) and (key in own or _says(key, ontology))}
    deepest = found.difference(*(at_or_above(ontology, one) - {one} for one in found))
    if not deepest:
        return None
    key = min(deepest, key=lambda one: (one not in own, -counts[one], ontology.n_kinds(one), one))
    named = tuple(place for place, one in enumerate(own) if one == key)
    agreeing = tuple(place for place, line in enumerate(lines) if key in line)
    cl_id = key if key in ontology else ""
    label = ontology.label(key) or min(votes[place].label for place in named)
    return Majority(label, cl_id, named, agreeing)


def is_for(vote: NamedType, label: NamedType, ontology: Ontology) -> bool:
    """Whether a vote is for a type: names it, or a kind of it."""
    return _own(label, ontology) in _line(vote, _own(vote, ontology), ontology)


def _own(vote: NamedType, ontology: Ontology) -> str:
    """What two votes for the same type have in common: the term, or the label in any case."""
    return ontology.current(vote.cl_id) or " ".join(vote.label.casefold().split())


def _line(vote: NamedType, own: str, ontology: Ontology) -> frozenset[str]:
    """All that a vote counts for."""
    return at_or_above(ontology, own) if own in ontology else frozenset({own})


def _says(key: str, ontology: Ontology) -> bool:
    return key in ontology and has_lineage(ontology, key)
