"""Tasks on one journal that are killed at random moments: what the mock was paid for is never more than the cap."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.command import cassia
from tests.kills.table import draw_table
from tests.mock_provider.running import Running, running_mock

pytestmark = pytest.mark.slow

CHUNKS, CLUSTERS, CAP, KILLS = 4, 40, 0.8, 6
ABOUT = ("--tissue", "none", "--species", "human")


def annotate(mock: Running, folder: Path, chunk: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "cassia_engine", "annotate", f"chunk_{chunk:05d}.json"]
    asked = ["--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock", "--max_workers", "2"]
    prices = ["--price_in", "3", "--price_out", "15", "--max_cost", str(CAP), "--validator_involvement", "v0"]
    output = ["--output", f"{chunk}.jsonl"]
    return subprocess.Popen([*command, *output, *asked, *prices], cwd=folder, stderr=subprocess.DEVNULL)


def wait_for_calls(mock: Running, running: Mapping[int, subprocess.Popen[bytes]]) -> None:
    """Wait until a call is under way, or there will be none any more."""
    while not mock.stats()["in_flight"] and any(process.poll() is None for process in running.values()):
        time.sleep(0.02)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_tasks_of_a_budget(tmp_path: Path, seed: int) -> None:
    table, draw = draw_table(tmp_path / "s.csv", CLUSTERS), random.Random(seed)
    split = cassia(
        "split", table, *ABOUT, "--chunk_size", str(CLUSTERS // CHUNKS), "--outdir", tmp_path, "--controls", "0"
    )
    assert split.returncode == 0, split.stderr
    faults = "503_ms:0.05,cut:0.02,no_usage:0.05"
    with running_mock(latency=0.1, spread=0.9, faults=faults, seed=seed) as mock:
        running = {chunk: annotate(mock, tmp_path, chunk) for chunk in range(CHUNKS)}
        for _ in range(KILLS):
            wait_for_calls(mock, running)
            time.sleep(draw.random() / 4)  # any moment will do
            chunk = draw.choice(list(running))
            running[chunk].kill()
            running[chunk].wait()
            running[chunk] = annotate(mock, tmp_path, chunk)
        codes = {chunk: process.wait(120) for chunk, process in running.items()}
        spent = mock.stats()["cost_usd"]
    assert set(codes.values()) == {77}, codes
    assert 0 < spent <= CAP
    last = max((tmp_path / ".cassia" / "journal" / "s" / "budget").glob("[0-9]*"))
    claimed, declared = map(int, str(last.readlink()).split()[-2:])
    assert spent * 1e9 <= claimed <= CAP * 1e9 and declared <= claimed
