"""What is on disk of a job."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cassia_engine.cytetype.job_file import Ranges, indexes, with_index


@given(st.lists(st.integers(0, 40)))
def test_runs_of_numbers_hold_what_was_put(numbers: list[int]) -> None:
    ranges: Ranges = ()
    for number in numbers:
        ranges = with_index(ranges, number)
    assert indexes(ranges) == set(numbers)
    assert all(before[1] + 1 < after[0] for before, after in pairwise(ranges))
