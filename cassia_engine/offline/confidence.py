"""How sure marker scoring is of an answer. docs/trust.md says what that means and what it was fitted on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cassia_engine.calibration import Calibration, Features, band, below_high
from cassia_engine.offline.features import Known, features_of
from cassia_engine.offline.verdict import Verdict
from cassia_engine.records import HIGH_SCORE, Cluster, Confidence, ConfidenceReason, MarkerScoring
from cassia_engine.text import counted

NARROW = 0.25  # a margin under this is told as a reason
FEW_GENES = 4  # and so are fewer genes than these


@dataclass(frozen=True, slots=True)
class Assessment:
    """The confidence, what speaks against a higher one, and the calibrated probabilities (0 to 1)."""

    confidence: Confidence
    reasons: tuple[ConfidenceReason, ...]
    features: Features
    exact: float
    near: float


def assess(
    verdict: Verdict, scoring: MarkerScoring, cluster: Cluster, n_kinds: int, calibration: Calibration
) -> Assessment:
    """The band of the probability that the answer is right, up to its depth. It is Low where a single gene speaks for
    it, and never High with a failed check, or without a term that it could be compared by.

    Args:
        n_kinds: how many terms are below the answer in the Cell Ontology.
    """
    answer = verdict.answer
    is_lineage = bool(answer.cl_id) and answer.lineage.cl_id == answer.cl_id
    features = features_of(Known(scoring, len(cluster.markers), is_lineage, n_kinds))
    chances = calibration.chances(features)
    # One gene may be far ahead of all others in a list of strangers, of which the fit has seen too few.
    confidence = Confidence.LOW if len(answer.genes) < 2 else band(chances.near)
    if confidence is Confidence.HIGH and not (verdict.validated and answer.cl_id):
        confidence = Confidence.MODERATE
    nothing = ConfidenceReason("nothing_against", "score, margin and checks leave no doubt")
    reasons = tuple(_doubts(verdict, scoring)) or (below_high(chances.near) or nothing,)
    return Assessment(confidence, reasons, features, chances.exact, chances.near)


def _doubts(verdict: Verdict, scoring: MarkerScoring) -> Iterator[ConfidenceReason]:
    """What lowers the probability or keeps the confidence from High, in words."""
    failed = sum(not check.passed for check in verdict.checks)
    if failed:
        yield ConfidenceReason("failed_checks", f"{failed} of {len(verdict.checks)} checks failed ({verdict.failures})")
    if (score := verdict.scores[0]) < HIGH_SCORE:
        yield ConfidenceReason("low_score", f"the score is {score:g} of 100")
    if scoring.margin < NARROW and not (scoring.tie and scoring.tie.broader):
        yield ConfidenceReason("narrow_margin", f"the next type is {1 - scoring.margin:.0%} as strong")
    if (n_genes := len(verdict.answer.genes)) < FEW_GENES:
        yield ConfidenceReason(
            "few_genes", f"only {counted(n_genes, 'gene')} speak{'s' if n_genes == 1 else ''} for it"
        )
    if not verdict.answer.cl_id:
        yield ConfidenceReason("no_term", "the Cell Ontology has no place for the type")
