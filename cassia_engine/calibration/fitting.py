"""Fits a calibration on answers of which it is known whether they are right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cassia_engine.calibration.probability import INTERCEPT, Calibration, Features, Reliability

Floats = npt.NDArray[np.float64]

RIDGE = 2.0  # of the squared weights, all but the intercept's: features are from 0 to about 1
FOLDS = 8
REPEATS = 5  # of the folds, drawn anew: of a few hundred answers one draw says little
BINS = 10
_STEPS = 50


@dataclass(frozen=True, slots=True)
class Example:
    """An answer: its features, whether it is the expert's very type, whether it is near it, and its data set."""

    features: Features
    exact: bool
    near: bool
    data_set: str


def fit(examples: Sequence[Example], fitted_on: str, provider: str = "", model: str = "") -> Calibration:
    """A calibration on all examples, with its reliability on data sets that were left out.

    Args:
        fitted_on: the model and the answers in a few words.
        provider, model: who gave the answers, as a run names them; "" where that is not known.

    Raises:
        ValueError: the examples are of fewer than two data sets, or all right or all wrong.
    """
    sets = {example.data_set for example in examples}
    if len(sets) < 2:
        raise ValueError("examples of two data sets or more are needed")
    names, design = design_of(examples)
    found: dict[str, tuple[dict[str, float], tuple[Reliability, ...], float]] = {}
    for kind in ("exact", "near"):
        right = np.array([float(getattr(example, kind)) for example in examples])
        if right.min() == right.max():
            raise ValueError(f"all examples are {'right' if right[0] else 'wrong'} ({kind})")
        weights = dict(zip((INTERCEPT, *names), (round(float(w), 4) for w in _weights(design, right)), strict=True))
        stated = left_out(examples, design, right)
        bins = reliability(stated, np.tile(right, REPEATS))
        found[kind] = (weights, bins, _error(bins))
    return Calibration(
        fitted_on=fitted_on,
        provider=provider,
        model=model,
        n=len(examples),
        data_sets=len(sets),
        exact=found["exact"][0],
        near=found["near"][0],
        reliability_exact=found["exact"][1],
        reliability_near=found["near"][1],
        error_exact=found["exact"][2],
        error_near=found["near"][2],
    )


def design_of(examples: Sequence[Example]) -> tuple[list[str], Floats]:
    """The names of all features, and a row of their values an example, with 1 in front for the intercept."""
    names = sorted({name for example in examples for name in example.features})
    rows = [[1.0, *(example.features.get(name, 0.0) for name in names)] for example in examples]
    return names, np.array(rows)


def left_out(examples: Sequence[Example], design: Floats, right: Floats) -> Floats:
    """For each example the probability by a fit without its data set's fold; REPEATS times all of them."""
    sets = sorted({example.data_set for example in examples})
    k = min(FOLDS, len(sets))
    every = []
    for repeat in range(REPEATS):
        order = np.random.default_rng(repeat).permutation(len(sets))
        fold_of = {sets[place]: number % k for number, place in enumerate(order)}
        folds = np.array([fold_of[example.data_set] for example in examples])
        stated = np.zeros(len(examples))
        for fold in range(k):
            inside = folds == fold
            stated[inside] = _logistic(design[inside] @ _weights(design[~inside], right[~inside]))
        every.append(stated)
    return np.concatenate(every)


def errors_of(calibration: Calibration, examples: Sequence[Example]) -> tuple[float, float]:
    """Expected calibration errors (exact, near; 0 to 1) of a calibration on examples that it was not fitted on."""
    chances = [calibration.chances(example.features) for example in examples]
    found = []
    for kind in ("exact", "near"):
        stated = np.array([getattr(one, kind) for one in chances], dtype=np.float64)
        right = np.array([float(getattr(example, kind)) for example in examples])
        found.append(_error(reliability(np.tile(stated, REPEATS), np.tile(right, REPEATS))))
    return found[0], found[1]


def reliability(stated: Floats, right: Floats) -> tuple[Reliability, ...]:
    """By tenths of the answers, from the least probable."""
    parts = np.array_split(np.argsort(stated, kind="stable"), BINS)
    return tuple(
        Reliability(round(float(stated[part].mean()), 3), round(float(right[part].mean()), 3), len(part) // REPEATS)
        for part in parts
        if len(part)
    )


def _error(bins: Sequence[Reliability]) -> float:
    n = sum(one.n for one in bins) or 1
    return round(sum(one.n * abs(one.stated - one.observed) for one in bins) / n, 3)


def _weights(x: Floats, y: Floats) -> Floats:
    """Newton's method on the penalised likelihood."""
    weights = np.zeros(x.shape[1])
    penalty = np.eye(x.shape[1]) * RIDGE
    penalty[0, 0] = 1e-6
    for _ in range(_STEPS):
        p = _logistic(x @ weights)
        gradient = x.T @ (y - p) - penalty @ weights
        step = np.linalg.solve((x.T * (p * (1 - p))) @ x + penalty, gradient)
        weights += step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))))
