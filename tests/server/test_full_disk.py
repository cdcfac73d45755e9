"""What becomes of a run on a full disk, which is done again, and of new jobs and uploads, which are refused."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from cassia_engine.server import run_processes
from cassia_engine.server.specs import DISK_FULL, NO_OUTCOME, OUTCOME, PROGRESS, Outcome, Told, read_outcome
from tests.conftest import ROOT
from tests.server.processes import PATIENCE_S, question, serving
from tests.server.running import RunningApp, running_app


def message_of(server: RunningApp, job: str) -> str:
    """What is said of a job at the first time that anything is, or when it is completed."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        found = server.request("GET", f"/status/{job}").json()
        if "message" in found or found["jobStatus"] == "completed":
            return f"{found['jobStatus']}: {found.get('message', '')}"
        time.sleep(0.02)
    raise AssertionError(f"the job is {found}")


def submitted(server: RunningApp) -> str:
    return str(server.request("POST", "/annotate", body={"input_data": question()}).json()["job_id"])


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """That of a run that has been done, with no server."""
    with running_app(tmp_path / "data") as server:
        job = submitted(server)
        assert message_of(server, job) == "completed: "
    found = tmp_path / "data" / "jobs" / job / "run"
    (found / OUTCOME).unlink()
    yield found


def done_again(folder: Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", run_processes.WORKER, str(folder)]
    told = msgspec.json.encode(Told(str(folder.parent / "journal")))
    return subprocess.run(command, input=told, capture_output=True, timeout=PATIENCE_S, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_run_that_finds_the_disk_full_is_done_again(folder: Path) -> None:
    (folder / PROGRESS).unlink()
    (folder / PROGRESS).symlink_to("/dev/full")
    assert done_again(folder).returncode == 0
    assert read_outcome(folder) == Outcome("stopped", DISK_FULL, retry=True)


def test_a_process_that_cannot_say_how_it_ended_has_a_code_for_that(folder: Path) -> None:
    (folder / OUTCOME).mkdir()
    done = done_again(folder)
    assert done.returncode == NO_OUTCOME
    assert b"the outcome cannot be written" in done.stderr


def test_a_run_without_room_for_its_outcome_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_processes, "WORKER", "tests.server.mute_worker")
    monkeypatch.chdir(ROOT)
    with running_app(tmp_path / "data") as server:
        assert message_of(server, submitted(server)) == f"pending: {DISK_FULL}"


def test_a_server_with_too_little_free_disk_takes_nothing_new(tmp_path: Path) -> None:
    """More is to stay free than the whole disk has."""
    with running_app(tmp_path / "data") as server:
        job = submitted(server)
        assert message_of(server, job) == "completed: "
    more_than_all = str(2 * shutil.disk_usage(tmp_path).total / 2**30)
    with serving(tmp_path / "data", "--min_free_gib", more_than_all) as refusing:
        for path, body in (
            ("/annotate", {"input_data": question()}),
            ("/reannotate", {"job_id": job, "cluster_id": "0", "feedback": "Look again."}),
            ("/upload/vars_h5/initiate", {"file_size_bytes": 1}),
        ):
            status, answer = refusing.call("POST", path, body)
            assert (status, answer["error_code"]) == (402, "QUOTA_EXCEEDED")
            assert "the server's disk has" in answer["message"]
            assert "ask who runs the server to free some" in answer["message"]
        status, health = refusing.call("GET", "/healthz")
        assert (status, health["status"]) == (503, "no free disk")
        assert [refusing.call("GET", f"/{what}/{job}")[0] for what in ("status", "results", "report")] == [200] * 3
        assert len(list((tmp_path / "data" / "jobs").iterdir())) == 1
    with running_app(tmp_path / "data", min_free_bytes=0) as server:
        submitted(server)
        assert server.request("GET", "/healthz").status == 200
