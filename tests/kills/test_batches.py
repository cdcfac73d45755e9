"""A run by batches that is killed at ten moments and begun again: no batch is paid twice, no answer of one is lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.kills.killing import JOURNAL, outputs
from tests.kills.scenario import CALLS, SAME_CALLS
from tests.kills.table import draw_table
from tests.mock_provider.running import Running, running_mock
from tests.providers.test_contract import place

pytestmark = pytest.mark.slow

CLUSTERS = 40
END_S = 60.0
# What is withheld at each kill: of the first batch, then of the second one, which a run comes to once it has the
# answers of the first; "recording" is a kill while answers are written down.
OF_FILES = ("upload", "create", "created", "poll", "download", "upload", "created", "poll", "recording", "download")
# The API without names of ours for its batches.
IN_THE_BODY = ("create", "created", "poll", "download")
MOMENTS = {"openai": OF_FILES, "anthropic": IN_THE_BODY}


@pytest.mark.parametrize("provider", MOMENTS)
def test_killed_runs_pay_no_batch_twice_and_lose_no_answer(tmp_path: Path, provider: str) -> None:
    table = draw_table(tmp_path / "table.csv", CLUSTERS)
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    with running_mock(tmp_path, batch_seconds=0.05) as mock:
        argv = command(mock, provider, table)
        assert finished(argv, straight) == 0
        normal = mock.stats()
        assert (normal["calls"], normal["completed"], normal["repeats"]) == (0, CALLS * CLUSTERS, 0)
        mock.post("/reset")
        for moment in MOMENTS[provider]:
            kill_at(mock, argv, broken, moment)
        assert finished(argv, broken) == 0
        stats = mock.stats()
    assert (stats["calls"], stats["completed"], stats["repeats"]) == (0, normal["completed"], 0)
    assert stats["batch_lines"] == stats["completed"]
    assert stats["cost_usd"] == pytest.approx(normal["cost_usd"])
    # What was paid is on record, once.
    assert Counter(replies(broken)).keys() == Counter(replies(straight)).keys()
    assert len(replies(broken)) == stats["completed"]
    assert outputs(broken / "out") == outputs(straight / "out")


def test_a_run_that_is_told_to_stop_leaves_its_batch_at_once(tmp_path: Path) -> None:
    table = draw_table(tmp_path / "table.csv", CLUSTERS)
    with running_mock(tmp_path) as mock:
        mock.post("/batches", [{"seconds": 3600}])
        argv = command(mock, "openai", table)
        with subprocess.Popen(argv, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr
            wait_until(lambda: any(line["kind"] == "batch-created" for line in _lines(tmp_path / JOURNAL)))
            process.send_signal(signal.SIGTERM)
            said = process.stderr.read()
        assert process.returncode == 75, said
        assert "cassia: error: openai: the batch batch_2 has been at work since" in said.splitlines()[-1]
        mock.post("/batches/finish")
        assert finished(argv, tmp_path) == 0
        stats = mock.stats()
    assert (stats["repeats"], stats["completed"]) == (0, CALLS * CLUSTERS)


def command(mock: Running, provider: str, table: Path) -> list[str]:
    about = ["--tissue", "none", "--species", "human", "--outdir", "out", *SAME_CALLS]
    asked = ["--provider", provider, "--base_url", mock.url + place(provider), "--model", "mock", "--batch"]
    return [sys.executable, "-m", "tests.batches", "run", str(table), *about, *asked]


def environment() -> dict[str, str]:
    return {**os.environ, **dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY"), "test-key-0123456789")}


def finished(argv: Sequence[str], cwd: Path) -> int:
    cwd.mkdir(exist_ok=True)
    done = subprocess.run(argv, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode


def kill_at(mock: Running, argv: Sequence[str], cwd: Path, moment: str) -> None:
    """Begin a run and kill it at a step that the mock withholds, or while it writes down answers."""
    cwd.mkdir(exist_ok=True)
    before = len(replies(cwd))
    mock.post("/batches/hold", {"at": None if moment == "recording" else moment})
    with (cwd / "stderr").open("w+") as said:
        process = subprocess.Popen(argv, cwd=cwd, env=environment(), stdout=said, stderr=said)
        try:
            wait_until(lambda: len(replies(cwd)) > before if moment == "recording" else mock.stats()["batches_held"])
        finally:
            process.kill()
        assert process.wait() == -signal.SIGKILL, "it ended by itself before it was killed"
        said.seek(0)
        assert "Traceback" not in said.read()
    wait_until(lambda: not mock.stats()["batches_held"])  # the mock has seen that it is gone
    mock.post("/batches/hold", {"at": None})


def wait_until(holds: object) -> None:
    end = time.monotonic() + END_S
    assert callable(holds)
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.002)


def replies(folder: Path) -> list[str]:
    """The keys of all answers on record."""
    return [line["key"] for line in _lines(folder / JOURNAL) if line["kind"] == "reply"]


def _lines(journal: Path) -> Iterator[dict[str, str]]:
    for path in sorted(journal.glob("*/*.jsonl")):
        for raw in path.read_bytes().splitlines(keepends=True):
            if raw.endswith(b"\n"):
                yield json.loads(raw)
