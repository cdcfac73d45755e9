"""Runs whose process is killed while the server lives, as by a machine that has no memory left."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from cassia_engine.server import run_processes
from cassia_engine.server.job_runs import NEEDS_KEYS
from cassia_engine.server.run_ends import silent_end
from cassia_engine.server.run_processes import RunProcess
from cassia_engine.server.specs import LOG, Told
from tests.conftest import ROOT
from tests.mock_provider.running import Running, running_mock
from tests.server.processes import MARKERS, Serving, question, serving
from tests.server.running import running_app
from tests.server.test_jobs import worker_of
from tests.server.test_keys import KEY, of_mock
from tests.server.test_stopping import app_with_job, wait
from tests.server.uploading import until

BY_SIGKILL = "the process of the run was killed by SIGKILL (most likely for lack of memory)"
AGAIN = [f"{BY_SIGKILL}; it is started again ({number} of 2 times)" for number in (1, 2)]
FAILED = f"{BY_SIGKILL}, as were 2 before it; tell who runs the server"


def kill_while_it_asks(server: Serving, mock: Running, job: str) -> None:
    """Kill a run that waits for an answer, and have the model's side know it."""
    mock.wait_for("held", 1)
    unanswered = mock.stats()["unanswered"]
    os.kill(worker_of(server, job), signal.SIGKILL)
    mock.wait_for("unanswered", unanswered + 1)


@pytest.mark.slow
def test_a_run_whose_process_is_killed_goes_on_with_what_was_answered(tmp_path: Path) -> None:
    with running_mock(tmp_path, require_key=KEY) as mock, serving(tmp_path / "data") as server:
        mock.post("/hold", {"after": 2})
        job = server.submit(question(nParallelClusters=1), [of_mock(mock)])
        for _ in range(2):
            kill_while_it_asks(server, mock, job)
        mock.post("/release", {})
        assert server.wait(job) == {"jobStatus": "completed", "clusterStatus": dict.fromkeys(MARKERS, "completed")}
        # Two calls have come again that were not answered, and none that was.
        stats = mock.stats()
        assert (stats["calls"], stats["bodies"], stats["repeats"]) == (len(MARKERS) + 2, len(MARKERS), 0)
        assert server.results(job)["annotations"].keys() == MARKERS.keys()
        for text in (server.log.read_text(), (server.data / "jobs" / job / "run" / LOG).read_text()):
            assert [line in text for line in AGAIN] == [True, True]
            assert KEY not in text


def test_a_run_whose_process_is_killed_each_time_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_processes, "WORKER", "tests.server.dying_worker")
    monkeypatch.chdir(ROOT)
    with app_with_job(tmp_path / "data") as (server, job):
        assert wait(server, job) == "failed"
        assert server.request("GET", f"/status/{job}").json()["message"] == FAILED
        text = (server.state.jobs / job / "run" / LOG).read_text()
    assert text.splitlines() == [f"cassia: warning: {line}" for line in (*AGAIN, FAILED)]


def test_a_killed_run_whose_keys_are_gone_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_processes, "WORKER", "tests.server.dying_worker")
    monkeypatch.chdir(ROOT)
    config = {"provider": "openai", "name": "mock", "apiKey": KEY, "baseUrl": "http://127.0.0.1:9/v1"}
    with running_app(tmp_path / "data") as server:
        start = run_processes.start

        def forgetting(folder: Path, told: Told) -> RunProcess:
            server.state.keys.clear()
            return start(folder, told)

        monkeypatch.setattr(run_processes, "start", forgetting)
        answer = server.request("POST", "/annotate", body={"input_data": question(), "llm_configs": [config]})
        job = answer.json()["job_id"]
        until(lambda: server.request("GET", f"/status/{job}").json().get("message") == NEEDS_KEYS)
        assert server.request("GET", f"/status/{job}").json()["jobStatus"] == "pending"


def test_other_ends_without_an_outcome(tmp_path: Path) -> None:
    found = {code: silent_end(tmp_path, code, 0) for code in (1, -signal.SIGSEGV, -40)}
    assert found[1].reason == "the process of the run ended with 1 and says nothing; the server's log of it is run.log"
    assert [found[code].state for code in found] == ["failed", "stopped", "stopped"]
    assert "was killed by SIGSEGV; it is" in found[-signal.SIGSEGV].reason
    assert "was killed by signal 40; it is" in found[-40].reason
