"""Values of cells, cluster by cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DIGITS = 5  # of the largest value


class ByCluster:
    """Cells in the order of their clusters.

    Args:
        codes: shape (cells,), the place of each cell's cluster; -1 for none.
        n_clusters: how many clusters there are.
    """

    def __init__(self, codes: NDArray[np.int32], n_clusters: int):
        self._order = np.argsort(codes, kind="stable")
        counts = np.bincount(codes[codes >= 0], minlength=n_clusters)
        self.sizes: list[int] = counts.tolist()
        self._ends = np.cumsum([np.count_nonzero(codes < 0), *self.sizes])

    def split(self, values: NDArray[Any]) -> Iterator[NDArray[Any]]:
        """The values of each cluster, without missing and infinite ones."""
        ordered = values.take(self._order)
        for start, stop in zip(self._ends[:-1], self._ends[1:], strict=True):
            found = ordered[start:stop]
            is_finite = np.isfinite(found)
            yield found if is_finite.all() else found[is_finite]


def quantiles(values: NDArray[Any], shares: tuple[float, ...]) -> tuple[float, ...] | None:
    """Quantiles, between two values by their distance; None where there is no value."""
    if not values.size:
        return None
    return tuple(significant(float(found)) for found in np.quantile(values.astype(np.float64), shares))


def significant(value: float) -> float:
    return float(f"{value:.6g}")


def rounded(values: NDArray[Any]) -> list[float | None]:
    """Numbers as a picture needs them: to the digits that their largest one has; None for one that is not finite."""
    wide = values.astype(np.float64)
    is_finite = np.isfinite(wide)
    largest = float(np.abs(wide[is_finite]).max(initial=0))
    decimals = _DIGITS - 1 - int(np.floor(np.log10(largest))) if largest else 0
    found: list[float | None] = np.round(wide, max(0, min(decimals, 15))).tolist()
    for place in np.flatnonzero(~is_finite).tolist():
        found[place] = None
    return found
