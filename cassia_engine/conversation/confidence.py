"""The rule for the confidence of a language model's annotation; in words in docs/conversation.md."""

from __future__ import annotations

from cassia_engine.evidence import Findings
from cassia_engine.records import HIGH_SCORE, LOW_SCORE, Confidence, ConfidenceReason, Judgement
from cassia_engine.records.replies import Claim, Verdict
from cassia_engine.replies import is_unresolved

LEAST_EVIDENCE = 2


def confidence(
    claim: Claim,
    findings: Findings,
    verdict: Verdict | None,
    judgement: Judgement | None,
    score: float | None,
    placed: bool,
) -> tuple[Confidence, tuple[ConfidenceReason, ...]]:
    """How sure an annotation is, and why no more.

    Low: unresolved; the validator did not agree; fewer than two listed genes of evidence; or a score under 50.
    High: none of these, all checks passed, the validator agreed and did not find it too specific, a score of at least
    75, no mixture, no conflict with the context, and a place in the Cell Ontology. Moderate: the rest.
    """
    low = _holding(
        ("unresolved", is_unresolved(claim), "the type is unresolved"),
        ("not_agreed", judgement is not None and bool(judgement.objections), "the validator did not agree"),
        ("decisive_check", bool(findings.decisive), "it names no cell type or no listed gene as evidence"),
        (
            "little_evidence",
            len(findings.evidence) < LEAST_EVIDENCE,
            f"fewer than {LEAST_EVIDENCE} listed genes are its evidence",
        ),
        ("low_score", score is not None and score < LOW_SCORE, f"the score is under {LOW_SCORE}"),
    )
    if low:
        return Confidence.LOW, low
    not_high = _holding(
        ("failed_checks", bool(findings.failed), f"{len(findings.failed)} of {len(findings.items)} checks failed"),
        ("no_verdict", judgement is None, "there is no verdict"),
        (
            "too_specific",
            verdict is not None and verdict.answers["too_specific"].yes is True,
            "it may be too specific",
        ),
        ("no_high_score", score is None or score < HIGH_SCORE, f"there is no score of {HIGH_SCORE} or more"),
        (
            "unbacked_objection",
            judgement is not None and bool(judgement.uncounted),
            "an objection is not backed by listed genes",
        ),
        (
            "unfounded",
            judgement is not None and judgement.unfounded,
            "no gene that the validator cites is listed",
        ),
        ("no_term", not placed, "the Cell Ontology has no place for the type"),
        ("mixture", bool(claim.mixture), "cell types may be mixed"),
        ("context_conflict", bool(claim.context_conflict), "the markers contradict the context"),
    )
    if not_high:
        return Confidence.MODERATE, not_high
    return Confidence.HIGH, (ConfidenceReason("all_passed", "all checks passed and the validator agreed"),)


def _holding(*reasons: tuple[str, bool, str]) -> tuple[ConfidenceReason, ...]:
    """Those of the reasons (a name, whether it holds, its words) that hold."""
    return tuple(ConfidenceReason(code, text) for code, holds, text in reasons if holds)
