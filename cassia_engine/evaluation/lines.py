"""An evaluation as a few lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cassia_engine.errors import shown
from cassia_engine.evaluation.evaluated import Evaluation
from cassia_engine.evaluation.figures import Figures, Group, Level, Share
from cassia_engine.evaluation.grading import LEVELS
from cassia_engine.evaluation.judging import Judged, Status
from cassia_engine.h5ad.names import few
from cassia_engine.text import counted, one_line

_MOST_GROUPS = 20
# How clusters are named that figures alone would hide.
_NOTED = (
    (Status.MISSING, "not in the labels, counted as not answered"),
    (Status.UNPLACED, "with a label that the Cell Ontology has no place for, counted as wrong"),
    (Status.NO_EXPERT_TERM, "without a term of the expert, not judged"),
    (Status.NOT_IN_GOLD, "not in the gold, not judged"),
)


def lines(evaluation: Evaluation) -> Iterator[str]:
    """What a person reads."""
    figures = evaluation.figures
    yield headline(evaluation)
    yield ""
    yield from aligned([("", "of all", "", "of answered", ""), *map(_level, figures.levels)])
    yield hierarchical(figures)
    yield from _curves(evaluation)
    for title, groups in (("tissue", evaluation.by_tissue), ("dataset", evaluation.by_dataset)):
        if len(groups) > 1:
            yield ""
            yield from _groups(title, groups)
    yield from notes(evaluation)


def headline(evaluation: Evaluation) -> str:
    """How many clusters are judged, and how many of them have an answer."""
    figures = evaluation.figures
    return (
        f"{evaluation.name} ({evaluation.format}): {counted(figures.n, 'cluster')} judged, "
        f"{figures.coverage.hits} answered, coverage {percent(figures.coverage)}"
    )


def _level(level: Level) -> tuple[str, ...]:
    words = next(one.words for one in LEVELS if one.key == level.level)
    return (words, *_shown(level.of_all), *_shown(level.of_answered))


def _shown(share: Share) -> tuple[str, str]:
    return percent(share), f"({share.hits}/{share.n}, {interval(share)})"


def percent(share: Share) -> str:
    """A share in percent; a dash where it is of none."""
    return "-" if share.share is None else f"{share.share:.1%}"


def interval(share: Share) -> str:
    """The 95% interval of a share."""
    return "no interval" if share.low is None or share.high is None else f"{share.low:.0%} to {share.high:.0%}"


def hierarchical(figures: Figures) -> str:
    """The hierarchical measures in a line."""
    found = figures.hierarchical
    parts = (("precision", found.precision), ("recall", found.recall), ("F", found.f))
    said = ", ".join(f"{name} {'-' if value is None else f'{value:.3f}'}" for name, value in parts)
    return f"Hierarchical: {said} (n={found.n_precision} for precision, {found.n_recall} for recall)"


_RIGHT = {level.key: level.words for level in LEVELS}


def _curves(evaluation: Evaluation) -> Iterator[str]:
    curves = evaluation.curves
    if curves is None:
        yield "No scores: neither reliability nor a risk-coverage curve"
        return
    found = curves.own
    ece = "" if found.reliability is None else f"ECE {found.reliability.ece:.3f}, "
    aurc = found.risk_coverage
    yield (
        f"{curves.score_name}: {ece}AURC {aurc.aurc:.3f} (by chance {aurc.aurc_by_chance:.3f}, at best "
        f"{aurc.aurc_at_best:.3f}), right if {_RIGHT[curves.score_of]}, n={curves.n}"
    )


def _groups(title: str, groups: Sequence[Group]) -> Iterator[str]:
    head = (title, "n", "coverage", *(level.words for level in LEVELS))
    yield from aligned([head, *map(_group, groups[:_MOST_GROUPS])])
    if len(groups) > _MOST_GROUPS:
        yield f"and {len(groups) - _MOST_GROUPS} more"


def _group(group: Group) -> tuple[str, ...]:
    figures = group.figures
    shares = (percent(level.of_all) for level in figures.levels)
    return (one_line(group.name) or "(none)", str(figures.n), percent(figures.coverage), *shares)


def notes(evaluation: Evaluation) -> list[str]:
    """Which clusters count in a way that the figures alone do not show."""
    found = [_note(evaluation.of_status(status), words) for status, words in _NOTED]
    near = (
        (evaluation.near_answers, "whose label was placed by a broader term"),
        (evaluation.near_experts, "whose expert's label was placed by a broader term"),
        (evaluation.partly_placed, "with an accepted label that has no Cell Ontology term, which is left out"),
    )
    return [note for note in (*found, *(_note(clusters, words) for clusters, words in near)) if note]


def _note(clusters: Sequence[Judged], words: str) -> str:
    if not clusters:
        return ""
    return f"{counted(len(clusters), 'cluster')} {words}: {few([_named(one) for one in clusters])}"


def _named(one: Judged) -> str:
    label = one.answer.label if one.answer else one.expert.label if one.expert else ""
    cluster = shown(one.cluster)
    return cluster if not label or label == one.cluster else f"{cluster} ({shown(label)})"


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as lines, with columns of equal width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
