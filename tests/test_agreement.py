"""Summary, full table, conversations and report of a sample say the same of every cluster."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.api import annotate
from cassia_engine.cells import unguard
from cassia_engine.collect import Merged
from cassia_engine.publish import write_outputs
from cassia_engine.records import Usage
from tests import factories as make
from tests import talks
from tests.conftest import EXAMPLES
from tests.mock_provider.running import running_mock
from tests.reading import Page

Files = tuple[list[dict[str, str]], list[dict[str, str]], dict[str, Any], Page]


def every_kind(folder: Path) -> None:
    """Ten clusters of every kind, one of which was talked about in two rounds."""
    held = talks.held(
        annotations=(talks.claim(), talks.claim(score=70)),
        checks=(talks.CHECKS,) * 2,
        validations=(talks.verdict(feedback="Look at CD3D again."), talks.verdict()),
        calls=tuple(talks.call(role, number) for number in (1, 2) for role in ("annotator", "validator")),
    )
    results = [replace(result, usage=Usage()) for result in make.mixed_bag()]
    results[0] = replace(results[0], conversation=held, iterations=2, usage=Usage(4, 6800, 1200, 0.038))
    write_outputs(Merged(make.DATASET, make.SELECTION, tuple(results), (make.MODEL_RUN,) * len(results)), folder)


def offline(folder: Path) -> None:
    annotate(
        EXAMPLES / "large_intestine_seurat.csv.gz", tissue="large intestine", species="human",
        output_name=folder / "pbmc", show_progress=False,
    )  # fmt: skip


def mock(folder: Path) -> None:
    """A model's answers, with second rounds and replies that are refused, cut off or in no form."""
    with running_mock(steady="refusal:0.2,length:0.15,prose:0.1,no_usage:0.1", variety=0.5, seed=3) as running:
        annotate(
            EXAMPLES / "pbmc68k_scanpy.csv", tissue="blood", species="human", output_name=folder / "pbmc",
            provider="custom", base_url=f"{running.url}/v1", model="mock", show_progress=False,
            journal_dir=folder / "journal",
        )  # fmt: skip


@pytest.fixture(scope="module", params=[every_kind, offline, mock], ids=lambda made: made.__name__)
def files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Files]:
    folder = tmp_path_factory.mktemp("agreement")
    make_outputs: Callable[[Path], None] = request.param
    make_outputs(folder)
    conversations = json.loads((folder / "pbmc_conversations.json").read_text(encoding="utf-8"))
    page = Page((folder / "pbmc_report.html").read_text(encoding="utf-8"))
    yield table(folder / "pbmc_summary.csv"), table(folder / "pbmc_full.csv"), conversations, page


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
            "Cost (USD)": "" if row["cost"] is None else f"{row['cost']:.10g}",
        }
        assert {name: told[name] for name in found} == found
        score = "" if row["score"] is None else str(row["score"])
        assert score == (str(round(float(told["Score"]))) if told["Score"] else "")


def test_report_gives_the_reason_of_each_cluster_without_an_annotation(files: Files) -> None:
    summary, _, _, page = files
    for told in summary:
        if told["Status"] != "annotated":
            detail = page.detail(told["Cluster ID"])["concerns"][0]["detail"]
            assert detail.casefold().startswith(told["Reason"].casefold())


def test_conversations_are_the_same_everywhere(files: Files) -> None:
    _, full, conversations, page = files
    for told in full:
        held, detail = conversations[told["Cluster ID"]], page.detail(told["Cluster ID"])
        turns = detail.get("turns", [])
        for kind, speaker in (("annotations", "Annotator"), ("validations", "Validator")):
            said = [turn["text"] for turn in turns if turn["speaker"] == speaker]
            assert [text.strip("()") for text in said] == [text.strip("()") for text in held[kind]]
            assert all(text in told["Conversation History"] for text in held[kind])
        assert (held["scoring"] or "") == "".join(t["text"] for t in turns if t.get("side") == "scorer")
        assert max((turn["round"] for turn in turns), default=0) == len(held["annotations"])


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
