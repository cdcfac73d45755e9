"""The rounds of a conversation with a model: what was claimed, checked, compared, judged and decided."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import field

from cassia_engine.records.looked_up import LookedUp
from cassia_engine.records.outcomes import Outcome
from cassia_engine.records.record import Number, Record
from cassia_engine.records.replies import Choice, Claim, Verdict
from cassia_engine.records.terms import Relation

AGREEING = frozenset({Relation.SAME, Relation.NARROWER, Relation.BROADER})
# Who gives an answer in a round.
ANNOTATOR, SECOND = "annotator", "second annotator"


class Finding(Record, frozen=True, forbid_unknown_fields=False):
    """A check in code and what came of it: a line of text, and the genes it is about.

    `decisive` is set where it failed so that no validator's agreement counts: there is no type, or no listed gene.
    """

    code: str
    passed: bool
    text: str
    genes: tuple[str, ...] = ()
    decisive: bool = False

    def __str__(self) -> str:
        return f"[{'yes' if self.passed else 'NO'}] {self.text}"


class Ruling(StrEnum):
    """What an answer of the validator counts for."""

    AGREES = "agrees"
    OBJECTS = "objects"
    UNBACKED = "unbacked"  # an objection that does not count, as too few listed genes are named for it
    TOLERATED = "tolerated"  # an objection that counts with a strict validator only
    UNCLEAR = "unclear"  # neither yes nor no


class Judgement(Record, frozen=True):
    """Whether the claim is agreed on; if not, why, a sentence each.

    Attributes:
        objections: the validator's.
        decisive: failed checks with which no agreement counts.
        uncounted: objections that do not count, as too few listed genes are behind them.
        unsupported: genes outside of the list that these name.
        unfounded: the validator cites genes, and none of them is listed.
    """

    objections: tuple[str, ...]
    decisive: tuple[str, ...] = ()
    uncounted: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    unfounded: bool = False

    @property
    def agreed(self) -> bool:
        return not self.reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not agreed on, the checks first."""
        return (*self.decisive, *self.objections)


class FailedReply(Record, frozen=True):
    """A reply that could not be had, read or taken: whose, in which round, what that is called and why.

    `added` is what a formatter put in that the reply did not say, "" if it is not for that.
    """

    role: str
    round: int
    outcome: Outcome
    reason: str
    added: str = ""


class CrossCheck(Record, frozen=True):
    """What scoring the cluster's markers against the marker knowledge says, beside the model.

    Attributes:
        label, cl_id: its first type; "" where no marker is known to it.
        score: 0 to 100, the scorer's own.
        relation: what that type is, compared with the model's.
        margin: how far it is ahead of the next type, from 0, which is a tie, to 1, where no other type is known.
    """

    label: str
    cl_id: str
    score: Number | None
    relation: Relation
    margin: Number = 0.0


class Doubt(StrEnum):
    """Why a second opinion was asked for."""

    UNRESOLVED = "unresolved"
    LOW_SCORE = "low_score"
    FAILED_CHECKS = "failed_checks"
    MARKERS_DISAGREE = "markers_disagree"  # the cross-check says another type
    ALWAYS = "always"  # it is asked for every cluster


class Adjudication(Record, frozen=True):
    """What came of a second opinion.

    Attributes:
        relation: what the second annotator's type is, compared with the first one's.
        a, b: the rounds, from 1, of the two answers in the order in which the adjudicator saw them; 0 if not asked.
        choice: the adjudicator's reply, None if it was not asked or its reply was lost.
        chosen: the round, from 1, whose answer stands.
        backed: whether marker scoring is nearer to the second annotator's type than to the first one's, or knows
            nothing of the cluster: else the second one's does not take the place of a type.
    """

    relation: Relation
    chosen: int
    a: int = 0
    b: int = 0
    choice: Choice | None = None
    backed: bool = True

    @property
    def agree(self) -> bool:
        """Whether the two do not contradict each other: a type and one of its kinds do not."""
        return self.relation in AGREEING


class Round(Record, frozen=True, forbid_unknown_fields=False):
    """A round, as far as it got.

    Attributes:
        role: who answered in it: the annotator, or the second one, which sees nothing of the rounds before.
        claim: the annotator's reply as it was read, None if there is none that can be.
        checks: what code found in the claim.
        sent_back: whether that sent it back to the annotator, so that no validator was asked.
        verdict: the validator's reply as it was read, None if there is none that can be.
        rulings: what its answers count for, by the id of the question.
        judgement: what code decided from claim, checks and verdict; None if it came not so far.
        failed: the reply that ended the conversation without being taken, though it may have been read.
        looked_up: the genes for which the second annotator asked, before it made the claim; None where it did not.
    """

    claim: Claim | None = None
    checks: tuple[Finding, ...] = ()
    sent_back: bool = False
    verdict: Verdict | None = None
    rulings: Mapping[str, Ruling] = field(default_factory=dict)
    judgement: Judgement | None = None
    failed: FailedReply | None = None
    role: str = ANNOTATOR
    looked_up: LookedUp | None = None
