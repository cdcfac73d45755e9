"""The rows of a tool's table as predictions."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError, did_you_mean, shown
from cassia_engine.evaluation.cells import by_cluster
from cassia_engine.evaluation.formats import Columns, TableFormat, columns_of, format_of, plain_columns
from cassia_engine.evaluation.predictions import Prediction, Predictions
from cassia_engine.evaluation.scores import Scores, read_scores
from cassia_engine.evaluation.wanted import Wanted
from cassia_engine.evaluation.words import present
from cassia_engine.h5ad.names import listed
from cassia_engine.markers.files.source import Problems, Source, rows
from cassia_engine.ontology import Ontology
from cassia_engine.records import How

PLAIN = TableFormat("table", (), (), ())
_SURE = (How.ID, How.EXACT, How.SYNONYM, How.NORMALISED)


def read_table(source: Source, name: str, wanted: Wanted) -> Predictions:
    """The answers that a table holds.

    Raises:
        UsageError: its columns are not clear, a row cannot be read, or a cluster is there twice.
    """
    kind = format_of(source.header) or PLAIN
    columns = _columns(source, kind, wanted)
    if kind is PLAIN:
        check_header(source, columns)
    found = _rows(source, kind, columns)
    if not found:
        raise source.error("it has no rows; give a table of clusters and labels", code="labels-empty")
    scores = _scores(source, [row.score for row in found], kind, columns, wanted)
    answers = [
        Prediction(row.cluster, row.labels, row.term, score, row.dataset)
        for row, score in zip(found, scores.values, strict=True)
    ]
    clusters: Sequence[Prediction] = answers
    if kind.of_cells or wanted.cluster_column is not None:
        clusters = by_cluster(answers)
    elif kind.best:
        clusters = _best(answers)
    else:
        _check_once(source, found)
    scored = columns.score is not None and any(score is not None for score in scores.values)
    score_name = source.header[columns.score] if scored and columns.score is not None else ""
    return Predictions(name, source.place, kind.name, tuple(clusters), score_name, scores.top)


class _Row(NamedTuple):
    """What is taken of a row; texts that many rows have are the same object, as tables of cells are long."""

    line: int
    cluster: str
    labels: tuple[str, ...]
    term: str
    score: str
    dataset: str


def _rows(source: Source, kind: TableFormat, columns: Columns) -> list[_Row]:
    problems, found, labels = Problems(source), list[_Row](), dict[tuple[str, ...], tuple[str, ...]]()
    for line, row in rows(source, problems):
        if row[columns.cluster].strip():
            said = _labels(row, kind, columns)
            rest = (_cell(row, columns.term), _cell(row, columns.score), _cell(row, columns.dataset))
            found.append(_Row(line, sys.intern(row[columns.cluster]), labels.setdefault(said, said), *rest))
        else:
            what = f"column {shown(source.header[columns.cluster])}: it is empty"
            problems.add("without a cluster", what, line, code="evaluate-cluster-empty")
    problems.raise_all()
    return found


def _labels(row: Sequence[str], kind: TableFormat, columns: Columns) -> tuple[str, ...]:
    labels = [present(row[place]) for place in columns.labels]
    if kind.ranked and len(labels) > 1:
        labels[0] = first_of(labels[0])
    return tuple(labels)


def _cell(row: Sequence[str], place: int | None) -> str:
    return "" if place is None else sys.intern(present(row[place]))


def _scores(source: Source, cells: Sequence[str], kind: TableFormat, columns: Columns, wanted: Wanted) -> Scores:
    """The scores; what those of the tool itself go up to is known, of others it is guessed or said."""
    if columns.score is None:
        if wanted.score_max is not None:
            what = (
                f"{argument('score_max')}: the table has no column of scores; name it with {argument('score_column')}"
            )
            raise source.error(what, 0, code="score-max-without-scores")
        return Scores((None,) * len(cells), None)
    own = source.header[columns.score] in kind.score
    top = wanted.score_max or (kind.score_max if own else None)
    return read_scores(cells, top, not own, source.place)


def _columns(source: Source, kind: TableFormat, wanted: Wanted) -> Columns:
    """The places of the columns: those that were named, others by the format."""
    named = {
        field: _named(source, f"{field}_column", name)
        for field, name in (
            ("cluster", wanted.cluster_column),
            ("label", wanted.label_column),
            ("score", wanted.score_column),
        )
        if name is not None
    }
    if kind is PLAIN:
        found = plain_columns(source.header, named.get("cluster"), named.get("label"))
    else:
        own = (source.header[named["cluster"]],) if "cluster" in named else kind.cluster
        found = columns_of(source.header, replace(kind, cluster=own))
    if found is None:
        raise _unclear(source)
    return found._replace(
        cluster=named.get("cluster", found.cluster),
        labels=(named["label"],) if "label" in named else found.labels,
        score=named.get("score", found.score),
        term=None if "label" in named and found.term != named["label"] else found.term,
    )


def _named(source: Source, option_name: str, column: str) -> int:
    if column not in source.header:
        there = did_you_mean(column, source.header)
        what = f"{option(option_name, column)}: there is no such column{there}; it has {listed(source.header)}"
        raise source.error(what, 0, code="evaluate-column-not-found")
    return source.header.index(column)


def _unclear(source: Source) -> UsageError:
    names = f"{argument('cluster_column')} and {argument('label_column')}"
    what = f"which columns are the clusters and their labels is not clear among {listed(source.header)}; name them with"
    return source.error(f"{what} {names}", 0, code="evaluate-columns-unclear")


def check_header(source: Source, columns: Columns) -> None:
    """Refuse a table without a header, whose first cluster would be lost.

    Raises:
        UsageError: where the header should name the labels, there is one.
    """
    heads = [source.header[place] for place in columns.labels]
    if any(Ontology.load().resolve(head).how in _SURE and head.strip().casefold() != "cell" for head in heads):
        what = f"{shown(heads[0])} stands where the columns have their names; put a header above: cluster,label"
        raise source.error(what, 0, code="evaluate-no-header")


def first_of(ranked: str) -> str:
    """The first of types that have commas (CASSIA) or semicolons between; names of the ontology have commas too."""
    head = ranked.split("; ")[0]
    parts = head.split(", ")
    whole = (", ".join(parts[:end]) for end in range(len(parts), 1, -1))
    return next((name for name in whole if Ontology.load().find(name)), parts[0])


def _best(found: Sequence[Prediction]) -> Sequence[Prediction]:
    """Of each cluster the answer with the highest score, of equal ones the first."""
    best: dict[tuple[str, str], Prediction] = {}
    for one in found:
        known = best.get((one.dataset, one.cluster))
        if known is None or _score(one) > _score(known):
            best[one.dataset, one.cluster] = one
    return [*best.values()]


def _score(one: Prediction) -> float:
    return -math.inf if one.score is None else one.score


def _check_once(source: Source, found: Sequence[_Row]) -> None:
    problems, seen = Problems(source), set()
    for row in found:
        if (row.dataset, row.cluster) in seen:
            column = argument("cluster_column")
            what = f"cluster {shown(row.cluster)} is there twice; if rows are cells, name their clusters with {column}"
            problems.add("for clusters that have one already", what, row.line, code="evaluate-cluster-twice")
        seen.add((row.dataset, row.cluster))
    problems.raise_all()
