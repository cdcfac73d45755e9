"""A cluster that is annotated again, with what a person says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.mock_provider.running import Running, running_mock
from tests.server.processes import MARKERS, Serving, question, serving

pytestmark = pytest.mark.slow

KEY = "sk-canary-0d6f3a9b7e5c4182"
# It names another species, as whoever compares does.
FEEDBACK = "Look at IL7R: memory, as in mouse?"


def submitted(server: Serving, mock: Running, **asked: Any) -> str:
    config = {"provider": "openai", "name": "mock", "apiKey": KEY, "baseUrl": f"{mock.url}/v1"}
    job = server.submit(question(**asked), configs=[config])
    assert server.wait(job)["jobStatus"] == "completed"
    return job


def again(server: Serving, job: str, **fields: str) -> tuple[int, Any]:
    return server.call("POST", f"/reannotate?{urlencode({'job_id': job, **fields})}")


def waited(server: Serving, job: str, count: int) -> list[dict[str, Any]]:
    """The revisions, once all have ended."""
    found: list[dict[str, Any]] = []

    def ended(_: Any) -> bool:
        found[:] = server.call("GET", f"/jobs/{job}/revisions")[1]["revisions"]
        return len(found) == count and all(one["state"] in ("completed", "failed") for one in found)

    server.wait_for(job, ended)
    return found


def test_the_new_label_is_the_latest_and_the_old_one_history(tmp_path: Path) -> None:
    with running_mock(tmp_path) as mock, serving(tmp_path / "data", "--jobs", "1") as server:
        job = submitted(server, mock, studyInfo="Human blood. " + "x" * 5_000)
        before = server.results(job)["annotations"]
        calls = mock.stats()["calls"]
        assert again(server, job, cluster_id="0", feedback=FEEDBACK) == (
            200,
            {"job_id": job, "cluster_id": "0", "revision": 1},
        )
        asked = {"job_id": job, "cluster_id": "0", "feedback": "Once more."}
        assert server.call("POST", "/reannotate", asked)[1]["revision"] == 2
        first, second = waited(server, job, 2)
        assert (first["feedback"], second["feedback"]) == (FEEDBACK, "Once more.")
        assert first["cluster"] == "0" and first["label"] and first["report_url"] == f"/report/{job}/1"
        told = said_of(server, job)
        assert len(told) == 2 and FEEDBACK in told[0] and "Once more." in told[1]
        assert all('"species":"human"' in text for text in told)
        label = before["0"]["latest"]["annotation"]["annotation"]
        assert all(f"which was labelled {label} before" in text for text in told)
        # The job itself is as it was, and the other clusters were not asked about.
        assert server.call("GET", f"/status/{job}")[1]["clusterStatus"] == dict.fromkeys(MARKERS, "completed")
        after = server.results(job)["annotations"]
        assert list(after) == list(MARKERS)
        assert after["0"]["history"] == [after["0"]["latest"], before["0"]["latest"]]
        assert after["0"]["latest"]["annotation"]["clusterId"] == "0"
        assert {one: after[one] for one in ("1", "2")} == {one: before[one] for one in ("1", "2")}
        assert calls + 2 <= mock.stats()["calls"] < calls + 2 * len(MARKERS)
        status, page = server.call("GET", f"/report/{job}/2")
        assert status == 200 and page.startswith("<!DOCTYPE html>")
        assert server.call("GET", f"/report/{job}/3")[0] == 404
        check_refusals(server, job)


def said_of(server: Serving, job: str) -> list[str]:
    """The blocks of the data set with feedback that the model was shown, one for each text."""
    folder = server.data / "jobs" / job / "journal"
    lines = [json.loads(line) for path in folder.rglob("*.jsonl") for line in path.read_text().splitlines()]
    texts = [message["content"] for line in lines for message in line.get("body", {}).get("messages", ())]
    found = [text.partition("</dataset>")[0] for text in texts if "Feedback of a person" in text]
    return sorted(set(found), key=lambda text: "Once more." in text)


def check_refusals(server: Serving, job: str) -> None:
    for fields in ({}, {"cluster_id": "99"}, {"feedback": " "}, {"feedback": "x" * 2_001}):
        status, answer = again(server, job, **({"cluster_id": "0", "feedback": "Why?"} | fields if fields else {}))
        assert (status, answer["error_code"]) == (400, "INVALID_REQUEST")
    # Where it is wrong in one thing alone: a number is no cluster's text, and names it all the same.
    body = {"job_id": job, "cluster_id": 0, "feedback": " "}
    assert "feedback" in server.call("POST", "/reannotate", body)[1]["message"]
    assert again(server, "0" * 32, cluster_id="0", feedback="Why?")[0] == 404
    offline = server.submit()
    server.wait(offline)
    status, answer = again(server, offline, cluster_id="0", feedback="Why?")
    assert status == 400 and "offline" in answer["message"]


def test_a_revision_that_fails_leaves_the_label(tmp_path: Path) -> None:
    with running_mock(tmp_path) as mock, serving(tmp_path / "data") as server:
        job = submitted(server, mock)
        before = server.results(job)
        mock.post("/script", ["401"] * 10)
        again(server, job, cluster_id="1", feedback=FEEDBACK)
        [failed] = waited(server, job, 1)
        assert failed["state"] == "failed" and failed["reason"] and not failed["report_url"]
        assert server.results(job) == before
        assert server.call("GET", f"/report/{job}/1")[1]["error_code"] == "JOB_FAILED"
