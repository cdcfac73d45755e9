"""What the scores are worth: whether they are shares of right answers, and whether they put the right ones first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from cassia_engine.evaluation.figures import Share, share_of
from cassia_engine.evaluation.grading import LEVELS, Grade
from cassia_engine.evaluation.judging import Judged
from cassia_engine.records.record import Record

N_BINS = 10
MOST_POINTS = 500  # of a curve; cells compared one by one may have a score each


class Bin(Record, frozen=True):
    """Answers whose scores, as parts of the top, lie from `low` (included) to `high` (included in the last alone).

    Attributes:
        mean_score: as a part of the top.
        right: how many are right.
    """

    low: float
    high: float
    mean_score: float
    right: Share


class Reliability(Record, frozen=True):
    """Scores as shares of right answers.

    Attributes:
        bins: those that have answers.
        ece: expected calibration error: the mean difference between score and share in the bins, weighted by their
            answers; 0 to 1.
    """

    bins: tuple[Bin, ...]
    ece: float


class Point(Record, frozen=True):
    """The answers with at least this score.

    Attributes:
        coverage: their share of all judged clusters.
        risk: the share of wrong ones among them, with its interval.
    """

    score: float
    coverage: float
    risk: Share


class RiskCoverage(Record, frozen=True):
    """The risk while answers are taken from the surest on.

    Attributes:
        points: one for each score, answers with the same score come in together; of more than MOST_POINTS scores so
            many, spread evenly, with the first and the last.
        aurc: the mean risk over the first, the first two, ... and all answers. Of answers with the same score it is
            that which is expected where their order is by chance.
        aurc_by_chance: the same for an order by chance of all answers, which is their risk.
        aurc_at_best: the same where all right answers come first.
    """

    points: tuple[Point, ...]
    aurc: float
    aurc_by_chance: float
    aurc_at_best: float


class LevelCurves(Record, frozen=True):
    """The curves for what counts as right at one level; `reliability` is None where scores only have an order."""

    level: str
    reliability: Reliability | None
    risk_coverage: RiskCoverage


class Curves(Record, frozen=True):
    """What the scores of the answers are worth.

    Attributes:
        n: answers with a score, which the curves are of.
        n_unscored: answers without one.
        n_judged: all judged clusters.
        score_of: the level of being right that the score speaks of.
    """

    score_name: str
    score_max: float | None
    n: int
    n_unscored: int
    n_judged: int
    levels: tuple[LevelCurves, ...]
    score_of: str = Grade.EXACT.key

    @property
    def own(self) -> LevelCurves:
        """Those of the level that the score speaks of."""
        return next(one for one in self.levels if one.level == self.score_of)


def curves_of(
    clusters: Sequence[Judged], score_name: str, score_max: float | None, score_of: Grade = Grade.EXACT
) -> Curves | None:
    """The curves at each level; None where no answer has a score."""
    judged = [one for one in clusters if one.status.is_judged]
    answered = [one for one in judged if one.status.is_answered]
    scored = [one for one in answered if one.score is not None]
    if not scored:
        return None
    levels = tuple(_at(level, scored, score_max, len(judged)) for level in LEVELS)
    return Curves(score_name, score_max, len(scored), len(answered) - len(scored), len(judged), levels, score_of.key)


def _at(level: Grade, scored: Sequence[Judged], score_max: float | None, n_judged: int) -> LevelCurves:
    pairs = [(one.score, one.is_right(level)) for one in scored if one.score is not None]
    found = None if score_max is None else reliability([(score / score_max, right) for score, right in pairs])
    return LevelCurves(level.key, found, risk_coverage(pairs, n_judged))


def reliability(answers: Sequence[tuple[float, bool]]) -> Reliability:
    """Scores between 0 and 1, at least one, in bins of equal width."""
    binned: dict[int, list[tuple[float, bool]]] = {}
    for score, right in answers:
        binned.setdefault(min(int(score * N_BINS), N_BINS - 1), []).append((score, right))
    bins = tuple(_bin(number, binned[number]) for number in sorted(binned))
    gaps = ((one.right.n, abs(one.mean_score - one.right.hits / one.right.n)) for one in bins)
    return Reliability(bins, sum(n * gap for n, gap in gaps) / len(answers))


def _bin(number: int, answers: Sequence[tuple[float, bool]]) -> Bin:
    mean = sum(score for score, _ in answers) / len(answers)
    right = share_of(sum(right for _, right in answers), len(answers))
    return Bin(number / N_BINS, (number + 1) / N_BINS, mean, right)


def risk_coverage(answers: Sequence[tuple[float, bool]], n_judged: int) -> RiskCoverage:
    """Answers by their scores, at least one, from the highest.

    Args:
        n_judged: what the coverage is a share of.
    """
    points, risks, n, wrong = list[Point](), list[float](), 0, 0
    ordered = sorted(answers, key=lambda one: -one[0])
    for score, group in groupby(ordered, key=lambda one: one[0]):
        rights = [right for _, right in group]
        missed = len(rights) - sum(rights)
        risks += [(wrong + missed * k / len(rights)) / (n + k) for k in range(1, len(rights) + 1)]
        n, wrong = n + len(rights), wrong + missed
        points.append(Point(score, n / n_judged, share_of(wrong, n)))
    right = n - wrong
    best = sum(max(0, k - right) / k for k in range(1, n + 1)) / n
    return RiskCoverage(_spread(points), sum(risks) / n, wrong / n, best)


def _spread(points: Sequence[Point]) -> tuple[Point, ...]:
    if len(points) <= MOST_POINTS:
        return tuple(points)
    last = len(points) - 1
    return tuple(points[round(last * k / (MOST_POINTS - 1))] for k in range(MOST_POINTS))
