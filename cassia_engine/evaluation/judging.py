"""Each cluster of the two tables: the tool's answer against the expert's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from cassia_engine.errors import UsageError
from cassia_engine.evaluation.gold import Expert
from cassia_engine.evaluation.grading import Grade, Overlap, Standing, grade, overlap
from cassia_engine.evaluation.predictions import Prediction, Predictions
from cassia_engine.h5ad.names import listed
from cassia_engine.ontology import Ontology
from cassia_engine.records.record import Record

GIVEN = "given"  # how a term was found that the tool itself gives


class Status(StrEnum):
    """What came of a cluster. The first four are judged: they are what the figures count."""

    COMPARED = "compared"  # both have a term
    UNPLACED = "unplaced"  # an answer that the ontology has no place for; counts as answered, and wrong
    ABSTAINED = "abstained"  # no label, or one that names no type
    MISSING = "missing"  # the labels have no such cluster; counts as abstained
    NO_EXPERT_TERM = "no expert term"  # the expert's label has no place in the ontology, so nothing can be judged
    NOT_IN_GOLD = "not in gold"

    @property
    def is_judged(self) -> bool:
        return self not in (Status.NO_EXPERT_TERM, Status.NOT_IN_GOLD)

    @property
    def is_answered(self) -> bool:
        return self in (Status.COMPARED, Status.UNPLACED)


class Answer(Record, frozen=True):
    """What the tool says of a cluster, and its term.

    Attributes:
        label: "" for none.
        cl_id, cl_label: "" where the ontology has no place for it.
        mapping: how the term was found, or why there is none.
        mapped_label: the label that the term is of, where it is a more general one that the tool gives.
        score: None for none.
        n_cells: how many cells have the label; None for a table of clusters.
    """

    label: str
    cl_id: str
    cl_label: str
    mapping: str
    mapped_label: str
    score: float | None
    n_cells: int | None


class Comparison(Record, frozen=True):
    """The term of an answer, compared with the nearest accepted one."""

    expert_id: str
    standing: Standing
    grade: Grade


class Judged(Record, frozen=True):
    """A cluster with what is said of it.

    Attributes:
        answer, expert: None where its table does not have the cluster.
        comparison: None where one of them has no term.
        overlap: of the two lines of ancestors; None for a cluster that is not judged.
    """

    cluster: str
    status: Status
    answer: Answer | None = None
    expert: Expert | None = None
    comparison: Comparison | None = None
    overlap: Overlap | None = None

    @property
    def score(self) -> float | None:
        return self.answer.score if self.answer else None

    def is_right(self, level: Grade) -> bool:
        """Whether it is at least as near as a level asks."""
        return self.comparison is not None and self.comparison.grade >= level


def judge_all(
    predictions: Predictions, experts: Sequence[Expert], by_words: bool, ontology: Ontology
) -> tuple[Judged, ...]:
    """All clusters: those of the expert in their order, then those that only the tool has.

    Raises:
        UsageError: the tables have no cluster in common, or it is not clear which are the same.
    """
    answers, keys = _matched(predictions, experts)
    judged = [_judged(one, answers.get(key), by_words, ontology) for key, one in zip(keys, experts, strict=True)]
    there = set(keys)
    extra = [
        Judged(one.cluster, Status.NOT_IN_GOLD, answer_of(one, by_words, ontology))
        for key, one in answers.items()
        if key not in there
    ]
    return (*judged, *extra)


_Key = tuple[str, str]


def _matched(predictions: Predictions, experts: Sequence[Expert]) -> tuple[Mapping[_Key, Prediction], list[_Key]]:
    """The answers by data set and cluster, and the same of each expert's label.

    Without data sets in one of the tables the cluster alone counts.
    """
    by_dataset = any(one.dataset for one in experts) and any(one.dataset for one in predictions.clusters)
    keys = [(one.dataset if by_dataset else "", one.cluster) for one in experts]
    answers = {(one.dataset if by_dataset else "", one.cluster): one for one in predictions.clusters}
    if len(set(keys)) < len(keys) or len(answers) < len(predictions.clusters):
        what = "clusters of several data sets have the same names; give both tables a column dataset"
        raise UsageError(what, path=predictions.place, code="evaluate-datasets-unclear")
    if not answers.keys() & set(keys):
        ours, theirs = listed([key[1] for key in answers]), listed([key[1] for key in keys])
        what = f"the tables have no cluster in common: the labels have {ours}, the gold has {theirs}"
        raise UsageError(f"{what}; give them the same names", path=predictions.place, code="evaluate-nothing-common")
    return answers, keys


def answer_of(one: Prediction, by_words: bool, ontology: Ontology) -> Answer:
    """An answer with its term: the one that the tool gives, or that of the first of its labels that has one."""
    cl_id = "" if by_words or not one.term else ontology.resolve(one.term).cl_id
    mapped, how = one.label, GIVEN
    if not cl_id:
        cl_id, mapped, how = _by_words(one, ontology)
    general = mapped if mapped != one.label else ""
    return Answer(one.label, cl_id, ontology.label(cl_id), how, general, one.score, one.n_cells)


def _by_words(one: Prediction, ontology: Ontology) -> tuple[str, str, str]:
    """Term, label that it is of, and how it was found or why there is none."""
    found = [ontology.resolve(label) for label in one.named]
    if hit := next((each for each in found if each.cl_id), None):
        return hit.cl_id, hit.label, str(hit.how)
    return "", one.label, f"{found[0].how}: {found[0].why}" if found else ""


def _judged(expert: Expert, one: Prediction | None, by_words: bool, ontology: Ontology) -> Judged:
    answer = answer_of(one, by_words, ontology) if one else None
    status = _status(expert, one, answer)
    cl_id = answer.cl_id if answer and status is Status.COMPARED else ""
    return Judged(
        expert.cluster,
        status,
        answer,
        expert,
        _comparison(cl_id, expert, ontology) if cl_id else None,
        overlap(cl_id, expert.accepted, ontology) if status.is_judged else None,
    )


def _comparison(cl_id: str, expert: Expert, ontology: Ontology) -> Comparison:
    graded = grade(cl_id, expert.accepted, ontology)
    return Comparison(graded.expert_id, graded.standing, graded.grade)


def _status(expert: Expert, one: Prediction | None, answer: Answer | None) -> Status:
    if not expert.accepted:
        return Status.NO_EXPERT_TERM
    if one is None or answer is None:
        return Status.MISSING
    if not one.named and (any(one.labels) or not answer.cl_id):
        return Status.ABSTAINED
    return Status.COMPARED if answer.cl_id else Status.UNPLACED
