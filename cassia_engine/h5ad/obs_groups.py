"""A column of `obs` that holds the clusters."""

from __future__ import annotations

from collections.abc import Callable

from cassia_engine.errors import UsageError, did_you_mean
from cassia_engine.h5ad.annotated import AnnotatedData, Groups
from cassia_engine.h5ad.names import listed


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
