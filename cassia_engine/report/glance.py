"""The cell types of a run at a glance: a line for each cluster where they are few, else a line for each cell type."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from cassia_engine.records import Confidence
from cassia_engine.report.rows import Row

MOST_IN_LINES = 24  # clusters up to which each has its line: about what a screen has room for
IDS_AT_ONCE = 4  # of the clusters of a type
TYPES_AT_ONCE = 20
MOST_TYPES = 100  # with those that are folded; the table has the others


@dataclass(frozen=True, slots=True)
class Group:
    """Clusters with the same cell type.

    Attributes:
        title: the type, or that there is no annotation.
        rows: its clusters in their order; the first IDS_AT_ONCE are named.
        n_cells: of all of them; None where that is not known.
        confidences: how many have which confidence, such as "8 High, 1 Low"; "" for none.
        review: how many need review.
    """

    title: str
    rows: tuple[Row, ...]
    n_cells: int | None
    confidences: str
    review: int

    @property
    def named(self) -> tuple[Row, ...]:
        return self.rows[:IDS_AT_ONCE]

    @property
    def more(self) -> int:
        return len(self.rows) - len(self.named)


def groups(rows: Sequence[Row]) -> tuple[Group, ...]:
    """The clusters by cell type: the type of most clusters first, and those without an annotation last."""
    found: dict[tuple[bool, str], list[Row]] = defaultdict(list)
    for row in rows:
        found[(not row.has_type, row.title)].append(row)
    ordered = sorted(found.items(), key=lambda item: (item[0][0], -len(item[1])))
    return tuple(_group(title, members) for (_, title), members in ordered)


def _group(title: str, rows: Sequence[Row]) -> Group:
    counts = Counter(row.confidence for row in rows)
    sure = ", ".join(f"{counts[c.value]:,} {c.value}" for c in Confidence if counts[c.value])
    cells = [row.n_cells for row in rows if row.n_cells is not None]
    return Group(title, tuple(rows), sum(cells) if cells else None, sure, sum(bool(row.review_flags) for row in rows))
