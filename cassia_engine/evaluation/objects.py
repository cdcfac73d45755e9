"""What tools give as JSON, or as the same in Python: CyteType's results, mLLMCelltype's, and a plain mapping."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from cassia_engine.cytetype.results import read_results
from cassia_engine.errors import UsageError, shown
from cassia_engine.evaluation.predictions import Prediction, Predictions
from cassia_engine.evaluation.scores import read_scores

# Of mLLMCelltype's result.
_CONSENSUS = "consensus"
_PROPORTION = "consensus_proportion"


def read_object(data: Mapping[str, Any], name: str, place: str) -> Predictions:
    """The answers of a JSON object.

    Raises:
        UsageError: it is of no known form.
    """
    # Where the client stores its results, they are JSON within a text.
    if isinstance(text := data.get("result"), str) and "job_id" in data:
        data = _inner(text, place)
    if "annotations" in data:
        return _of_cytetype(data, name, place)
    if isinstance(data.get(_CONSENSUS), Mapping):
        return _of_mllmcelltype(data, name, place)
    if data and all(value is None or isinstance(value, str) for value in data.values()):
        plain = tuple(Prediction(str(cluster), (label or "",)) for cluster, label in data.items())
        return Predictions(name, place, "mapping of cluster to label", plain)
    raise UsageError(
        "this JSON is none of the forms taken: CyteType's results (annotations), mLLMCelltype's (consensus), or an "
        "object of cluster and label",
        path=place,
        code="labels-json-unknown",
    )


def _inner(text: str, place: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UsageError("the stored results are damaged; get them again", path=place, code="stored-results-damaged")
    return found


def _of_cytetype(data: Mapping[str, Any], name: str, place: str) -> Predictions:
    """Results as a server answers them (by cluster), or as the client returns and stores them (a list).

    Raises:
        UsageError: they have no annotations.
    """
    said = data["annotations"]
    found = [*(_by_client(said, place) if isinstance(said, list) else _by_server(data))] if said else []
    if not found:
        raise UsageError(
            "these results have no annotations; give those of a whole job",
            path=place,
            code="results-without-annotations",
        )
    scores = read_scores([confidence for _, confidence in found], None, False, place)
    answers = tuple(_scored(one, score) for (one, _), score in zip(found, scores.values, strict=True))
    score_name = "reviewer confidence" if any(score is not None for score in scores.values) else ""
    return Predictions(name, place, "CyteType", answers, score_name)


def _by_server(data: Mapping[str, Any]) -> Iterator[tuple[Prediction, str]]:
    if not isinstance(data["annotations"], dict):
        return
    for one in read_results(data, "", "").clusters:
        yield Prediction(one.id, (one.annotation, one.term_name), one.term_id), one.review_confidence or ""


def _by_client(said: Sequence[Any], place: str) -> Iterator[tuple[Prediction, str]]:
    for one in said:
        if not isinstance(one, Mapping) or (cluster := one.get("clusterId")) is None:
            what = "an annotation has no clusterId; get the results again"
            raise UsageError(what, path=place, code="results-damaged")
        labels = (_text(one.get("annotation")), _text(one.get("ontologyTerm")))
        yield Prediction(str(cluster), labels, _text(one.get("ontologyTermID"))), _text(one.get("reviewerConfidence"))


def _of_mllmcelltype(data: Mapping[str, Any], name: str, place: str) -> Predictions:
    labels = data[_CONSENSUS]
    given = data.get(_PROPORTION)
    proportions = given if isinstance(given, Mapping) else {}
    if not labels:
        raise UsageError("the consensus has no clusters; give a result that has", path=place, code="consensus-empty")
    if wrong := [str(cluster) for cluster, label in labels.items() if not isinstance(label, str | None)]:
        what = f"the label of cluster {shown(wrong[0])} is no text; give one label per cluster"
        raise UsageError(what, path=place, code="consensus-not-text")
    scores = read_scores([proportions.get(cluster, "") for cluster in labels], 1.0, False, place)
    answers = (Prediction(str(cluster), (_text(label),)) for cluster, label in labels.items())
    clusters = tuple(_scored(one, score) for one, score in zip(answers, scores.values, strict=True))
    score_name = _PROPORTION if any(score is not None for score in scores.values) else ""
    return Predictions(name, place, "mLLMCelltype", clusters, score_name, scores.top)


def _scored(one: Prediction, score: float | None) -> Prediction:
    return replace(one, score=score)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
