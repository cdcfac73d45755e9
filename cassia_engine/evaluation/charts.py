"""The curves as drawings: places in a square of SIZE units, the origin of the data at its lower left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cassia_engine.evaluation.curves import Bin, Curves, LevelCurves, Reliability, RiskCoverage
from cassia_engine.evaluation.grading import LEVELS

SIZE = 200
_WORDS = {level.key: level.words for level in LEVELS}


@dataclass(frozen=True, slots=True)
class Dot:
    """A bin of a reliability diagram.

    Attributes:
        x, y: of the mean score and the share of right answers.
        low, high: of its interval.
        radius: grows with the number of answers.
        title: the same in words.
    """

    x: float
    y: float
    low: float
    high: float
    radius: float
    title: str


@dataclass(frozen=True, slots=True)
class Diagram:
    """A reliability diagram."""

    title: str
    ece: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A risk-coverage curve; `points` as SVG takes them. `dots` are there for few points, which a line would hide."""

    level: str
    title: str
    points: str
    dots: tuple[tuple[float, float], ...]
    aurc: str
    by_chance: str
    at_best: str


def diagrams(curves: Curves | None) -> tuple[Diagram, ...]:
    """A reliability diagram for each level; none where scores only have an order."""
    found = curves.levels if curves else ()
    return tuple(_diagram(one, one.reliability) for one in found if one.reliability)


def _diagram(level: LevelCurves, found: Reliability) -> Diagram:
    most = max(one.right.n for one in found.bins)
    return Diagram(_WORDS[level.level], f"{found.ece:.3f}", tuple(_dot(one, most) for one in found.bins))


def _dot(one: Bin, most: int) -> Dot:
    share = one.right.share or 0.0
    title = (
        f"score {one.low:g} to {one.high:g}: {one.right.hits} of {one.right.n} right, mean score {one.mean_score:.2f}"
    )
    return Dot(
        x(one.mean_score),
        y(share),
        y(one.right.low or 0.0),
        y(1.0 if one.right.high is None else one.right.high),
        round(2.5 + 4.5 * (one.right.n / most) ** 0.5, 1),
        title,
    )


def risk_lines(curves: Curves | None) -> tuple[Line, ...]:
    """A risk-coverage curve for each level."""
    return tuple(_line(one.level, one.risk_coverage) for one in curves.levels) if curves else ()


def _line(level: str, found: RiskCoverage) -> Line:
    places = [(x(point.coverage), y(point.risk.share or 0.0)) for point in found.points]
    return Line(
        level.replace("_", "-"),
        _WORDS[level],
        " ".join(f"{left},{top}" for left, top in places),
        _few(places),
        f"{found.aurc:.3f}",
        f"{found.aurc_by_chance:.3f}",
        f"{found.aurc_at_best:.3f}",
    )


def _few(places: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    return tuple(places) if len(places) <= 20 else ()


def x(value: float) -> float:
    """Where a value of 0 to 1 is, from the left."""
    return round(SIZE * value, 1)


def y(value: float) -> float:
    """Where a value of 0 to 1 is, from the top."""
    return round(SIZE * (1 - value), 1)
