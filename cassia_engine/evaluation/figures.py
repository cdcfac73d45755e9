"""Shares with their intervals, and the hierarchical measures, of all clusters or of those of one group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from cassia_engine.evaluation.grading import LEVELS, Grade
from cassia_engine.evaluation.judging import Judged, Status
from cassia_engine.records.record import Record

_Z = 1.959963984540054  # of 95%


class Share(Record, frozen=True):
    """A share of clusters.

    Attributes:
        hits: how many of `n`.
        share: None where n is 0.
        low, high: Wilson's interval of 95%; None where n is 0.
    """

    hits: int
    n: int
    share: float | None
    low: float | None
    high: float | None


def share_of(hits: int, n: int) -> Share:
    """A share with Wilson's interval of 95%."""
    if not n:
        return Share(hits, n, None, None, None)
    p, spread = hits / n, _Z**2 / n
    middle = (p + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * math.sqrt(p * (1 - p) / n + spread / (4 * n))
    low, high = (0.0 if hits == 0 else middle - half), (1.0 if hits == n else middle + half)
    return Share(hits, n, p, low, high)


class Level(Record, frozen=True):
    """How many clusters are at least so near.

    Attributes:
        level: the key of a grade.
        of_all: of all judged clusters; one without an answer counts as wrong.
        of_answered: of those with an answer: the precision at the coverage that stands beside it.
    """

    level: str
    of_all: Share
    of_answered: Share


class Hierarchical(Record, frozen=True):
    """Precision, recall and F by the terms of both lines of ancestors, summed over clusters; None where a sum is 0.

    Attributes:
        n_precision: the answers with a term, which the precision is of.
        n_recall: the judged clusters, which the recall is of.
    """

    precision: float | None
    recall: float | None
    f: float | None
    n_precision: int
    n_recall: int


class Figures(Record, frozen=True):
    """What is counted of a group of clusters.

    Attributes:
        n: judged clusters: those with an expert's term.
        coverage: how many of them have an answer.
        counts: of all statuses, by their names.
        levels: from the strictest.
    """

    n: int
    coverage: Share
    counts: dict[str, int]
    levels: tuple[Level, ...]
    hierarchical: Hierarchical

    def level(self, wanted: Grade) -> Level:
        return next(one for one in self.levels if one.level == wanted.key)


class Group(Record, frozen=True):
    """The figures of the clusters of one tissue, or of one data set; `name` "" for those without one."""

    name: str
    figures: Figures


def figures_of(clusters: Sequence[Judged]) -> Figures:
    """The figures of these clusters."""
    judged = [one for one in clusters if one.status.is_judged]
    answered = [one for one in judged if one.status.is_answered]
    return Figures(
        n=len(judged),
        coverage=share_of(len(answered), len(judged)),
        counts={str(status): sum(one.status is status for one in clusters) for status in Status},
        levels=tuple(_level(level, judged, answered) for level in LEVELS),
        hierarchical=_hierarchical(judged),
    )


def groups_of(clusters: Iterable[Judged], by: str) -> tuple[Group, ...]:
    """The figures of each tissue or data set, in the order of their names; none where no cluster has one.

    Args:
        by: "tissue" or "dataset". Clusters that only the tool has are in no group.
    """
    found: dict[str, list[Judged]] = {}
    for one in clusters:
        if one.expert:
            found.setdefault(getattr(one.expert, by), []).append(one)
    if not any(found):
        return ()
    return tuple(Group(name, figures_of(found[name])) for name in sorted(found))


def _level(level: Grade, judged: Sequence[Judged], answered: Sequence[Judged]) -> Level:
    hits = sum(one.is_right(level) for one in judged)
    return Level(level.key, share_of(hits, len(judged)), share_of(hits, len(answered)))


def _hierarchical(judged: Sequence[Judged]) -> Hierarchical:
    overlaps = [one.overlap for one in judged if one.overlap]
    shared = sum(one.shared for one in overlaps)
    precision = _ratio(shared, sum(one.label for one in overlaps))
    recall = _ratio(shared, sum(one.expert for one in overlaps))
    f = None if precision is None or recall is None else _ratio(2 * precision * recall, precision + recall)
    n_placed = sum(one.status is Status.COMPARED for one in judged)
    return Hierarchical(precision, recall, f, n_placed, len(judged))


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
