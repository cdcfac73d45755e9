"""How sure a language model's annotation is. docs/trust.md says what that means and what it was fitted on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cassia_engine.calibration import Calibration, Features, band, below_high
from cassia_engine.conversation.comparing import Comparison
from cassia_engine.conversation.features import Known, features_of
from cassia_engine.conversation.labelling import is_finer
from cassia_engine.conversation.rounds import RatedClaim
from cassia_engine.conversation.term_mapper import TermMapper
from cassia_engine.records import HIGH_SCORE, Confidence, ConfidenceReason, CrossCheck, Relation
from cassia_engine.replies import is_unresolved

_ABOUT = {
    Relation.NARROWER: "a finer type",
    Relation.BROADER: "a broader type",
    Relation.RELATED: "another type of the lineage",
    Relation.DIFFERENT: "a type of another lineage",
    Relation.UNKNOWN: "a type that cannot be compared",
}


@dataclass(frozen=True, slots=True)
class Assessment:
    """The confidence, what speaks against a higher one, and the calibrated probabilities (0 to 1).

    These are None of an unresolved cluster.
    """

    confidence: Confidence
    reasons: tuple[ConfidenceReason, ...]
    features: Features
    exact: float | None = None
    near: float | None = None


def assess(
    rated: RatedClaim,
    terms: TermMapper,
    cross_check: CrossCheck | None,
    comparison: Comparison,
    calibration: Calibration,
) -> Assessment:
    """Low: unresolved, or a strict validator or a decisive check is against it; else the band of the probability that
    the answer is right, up to its depth. It is never High with a failed check, or without a term that it could be
    compared by."""
    if is_unresolved(rated.claim):
        return Assessment(Confidence.LOW, (ConfidenceReason("unresolved", "the type is unresolved"),), {})
    against = tuple(_against(rated))
    answer, sure = terms.answer(rated.claim), terms.sure(rated.claim)
    features = features_of(
        Known(
            claim=rated.claim,
            findings=rated.findings,
            cross_check=cross_check,
            comparison=comparison,
            sure=sure,
            finer=is_finer(rated.claim, terms),
            is_lineage=terms.is_lineage(rated.claim),
            n_kinds=terms.n_kinds(answer),
        )
    )
    chances = calibration.chances(features)
    placed = bool(answer and answer.cl_id)
    confidence = Confidence.LOW if against else band(chances.near)
    if confidence is Confidence.HIGH and (rated.findings.failed or not placed):
        confidence = Confidence.MODERATE
    doubts = (*against, *_doubts(rated, cross_check, comparison, sure))
    if not placed:
        doubts += (ConfidenceReason("no_term", "the Cell Ontology has no place for the type"),)
    nothing = ConfidenceReason("nothing_against", "score, checks and marker scoring leave no doubt")
    reasons = doubts or (below_high(chances.near) or nothing,)
    return Assessment(confidence, reasons, features, chances.exact, chances.near)


def _against(rated: RatedClaim) -> Iterator[ConfidenceReason]:
    if rated.judgement is not None and rated.judgement.objections:
        yield ConfidenceReason("not_agreed", "the validator did not agree")
    if rated.findings.decisive:
        yield ConfidenceReason("decisive_check", "it names no cell type or no listed gene as evidence")


def _doubts(
    rated: RatedClaim, cross_check: CrossCheck | None, comparison: Comparison, sure: Relation | None
) -> Iterator[ConfidenceReason]:
    """What lowers the probability, in words."""
    score, failed = rated.claim.score, rated.findings.failed
    if score is None:
        yield ConfidenceReason("no_score", "no score was given")
    elif score < HIGH_SCORE:
        yield ConfidenceReason("low_score", f"the score is {score:g} of 100")
    if failed:
        yield ConfidenceReason("failed_checks", f"{len(failed)} of {len(rated.findings.items)} checks failed")
    if sure is not None and sure is not Relation.SAME:
        yield ConfidenceReason("not_sure", f"the annotator is sure of {_ABOUT[sure]} only")
    if cross_check and cross_check.label and cross_check.relation is not Relation.SAME:
        found = f"marker scoring names {_ABOUT[cross_check.relation]}: {cross_check.label}"
        yield ConfidenceReason("markers_disagree", found)
    if comparison.differ:
        yield ConfidenceReason("second_differs", "a second opinion names another type")
    if rated.claim.mixture:
        yield ConfidenceReason("mixture", "cell types may be mixed")
