"""Which label each cell gets: clusters of the summary and groups of the cells are joined by their names as text."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError, did_you_mean, shown
from cassia_engine.h5ad.annotated import AnnotatedData, Groups
from cassia_engine.h5ad.names import listed
from cassia_engine.h5ad.obs_groups import columns_with, named_groups, with_label_na
from cassia_engine.h5ad.options import RANK_KEY

log = logging.getLogger(__name__)

# Shape (cells,): which of the labels a cell has, -1 for none.
Positions: TypeAlias = NDArray[np.int64]


def joined(
    data: AnnotatedData,
    group_key: str,
    clusters: Sequence[str],
    sizes: Mapping[str, int] | None = None,
    label_na: str | None = None,
) -> Positions:
    """The position in `clusters` of each cell's group in the column `group_key` of obs, -1 where it has none.

    What does not match is a warning: clusters without cells, cells of other groups, and cells without a group.

    Args:
        sizes: how many cells the summary says that clusters have; others than here are a warning too.
        label_na: the cluster of cells without a group; one that is not among `clusters` comes behind them.

    Raises:
        UsageError: there is no such column, it holds no groups, or nothing matches; says which there are.
    """
    groups = named_groups(data, group_key, option("group_key", group_key), lambda: _matching(data, clusters))
    groups = with_label_na(data, group_key, groups, label_na)
    place = {cluster: number for number, cluster in enumerate(clusters)}
    if not any(size and label in place for label, size in groups.sizes.items()):
        there = listed(groups.labels) or "no groups"
        what = f"no cluster of the summary is in obs column {shown(group_key)}: the summary has {listed(clusters)}"
        raise _error(data, f"{what}; the column has {there}{_matching(data, clusters)}", "labels-no-match")
    if label_na is not None and place.setdefault(label_na, len(clusters)) == len(clusters):
        clusters = [*clusters, label_na] if groups.sizes.get(label_na) else clusters
    of_group = np.array([*(place.get(label, -1) for label in groups.labels), -1], np.int64)
    _warn(groups, clusters, group_key)
    _warn_of_sizes(groups, sizes or {})
    positions: Positions = of_group[groups.codes]
    return positions


def find_group_key(data: AnnotatedData, clusters: Sequence[str], rank_key: str | None = None) -> str:
    """The column of obs by which genes were ranked, or, where none is noted, the only one with all clusters.

    Args:
        rank_key: the key of uns with the ranked genes; None for Scanpy's, where there is one.

    Raises:
        UsageError: there is none, or nothing says which one is meant, or there is no such key.
    """
    found = columns_with(data, clusters)
    ranked = _ranked_by(data, rank_key)
    if ranked in found or (len(found) == 1 and ranked not in data.obs_columns()):
        group_key = ranked if ranked in found else found[0]
        log.info("clusters are those in obs column %s", shown(group_key))
        return group_key
    if found:
        where = f"several columns of obs, {listed(found)}" if len(found) > 1 else f"obs column {listed(found)}"
        but = f", and genes were ranked by {shown(ranked)}" if ranked else ""
        what = f"the clusters are in {where}{but}; say which is meant"
        raise _error(data, what, "labels-group-key-unclear")
    what = f"no column of obs has all clusters of the summary, {listed(clusters)}; say which has most of them"
    raise _error(data, f"{what}, of {listed(data.obs_columns())}", "labels-group-key-not-found")


def _ranked_by(data: AnnotatedData, rank_key: str | None) -> str:
    """The column by which genes were ranked; "" where it is not noted.

    Raises:
        UsageError: there is no such key.
    """
    there = data.ranked_keys()
    if rank_key and rank_key not in there:
        found = f"; ranked genes are in {listed(there)}" if there else "; no key of uns has ranked genes"
        what = f"{option('rank_key', rank_key)}: no such key{did_you_mean(rank_key, there)}{found}"
        raise UsageError(what, path=data.place, code="labels-rank-key-not-found")
    key = rank_key or RANK_KEY
    return str(data.ranked(key).parameters.get("groupby") or "") if key in there else ""


def _error(data: AnnotatedData, what: str, code: str) -> UsageError:
    return UsageError(f"{argument('group_key')}: {what}", path=data.place, code=code)


def _matching(data: AnnotatedData, clusters: Sequence[str]) -> str:
    """Which columns have all of the summary's clusters, as the end of a message."""
    found = columns_with(data, clusters)
    return f"; the clusters are in {listed(found)}" if found else ""


def _warn(groups: Groups, clusters: Sequence[str], group_key: str) -> None:
    with_cells = {label: size for label, size in groups.sizes.items() if size}
    if absent := [cluster for cluster in clusters if cluster not in with_cells]:
        log.warning("clusters of the summary without cells: %d: %s", len(absent), listed(absent))
    if others := [label for label in with_cells if label not in set(clusters)]:
        n_cells = sum(with_cells[label] for label in others)
        what = "cells of clusters that are not in the summary get no label: %d, of clusters %s"
        log.warning(what, n_cells, listed(others))
    if n_without := int((groups.codes < 0).sum()):
        what = "cells without a cluster in obs column %s get no label: %d; %s gives them one"
        log.warning(what, shown(group_key), n_without, argument("label_na"))


def _warn_of_sizes(groups: Groups, sizes: Mapping[str, int]) -> None:
    """Cells may have been clustered anew since, with the same names for other clusters."""
    here = groups.sizes
    if others := [name for name, size in sizes.items() if name in here and here[name] != size]:
        first = others[0]
        log.warning(
            "clusters have other numbers of cells than the summary says, so these may be other clusters: %s "
            "(%s: %d cells here, %d in the summary)",
            listed(others),
            shown(first),
            here[first],
            sizes[first],
        )
