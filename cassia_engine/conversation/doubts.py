"""When a second opinion is asked for. The rule is measured in docs/trust.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cassia_engine.conversation.term_mapper import MappedTerm
from cassia_engine.evidence import Findings
from cassia_engine.records import Cluster, CrossCheck, Doubt, Relation
from cassia_engine.records.replies import Claim
from cassia_engine.replies import is_unresolved

# What marker knowledge says of a cluster, beside a model's answer (None if that is unresolved).
CrossChecker = Callable[[Cluster, MappedTerm | None], CrossCheck]

LEAST_SCORE = 65  # of 100, the annotator's own


def doubts_of(claim: Claim, findings: Findings, cross_check: CrossCheck | None, always: bool) -> tuple[Doubt, ...]:
    """Why a second opinion is needed, () if it is not.

    Args:
        always: ask for one in any case.
    """
    found = tuple(_doubts(claim, findings, cross_check))
    return found or ((Doubt.ALWAYS,) if always else ())


def _doubts(claim: Claim, findings: Findings, cross_check: CrossCheck | None) -> Iterator[Doubt]:
    if is_unresolved(claim):
        yield Doubt.UNRESOLVED
        return
    if claim.score is None or claim.score < LEAST_SCORE:
        yield Doubt.LOW_SCORE
    if findings.failed:
        yield Doubt.FAILED_CHECKS
    if cross_check and cross_check.relation is Relation.DIFFERENT:
        yield Doubt.MARKERS_DISAGREE
