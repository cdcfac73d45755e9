"""How a server stops, and what keeps one from starting."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.cli.options import annotate_settings
from cassia_engine.cli.serve import serve, server_options
from cassia_engine.errors import UsageError
from cassia_engine.server import queue, run_processes
from cassia_engine.server.network import Network
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.queue import Queue
from cassia_engine.server.run_processes import RunProcess
from cassia_engine.server.specs import LOCK, Told
from cassia_engine.server.starting import open_state
from cassia_engine.server.state import DATABASE
from tests.command import cassia
from tests.conftest import ROOT
from tests.mock_provider.running import Running, running_mock
from tests.server.processes import PATIENCE_S, Serving, question, serving
from tests.server.running import RunningApp, running_app
from tests.server.test_jobs import of_mock, worker_of
from tests.server.uploading import content

POLL_S = 0.02


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Running]:
    """A mock that keeps all answers back but the first."""
    with running_mock(tmp_path) as mock:
        mock.post("/hold", {"after": 1})
        yield mock


def stopping(server: Serving, signal_: int = signal.SIGTERM) -> None:
    """Tell a server to stop, and wait until it does."""
    server.process.send_signal(signal_)
    while server.call("GET", "/healthz")[1]["status"] != "draining":
        time.sleep(POLL_S)


def finished(data: Path, mock: Running, *jobs: str) -> None:
    """The next server finishes the jobs, and no call is made twice."""
    with serving(data, *of_mock(mock)) as server:
        assert [server.wait(job)["jobStatus"] for job in jobs] == ["completed"] * len(jobs)
    assert mock.stats()["repeats"] == 0


@pytest.mark.parametrize("signal_", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_server_that_stops_answers_and_waits_for_replies_on_their_way(
    held: Running, tmp_path: Path, signal_: int
) -> None:
    with serving(tmp_path / "data", *of_mock(held), "--jobs", "1") as server:
        job, waiting = server.submit(), server.submit(question(studyInfo="Human bone marrow"))
        held.wait_for("held", 1)
        stopping(server, signal_)
        assert server.call("POST", "/annotate", {"input_data": question()})[0] == 503
        assert server.call("GET", f"/status/{job}")[1]["jobStatus"] == "processing"
        held.post("/release", {})
        assert server.process.wait(PATIENCE_S) == 0
        with pytest.raises(AssertionError, match="no process"):
            worker_of(server, job)
    finished(tmp_path / "data", held, job, waiting)


def test_a_chunk_on_its_way_is_taken_while_the_server_stops(tmp_path: Path) -> None:
    chunk = content(size=3 * 2**20)
    with serving(tmp_path / "data") as server:
        upload = server.call("POST", "/upload/vars_h5/initiate", {"file_size_bytes": len(chunk)})[1]["upload_id"]
        address = "127.0.0.1", int(server.url.rpartition(":")[2])
        with socket.create_connection(address, PATIENCE_S) as connection:
            head = f"PUT /upload/{upload}/chunk/0 HTTP/1.1\r\nHost: {address[0]}\r\nContent-Length: {len(chunk)}"
            connection.sendall(f"{head}\r\n\r\n".encode() + chunk[: 2**20])
            server.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(ConnectionRefusedError):
                while True:  # until it takes no new connection
                    socket.create_connection(address).close()
                    time.sleep(POLL_S)
            connection.sendall(chunk[2**20 :])
            assert connection.recv(2**16).startswith(b"HTTP/1.1 200 ")
        assert server.process.wait(PATIENCE_S) == 0


@pytest.mark.slow
@pytest.mark.parametrize("ignored", [True, False])
def test_a_server_stops_with_its_terminal_but_for_nohup(tmp_path: Path, ignored: bool) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        with serving(tmp_path / "data") as server:
            server.process.send_signal(signal.SIGHUP)
            if ignored:
                assert server.call("GET", "/healthz")[0] == 200
                server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(PATIENCE_S) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.slow
def test_a_second_signal_ends_the_server_at_once(held: Running, tmp_path: Path) -> None:
    with serving(tmp_path / "data", *of_mock(held)) as server:
        job = server.submit()
        held.wait_for("held", 1)
        stopping(server)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE_S) == -signal.SIGTERM
    held.post("/release", {})
    finished(tmp_path / "data", held, job)


@pytest.mark.slow
def test_a_run_that_was_taken_over_is_told_to_stop_too(held: Running, tmp_path: Path) -> None:
    with serving(tmp_path / "data", *of_mock(held)) as server:
        job = server.submit()
        held.wait_for("held", 1)
        server.kill()
    with serving(tmp_path / "data", *of_mock(held)) as server:
        stopping(server)
        held.post("/release", {})
        assert server.process.wait(PATIENCE_S) == 0
        with pytest.raises(AssertionError, match="no process"):
            worker_of(server, job)
    finished(tmp_path / "data", held, job)


def refused(*options: str) -> str:
    """The one line by which a server says why it does not start."""
    command = [sys.executable, "-m", "cassia_engine", "serve", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    return line


@pytest.mark.slow
def test_a_folder_has_one_server_at_a_time(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    with serving(tmp_path / "data") as server:
        line = refused("--port", "0", "--data", data)
        assert line == (
            f"cassia: error: {data}: a server works with this folder (process {server.process.pid}); "
            "end it, or give another folder (--data)"
        )
        server.kill()
    with serving(tmp_path / "data") as server:
        assert server.call("GET", "/healthz")[0] == 200


def test_a_database_that_cannot_be_opened_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / DATABASE).mkdir()
    line = refused("--port", "0", "--data", str(tmp_path))
    assert line.startswith(f"cassia: error: {tmp_path / DATABASE}: cannot be opened: Is a directory; use a folder")


def test_what_is_there_already_is_closed_to_others(tmp_path: Path) -> None:
    """As in a copy of the data, or a folder that was made by hand."""
    tmp_path.chmod(0o755)
    for folder in ("jobs", "uploads"):
        (tmp_path / folder).mkdir(mode=0o755)
    (tmp_path / DATABASE).touch(0o644)
    state = open_state(ServerOptions(tmp_path))
    state.database.close()
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert found == {"jobs": 0o700, "uploads": 0o700, DATABASE: 0o600}


def test_a_port_that_is_taken_is_said_in_a_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused("--port", str(port), "--data", str(tmp_path / "data"))
    assert line.startswith(f"cassia: error: cannot listen on 127.0.0.1 port {port}: Address already in use; choose")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--provider", "command", "--command", "no-such-program x"), "no-such-program"),
        (("--model", "m", "--max_cost", "1"), "price_in"),
        (("--model", "m", "--proxy", "ftp://here"), "ftp://"),
        (("--model", "m", "--calibration", "nothing.json"), "nothing.json"),
        (("--model", "m", "--fallback_model", "a b"), "a b"),
        (("--model", "m", "--allow_base_url", "node:8000/v1"), "allow_base_url"),
        (("--provider", "offline", "--knowledge", "nothing.csv"), "nothing.csv"),
    ],
)
def test_an_annotator_that_could_do_no_job_is_said_in_a_line(
    options: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    custom = ("--provider", "custom", "--base_url", "http://127.0.0.1:9/v1") if "--model" in options else ()
    with pytest.raises(UsageError) as caught:
        start(tmp_path, *custom, *options)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def start(folder: Path, *options: str) -> None:
    """The state of a server with these options of the command line."""
    with serve.make_context("serve", ["--data", str(folder), *options]) as context:
        given = dict(context.params)
    network = Network(**{name: given.pop(name) for name in Network.__struct_fields__})
    open_state(server_options(annotate_settings(given), network, given)).database.close()


def test_options_that_would_do_nothing_are_refused(tmp_path: Path) -> None:
    for given in ("--batch", "--batch_wait", "--journal_dir", "--retry_failed"):
        done = cassia("serve", "--data", tmp_path / "data", given)
        assert (done.returncode, f"No such option '{given}'" in done.stderr) == (2, True), done.stderr
    line = refused("--data", str(tmp_path / "data"), "--nextflow_profile", "slurm")
    assert line == ("cassia: error: --nextflow_profile is for --executor nextflow; give that too, or leave it out")
    assert not (tmp_path / "data").exists()


@contextlib.contextmanager
def app_with_job(data: Path) -> Iterator[tuple[RunningApp, str]]:
    with running_app(data) as server:
        answer = server.request("POST", "/annotate", body={"input_data": question(), "llm_configs": None})
        yield server, answer.json()["job_id"]


def wait(server: RunningApp, job: str) -> str:
    end = time.monotonic() + PATIENCE_S
    while (state := server.request("GET", f"/status/{job}").json()["jobStatus"]) in ("pending", "processing"):
        assert time.monotonic() < end, f"the job is {state}"
        time.sleep(POLL_S)
    return str(state)


def test_a_fault_does_not_end_the_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(queue, "FAULT_SECONDS", 0.01)
    look, faults = Queue._in_state, [OSError("of the disk"), OSError("of the disk")]

    async def faulty(self: Queue, state: str) -> list[object]:
        if faults:
            raise faults.pop()
        return list(await look(self, state))

    monkeypatch.setattr(Queue, "_in_state", faulty)
    with app_with_job(tmp_path / "data") as (server, job):
        assert wait(server, job) == "completed"
    assert "the queue has failed; it goes on in" in caplog.text


def test_a_process_that_cannot_be_started_is_started_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "RETRY_SECONDS", (0.01, 0.01))
    start, faults = run_processes.start, [OSError("no process"), OSError("no process")]

    def faulty(folder: Path, told: Told) -> RunProcess:
        if faults:
            raise faults.pop()
        return start(folder, told)

    monkeypatch.setattr(run_processes, "start", faulty)
    with app_with_job(tmp_path / "data") as (server, job):
        assert wait(server, job) == "completed"
        faults.extend(OSError("no process") for _ in range(3))
        with_no_process = server.request("POST", "/annotate", body={"input_data": question()}).json()["job_id"]
        assert wait(server, with_no_process) == "failed"
        message = server.request("GET", f"/status/{with_no_process}").json()["message"]
        assert message == "the server could not work on the job; its log says why"


def test_the_end_of_a_run_that_the_database_could_not_keep_is_kept_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(queue, "FAULT_SECONDS", 0.01)
    note, faults = Queue._note, [sqlite3.OperationalError("database or disk is full") for _ in range(10)]

    async def faulty(self: Queue, *arguments: Any) -> None:
        if faults:
            raise faults.pop()
        await note(self, *arguments)

    monkeypatch.setattr(Queue, "_note", faulty)
    with app_with_job(tmp_path / "data") as (server, job):
        assert wait(server, job) == "completed"
        assert "log says why" not in server.request("GET", f"/status/{job}").text
    assert "the end of run 0 could not be kept" in caplog.text


def test_a_process_outlives_the_loop_that_watches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those of the pipeline do; the next server finds it by its lock."""
    monkeypatch.setattr(run_processes, "WORKER", "tests.server.waiting_worker")
    monkeypatch.chdir(ROOT)

    async def started() -> RunProcess:
        process = run_processes.start(tmp_path, Told("journal"))
        watching = asyncio.ensure_future(process.wait())
        await asyncio.sleep(0)
        watching.cancel()
        return process

    process = asyncio.run(started())
    assert process.started is not None and process.started.poll() is None
    assert (tmp_path / LOCK).read_text() == str(process.started.pid)
    assert run_processes.start(tmp_path, Told("journal")) == RunProcess(tmp_path)
    (tmp_path / LOCK).write_text(str(os.getpid()))
    RunProcess(tmp_path).stop()  # which is no process of the run
    (tmp_path / LOCK).write_text(str(process.started.pid))
    RunProcess(tmp_path).stop()
    assert asyncio.run(process.wait()) == -signal.SIGTERM
    assert asyncio.run(RunProcess(tmp_path).wait()) is None
    RunProcess(tmp_path).stop()
