"""The report of a run with corrections: a person's label is the cluster's, and what was answered is beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from cassia_engine import report
from cassia_engine.ontology import Ontology
from cassia_engine.records import ClusterResult, Confidence, RunInfo
from cassia_engine.stages.corrections import corrected, read_corrections
from tests import factories as make
from tests.reading import Page


def page(rows: Sequence[dict[str, Any]], results: Sequence[ClusterResult] = (), run: RunInfo = make.MODEL_RUN) -> Page:
    results = list(results) or make.mixed_bag()
    if rows:
        results = list(corrected(results, read_corrections(list(rows))))
    return Page(report.render(make.DATASET, make.SELECTION, run, results))


def test_label_of_a_person_is_the_title_and_the_answer_is_told() -> None:
    found = page([{"cluster": "0", "label": "B cell", "comment": "CD19", "decided_by": "Ada"}])
    row, detail = found.row("0"), found.detail("0")
    assert (row["title"], row["cl_id"], row["types"], row["decided_by"]) == ("B cell", "CL:0000236", ["B cell"], "Ada")
    assert (row["confidence"], row["score"], row["validated"], row["evidence"]) == ("", None, None, [])
    assert (row["correction"]["label"], row["correction"]["comment"]) == ("B cell", "CD19")
    answered = detail["answered"]
    assert (answered["title"], answered["confidence"], answered["score"]) == ("natural killer cell", "High", 91)
    assert answered["evidence"] == ["GNLY", "GZMB", "PRF1"]
    assert detail["before"] == "The model said"
    assert detail["named"]["path"][-1] == "B cell"
    assert [turn["speaker"] for turn in detail["turns"]] == ["Annotator", "Validator"]


def test_person_who_named_a_cluster_has_looked_at_it() -> None:
    before = page([])
    after = page([{"cluster": "9", "label": "platelet"}, {"cluster": "7_0", "label": "natural killer cell"}])
    assert before.text_of["headline"] == "6 of 10 clusters have a cell type. 8 need review."
    assert after.text_of["headline"] == "7 of 10 clusters have a cell type, 2 of them by a person. 6 need review."
    assert "2 named by a person" in " ".join(after.text.split())
    row, detail = after.row("9"), after.detail("9")
    assert (row["outcome"], row["title"], row["has_type"], row["review_flags"]) == ("failed", "platelet", True, [])
    assert [flag["word"] for flag in detail["review_flags"]] == ["failed"]
    assert "answered" not in detail
    confirmed = after.row("7_0")
    assert (confirmed["confidence"], confirmed["verdict"]) == ("Moderate", "confirmed by a person")
    assert "named" not in after.detail("7_0")


CLEAR = "has a cell type that passed its check, with no sign of a mixture and no low confidence."


@pytest.mark.parametrize(
    ("ids", "named", "said"),
    [
        ("", "", "There is no cluster to review."),
        ("ab", "", f"Every cluster {CLEAR}"),
        ("abl", "l", f"A person named or confirmed 1 cluster; every other one {CLEAR}"),
        ("l", "l", "A person named or confirmed every cluster."),
    ],
)
def test_where_nothing_calls_for_a_look_only_what_holds_is_said(ids: str, named: str, said: str) -> None:
    """Cluster l is a mixture of low confidence, which no validator agreed to; a person confirmed it."""
    low = make.annotation(confidence=Confidence.LOW, score=38.0, mixed_types=("platelet",))
    results = [
        make.annotated(id, n, answer=low, validated=False) if id == "l" else make.annotated(id, n)
        for n, id in enumerate(ids)
    ]
    rows = [{"cluster": id, "label": low.label, "cl_id": low.cl_id} for id in named]
    if rows:
        results = list(corrected(results, read_corrections(rows)))
    text = Page(report.render(make.DATASET, make.SELECTION, make.MODEL_RUN, results)).text_of["overview"]
    after = " ".join(text.partition("Nothing needs review")[2].split())
    assert after.startswith(said)


def test_comment_alone_leaves_the_answer_and_its_review_flags() -> None:
    plain, found = page([]), page([{"cluster": "1", "label": "", "comment": "ask Bob"}])
    assert found.text_of["headline"] == plain.text_of["headline"]
    row = found.row("1")
    assert row["correction"] == {"comment": "ask Bob", "decided_by": "a person"}
    assert {**row, "correction": None} == {**plain.row("1"), "correction": None}
    assert found.detail("1") == plain.detail("1")


def test_offline_the_scoring_said() -> None:
    found = page([{"cluster": "0", "label": "B cell"}], run=make.OFFLINE_RUN)
    assert found.detail("0")["before"] == "The marker scoring said"


def test_one_run_has_one_key_with_and_without_corrections() -> None:
    key = page([{"cluster": "0", "label": "B cell"}]).data["key"]
    assert key == page([]).data["key"]
    assert len(key) == 16
    assert key != page([], [make.annotated("0")]).data["key"]


def test_current_terms_are_in_the_page_for_completion() -> None:
    found = page([])
    terms = {term[0]: term[1:] for term in found.packed("terms")}
    ontology = Ontology.load()
    assert terms["CL:0000236"][0] == "B cell"
    assert "T-lymphocyte" in terms["CL:0000084"]
    assert set(terms) == {term.id for term in ontology if not term.deprecated}
    assert found.data["ontology"] == ontology.version


def test_unseen_characters_of_a_correction_are_named() -> None:
    found = page([{"cluster": "0", "label": "B\u202ecell", "comment": "a\u200bb", "decided_by": "x\u2066"}])
    assert found.row("0")["title"] == "B[U+202E]cell"
    assert "\u202e" not in found.everything()
    assert "\u200b" not in found.everything()
