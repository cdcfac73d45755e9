"""Which label each cell gets: clusters of the summary and groups of the cells are joined by their names as text."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError, did_you_mean, shown
from cassia_engine.h5ad.elements import Groups, listing

log = logging.getLogger(__name__)

# Shape (cells,): which of the labels a cell has, -1 for none.
Positions: TypeAlias = NDArray[np.int64]
# Column of obs to its groups; None where it has none, such as a column of measurements.
GroupsOf = Callable[[str], Groups | None]


def joined(groups: Groups, clusters: Sequence[str], group_key: str, columns: Sequence[str], of: GroupsOf) -> Positions:
    """The position in `clusters` of each cell's group, -1 where it has none.

    What does not match is a warning: clusters without cells, cells of other groups, and cells without a group.

    Args:
        columns, of: the columns of obs that hold categories, and their groups, to say which one would match.

    Raises:
        UsageError: nothing matches; says which clusters and groups there are.
    """
    place = {cluster: number for number, cluster in enumerate(clusters)}
    sizes = groups.sizes()
    if not any(label in place and size for label, size in zip(groups.labels, sizes, strict=True)):
        raise UsageError(_nothing_matches(groups, clusters, group_key, columns, of))
    of_group = np.array([*(place.get(label, -1) for label in groups.labels), -1], np.int64)
    positions: Positions = of_group[groups.codes]
    _warn(groups, sizes, clusters, group_key)
    return positions


def missing_column(group_key: str, columns: Sequence[str], clusters: Collection[str], of: GroupsOf) -> UsageError:
    """That obs has no such column, which it has, and which of them has the summary's clusters."""
    what = f"obs has no column {shown(group_key)}{did_you_mean(group_key, columns)}; it has {listing([*columns])}"
    return UsageError(f"{argument('group_key')}: {what}{_matching(columns, clusters, of)}")


def _nothing_matches(
    groups: Groups, clusters: Sequence[str], group_key: str, columns: Sequence[str], of: GroupsOf
) -> str:
    there = listing(list(groups.labels)) or "no groups"
    what = f"no cluster of the summary is in obs column {shown(group_key)}: the summary has {listing([*clusters])}"
    return f"{argument('group_key')}: {what}, the column has {there}{_matching(columns, clusters, of)}"


def _matching(columns: Sequence[str], clusters: Collection[str], of: GroupsOf) -> str:
    """Which columns have all of the summary's clusters, as the end of a message."""
    found = [name for name in columns if (groups := of(name)) and set(clusters) <= set(groups.labels)]
    return f"; the clusters are in {listing(found)}" if found else ""


def _warn(groups: Groups, sizes: NDArray[np.int64], clusters: Sequence[str], group_key: str) -> None:
    with_cells = {label: int(size) for label, size in zip(groups.labels, sizes, strict=True) if size}
    if absent := [cluster for cluster in clusters if cluster not in with_cells]:
        log.warning("clusters of the summary without cells: %d: %s", len(absent), listing(absent))
    if others := [label for label in with_cells if label not in set(clusters)]:
        n_cells = sum(with_cells[label] for label in others)
        what = "cells of clusters that are not in the summary get no label: %d, of clusters %s"
        log.warning(what, n_cells, listing(others))
    if n_without := int((groups.codes < 0).sum()):
        log.warning("cells without a cluster in obs column %s get no label: %d", shown(group_key), n_without)
