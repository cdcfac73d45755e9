"""A second opinion beside the answer: how the two compare, and which of them stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cassia_engine.records import AGREEING, Adjudication, Doubt, Relation
from cassia_engine.records.replies import Choice, Claim
from cassia_engine.replies import answer_label, is_unresolved


@dataclass(slots=True)
class Comparison:
    """What is known of a second opinion so far.

    Attributes:
        doubts: why it was asked for; () if it was not.
        relation: what its type is, compared with the answer; None where it was lost.
        a, b: the rounds, from 1, of both answers in the order in which the adjudicator sees them; 0 if not asked.
        said: the adjudicator's reply as it came.
        choice: what was read in it; None if there is none.
        backed: whether the second annotator's type may take the place of the answer (`backs`).
        chosen: the round whose answer stands by the adjudicator's choice, 0 for none.
    """

    doubts: tuple[Doubt, ...] = ()
    relation: Relation | None = None
    a: int = 0
    b: int = 0
    said: str = ""
    choice: Choice | None = None
    backed: bool = True
    chosen: int = 0

    @property
    def asked(self) -> bool:
        return bool(self.doubts)

    @property
    def differ(self) -> bool:
        """Whether somebody must choose between the two."""
        return self.relation is not None and self.relation not in AGREEING

    def take(self, choice: Choice, second: int) -> None:
        """Keep a choice. Of two answers of one model the second takes the place of the first only if it is backed.

        Args:
            second: the second annotator's round, from 1.
        """
        self.choice = choice
        chosen = {"a": self.a, "b": self.b}.get(choice.answer, 0)
        self.chosen = chosen if chosen != second or self.backed else min(self.a, self.b)

    def record(self, standing: int) -> Adjudication | None:
        """As it is kept; `standing` is the round whose answer stands."""
        if self.relation is None:
            return None
        return Adjudication(self.relation, standing, self.a, self.b, self.choice, self.backed)


_NEARNESS = {
    Relation.SAME: 4,
    Relation.NARROWER: 3,
    Relation.BROADER: 3,
    Relation.RELATED: 2,
    Relation.UNKNOWN: 1,
    Relation.DIFFERENT: 0,
}


def backs(of_first: Relation | None, of_second: Relation | None) -> bool:
    """Whether marker scoring speaks for the second of two answers.

    Args:
        of_first, of_second: what its type is, compared with either; None for an answer that is unresolved, or where
            marker scoring knows nothing.
    """
    if of_first is None or of_second is None:
        return True
    return _NEARNESS[of_second] > _NEARNESS[of_first]


def in_neutral_order(numbers: Sequence[int], claims: Sequence[Claim]) -> list[int]:
    """The rounds by the names of their types, so that the order says nothing of who answered first."""
    named = zip(map(_name, claims), numbers, strict=True)
    return [number for _, number in sorted(named)]


def _name(claim: Claim) -> str:
    return (claim.lineage if is_unresolved(claim) else answer_label(claim)).casefold()
