"""The markers of all clusters, gene names once, with the statistics that the marker table had."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from cassia_engine.records import ClusterResult, Marker

# A statistic: its key in the data, its heading, its value.
Column = tuple[str, str, Callable[[Marker], float | None]]
COLUMNS: tuple[Column, ...] = (
    ("fc", "log2 FC", attrgetter("log2fc")),
    ("in", "in", attrgetter("pct_in")),
    ("out", "out", attrgetter("pct_out")),
    ("score", "test score", attrgetter("score")),
    ("p", "adj. p", attrgetter("p_val_adj")),
)
BAR_END = 10.0  # larger log2 fold changes (Scanpy's, where no other cell has the gene) have no longer bar
DIGITS = 4  # that count, of a statistic
_SHORT = f"%.{DIGITS}g"


def present_columns(results: Sequence[ClusterResult]) -> tuple[Column, ...]:
    """The statistics that any marker of the sample has."""
    markers = [m for r in results for m in r.cluster.markers]
    return tuple(column for column in COLUMNS if any(column[2](m) is not None for m in markers))


def strongest(results: Iterable[ClusterResult]) -> float:
    """The largest log2 fold change of the sample, 0 where none is above that."""
    changes = (m.log2fc for r in results for m in r.cluster.markers)
    return max((change for change in changes if change is not None and change > 0), default=0.0)


def markers(results: Iterable[ClusterResult], columns: Sequence[Column]) -> dict[str, Iterator[Any]]:
    """`clusters`: for each, by rank, the numbers of its genes and their statistics, None for unknown, and under `given`
    what the marker table calls genes, where that is another name; `genes`, each once, by number. To be read in this
    order."""
    numbers: dict[str, int] = {}

    def clusters() -> Iterator[dict[str, Any]]:
        for result in results:
            found = result.cluster.markers
            statistics: dict[str, list[Any]] = {key: list(map(short, map(value, found))) for key, _, value in columns}
            if any(m.given for m in found):
                statistics["given"] = [m.given or "" for m in found]
            yield {"g": [numbers.setdefault(m.gene, len(numbers)) for m in found], **statistics}

    def genes() -> Iterator[str]:
        yield from numbers

    return {"clusters": clusters(), "genes": genes()}


def short(value: float | None) -> float | None:
    """The value with the digits that any view shows; None where it is none or no finite number."""
    if value is None or not math.isfinite(value):
        return None
    return float(_SHORT % value)
