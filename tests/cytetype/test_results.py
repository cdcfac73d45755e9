"""Results are read whatever is missing or odd in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassia_engine.cytetype.protocol import check_id, read_initiated, read_status
from cassia_engine.cytetype.results import read_results
from tests.raising import raises

FIELDS = (
    *("latest", "annotation", "review", "fullOutput", "cellType", "clusterId", "justification", "supportingMarkers"),
    *("conclusion", "keySupportingGenes", "missingGenes", "missingGenesReasoning", "confidence", "isHeterogeneous"),
    *("heterogeneityAssessment", "heterogeneityType", "categoryName", "clusterIds"),
)
WILD = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5) | st.sampled_from(["High", " "]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=3), WILD, max_size=3), WILD, WILD)
def test_any_annotations_are_read(annotations: dict[str, Any], categories: Any, context: Any) -> None:
    data = {"annotations": annotations, "clusterCategories": categories, "studyContext": context}
    found = read_results(data, "j", "u")
    assert len(found.clusters) <= len(annotations)
    assert found.raw is data
    for cluster in found.clusters:
        assert cluster.review_confidence in ("High", "Moderate", "Low", None)
        assert all(isinstance(gene, str) and gene.strip() for gene in cluster.supporting_markers)


@given(WILD)
def test_what_has_no_annotations_is_refused(data: Any) -> None:
    with raises("cytetype-invalid-response"):
        read_results(data, "j", "u")


@pytest.mark.parametrize("blank", [None, "", "  ", [], 7])
def test_a_blank_older_field_is_filled_and_another_stands(blank: Any) -> None:
    full = {
        "conclusion": "newer",
        "keySupportingGenes": ["A", " ", 3],
        "unexpectedGenes": ["B", "C"],
        "missingGenes": ["D"],
    }
    latest = {"annotation": {"justification": blank, "missingExpression": "older", "fullOutput": {"cellType": full}}}
    [cluster] = read_results({"annotations": {"x": {"latest": latest}}}, "j", "u").clusters
    assert (cluster.id, cluster.annotation, cluster.justification) == ("x", "", "newer")
    assert (cluster.supporting_markers, cluster.conflicting_markers) == (("A",), ("B", "C"))
    assert (cluster.missing_expression, cluster.unexpected_expression) == ("older", "B, C")


def test_text_that_no_file_can_hold_is_replaced() -> None:
    said = {"annotation": "T \ud83d cell", "cellState": "a\0b", "supportingMarkers": ["CD3D\0"]}
    review = {"fullOutput": {"heterogeneityAssessment": {"heterogeneityType": "\udc00"}}}
    data = {"annotations": {"x": {"latest": {"annotation": said, "review": review}}}}
    [cluster] = read_results(data, "j", "u").clusters
    assert (cluster.annotation, cluster.state) == ("T \ufffd cell", "a\ufffdb")
    assert (cluster.supporting_markers, cluster.heterogeneity_type) == (("CD3D\ufffd",), "\ufffd")


@given(WILD)
def test_any_status_is_read_or_refused(data: Any) -> None:
    if isinstance(data, dict):
        assert isinstance(read_status(data).jobStatus, str)
    else:
        with raises("cytetype-invalid-response"):
            read_status(data)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a?b", "a b", "é", "x" * 301])
def test_an_id_that_would_lead_elsewhere_is_refused(name: str) -> None:
    with raises("cytetype-invalid-response"):
        check_id(name)
    check_id("0b1c-4.d_e~f:1")


@pytest.mark.parametrize(
    "more",
    [
        {"chunk_size_bytes": 0},
        {"chunk_size_bytes": -1},
        {"chunk_size_bytes": "5"},
        {"presigned_urls": ["https://a"], "r2_upload_id": "r"},
        {"upload_id": "../x"},
    ],
)
def test_an_upload_by_which_nothing_could_be_sent_is_refused(more: dict[str, Any]) -> None:
    with raises("cytetype-invalid-response"):
        read_initiated({"upload_id": "u", "chunk_size_bytes": 5, **more}, 11)
    assert read_initiated({"upload_id": "u", "chunk_size_bytes": 5, "new": 1}, 11).urls is None
