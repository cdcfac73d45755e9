"""The rounds of a conversation, and which of its claims is the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cassia_engine.evidence import Findings
from cassia_engine.records import FailedReply, Judgement, Round, Ruling
from cassia_engine.records.replies import Claim, Verdict
from cassia_engine.replies import repeats_form

NOT_ASKED = "(The validator was not asked: what the checks found went back to the annotator.)"


@dataclass(slots=True)
class OpenRound:
    """A round that is going on.

    Attributes:
        said, judged: the replies of annotator and validator as they came, "" where there is none.
        claim_read, verdict_read: what could be read of them, taken or not.
        claim: the claim that was taken, its genes as the list names them.
        sent_back: whether the findings sent it back.
        rulings: what the answers of the verdict that was read count for.
        verdict: the verdict that was taken.
    """

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

    def record(self, failed: FailedReply | None = None) -> Round:
        """The round as it is kept; `failed` is the reply that ended it without being taken."""
        return Round(
            claim=self.claim_read,
            checks=self.findings.items if self.findings else (),
            sent_back=self.sent_back,
            verdict=self.verdict_read,
            rulings=self.rulings,
            judgement=self.judgement,
            failed=failed,
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
        """The validator's score, where there is one: the annotator's own is the kinder one."""
        given = None if self.verdict is None else self.verdict.score
        return self.claim.score if given is None else given


def best(rounds: Sequence[OpenRound]) -> RatedClaim | None:
    """The claim to answer with: one that the validator agreed with; else the one with the fewest findings that send
    it back, then with the fewest objections (no verdict is worse than any), then the latest.
    """
    rated = [
        RatedClaim(number, r.claim, r.findings, r.verdict, r.judgement)
        for number, r in enumerate(rounds, start=1)
        if r.claim and r.findings and not repeats_form(r.claim)
    ]
    return max(rated, key=_merit, default=None)


def _merit(rated: RatedClaim) -> tuple[bool, int, float, int]:
    objections = float("inf") if rated.judgement is None else len(rated.judgement.reasons)
    return rated.validated is True, -len(rated.findings.back), -objections, rated.number
