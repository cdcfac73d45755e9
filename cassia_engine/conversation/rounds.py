"""The rounds of a conversation, and which of its claims is the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cassia_engine.conversation.judging import Judgement
from cassia_engine.evidence import Findings
from cassia_engine.records import Outcome
from cassia_engine.records.replies import Claim, Verdict
from cassia_engine.replies import repeats_form

NOT_ASKED = "(The validator was not asked: what the checks found went back to the annotator.)"


@dataclass(slots=True)
class Round:
    """A round, as far as it got. `said` and `judged` are replies as they came, "" where there is none."""

    said: str = ""
    claim: Claim | None = None
    findings: Findings | None = None
    judged: str = ""
    verdict: Verdict | None = None
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True)
class Stand:
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


@dataclass(frozen=True, slots=True)
class Loss:
    """A reply that could not be had or read: whose, in which round, what that is called and why."""

    role: str
    number: int
    outcome: Outcome
    reason: str


def best(rounds: Sequence[Round]) -> Stand | None:
    """The claim to answer with: one that the validator agreed with; else the one with the fewest findings that send
    it back, then with the fewest objections (no verdict is worse than any), then the latest.
    """
    stands = [
        Stand(number, r.claim, r.findings, r.verdict, r.judgement)
        for number, r in enumerate(rounds, start=1)
        if r.claim and r.findings and not repeats_form(r.claim)
    ]
    return max(stands, key=_merit, default=None)


def _merit(stand: Stand) -> tuple[bool, int, float, int]:
    objections = float("inf") if stand.judgement is None else len(stand.judgement.reasons)
    return stand.validated is True, -len(stand.findings.back), -objections, stand.number
