"""Cells that stand for all: in proportion, with enough of each group, the same ones each time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cassia_engine.h5ad.sampling import LEAST, quotas, sample

SIZES = st.lists(st.integers(0, 400), min_size=1, max_size=40)


def groups_of(sizes: list[int]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Cells of the groups in turn, the first size being that of no group."""
    codes = np.repeat(np.arange(-1, len(sizes) - 1), sizes)
    return codes[np.argsort(np.arange(len(codes)) * 7919 % 10007, kind="stable")]


@given(SIZES, st.integers(1, 300))
def test_sample_is_of_the_size_wanted_and_within_the_groups(sizes: list[int], wanted: int) -> None:
    codes = groups_of(sizes)
    chosen = sample(codes, len(sizes) - 1, wanted)
    assert len(chosen) == min(wanted, len(codes))
    assert (np.diff(chosen) > 0).all()
    assert not chosen.size or 0 <= chosen[0] <= chosen[-1] < len(codes)
    assert (chosen == sample(codes, len(sizes) - 1, wanted)).all()


@given(SIZES)
def test_no_group_gets_less_than_half_an_equal_share_or_all_it_has(sizes: list[int]) -> None:
    total = sum(sizes)
    if total < 2:
        return
    found = quotas(np.array(sizes), total // 2)
    assert found.sum() == total // 2
    assert (found <= sizes).all()
    assert (found >= np.minimum(sizes, min(LEAST, total // 2 // (2 * len(sizes))))).all()


def test_small_groups_are_there_and_others_in_proportion() -> None:
    sizes = np.array([0, 900_000, 99_000, 950, 50])
    codes = np.repeat(np.arange(-1, 4), sizes)
    counts = np.bincount(codes[sample(codes, 4, 5000)], minlength=4)
    assert counts.sum() == 5000
    assert counts[3] == 50
    assert counts[2] == 50
    assert abs(counts[0] / counts[1] - 900 / 99) < 0.05


def test_groups_are_sampled_over_all_of_their_cells() -> None:
    chosen = sample(np.zeros(100_000, np.int8), 1, 1000)
    thirds = np.bincount(chosen // 25_000)
    assert (abs(thirds - 250) < 60).all()


def test_the_same_cells_are_chosen_on_every_machine_and_by_every_version() -> None:
    assert sample(np.arange(1000) % 3, 3, 12).tolist() == CHOSEN


CHOSEN = [77, 214, 274, 334, 473, 507, 522, 572, 573, 580, 740, 888]
