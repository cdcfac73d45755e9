"""The normal distribution's tail against Python's own complementary error function."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cassia_engine.h5ad.normal import MIDDLE, SMALL, erfc, two_sided

EDGES = [0.0, 5e-324, 1e-20, SMALL, np.nextafter(SMALL, 1), MIDDLE, np.nextafter(MIDDLE, 5), 26.0]


def test_erfc_is_exact_to_twelve_digits_far_into_the_tail() -> None:
    x = np.concatenate([EDGES, np.linspace(0, 1, 2001), np.linspace(0, 26.2, 20001)])
    expected = np.array([math.erfc(value) for value in x])
    assert expected.min() < 1e-299
    np.testing.assert_allclose(erfc(x), expected, rtol=1e-12, atol=0)


def test_erfc_fades_to_0_as_the_smallest_numbers_do() -> None:
    x = np.linspace(26.2, 40, 5001)
    np.testing.assert_allclose(erfc(x), [math.erfc(value) for value in x], rtol=1e-12, atol=1e-323)
    assert erfc(np.array([27.3, 1e10, 1e200, np.inf])).tolist() == [0, 0, 0, 0]
    assert math.isnan(erfc(np.array([np.nan]))[0])


@pytest.mark.parametrize(("score", "p"), [(0, 1), (1.959963984540054, 0.05), (-37.5, 9.2e-308), (np.inf, 0)])
def test_p_of_a_score(score: float, p: float) -> None:
    assert two_sided(np.array([[score]]))[0, 0] == pytest.approx(p, rel=0.01)
