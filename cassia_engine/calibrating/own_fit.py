"""A calibration fitted on answers and an expert's labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cassia_engine.calibrating.answers import Answer, read_answers
from cassia_engine.calibration import Calibration, open_calibration
from cassia_engine.calibration.fitting import Example, errors_of, fit
from cassia_engine.errors import UsageError
from cassia_engine.evaluation.gold import Expert, Gold, read_gold
from cassia_engine.evaluation.grading import Grade
from cassia_engine.evaluation.judging import Judged, judge_all
from cassia_engine.evaluation.predictions import Prediction, Predictions
from cassia_engine.h5ad.names import listed
from cassia_engine.ontology import Ontology

LEAST = 40  # answers, below which a fit says nothing
LEAST_SETS = 2


@dataclass(frozen=True, slots=True)
class OwnFit:
    """A fit, and what the calibration of the package makes of the same answers.

    Attributes:
        left_out: what was left out in turn to measure the fit: "data set" or "tissue".
        without_features: how many labelled answers have none, and were not used.
        shipped_exact, shipped_near: expected calibration error of the package's, 0 to 1.
    """

    calibration: Calibration
    left_out: str
    without_features: int
    shipped_exact: float
    shipped_near: float


def fit_own(files: Sequence[Path], gold: Gold) -> OwnFit:
    """Fit a calibration on the answers of runs and an expert's labels, which are read and graded as by cassia evaluate.

    Raises:
        UsageError: a file cannot be used, the answers are of several models, too few, of one data set alone, or all
            right or all wrong.
    """
    answers, experts = read_answers(files), read_gold(gold)
    _check_names(answers, experts, files[0])
    provider, model = _annotator(answers, files[0])
    labelled = _labelled(answers, experts, str(files[0]))
    usable = [(answer, judged) for answer, judged in labelled if answer.features]
    left_out, examples = _examples(usable)
    _check(examples, files[0])
    words = f"{provider} {model}, clusters of your own"
    try:
        calibration = fit(examples, words, provider, model)
    except ValueError as error:
        what = f"{error}; a fit needs right and wrong answers: give more clusters"
        raise UsageError(what, path=files[0], code="calibrate-all-alike") from error
    shipped = errors_of(open_calibration(None, provider), examples)
    return OwnFit(calibration, left_out, len(labelled) - len(usable), *shipped)


def _check_names(answers: Sequence[Answer], experts: Sequence[Expert], path: Path) -> None:
    """Make sure that the gold has one of the data sets, if it names any."""
    named, there = ({one.dataset for one in experts}, {answer.data_set for answer in answers})
    if any(named) and not named & there:
        what = (
            f"the answers are of {listed(sorted(there))}, and the gold's column dataset has {listed(sorted(named))}; "
            "give the gold the names of the runs"
        )
        raise UsageError(what, path=path, code="calibrate-other-data-sets")


def _annotator(answers: Sequence[Answer], path: Path) -> tuple[str, str]:
    """The provider and the model that all answers with features are of."""
    found = sorted({(answer.provider, answer.model) for answer in answers if answer.features})
    if len(found) > 1:
        named = ", ".join(" ".join(one) for one in found[:3])
        what = f"answers of {len(found)} annotators ({named}); a calibration is of one: give the files of one of them"
        raise UsageError(what, path=path, code="calibrate-several-annotators")
    return found[0]


def _labelled(answers: Sequence[Answer], experts: Sequence[Expert], place: str) -> list[tuple[Answer, Judged]]:
    """The answers that can be judged by an expert's label, each with its judgement."""
    predictions = Predictions("answers", place, "cassia", tuple(map(_prediction, answers)))
    judged = judge_all(predictions, experts, False, Ontology.load())
    by_dataset = any(one.dataset for one in experts)
    place_of = {(answer.data_set if by_dataset else "", answer.cluster): answer for answer in answers}
    return [
        (place_of[one.expert.dataset if by_dataset else "", one.cluster], one)
        for one in judged
        if one.expert and one.status.is_judged and one.status.is_answered
    ]


def _prediction(answer: Answer) -> Prediction:
    return Prediction(answer.cluster, (answer.label,), answer.cl_id, dataset=answer.data_set)


def _examples(usable: Sequence[tuple[Answer, Judged]]) -> tuple[str, list[Example]]:
    """What is left out in turn, and the examples: data sets, or the tissues of the gold where there is one data set."""
    of_one = len({answer.data_set for answer, _ in usable}) < LEAST_SETS
    examples = [
        Example(
            answer.features,
            judged.is_right(Grade.EXACT),
            judged.is_right(Grade.ANCESTOR_OR_DESCENDANT),
            judged.expert.tissue if of_one and judged.expert else answer.data_set,
        )
        for answer, judged in usable
    ]
    return ("tissue" if of_one else "data set"), examples


def _check(examples: Sequence[Example], path: Path) -> None:
    sets = len({example.data_set for example in examples})
    if len(examples) >= LEAST and sets >= LEAST_SETS:
        return
    what = (
        f"{len(examples)} answers with an expert's label, of {sets} data set{'s' * (sets != 1)}; at least {LEAST} of "
        f"{LEAST_SETS} data sets are needed, or of one whose gold has a column tissue with {LEAST_SETS} tissues: what "
        "the fit is worth is measured on those that it has not seen"
    )
    raise UsageError(what, path=path, code="calibrate-too-few")
