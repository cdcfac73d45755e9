"""A job that is killed at any moment goes on where it was: the same result, no chunk twice, one job."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.cytetype.runs import INPUT, LLM_KEY, NAMES, TOKEN, acknowledged, make_files
from tests.cytetype_server.running import Running, running_server

pytestmark = pytest.mark.slow

KILLED = -9
N_CHUNKS = 10 + 2


def hold(call: str, skip: int = 0, done: bool = False, **more: Any) -> dict[str, Any]:
    """Calls of a name are withheld from one on: before anything is done, or before they are answered."""
    return {"call": call, "fault": "hold_done" if done else "hold", "skip": skip, "times": None, **more}


# Each is a moment of one and the same run, in their order; `skip` counts from the kill before.
UPLOAD = {
    "chunks": [
        hold("initiate", done=True),
        hold("chunk", 1),
        hold("chunk", 3, done=True),
        hold("complete", kind="vars_h5", done=True),
        hold("chunk", 1, kind="obs_duckdb"),
    ],
    "presigned": [
        hold("part", 0),
        hold("part", 2, done=True),
        hold("part", 2),
        hold("complete", kind="vars_h5"),
        hold("complete", kind="obs_duckdb", done=True),
    ],
}
POLLING = [hold("status", skip, done=done) for skip, done in ((0, False), (0, True), (1, False), (2, True), (1, True))]
RESULTS = [
    hold("results"),
    hold("results", done=True),
    hold("status", done=True),
    hold("results", done=True),
    hold("results"),
]


class Killed:
    """A job that is killed again and again."""

    def __init__(self, server: Running, folder: Path):
        self.server, self.folder = server, folder
        make_files(folder)

    def _start(self) -> subprocess.Popen[bytes]:
        places = map(str, (self.folder, self.folder / "found"))
        command = [sys.executable, "-m", "tests.cytetype.child", self.server.url, *places]
        environment = {**os.environ, "CASSIA_TEST_TOKEN": TOKEN}
        with (self.folder / "stderr").open("ab") as said:
            return subprocess.Popen(command, cwd=ROOT, env=environment, stderr=said)

    def kill_at(self, rule: dict[str, Any]) -> set[tuple[str, int]]:
        """Start it and kill it once a call of the rule is withheld; the chunks that are acknowledged then."""
        self.server.set(rules=[rule])
        with self._start() as process:
            try:
                self.server.wait(lambda: self.server.seen()["held"] or process.poll() is not None)
            finally:
                process.kill()
            assert process.wait() == KILLED, (self.folder / "stderr").read_text()
        self.server.release()
        self.server.wait(lambda: self.server.seen()["held"] == 0)
        path = self.folder / "pbmc_job.json"
        return acknowledged(json.loads(path.read_text())) if path.exists() else set()

    def finish(self) -> dict[str, Any]:
        self.server.set(rules=[])
        with self._start() as process:
            code = process.wait(60)
        assert code == 0, (self.folder / "stderr").read_text()
        return dict(json.loads((self.folder / "found").read_bytes()))

    def assert_no_chunk_twice(self, kills: Sequence[dict[str, Any]]) -> int:
        """Kill it at these moments; no chunk that was acknowledged at a kill comes after it. How many those were."""
        known: dict[tuple[str, int], int] = {}
        for rule in kills:
            for chunk in self.kill_at(rule):
                known.setdefault(chunk, self.server.n_events())
        for event in self.server.events():
            if event["call"] in ("chunk", "part"):
                assert event["n"] <= known.get((event["upload"], event["index"]), event["n"]), event
        return len(known)


def assert_survives(tmp_path: Path, kills: Sequence[dict[str, Any]], **settings: Any) -> None:
    """Run straight in one folder, with kills in another, and compare."""
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    straight.mkdir()
    broken.mkdir()
    with running_server(tmp_path / "state", polls=12, **settings) as server:
        wanted = Killed(server, straight).finish()
        server.reset()
        server.set(polls=12, **settings)
        job = Killed(server, broken)
        assert job.assert_no_chunk_twice(kills) >= N_CHUNKS - 2
        assert job.finish() == wanted
        assert len(server.seen()["jobs"]) == 1
        for kind, name in NAMES.items():
            assert server.content(kind) == (broken / name).read_bytes()
        assert {path.name for path in broken.iterdir()} == {path.name for path in straight.iterdir()}
        for path in (*straight.iterdir(), *broken.iterdir()):
            content = path.read_bytes()
            assert TOKEN.encode() not in content and LLM_KEY.encode() not in content, path


@pytest.mark.parametrize("form", UPLOAD)
def test_killed_while_it_uploads(tmp_path: Path, form: str) -> None:
    assert_survives(tmp_path, UPLOAD[form], presigned=form == "presigned")


def test_killed_while_it_waits_for_the_job(tmp_path: Path) -> None:
    assert_survives(tmp_path, POLLING)


def test_killed_while_it_gets_the_results(tmp_path: Path) -> None:
    assert_survives(tmp_path, RESULTS)


@pytest.mark.parametrize("done", [False, True], ids=["not taken", "taken"])
def test_killed_while_the_job_is_sent_a_person_decides(tmp_path: Path, done: bool) -> None:
    with running_server(tmp_path / "state") as server:
        job = Killed(server, tmp_path)
        job.kill_at(hold("annotate", done=done))
        server.set(rules=[])
        for _ in range(2):
            with job._start() as process:
                assert process.wait(60) != 0
        assert (tmp_path / "stderr").read_text().count("it may be there already") == 2
        assert len(server.seen()["jobs"]) == done
        assert server.calls().count("annotate") == 1


def test_told_to_stop_the_command_ends_with_75_and_goes_on(tmp_path: Path) -> None:
    make_files(tmp_path)
    (tmp_path / "query.json").write_text(json.dumps(INPUT))
    environment = {**os.environ, "CYTETYPE_AUTH_TOKEN": TOKEN}
    with running_server(tmp_path / "state", polls=10**6) as server:
        options = ["--api_url", server.url, "--allow_upload", "--resume", "--poll_interval", "0.05"]
        command = [sys.executable, "-m", "cassia_engine", "submit", str(tmp_path / "query.json"), *options]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
            server.wait(lambda: server.calls().count("status") > 1)
            process.terminate()
            _, said = process.communicate(timeout=60)
        assert (process.returncode, "--resume" in said, TOKEN in said) == (75, True, False)
        server.set(polls=1)
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
        assert done.stdout == f"{tmp_path / 'results.json'}\n", done.stderr
        assert server.calls().count("annotate") == 1


def test_told_twice_it_names_the_job_file(tmp_path: Path) -> None:
    make_files(tmp_path)
    (tmp_path / "query.json").write_text(json.dumps(INPUT))
    environment = {**os.environ, "CYTETYPE_AUTH_TOKEN": TOKEN}
    with running_server(tmp_path / "state") as server:
        server.set(rules=[hold("chunk")])
        options = ["--api_url", server.url, "--allow_upload", "--resume"]
        command = [sys.executable, "-m", "cassia_engine", "submit", str(tmp_path / "query.json"), *options]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
            server.wait_held()
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            lines = iter(process.stderr.readline, "")
            assert any("stopping" in line for line in lines)
            process.send_signal(signal.SIGINT)
            [said] = process.communicate(timeout=60)[1].splitlines()
        assert (process.returncode, "job file" in said, "--resume" in said, "journal" in said) == (
            75,
            True,
            True,
            False,
        )
