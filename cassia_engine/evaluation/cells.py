"""Labels of cells as labels of their clusters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cassia_engine.evaluation.predictions import Prediction

_NONE = ""


def by_cluster(cells: Iterable[Prediction]) -> list[Prediction]:
    """One answer for each cluster: that which most of its cells have.

    Cells without a label count as one kind of answer. Of answers that are equally frequent a label goes before none,
    and then the one that comes first in the table. The score is the mean of those of the cells with that answer.
    """
    clusters: dict[tuple[str, str], dict[str, list[Prediction]]] = {}
    for cell in cells:
        answers = clusters.setdefault((cell.dataset, cell.cluster), {})
        answers.setdefault(cell.label if cell.named else _NONE, []).append(cell)
    return [_most(answers) for answers in clusters.values()]


def _most(answers: dict[str, list[Prediction]]) -> Prediction:
    label = max(answers, key=lambda one: (len(answers[one]), one != _NONE))
    cells = answers[label]
    first = cells[0]
    return Prediction(first.cluster, first.labels, first.term, _mean(cells), first.dataset, len(cells))


def _mean(cells: Sequence[Prediction]) -> float | None:
    scores = [cell.score for cell in cells if cell.score is not None]
    return sum(scores) / len(scores) if scores else None
