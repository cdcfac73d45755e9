"""What kind of values a matrix has: counts, scaled, with missing ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIRST = 1000  # values
_WHOLE_IN_SINGLE = 2**24  # single precision holds all whole numbers up to here


@dataclass(frozen=True, slots=True)
class MatrixFacts:
    """What kind of values a matrix has.

    Attributes:
        n_values: how many are not 0.
        is_counts: all are whole numbers from 0 up, as raw counts are; False where all are 0.
        has_negative: some are below 0, as in scaled data.
        n_missing: how many are NaN.
        has_infinite: some are infinite.
        is_single: all are the same in single precision.
    """

    n_values: int
    is_counts: bool
    has_negative: bool
    n_missing: int
    has_infinite: bool
    is_single: bool

    @property
    def has_nan(self) -> bool:
        """Whether some are missing."""
        return self.n_missing > 0


@dataclass(slots=True)
class SeenFacts:
    """What was seen of the values so far; a check that has failed is not made again."""

    dtype: np.dtype[Any]
    sees_sums: bool = True
    n_values: int = 0
    has_negative: bool = False
    n_missing: int = 0
    has_infinite: bool = False
    is_whole: bool = True
    is_single: bool = True

    def see(self, values: NDArray[Any]) -> bool:
        """Take note of some values; whether all of them are above 0."""
        if not values.size:
            return True
        low = values.min()
        positive = bool(low > 0)  # NaN is not
        self.n_values += values.size if positive else int(np.count_nonzero(values))
        if self.dtype.kind == "f":
            self._see_floats(values, float(low), positive)
        else:
            self.has_negative |= bool(low < 0)
            self.is_single = self.is_single and bool(low >= -_WHOLE_IN_SINGLE and values.max() <= _WHOLE_IN_SINGLE)
        return positive

    def _see_floats(self, values: NDArray[Any], low: float, positive: bool) -> None:
        if low != low:
            self.n_missing += int(np.isnan(values).sum())
        if not (positive and self.sees_sums):  # otherwise a sum shows what is infinite
            self.has_negative = self.has_negative or bool((values < 0).any())
            self.has_infinite = self.has_infinite or bool(np.isinf(values).any())
        # The first values tell nearly always, in less time than all.
        self.is_whole = self.is_whole and all(map(_are_whole, (values.flat[:_FIRST], values)))
        if self.is_single and self.dtype.itemsize > 4:
            with np.errstate(over="ignore"):
                self.is_single = bool(((values.astype(np.float32) == values) | (values != values)).all())

    def result(self, sums: NDArray[np.float64]) -> MatrixFacts:
        infinite = self.has_infinite or bool(np.isinf(sums).any())
        whole = self.is_whole and not (self.has_negative or self.n_missing or infinite)
        return MatrixFacts(
            n_values=self.n_values,
            is_counts=whole and self.n_values > 0,
            has_negative=self.has_negative,
            n_missing=self.n_missing,
            has_infinite=infinite,
            is_single=self.is_single,
        )


def _are_whole(values: NDArray[Any]) -> bool:
    return bool((values == np.rint(values)).all())
