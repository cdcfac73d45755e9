"""The markers of a cluster as the rows of a table: statistics that exist, what each gene was to the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cassia_engine.records import Annotation, ClusterResult, Marker
from cassia_engine.report import words

BAR_STEPS = 20
BAR_END = 10.0  # larger log2 fold changes (Scanpy's, where no other cell has the gene) are cut to it


@dataclass(frozen=True, slots=True)
class MarkerRow:
    """A row of the markers table; `mark` is "evidence", "conflicting" or empty, `bar` 0 to BAR_STEPS."""

    rank: int
    gene: str
    cells: tuple[str, ...]
    mark: str
    bar: int


# A statistic of the marker table: heading, value, how it is written.
Column = tuple[str, Callable[[Marker], float | None], Callable[[float | None], str]]
COLUMNS: tuple[Column, ...] = (
    ("log2 FC", lambda m: m.log2fc, words.fold_change),
    ("in", lambda m: m.pct_in, words.share),
    ("out", lambda m: m.pct_out, words.share),
    ("test score", lambda m: m.score, words.statistic),
    ("adj. p", lambda m: m.p_val_adj, words.p_value),
)


def present_columns(results: Sequence[ClusterResult]) -> tuple[Column, ...]:
    """The statistics that any marker of the sample has."""
    markers = [m for r in results for m in r.cluster.markers]
    return tuple(column for column in COLUMNS if any(column[1](m) is not None for m in markers))


def marker_rows(
    markers: Sequence[Marker], a: Annotation | None, columns: Sequence[Column], bar_end: float
) -> tuple[MarkerRow, ...]:
    marks = dict.fromkeys(a.evidence_genes, "evidence") if a else {}
    marks |= dict.fromkeys(a.conflicting_genes, "conflicting") if a else {}
    return tuple(
        MarkerRow(
            rank=rank,
            gene=m.gene,
            cells=tuple(write(value(m)) for _, value, write in columns),
            mark=marks.get(m.gene, ""),
            bar=bar(m.log2fc, bar_end),
        )
        for rank, m in enumerate(markers, start=1)
    )


def bar(log2fc: float | None, end: float) -> int:
    """The length of a fold change's bar in steps; 0 draws none (absent, or not above zero)."""
    if log2fc is None or not log2fc > 0:
        return 0
    return max(1, round(min(log2fc / end, 1.0) * BAR_STEPS))
