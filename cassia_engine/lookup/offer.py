"""Whether a table has more to say than the markers that were chosen from it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cassia_engine.records import Marker

if TYPE_CHECKING:
    from cassia_engine.markers import MarkerTable

log = logging.getLogger(__name__)

# Python holds the rows while they are read, about 300 bytes each.
MOST_ROWS = 1_000_000
_STATISTICS = ("log2fc", "p_val_adj", "pct_in", "pct_out", "score")


def can_look_up(table: MarkerTable) -> bool:
    """Whether genes can be looked up: there are statistics, also of genes that were not chosen, and not too many rows.

    Of a table that has too many a log line says so.
    """
    n_rows = sum(cluster.n_rows for cluster in table.clusters)
    n_chosen = sum(len(cluster.markers) for cluster in table.clusters)
    if n_rows == n_chosen or not any(_has_statistics(marker) for one in table.clusters for marker in one.markers[:1]):
        return False
    if n_rows > MOST_ROWS:
        log.info(
            "second opinions cannot ask for further genes: the table has %s rows, and at most %s are held for that",
            f"{n_rows:,}",
            f"{MOST_ROWS:,}",
        )
    return n_rows <= MOST_ROWS


def _has_statistics(marker: Marker) -> bool:
    return any(getattr(marker, name) is not None for name in _STATISTICS)
