"""Which values of the cells' metadata the cells of each cluster have: samples, donors, phases, other tools' labels."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from cassia_engine.h5ad.annotated import AnnotatedData, Groups
from cassia_engine.h5ad.label_columns import is_of_earlier_run
from cassia_engine.h5ad.names import listed
from cassia_engine.records import Composition, Share

log = logging.getLogger(__name__)

FEWEST, MOST = 2, 50  # values of a column that says something of clusters
MOST_SHARES = 10
MOST_COLUMNS = 20


def compositions(data: AnnotatedData, column: str, groups: Groups) -> Mapping[int, tuple[Composition, ...]]:
    """The columns of metadata, in their order, for each group by its number.

    Left out are columns of numbers, those with one value or more than `MOST`, labels of earlier runs, and those that
    say what another one says: the clusters under other names, or a column before.

    Args:
        column: that of the clusters.
    """
    taken = dict(_columns(data, column, groups))
    if len(taken) > MOST_COLUMNS:
        left_out = list(taken)[MOST_COLUMNS:]
        what = f"of the columns of obs the first {MOST_COLUMNS} with up to {MOST} values are taken"
        log.info("%s: %s; left out: %s", data.place, what, listed(left_out))
        taken = {name: taken[name] for name in list(taken)[:MOST_COLUMNS]}
    tables = {name: _counts(groups, values) for name, values in taken.items()}
    return {
        group: tuple(
            Composition(name, *_shares(table[group], (*taken[name].labels, None))) for name, table in tables.items()
        )
        for group in range(len(groups.labels))
    }


def _columns(data: AnnotatedData, column: str, groups: Groups) -> Iterator[tuple[str, Groups]]:
    known = [groups]
    for name in dict.fromkeys(data.obs_columns()):
        if is_of_earlier_run(name):
            continue
        values = data.categories(name, MOST) if name != column else None
        if values is None or len(np.unique(values.codes)) < FEWEST or _are_names(values):
            continue
        if not any(_say_the_same(one, values) for one in known):
            known.append(values)
            yield name, values


def _are_names(values: Groups) -> bool:
    """Whether each cell has a value of its own."""
    return len(np.unique(values.codes)) == len(values.codes)


def _say_the_same(one: Groups, other: Groups) -> bool:
    """Whether cells that have a value of the first have the same of the other, and the other way round."""
    both = one.codes >= 0  # cells without a cluster may have a value
    pairs = len(np.unique((one.codes[both] + 1) * (len(other.labels) + 1) + other.codes[both] + 1))
    return bool(pairs == len(np.unique(one.codes[both])) == len(np.unique(other.codes[both])))


def _counts(groups: Groups, values: Groups) -> NDArray[np.int64]:
    """Shape (groups, values + 1): cells by group and value, those without a value last."""
    width = len(values.labels) + 1
    kept = groups.codes >= 0
    places = np.where(values.codes < 0, width - 1, values.codes)[kept]
    counted = np.bincount(groups.codes[kept] * width + places, minlength=len(groups.labels) * width)
    return counted.reshape(len(groups.labels), width)


def _shares(counts: NDArray[np.int64], labels: tuple[str | None, ...]) -> tuple[tuple[Share, ...], int]:
    """The most frequent values, most cells first, then by name; and how many cells have other ones."""
    found = [Share(label, number) for label, number in zip(labels, counts.tolist(), strict=True) if number]
    found.sort(key=lambda share: (-share.n_cells, share.value is None, share.value or ""))
    return tuple(found[:MOST_SHARES]), sum(share.n_cells for share in found[MOST_SHARES:])
