"""Fits whose outcome can be computed by hand."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from cassia_engine.calibration import Calibration, band, open_calibration
from cassia_engine.calibration.fitting import BINS, Example, errors_of, fit
from cassia_engine.records import OFFLINE, Confidence
from tests.raising import raises


def examples(shares: dict[float, tuple[float, float]], n: int = 100, sets: int = 10) -> list[Example]:
    """For each value of the feature, in each data set, n answers of which these shares are exact and near."""
    return [
        Example({"sign": sign}, number < share[0] * n, number < share[1] * n, f"set {of}")
        for (sign, share), of, number in product(shares.items(), range(sets), range(n))
    ]


def test_probabilities_are_the_shares_that_were_right() -> None:
    fitted = fit(examples({1.0: (0.6, 0.9), 0.0: (0.2, 0.5)}), "by hand", "p", "m")
    sure, unsure = fitted.chances({"sign": 1.0}), fitted.chances({})
    assert (sure.exact, sure.near) == pytest.approx((0.6, 0.9), abs=0.005)
    assert (unsure.exact, unsure.near) == pytest.approx((0.2, 0.5), abs=0.005)
    assert (fitted.n, fitted.data_sets, fitted.basis.model) == (2000, 10, "m")
    assert fitted.error_exact == pytest.approx(0, abs=0.01) and fitted.error_near == pytest.approx(0, abs=0.01)


def test_reliability_is_of_data_sets_that_were_left_out() -> None:
    """In half of the data sets the sign says right, in the others wrong: seen ones tell nothing of the next."""
    fair = [Example({f"of {n % 8}": 1.0}, n % 2 == 0, n % 2 == 0, f"set {n % 8}") for n in range(800)]
    fitted = fit(fair, "a sign for each data set")
    assert fitted.chances({"of 0": 1.0}).near > 0.9
    assert max(one.stated for one in fitted.reliability_near) < 0.7
    assert fitted.error_near is not None and fitted.error_near > 0.4
    assert len(fitted.reliability_near) == BINS and sum(one.n for one in fitted.reliability_near) == 800


def test_near_is_never_less_probable_than_exact() -> None:
    odd = Calibration("odd", 1, 2, {"intercept": 2.0}, {"intercept": -2.0})
    assert odd.chances({}).near == odd.chances({}).exact > 0.8


def test_error_is_the_distance_of_what_is_stated_from_what_is_so() -> None:
    even = Calibration("even", 1, 2, {"intercept": 0.0}, {"intercept": 0.0})
    assert errors_of(even, examples({1.0: (0.5, 0.8)}, sets=2))[1] >= 0.3
    assert errors_of(even, examples({1.0: (1.0, 1.0)}, sets=2)) == (0.5, 0.5)


def test_unknown_features_count_nothing() -> None:
    one = Calibration("one", 1, 2, {"intercept": 0.0, "a": 1.0}, {"intercept": 0.0, "a": 1.0})
    assert one.chances({"a": 1.0, "b": 99.0}) == one.chances({"a": 1.0})


@pytest.mark.parametrize(
    ("shares", "sets", "why"),
    [
        ({1.0: (0.5, 0.5)}, 1, "two data sets"),
        ({1.0: (1.0, 1.0)}, 2, "right"),
        ({1.0: (0.0, 0.0)}, 2, "wrong"),
        ({1.0: (0.5, 1.0)}, 2, "right (near)"),
    ],
)
def test_what_cannot_be_fitted_is_refused(shares: dict[float, tuple[float, float]], sets: int, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        fit(examples(shares, 20, sets), "nothing")
    assert why in str(caught.value)


def test_bands() -> None:
    assert [band(near) for near in (1.0, 0.9, 0.899, 0.75, 0.749, 0.0)] == [
        *(Confidence.HIGH, Confidence.HIGH, Confidence.MODERATE, Confidence.MODERATE, Confidence.LOW, Confidence.LOW)
    ]


def test_the_package_has_one_for_models_and_one_for_marker_scoring() -> None:
    assert open_calibration(None, OFFLINE).provider == OFFLINE
    assert open_calibration(None, "openai").provider == ""


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"fitted_on": 1}', "\xff", '{"fitted_on":"a","n":1,"data_sets":2,"exact":{"x":NaN}}']
)
def test_a_file_that_is_no_calibration_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(text.encode("latin-1"))
    with raises("calibration-unknown", path=path):
        open_calibration(path, OFFLINE)
    with raises("calibration-not-readable", path=tmp_path):
        open_calibration(tmp_path, OFFLINE)
