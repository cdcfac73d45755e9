"""Jobs that are cancelled: while they wait, while a model is asked, by the page, and as runs of the pipeline."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.server.specs import LOCK
from tests.mock_provider.running import running_mock
from tests.reading import Page
from tests.server.job_rows import add_job
from tests.server.pipelines import Stub
from tests.server.processes import MARKERS, Serving, question, serving
from tests.server.running import running_app
from tests.server.test_jobs import worker_of
from tests.server.test_keys import of_mock
from tests.server.test_pipeline import nextflow as nextflow  # a fixture
from tests.server.uploading import until

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


def cancel(server: Serving, job: str) -> dict[str, Any]:
    status, found = server.call("POST", f"/jobs/{job}/cancel")
    assert status == 200, found
    return dict(found)


def has_worker(server: Serving, job: str) -> bool:
    with suppress(AssertionError):
        return bool(worker_of(server, job))
    return False


def has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_job_that_waits_never_begins_and_only_its_owner_ends_it(tmp_path: Path) -> None:
    with running_app(tmp_path, jobs=0) as server:
        tokens = {name: server.add_token(name) for name in ("ada", "bob")}
        body = {"input_data": question()}
        job = server.request("POST", "/annotate", token=tokens["ada"], body=body).json()["job_id"]
        path = f"/jobs/{job}/cancel"
        assert server.request("POST", path, token=tokens["bob"]).json()["error_code"] == "JOB_NOT_FOUND"
        assert server.request("POST", path).json()["error_code"] == "AUTHENTICATION_REQUIRED"
        elsewhere = {"Origin": "https://other.example"}
        assert server.request("POST", path, token=tokens["ada"], headers=elsewhere).status == 403
        assert server.request("GET", f"/status/{job}", token=tokens["ada"]).json()["jobStatus"] == "pending"
        states = dict.fromkeys(MARKERS, "failed")
        told = {"jobStatus": "failed", "clusterStatus": states, "message": "cancelled by ada"}
        for _ in range(2):
            assert server.request("POST", path, token=tokens["ada"]).json() == told
        results = server.request("GET", f"/results/{job}", token=tokens["ada"])
        assert (results.status, results.json()["message"]) == (422, "cancelled by ada")
    with running_app(tmp_path) as server:
        later = server.request("POST", "/annotate", token=tokens["ada"], body=body).json()["job_id"]
        until(lambda: "completed" in server.request("GET", f"/status/{later}", token=tokens["ada"]).json()["jobStatus"])
        assert [(server.state.jobs / one / "run" / LOCK).exists() for one in (job, later)] == [False, True]


def test_what_has_ended_stays_and_a_cluster_is_no_longer_annotated_again(tmp_path: Path) -> None:
    job = "1" * 32
    columns = "job_id, number, cluster_id, state, own_keys, created"
    again = f"INSERT INTO runs ({columns}) VALUES (?, 1, '0', 'pending', 0, 0)"
    with running_app(tmp_path, jobs=0) as server:
        add_job(server.state, job)
        server.state.database.now(lambda database: database.execute(again, (job,)))
        found = server.request("POST", f"/jobs/{job}/cancel").json()
        assert (found["jobStatus"], "message" in found) == ("completed", False)
        [revision] = server.request("GET", f"/jobs/{job}/revisions").json()["revisions"]
        assert (revision["state"], revision["reason"]) == ("failed", "cancelled by local")


def test_the_list_has_a_button_for_jobs_that_have_not_ended(tmp_path: Path) -> None:
    with running_app(tmp_path, jobs=0) as server:
        add_job(server.state, "1" * 32)
        job = server.request("POST", "/annotate", body={"input_data": question()}).json()["job_id"]
        page = Page(server.request("GET", "/").text)
        assert [form["action"] for form in page.all("form")] == [f"cancel/{job}"]
        answer = server.request("POST", f"/cancel/{job}", headers=FORM, body=b"")
        assert (answer.status, answer.headers["location"]) == (303, "/")
        page = Page(server.request("GET", "/").text)
        assert page.all("form") == []
        assert "cancelled by local" in page.text


@pytest.mark.slow
def test_a_job_at_work_ends_with_what_was_answered_and_makes_room(tmp_path: Path) -> None:
    with running_mock(tmp_path) as mock:
        mock.post("/hold", {"after": 2})
        with serving(tmp_path / "data", "--jobs", "1") as server:
            job = server.submit(question(nParallelClusters=1), [of_mock(mock)])
            waiting = server.submit()
            mock.wait_for("held", 1)
            server.wait_for(job, lambda found: "completed" in found["clusterStatus"].values())
            found = cancel(server, job)
            assert (found["jobStatus"], found["message"]) == ("failed", "cancelled by local")
            assert sorted(found["clusterStatus"].values()) == ["completed", "failed", "failed"]
            mock.post("/release", {})
            assert server.wait(waiting)["jobStatus"] == "completed"
            assert not has_worker(server, job)
        with serving(tmp_path / "data") as server:
            assert server.wait(server.submit())["jobStatus"] == "completed"
            assert server.call("GET", f"/status/{job}")[1]["message"] == "cancelled by local"
        assert (mock.stats()["calls"], mock.stats()["completed"]) == (2, 2)
        journals = (path.read_text() for path in (tmp_path / "data/jobs" / job / "journal").rglob("*.jsonl"))
        assert sum(text.count('"kind":"reply"') for text in journals) == 2


@pytest.mark.slow
def test_a_job_that_was_taken_over_is_ended_too(tmp_path: Path) -> None:
    with running_mock(tmp_path) as mock:
        mock.post("/hold", {"after": 1})
        with serving(tmp_path / "data") as server:
            job = server.submit(configs=[of_mock(mock)])
            mock.wait_for("held", 1)
            server.kill()
        with serving(tmp_path / "data") as server:
            cancel(server, job)
            mock.post("/release", {})
            until(lambda: not has_worker(server, job))
            assert server.wait(job)["message"] == "cancelled by local"


@pytest.mark.slow
def test_a_run_of_the_pipeline_is_ended_and_not_resumed(tmp_path: Path, nextflow: Stub) -> None:
    nextflow.plan({"waits": True})
    with serving(tmp_path / "data", *nextflow.options()) as server:
        job = server.submit()
        pid = nextflow.wait()
        cancel(server, job)
        until(lambda: has_ended(pid) and not has_worker(server, job))
        assert server.wait(job)["message"] == "cancelled by local"
    with serving(tmp_path / "data") as server:
        assert server.wait(server.submit())["jobStatus"] == "completed"
    assert len(nextflow.starts()) == 1
