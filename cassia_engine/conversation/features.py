"""What is known of a model's answer, as numbers for its calibrated probability. docs/trust.md lists them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from cassia_engine.calibration import Features
from cassia_engine.conversation.comparing import Comparison
from cassia_engine.evidence import Findings
from cassia_engine.records import CrossCheck, Relation
from cassia_engine.records.replies import Claim

# A score from here on tells more than the straight line from 0 to 100 does.
_SURE_SCORE = 0.9
_MOST = 3  # conflicts and rivals that are told apart
_MANY_KINDS = 500
# Of other relations there were too few answers to fit anything.
_TOLD_APART = frozenset({Relation.SAME, Relation.NARROWER, Relation.BROADER, Relation.RELATED})


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an answer that names a type.

    Attributes:
        sure: what the narrowest type that the annotator is sure of is, compared with the answer; None if not stated.
        finer: whether the annotator names a finer type beside it.
        is_lineage: whether it is no finer than the lineage.
        n_kinds: how many terms are below it in the Cell Ontology.
    """

    claim: Claim
    findings: Findings
    cross_check: CrossCheck | None
    comparison: Comparison
    sure: Relation | None
    finer: bool
    is_lineage: bool
    n_kinds: int


def features_of(known: Known) -> Features:
    """The features of an answer; what is 0 is left out."""
    return {name: round(value, 4) for name, value in _features(known) if value}


def _features(known: Known) -> Iterator[tuple[str, float]]:
    claim, cross_check = known.claim, known.cross_check
    score = (claim.score or 0.0) / 100
    yield "score", score
    yield "high_score", max(0.0, score - _SURE_SCORE) / (1 - _SURE_SCORE)
    if cross_check and cross_check.relation in _TOLD_APART:
        yield f"markers_{cross_check.relation.value}", 1.0
    if cross_check:
        yield "margin", cross_check.margin
        yield "margin_same", cross_check.margin * (cross_check.relation is Relation.SAME)
    yield "sure", float(known.sure is Relation.SAME)
    yield "finer", float(known.finer)
    yield "is_lineage", float(known.is_lineage)
    yield "kinds", math.log1p(known.n_kinds) / math.log1p(_MANY_KINDS)
    yield "rivals", min(len(claim.candidates) - 1, _MOST) / _MOST if claim.candidates else 0.0
    yield "conflicts", min(len(known.findings.conflicts), _MOST) / _MOST
    yield "mixture", float(bool(claim.mixture))
    yield "second_differs", float(known.comparison.differ)
