"""The rounds of a conversation, and which of its claims is the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cassia_engine.evidence import Findings
from cassia_engine.records import ANNOTATOR, FailedReply, Judgement, LookedUp, Round, Ruling
from cassia_engine.records.replies import Claim, Verdict
from cassia_engine.replies import repeats_form

NOT_ASKED = "(The validator was not asked: what the checks found went back to the annotator.)"


@dataclass(slots=True)
class OpenRound:
    """A round that is going on.

    Attributes:
        role: who answers in it, ANNOTATOR or SECOND.
        said, judged: the replies of annotator and validator as they came, "" where there is none.
        claim_read, verdict_read: what could be read of them, taken or not.
        claim: the claim that was taken, its genes as the list names them.
        sent_back: whether the findings sent it back.
        rulings: what the answers of the verdict that was read count for.
        verdict: the verdict that was taken.
        looked_up: what was found for the genes that the claim before this one wanted.
    """

    role: str = ANNOTATOR
    said: str = ""
    claim_read: Claim | None = None
    claim: Claim | None = None
    findings: Findings | None = None
    sent_back: bool = False
    judged: str = ""
    verdict_read: Verdict | None = None
    rulings: Mapping[str, Ruling] = field(default_factory=dict)
    verdict: Verdict | None = None
    judgement: Judgement | None = None
    looked_up: LookedUp | None = None

    def record(self, failed: FailedReply | None = None) -> Round:
        """The round as it is kept; `failed` is a reply of it that was lost."""
        return Round(
            claim=self.claim_read,
            checks=self.findings.items if self.findings else (),
            sent_back=self.sent_back,
            verdict=self.verdict_read,
            rulings=self.rulings,
            judgement=self.judgement,
            failed=failed,
            role=self.role,
            looked_up=self.looked_up,
        )


@dataclass(frozen=True, slots=True)
class RatedClaim:
    """A claim with all that is known for and against it; `number` is its round's, from 1."""

    number: int
    claim: Claim
    findings: Findings
    verdict: Verdict | None
    judgement: Judgement | None

    @property
    def validated(self) -> bool | None:
        return None if self.judgement is None else self.judgement.agreed

    @property
    def score(self) -> float | None:
        """The annotator's own: of those that a model states it tells most. The validator's where it gave none."""
        given = None if self.verdict is None else self.verdict.score
        return given if self.claim.score is None else self.claim.score

    @property
    def score_reason(self) -> str:
        """Why that score, in the words of who gave it."""
        if self.claim.score is None and self.verdict and self.verdict.score is not None:
            return self.verdict.score_reason
        return self.claim.score_reason


def best_of_annotator(rounds: Sequence[OpenRound]) -> OpenRound:
    """The annotator's round with the fewest findings that send it back, the latest of several."""
    own = [r for r in rounds if r.role == ANNOTATOR and r.claim and r.findings]
    return min(reversed(own), key=lambda r: len(r.findings.back) if r.findings else 0)


def best(rounds: Sequence[OpenRound], chosen: int, broader: Callable[[Claim, Claim], bool]) -> RatedClaim | None:
    """The claim to answer with: one that the validator agreed with; else the one that an adjudicator chose; else the
    annotator's with the fewest findings that send it back, then with the fewest objections (no verdict is worse than
    any), then the latest. A revised claim that is merely broader than one that passed its checks does not replace it.

    Args:
        chosen: the round, from 1, that an adjudicator chose; 0 for none.
        broader: whether the first claim's type is one that the second's is a kind of.
    """
    rated = [
        RatedClaim(number, r.claim, r.findings, r.verdict, r.judgement)
        for number, r in enumerate(rounds, start=1)
        if r.claim and r.findings and not repeats_form(r.claim) and (r.role == ANNOTATOR or number == chosen)
    ]
    found = max(rated, key=lambda one: _merit(one, chosen), default=None)
    if found is None:
        return None
    kept = (e for e in rated if e.number < found.number and not e.findings.back and broader(found.claim, e.claim))
    return next(kept, found)


def _merit(rated: RatedClaim, chosen: int) -> tuple[bool, bool, int, float, int]:
    objections = float("inf") if rated.judgement is None else len(rated.judgement.reasons)
    return rated.validated is True, rated.number == chosen, -len(rated.findings.back), -objections, rated.number
