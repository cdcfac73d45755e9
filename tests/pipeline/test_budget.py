"""`--max_cost` in the pipeline: 20 tasks spend at most the cap, however they are killed, and a higher one goes on."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kills.table import draw_table
from tests.mock_provider.running import Running, running_mock
from tests.pipeline.launch import TIMEOUT_S, Launcher, Run

pytestmark = pytest.mark.slow

CHUNKS, CLUSTERS = 20, 60
KILLS = 3


def arguments(pipeline: Launcher, mock: Running, cap: str) -> list[str]:
    table = pipeline.folder / "table.csv"
    about = ["--input", table, "--outdir", pipeline.out, "--tissue", "none", "--species", "human", "--name", "s"]
    asked = ["--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock", "--max_workers", str(CHUNKS)]
    # Three calls a cluster, whatever is answered.
    calls = ["--validator_involvement", "v0", "--controls", "0", "--price_in", "3", "--price_out", "15"]
    tasks = ["--chunk_size", CLUSTERS // CHUNKS, "--max_tasks", CHUNKS, "--max_cost", cap]
    config = pipeline.folder / "many.config"
    config.write_text("executor { cpus = 64; memory = '64 GB'; queueSize = 64; pollInterval = '200 ms' }\n")
    # Else no more local tasks are started at once than there are cores.
    return ["-pool-size", str(CHUNKS), "-c", *map(str, [config, *about, *asked, *calls, *tasks])]


def annotating(folder: Path) -> Iterator[int]:
    """Processes of annotate tasks below a folder."""
    for found in Path("/proc").glob("[0-9]*"):
        try:
            words, cwd = (found / "cmdline").read_bytes().split(b"\0"), (found / "cwd").readlink()
        except OSError:
            continue
        if b"annotate" in words and cwd.is_relative_to(folder):
            yield int(found.name)


def run_and_kill(pipeline: Launcher, mock: Running, argv: list[str]) -> tuple[Run, int]:
    """A run, some of whose tasks are killed with calls under way."""
    draw, killed = random.Random(1), 0
    process = pipeline.start(*argv)
    while process.poll() is None and killed < KILLS:
        running = sorted(annotating(pipeline.folder))
        if mock.stats()["in_flight"] and running:
            os.kill(draw.choice(running), signal.SIGKILL)
            killed += 1
        time.sleep(0.2)
    said, _ = process.communicate(timeout=TIMEOUT_S)
    return Run(process.returncode, said), killed


def test_a_run_spends_no_more_than_its_cap_however_tasks_are_killed(pipeline: Launcher) -> None:
    draw_table(pipeline.folder / "table.csv", CLUSTERS, 3)
    with running_mock(latency=0.3, spread=0.5) as mock:
        run, killed = run_and_kill(pipeline, mock, arguments(pipeline, mock, "1.00"))
        first = mock.stats()
        assert killed == KILLS and run.code != 0, run.said
        assert 0.2 < first["cost_usd"] <= 1.0
        line = "not_reached: --max_cost of $1.00 is reached: $"
        assert any("have no annotation" in one and line in one for one in run.said.splitlines()), run.said
        statuses = pipeline.statuses("s")
        assert len(statuses) == CLUSTERS and {"annotated", "not_reached"} == set(statuses)
        assert not list((pipeline.folder / ".cassia" / "journal").glob("STOP-*"))
        done = {
            name for name, status in pipeline.tasks().items() if name.startswith("ANNOTATE") and status == "COMPLETED"
        }

        whole = pipeline.run(*arguments(pipeline, mock, "9.00"), "-resume")
        assert whole.code == 0, whole.said
        assert set(pipeline.statuses("s")) == {"annotated"}
        cached = {name for name, status in pipeline.tasks().items() if status == "CACHED"}
        assert done <= cached
