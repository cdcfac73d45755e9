"""What is known of a scored answer, as numbers for its calibrated probability. docs/trust.md lists them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from cassia_engine.calibration import Features
from cassia_engine.records import MarkerScoring

_MANY_GENES = 20
_MANY_KINDS = 500
_MOST_FAILED = 3  # checks that are told apart


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an answer by marker scoring.

    Attributes:
        n_markers: how many genes the cluster's list has; at least 1.
        is_lineage: whether the answer is no finer than its lineage.
        n_kinds: how many terms are below it in the Cell Ontology.
    """

    scoring: MarkerScoring
    n_markers: int
    is_lineage: bool
    n_kinds: int


def features_of(known: Known) -> Features:
    """The features of an answer; what is 0 is left out."""
    return {name: round(value, 4) for name, value in _features(known) if value}


def _features(known: Known) -> Iterator[tuple[str, float]]:
    scoring, answer = known.scoring, known.scoring.types[0]
    yield "score", answer.score / 100
    yield "margin", scoring.margin
    yield "rival", min(1.0, scoring.rival_strength / answer.strength) if answer.strength else 1.0
    yield "genes", min(1.0, math.log1p(len(answer.genes)) / math.log1p(_MANY_GENES))
    yield "expected", float(answer.expected)
    yield "tie_broader", float(scoring.tie is not None and scoring.tie.broader)
    yield "tie_alike", float(scoring.tie is not None and not scoring.tie.broader)
    yield "failed_checks", min(sum(not check.passed for check in scoring.checks), _MOST_FAILED) / _MOST_FAILED
    yield "known_genes", scoring.known_genes / known.n_markers
    yield "is_lineage", float(known.is_lineage)
    yield "kinds", math.log1p(known.n_kinds) / math.log1p(_MANY_KINDS)
