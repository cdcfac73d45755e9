"""Which cells of a data set stand for all of them: so many of each group, the same ones on each machine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 50  # of a group, or all that it has
_SEED = 20260326
# The constants of SplitMix64.
_STEP, _FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def sample(groups: NDArray[np.integer[Any]], n_groups: int, n_cells: int) -> NDArray[np.int64]:
    """The places of so many cells, ascending; all of them where there are not more.

    A group has a share of them that is as large as its share of the cells, but at least `LEAST` cells, or half of an
    equal share where there are many groups. Which ones depends on their places only: numpy's random numbers, which may
    change, are not used.

    Args:
        groups: shape (cells,), the group of each cell, 0 to n_groups - 1, and -1 for none; those are a group as well.
    """
    if len(groups) <= n_cells:
        return np.arange(len(groups))
    numbers = np.where(groups < 0, n_groups, groups)
    wanted = quotas(np.bincount(numbers, minlength=n_groups + 1), n_cells)
    order = np.lexsort((_mixed(len(groups)), numbers))  # by group, mixed within it
    starts = np.searchsorted(numbers[order], np.arange(n_groups + 1))
    chosen = [order[start : start + number] for start, number in zip(starts, wanted, strict=True)]
    return np.sort(np.concatenate(chosen))


def quotas(sizes: NDArray[np.int64], n_cells: int) -> NDArray[np.int64]:
    """How many cells of each group are sampled: `n_cells` together, of more than that."""
    least = np.minimum(sizes, min(LEAST, n_cells // (2 * len(sizes))))
    is_free = sizes > least  # has a share in proportion
    while True:
        share = (n_cells - least[~is_free].sum()) / sizes[is_free].sum()
        too_few = is_free & (sizes * share < least)
        if not too_few.any():
            break
        is_free &= ~too_few
    exact = np.where(is_free, sizes * share, least)
    found = np.floor(exact).astype(np.int64)
    missing = n_cells - int(found.sum())
    found[np.argsort(found - exact, kind="stable")[:missing]] += 1  # the largest remainders
    return found


def _mixed(length: int) -> NDArray[np.uint64]:
    """A number for each of 0 to length - 1, all different and in no order (SplitMix64)."""
    with np.errstate(over="ignore"):
        mixed = (np.arange(length, dtype=np.uint64) + np.uint64(_SEED)) * _STEP
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        return np.asarray(mixed ^ (mixed >> np.uint64(31)))
