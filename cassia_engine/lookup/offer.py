"""Whether a table has more to say than the markers that were chosen from it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.records import Marker

if TYPE_CHECKING:
    from cassia_engine.markers import MarkerTable

log = logging.getLogger(__name__)

# Python holds the rows while they are read, about 300 bytes each.
MOST_ROWS = 1_000_000
_STATISTICS = ("log2fc", "p_val_adj", "pct_in", "pct_out", "score")


def can_look_up(markers: Any, table: MarkerTable) -> bool:
    """Whether genes can be looked up: there are statistics, also of genes that were not chosen, and not too many rows;
    and what was read can be read once more. Where one of the last two is not so, a log line says it.

    Args:
        markers: what the table was read from.
    """
    n_rows = sum(cluster.n_rows for cluster in table.clusters)
    n_chosen = sum(len(cluster.markers) for cluster in table.clusters)
    # Of an AnnData the cells tell of genes that are not ranked.
    if (n_rows == n_chosen and not table.cells) or not any(
        _has_statistics(marker) for one in table.clusters for marker in one.markers[:1]
    ):
        return False
    if is_pipe(markers):
        log.info("second annotators cannot ask for further genes: a pipe can be read once only; give a file for that")
        return False
    if n_rows > MOST_ROWS:
        log.info(
            "second annotators cannot ask for further genes: the table has %s rows, and at most %s are held for that",
            f"{n_rows:,}",
            f"{MOST_ROWS:,}",
        )
    return n_rows <= MOST_ROWS


def genes_offered(wanted: int, markers: Any, table: MarkerTable) -> int:
    """How many genes a second annotator may ask for: as many as are wanted, 0 where none can be looked up."""
    return wanted if wanted and can_look_up(markers, table) else 0


def is_pipe(markers: Any) -> bool:
    """Whether a path, or one of several, can be read once only."""
    paths = markers if isinstance(markers, (list, tuple)) else [markers]
    return any(isinstance(one, (str, Path)) and Path(one).exists() and not _is_stored(Path(one)) for one in paths)


def _is_stored(path: Path) -> bool:
    return path.is_file() or path.is_dir()


def _has_statistics(marker: Marker) -> bool:
    return any(getattr(marker, name) is not None for name in _STATISTICS)
