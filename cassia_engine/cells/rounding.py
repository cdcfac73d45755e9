"""Numbers as records have them: short, and the same whatever the order in which values were added up."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGITS = 5


def short(value: float, digits: int = DIGITS) -> float | None:
    """A number with so many significant digits; None for one that is not finite."""
    return float(f"{value:.{digits}g}") + 0.0 if math.isfinite(value) else None  # -0.0 is 0.0


def shorts(values: NDArray[Any], digits: int = DIGITS) -> tuple[float | None, ...]:
    """The same of an array."""
    return tuple(short(value, digits) for value in np.asarray(values, float).tolist())
