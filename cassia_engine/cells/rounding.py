"""Numbers as records have them: short, and the same whatever the order in which values were added up."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGITS = 5
_POWERS = 10.0 ** np.arange(23)  # those that are exact


def short(value: float, digits: int = DIGITS) -> float | None:
    """A number with so many significant digits; None for one that is not finite."""
    return float(f"{value:.{digits}g}") + 0.0 if math.isfinite(value) else None  # -0.0 is 0.0


def shorts(values: NDArray[Any], digits: int = DIGITS) -> list[tuple[float | None, ...]]:
    """The same of each row of a table."""
    values = np.asarray(values, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = digits - 1 - np.floor(np.log10(np.abs(values)))
        scale = _POWERS[np.clip(np.nan_to_num(places, nan=0, posinf=0, neginf=0), 0, len(_POWERS) - 1).astype(int)]
        rounded = np.rint(values * scale) / scale + 0.0  # the number that the shortest text of it means
    unusual = (values != 0) & ((places < 0) | (places >= len(_POWERS)))
    rounded[unusual] = [float(f"{value:.{digits}g}") for value in values[unusual].tolist()]
    return [tuple(value if math.isfinite(value) else None for value in row) for row in rounded.tolist()]
