"""A calibration: a logistic regression over a few features of an answer, with what it was fitted on."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Self

import msgspec

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError
from cassia_engine.records import OFFLINE, CalibrationBasis, Confidence, ConfidenceReason
from cassia_engine.records.json_form import from_json
from cassia_engine.records.record import Number, Record
from cassia_engine.text import one_line

# A feature's value by its name; one that is not named is 0.
Features = Mapping[str, float]

# Bands of the probability that an answer is the expert's type, one of its kinds or one that it is a kind of.
HIGH, LOW = 0.9, 0.75
INTERCEPT = "intercept"


class Reliability(Record, frozen=True):
    """Of answers with about the same stated probability: how often they were right. All from 0 to 1, `n` answers."""

    stated: Number
    observed: Number
    n: int


class Chances(Record, frozen=True):
    """Probabilities (0 to 1) of an answer: to be the very type (`exact`), or a kind of it, or one above it (`near`)."""

    exact: float
    near: float


class Calibration(Record, frozen=True):
    """A fitted calibration.

    Attributes:
        fitted_on: the model and the answers in a few words.
        n, data_sets: how many answers, of how many data sets, or groups of them, that were left out in turn.
        exact, near: weights by the names of features, in log-odds.
        reliability_exact, reliability_near: by tenths of the answers, on data sets that were left out of the fit.
        error_exact, error_near: expected calibration error of these, 0 to 1.
        provider, model: who gave the answers, as a run names them; "" where that is not known.
    """

    fitted_on: str
    n: int
    data_sets: int
    exact: Mapping[str, Number]
    near: Mapping[str, Number]
    reliability_exact: tuple[Reliability, ...] = ()
    reliability_near: tuple[Reliability, ...] = ()
    error_exact: Number | None = None
    error_near: Number | None = None
    provider: str = ""
    model: str = ""

    @property
    def basis(self) -> CalibrationBasis:
        """What a run says of it."""
        told = tuple((one.stated, one.observed) for one in self.reliability_near)
        return CalibrationBasis(self.fitted_on, self.n, self.data_sets, self.provider, self.model, told)

    @property
    def text(self) -> str:
        """What `of_text` reads."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def of_text(cls, text: str) -> Self:
        """The calibration of a text that `text` gave.

        Raises:
            msgspec.DecodeError: it did not.
        """
        return msgspec.json.decode(text, type=cls)

    def chances(self, features: Features) -> Chances:
        """What is to be expected of an answer with these features; near is at least exact."""
        exact, near = _probability(self.exact, features), _probability(self.near, features)
        return Chances(round(exact, 3), round(max(exact, near), 3))

    @classmethod
    def read(cls, path: Path) -> Self:
        """A calibration that `cassia calibrate` has written.

        Raises:
            UsageError: it cannot be read, or is none.
        """
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except OSError as error:
            what = f"{argument('calibration')} cannot be read: {error.strerror}"
            raise UsageError(what, path=path, code="calibration-not-readable") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            what = f"no calibration ({one_line(str(error))}); give a file that cassia calibrate has written"
            raise UsageError(what, path=path, code="calibration-unknown") from error


class Calibrations(Record, frozen=True):
    """Those that the package brings: for language models, and for marker scoring without one."""

    model: Calibration
    offline: Calibration

    @classmethod
    @lru_cache(maxsize=1)
    def load(cls) -> Calibrations:
        text = (files("cassia_engine") / "data" / "calibrations.json").read_text(encoding="utf-8")
        return from_json(cls, json.loads(text))


def open_calibration(path: Path | None, provider: str) -> Calibration:
    """The calibration of a file, or of the package where none is given.

    Args:
        provider: who annotates.

    Raises:
        UsageError: the file cannot be read, is no calibration, or is of marker scoring where a model is asked, or the
            other way round: their answers have other features.
    """
    offline = provider == OFFLINE
    if path is None:
        return Calibrations.load().offline if offline else Calibrations.load().model
    found = Calibration.read(path)
    if (found.provider == OFFLINE) is not offline:
        of = "marker scoring" if found.provider == OFFLINE else "a language model"
        what = f"fitted on answers of {of}, and {option('provider', provider)} annotates; give one of that, or none"
        raise UsageError(what, path=path, code="calibration-of-other-annotator")
    return found


def band(near: float) -> Confidence:
    """High, Moderate or Low, by the probability that an answer is right up to its depth."""
    return Confidence.HIGH if near >= HIGH else Confidence.MODERATE if near >= LOW else Confidence.LOW


def below_high(near: float) -> ConfidenceReason | None:
    """Why the band of a probability is not High; None if it is."""
    if near >= HIGH:
        return None
    limit = LOW if near < LOW else HIGH
    return ConfidenceReason("probability", f"the calibrated probability is below {limit:.0%}")


def _probability(weights: Mapping[str, Number], features: Features) -> float:
    known = {**features, INTERCEPT: 1.0}
    total = sum(weight * known.get(name, 0.0) for name, weight in weights.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
