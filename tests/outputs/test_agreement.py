"""All outputs of a sample say the same of every cluster, and index and MultiQC the same of the sample."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cassia_engine.csv_injection import unguard
from cassia_engine.outputs.publish import status, write_outputs
from cassia_engine.records import Dataset, Merged, Outcome, Usage
from cassia_engine.report import render_index
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.stages.corrections import read_corrections, with_corrections
from cassia_engine.stages.run import run_table
from tests import conversations
from tests import factories as make
from tests.conftest import EXAMPLES
from tests.mock_provider.running import running_mock
from tests.reading import Page, outcome_bars

COUNTED = ("clusters", "with_cell_type", "need_a_look", "failed", "not_validated", "unsupported", "by_person", "calls")
Files = tuple[list[dict[str, str]], list[dict[str, str]], dict[str, Any], Page]


def every_kind() -> Merged:
    """Ten clusters of every kind, one of which was talked about in two rounds."""
    held = conversations.held(
        annotations=(conversations.claim(), conversations.claim(score=70)),
        checks=(conversations.CHECKS,) * 2,
        validations=(conversations.verdict(feedback="Look at CD3D again."), conversations.verdict()),
        calls=tuple(conversations.call(role, number) for number in (1, 2) for role in ("annotator", "validator")),
    )
    results = [replace(result, usage=Usage()) for result in make.mixed_bag()]
    cost = 3 * 0.005434  # in binary a bit less than 0.016302
    results[0] = replace(results[0], conversation=held, iterations=2, usage=Usage(4, 6800, 1200, cost))
    return Merged(make.DATASET, make.SELECTION, tuple(results), (make.MODEL_RUN,) * len(results))


def by_persons() -> Merged:
    """The same, with labels in place of an answer and of none, an answer's own, and a comment alone."""
    rows = [
        {"cluster": "0", "label": "platelet", "comment": "saw PPBP", "decided_by": "Lovelace, Ada"},
        {"cluster": "2", "label": "a type of no ontology"},
        {"cluster": "3", "label": "", "comment": "=ask Bob"},
        {"cluster": "7_0", "label": "natural killer cell"},
        {"cluster": "9", "label": "", "cl_id": "CL:0000233", "decided_by": "Ada"},
    ]
    return with_corrections(every_kind(), read_corrections(rows))


def offline() -> Merged:
    dataset = Dataset("pbmc", "large intestine", "human")
    table = EXAMPLES / "large_intestine_seurat.csv.gz"
    return run_table(table, dataset, SplitSettings(), AnnotateSettings(), show_progress=False)[0]


def mock() -> Merged:
    """A model's answers, with second rounds and replies that are refused, cut off or in no form."""
    dataset = Dataset("pbmc", "blood", "human")
    with running_mock(steady="refusal:0.2,length:0.15,prose:0.1,no_usage:0.1", variety=0.5, seed=3) as running:
        who = AnnotateSettings(provider="custom", base_url=f"{running.url}/v1", model="mock", journal_dir=None)
        split = SplitSettings(controls=0)  # the report's sums have their calls, and the summary has not
        return run_table(EXAMPLES / "pbmc68k_scanpy.csv", dataset, split, who, show_progress=False)[0]


@pytest.fixture(scope="module", params=[every_kind, by_persons, offline, mock], ids=lambda made: made.__name__)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of a sample, and the index over it alone."""
    folder = tmp_path_factory.mktemp("agreement")
    merged: Merged = request.param()
    write_outputs(merged, folder)
    (folder / "index.html").write_text(render_index([status(merged)]), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def files(folder: Path) -> Files:
    conversations = json.loads((folder / "pbmc_conversations.json").read_text(encoding="utf-8"))
    page = Page((folder / "pbmc_report.html").read_text(encoding="utf-8"))
    return table(folder / "pbmc_summary.csv"), table(folder / "pbmc_full.csv"), conversations, page


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: unguard(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def test_all_have_the_same_clusters_in_the_same_order(files: Files) -> None:
    summary, full, conversations, page = files
    ids = [row["Cluster ID"] for row in summary]
    assert len(ids) > 5
    assert ids == [row["Cluster ID"] for row in full] == list(conversations) == [row["id"] for row in page.rows]


def test_full_table_is_the_summary_with_the_conversation(files: Files) -> None:
    summary, full, _, _ = files
    assert [{name: row[name] for name in summary[0]} for row in full] == summary


def test_report_says_of_each_cluster_what_the_summary_says(files: Files) -> None:
    summary, _, _, page = files
    for told, row in zip(summary, page.rows, strict=True):
        yes_no = {True: "yes", False: "no", None: ""}[row["validated"]]
        markers = [marker["gene"] for marker in page.markers(row["id"])]
        found = {
            "Status": row["outcome"],
            "Predicted General Cell Type": row["general"],
            "Predicted Detailed Cell Type": "; ".join(row["types"]),
            "Possible Mixed Cell Types": "; ".join(row["mixed"]),
            "Marker Number": str(len(markers)),
            "Marker List": ", ".join(markers),
            "CL ID": row["cl_id"],
            "CL Label": row["cl_label"],
            "Cell State": row["state"],
            "Confidence": row["confidence"],
            "Validated": yes_no,
            "Evidence Genes": ", ".join(row["evidence"]),
            "Conflicting Genes": ", ".join(row["conflicting"]),
            "Unsupported Genes": ", ".join(row["unsupported"]),
            "Decided By": row["decided_by"],
            "Calls": str(row["calls"]),
            "Cost (USD)": "" if row["cost"] is None else str(row["cost"]).removesuffix(".0"),
            "Corrected From": page.detail(row["id"]).get("answered", {}).get("title", ""),
            "Comment": (row["correction"] or {}).get("comment", ""),
            "Needs Review": "yes" if row["review_flags"] else "no",
            "Review Reason": "; ".join(flag["word"] for flag in row["review_flags"]),
            "Cells": "" if row["n_cells"] is None else str(row["n_cells"]),
        }
        assert {name: told[name] for name in found} == found
        score = "" if row["score"] is None else str(row["score"])
        assert score == (str(round(float(told["Score"]))) if told["Score"] else "")


def test_report_gives_the_reason_of_each_cluster_without_an_annotation(files: Files) -> None:
    summary, _, _, page = files
    for told in summary:
        if told["Status"] != "annotated":
            detail = page.detail(told["Cluster ID"])["review_flags"][0]["detail"]
            assert detail.casefold().startswith(told["Reason"].casefold())


def test_report_gives_the_rule_of_each_low_confidence(files: Files) -> None:
    _, _, conversations, page = files
    for row in page.rows:
        for flag in page.detail(row["id"]).get("review_flags", []):
            scoring = conversations[row["id"]]["scoring"] or ""
            if flag["kind"] == "low" and "Confidence Low: " in scoring:
                assert f"Confidence Low: {flag['detail']}".casefold() in scoring.casefold()


def test_conversations_are_the_same_everywhere(files: Files) -> None:
    _, full, conversations, page = files
    for told in full:
        held, detail = conversations[told["Cluster ID"]], page.detail(told["Cluster ID"])
        turns = detail.get("turns", [])
        if not held["calls"] and "scoring" in detail:
            assert not turns, "where nobody was asked the page has the scoring as values, and no conversation"
            assert_scoring_agrees(told, detail["scoring"], page.row(told["Cluster ID"]))
            continue
        annotators = ("Annotator", "Second annotator")
        for kind, speakers in (("annotations", annotators), ("validations", ("Validator",))):
            said = [turn["text"] for turn in turns if turn["speaker"] in speakers]
            assert [text.strip("()") for text in said] == [text.strip("()") for text in held[kind]]
            assert all(text in told["Conversation History"] for text in held[kind])
        assert (held["scoring"] or "") == "".join(t["text"] for t in turns if t.get("side") == "scorer")
        assert max((turn["round"] for turn in turns), default=0) == len(held["annotations"])


def assert_scoring_agrees(told: dict[str, str], scoring: dict[str, Any], row: dict[str, Any]) -> None:
    assert [scored["label"] for scored in scoring.get("types", [])] == row["types"]
    if row["types"]:
        assert [gene for gene, _ in scoring["types"][0]["genes"]] == row["evidence"]
        assert scoring["types"][0]["score"] == float(told["Score"])
        assert all(check["passed"] for check in scoring["checks"]) == (told["Validated"] == "yes")


def test_calls_are_the_same_everywhere(files: Files) -> None:
    summary, _, conversations, page = files
    for told in summary:
        calls = conversations[told["Cluster ID"]]["calls"]
        detail = page.detail(told["Cluster ID"])
        if not calls:
            assert (told["Calls"], "calls" in detail) == ("0", False)
            continue
        assert [call["who"].split(",")[0].lower() for call in detail["calls"]] == [call["role"] for call in calls]
        assert [call["seconds"] for call in detail["calls"]] == [f"{call['seconds']:.1f}" for call in calls]
        for call, request in zip(calls, detail["requests"], strict=True):
            assert request["reply"] == call["response"]
            body = call.get("request", {})
            sent = [[message["role"], message["content"]] for message in body.get("messages", [])]
            assert request["messages"] == sent
            rest = {name: value for name, value in body.items() if name != "messages"}
            assert json.loads(request["rest"] or "{}") == rest
        assert told["Calls"] == str(len(calls))
        tokens = [call["input_tokens"] for call in calls]
        assert told["Input Tokens"] == ("" if None in tokens else str(sum(tokens)))


def test_sentence_and_sums_of_the_report_are_those_of_the_summary(files: Files) -> None:
    summary, _, _, page = files
    typed = sum(bool(row["Predicted Detailed Cell Type"]) for row in summary)
    numbers = {
        f"{typed} of {len(summary)} clusters",
        f"All {len(summary)} clusters",
        f"None of {len(summary)} clusters",
    }
    assert any(words in page.text_of["headline"] for words in numbers)
    assert sum(row["has_type"] for row in page.rows) == typed
    calls = sum(int(row["Calls"]) for row in summary)
    assert f"Calls{calls:,}" in page.text if calls else "Callsno calls" in page.text
    persons = sum(bool(row["correction"] and row["correction"].get("label")) for row in page.rows)
    assert (f", {persons} of them by a person." in page.text_of["headline"]) == bool(persons)


def test_index_says_of_the_sample_what_its_report_says(folder: Path, files: Files) -> None:
    html = (folder / "index.html").read_text(encoding="utf-8")
    report = (folder / "pbmc_report.html").read_text(encoding="utf-8")
    assert Page(html).text_of["headline"] == files[3].text_of["headline"]
    [bar] = outcome_bars(report)
    assert outcome_bars(html) == [bar, bar]


def test_multiqc_counts_what_summary_and_report_have(folder: Path, files: Files) -> None:
    summary, _, _, page = files
    [found] = json.loads((folder / "pbmc_mqc.json").read_text(encoding="utf-8"))["data"].values()
    by_person = [bool(row["correction"] and row["correction"].get("label")) for row in page.rows]
    failed = [Outcome(told["Status"]).is_failure for told in summary]
    assert {name: found[name] for name in COUNTED} == {
        "clusters": len(summary),
        "with_cell_type": sum(bool(told["Predicted Detailed Cell Type"]) for told in summary),
        "need_a_look": sum(bool(row["review_flags"]) for row in page.rows),
        "failed": sum(lost and not named for lost, named in zip(failed, by_person, strict=True)),
        "not_validated": sum(told["Validated"] == "no" for told in summary),
        "unsupported": sum(len(row["unsupported"]) for row in page.rows),
        "by_person": sum(by_person),
        "calls": sum(int(told["Calls"]) for told in summary),
    }
    [bar] = json.loads((folder / "pbmc_outcomes_mqc.json").read_text(encoding="utf-8"))["data"].values()
    assert Counter(bar) == Counter(told["Status"] for told in summary)
