"""What `uns["cap_metadata"]` says of annotation sets: that of labels which are replaced or removed goes with them."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from cassia_engine.h5ad.names import listed

log = logging.getLogger(__name__)

PLACE = ("cap_metadata", "cellannotation_metadata")  # in uns: a dict by the sets' names
ALGORITHM = "algorithm_name"
CASSIA = "cassia"


def outdated(sets: Mapping[str, str], name: str, is_written: bool, columns: Collection[str]) -> list[str]:
    """The paths in uns of what is to be removed, which is said; also sets that have no columns are named.

    Args:
        sets: the algorithm of each annotation set that is described there, "" where it is not said.
        name: of cassia's own set.
        is_written: whether it is described anew.
        columns: those of obs.
    """
    path = "/".join((*PLACE, name))
    if without := [one for one in sets if one != name and not _has_columns(one, columns)]:
        what = "uns['cap_metadata'] describes annotation sets of which obs has no column: %s; remove these from it"
        log.warning(what, listed(without))
    if name not in sets or not (is_written or sets[name] == CASSIA):
        return []
    log.info("what uns['cap_metadata'] said of annotation set %s is %s", name, "replaced" if is_written else "removed")
    return [path]


def _has_columns(name: str, columns: Collection[str]) -> bool:
    return any(column == name or column.startswith(f"{name}--") for column in columns)
