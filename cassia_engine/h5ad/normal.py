"""The normal distribution's tail for arrays, as scipy.stats.norm.sf gives it, without SciPy.

W. J. Cody, Rational Chebyshev approximations for the error function, Mathematics of Computation 23 (1969), 631-637,
with the coefficients of his program CALERF (netlib, specfun).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SMALL, MIDDLE = 0.46875, 4.0
# Numerator and denominator, highest power first.
ERF = (
    (
        *(1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2),
        3.20937758913846947e3,
    ),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
ERFC_MIDDLE = (
    (
        *(2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1),
        *(2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3),
        1.23033935479799725e3,
    ),
    (
        *(1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3),
        *(3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
    ),
)
ERFC_LARGE = (
    (
        *(1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1),
        *(1.60837851487422766e-2, 6.58749161529837803e-4),
    ),
    (
        *(1.0, 2.56852019228982242e0, 1.87295284992346725e0, 5.27905102951428412e-1, 6.05183413124413191e-2),
        2.33520497626869185e-3,
    ),
)
Ratio = tuple[Sequence[float], Sequence[float]]


def two_sided(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability that a standard normal value is at least as far from 0 as each score; any shape.

    The relative error is below 1e-12 where the result is above 1e-300; from scores of 38.6 on it is 0.
    """
    return erfc(np.abs(scores) * np.sqrt(0.5))


def erfc(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The complementary error function of values from 0 up; any shape; 0 for infinity, NaN for NaN."""
    result = np.empty_like(x)
    small, large = x <= SMALL, x > MIDDLE
    middle = ~(small | large)
    result[small] = 1 - x[small] * _ratio(ERF, x[small] ** 2)
    result[middle] = _gauss(x[middle]) * _ratio(ERFC_MIDDLE, x[middle])
    far = np.minimum(x[large], 30.0)  # 0 from 27.3 on; infinity would give NaN
    inverse = far**-2.0
    result[large] = _gauss(far) * (np.sqrt(1 / np.pi) - inverse * _ratio(ERFC_LARGE, inverse)) / far
    return result


def _ratio(ratio: Ratio, x: NDArray[np.float64]) -> NDArray[np.float64]:
    top, bottom = ratio
    return np.asarray(np.polyval(top, x) / np.polyval(bottom, x))


def _gauss(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """exp(-x**2), with x in two parts, as rounding x**2 would cost digits."""
    coarse = np.trunc(x * 16) / 16
    return np.exp(-(coarse**2)) * np.exp(-(x - coarse) * (x + coarse))
