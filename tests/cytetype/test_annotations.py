"""Results of a server as results of our own: what its reviewer says counts, and what it lacks is said."""

from __future__ import annotations

from typing import Any

import pytest

from cassia_engine.cytetype.annotations import cluster_results
from cassia_engine.cytetype.results import read_results
from cassia_engine.ontology import Ontology
from cassia_engine.records import ClusterResult, Outcome
from cassia_engine.report.review_flags import review_flags
from tests.factories import cluster

SAID = {
    "annotation": "B cells",
    "cellOntologyTermName": "B cell",
    "cellOntologyTerm": "CL:0000236",
    "cellState": "activated",
    "justification": "its markers are those of B cells",
    "supportingMarkers": ["MS4A1", "CD79A", "XYZ1"],
    "conflictingMarkers": [],
}


def result(said: dict[str, Any] | None, review: dict[str, Any] | None = None) -> ClusterResult:
    one = cluster("0", ["MS4A1", "CD79A", "CD79B"])
    answer = {} if said is None else {"0": {"latest": {"annotation": said, "review": review}}}
    [found] = cluster_results([one], {}, read_results({"annotations": answer}, "job-1", "url"), Ontology.load())
    return found


def flags(found: ClusterResult) -> set[str]:
    return {flag.kind for flag in review_flags(found, "cytetype")}


def test_answer_becomes_an_annotation() -> None:
    found = result(SAID, {"confidence": "High"})
    annotation = found.annotation
    assert annotation is not None
    assert (found.outcome, annotation.label, annotation.cl_id) == (Outcome.ANNOTATED, "B cells", "CL:0000236")
    assert (annotation.confidence, annotation.state, found.validated) == ("High", "activated", True)
    assert annotation.evidence_genes == ("MS4A1", "CD79A")
    assert annotation.unsupported_genes == ("XYZ1",)
    assert "B cells" in found.conversation.annotations[0]
    assert found.usage.input_tokens is None


@pytest.mark.parametrize(
    ("review", "confidence", "validated", "flag"),
    [
        ({"confidence": "High"}, "High", True, None),
        ({"confidence": "Low"}, "Low", False, "not_validated"),
        ({"confidence": "High", "isHeterogeneous": True}, "High", False, "not_validated"),
        ({}, "Low", None, "no_verdict"),
        (None, "Low", None, "no_verdict"),
    ],
)
def test_what_the_reviewer_says_counts(review: Any, confidence: str, validated: bool | None, flag: str | None) -> None:
    found = result({**SAID, "supportingMarkers": ["MS4A1"]}, review)
    assert found.annotation is not None
    assert (found.annotation.confidence, found.validated) == (confidence, validated)
    assert (flag in flags(found)) if flag else not flags(found) & {"no_verdict", "not_validated"}


@pytest.mark.parametrize("said", [None, {}, {**SAID, "annotation": "Unknown"}, {**SAID, "annotation": " "}])
def test_cluster_without_a_type_has_failed(said: dict[str, Any] | None) -> None:
    found = result(said)
    assert (found.outcome, found.failed, found.label) == (Outcome.FAILED, True, "")


def test_type_without_a_place_in_the_ontology_is_at_most_moderate() -> None:
    said = {"annotation": "qwxz", "cellOntologyTermName": "", "cellOntologyTerm": ""}
    found = result(said, {"confidence": "High"})
    assert found.annotation is not None
    assert (found.annotation.confidence, found.annotation.cl_id) == ("Moderate", "")


def test_term_of_the_server_places_words_that_have_no_place() -> None:
    said = {**SAID, "annotation": "mystery subset"}
    annotation = result(said, {"confidence": "High"}).annotation
    assert annotation is not None
    assert annotation.cl_id == "CL:0000236"


def test_term_of_the_server_narrows_words_that_have_only_a_near_place() -> None:
    said = {**SAID, "annotation": "red pulp macrophage", "cellOntologyTermName": "splenic red pulp macrophage"}
    annotation = result(said, {"confidence": "High"}).annotation
    assert annotation is not None
    assert (annotation.cl_label, annotation.match.by_ontology_name) == ("splenic red pulp macrophage", True)
