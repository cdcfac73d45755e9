"""A column of `obs` that holds the clusters."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection
from contextlib import suppress

import numpy as np

from cassia_engine.callers import option
from cassia_engine.errors import UsageError, did_you_mean, shown
from cassia_engine.h5ad.annotated import AnnotatedData, Groups
from cassia_engine.h5ad.names import listed
from cassia_engine.text import are, counted

log = logging.getLogger(__name__)

_MOST_CLUSTERS = 200
_USUAL = re.compile("leiden|louvain|cluster|cell_?type", re.IGNORECASE)


def named_groups(data: AnnotatedData, column: str, said: str, hint: Callable[[], str] = lambda: "") -> Groups:
    """A column of `obs` as groups.

    Args:
        said: how the column was named, as messages begin.
        hint: what else a person should know who named none that is there, as the end of a message.

    Raises:
        UsageError: there is none of this name, or it has no groups.
    """
    columns = data.obs_columns()
    if column not in columns:
        there = f"obs has {listed(columns)}" if columns else "obs has no columns"
        what = f"{said}: no such column{did_you_mean(column, columns)}; {there}{hint()}"
        raise UsageError(what, path=data.place, code="group-key-not-found")
    try:
        return data.groups(column)
    except ValueError as error:
        what = "the column has no groups, but decimal numbers or values that are no names; give the column of clusters"
        raise UsageError(f"{said}: {what}", path=data.place, code="group-key-no-groups") from error


def columns_with(data: AnnotatedData, clusters: Collection[str]) -> list[str]:
    """The columns of `obs` that have all of these groups, those that have no others first."""
    found: dict[str, bool] = {}
    for name in data.obs_columns():
        with suppress(ValueError):  # measurements
            labels = set(data.groups(name).labels)
            if set(clusters) <= labels:
                found[name] = len(labels) > len(set(clusters))
    return sorted(found, key=found.__getitem__)


def may_be_clusters(data: AnnotatedData) -> dict[str, int]:
    """The columns of `obs` that may hold the clusters, each with how many it has; those with usual names first.

    That are columns of categories, texts or booleans with 2 to 200 values, each of which two cells have on average.
    """
    found = {}
    for name in data.obs_columns():
        groups = data.categories(name, _MOST_CLUSTERS)
        used = len({*groups.codes.tolist()} - {-1}) if groups else 0
        if groups and 2 <= used <= len(groups.codes) / 2:
            found[name] = used
    return dict(sorted(found.items(), key=lambda pair: not _USUAL.search(pair[0])))


def with_label_na(data: AnnotatedData, column: str, groups: Groups, label_na: str | None) -> Groups:
    """The groups of a column, where cells without one are a group of their own of this name, the last one; says so.

    Raises:
        UsageError: cells have a group of this name already.
    """
    without = groups.codes < 0
    if label_na is None or not without.any():
        return groups
    if groups.sizes.get(label_na):
        what = f"obs['{column}'] has cells of a cluster of this name already; give another"
        raise UsageError(f"{option('label_na', label_na)}: {what}", path=data.place, code="label-na-taken")
    n = int(without.sum())
    log.info("%s: %s without a cluster %s cluster %s", data.place, counted(n, "cell"), are(n), shown(label_na))
    labels = groups.labels if label_na in groups.labels else (*groups.labels, label_na)
    return Groups(np.where(without, labels.index(label_na), groups.codes), labels)
