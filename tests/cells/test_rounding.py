"""Numbers of few digits: a table has those that single ones have."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cassia_engine.cells.rounding import short, shorts

# But for those in the middle of two numbers of four digits, where both are right.
NUMBERS = st.floats(allow_subnormal=False).filter(
    lambda x: not math.isfinite(x) or f"{x:.4g}" == f"{x * (1 + 1e-12):.4g}"
)


@given(hnp.arrays(np.float64, st.tuples(st.integers(0, 3), st.integers(0, 4)), elements=NUMBERS))
def test_a_table_has_the_numbers_of_single_ones(values: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    assert shorts(values, 4) == [tuple(short(value, 4) for value in row) for row in values.tolist()]


def test_numbers_are_short() -> None:
    assert shorts(np.array([[1 / 3, 2e-7 / 3, 123456.0, -0.0, np.nan, np.inf]]), 4) == [
        (0.3333, 6.667e-08, 123500.0, 0.0, None, None)
    ]
    assert str(short(-0.0)) == "0.0"
