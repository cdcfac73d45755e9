"""What a Slurm does to jobs and nodes: nothing is lost, no recorded reply is asked for again, and the end is clear.

12 clusters in chunks of three: four tasks, which share eight calls in flight.
"""

from __future__ import annotations

import csv
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import need
from tests.executors.engines import bring_up
from tests.executors.slurm import QUICK, Slurm, wait_until
from tests.kills.killing import settle
from tests.kills.records import read_journal
from tests.kills.table import draw_table
from tests.mock_provider.running import Running, running_mock
from tests.pipeline.launch import TIMEOUT_S, Launcher, Run

pytestmark = pytest.mark.slow

CLUSTERS, WORKERS = 12, 8
EACH = 3  # calls of a cluster: annotator, second annotator and strict validator
CALLS = EACH * CLUSTERS
PER_TASK = 2  # calls in flight


@pytest.fixture
def mock(tmp_path: Path) -> Iterator[Running]:
    with running_mock(tmp_path) as running:
        yield running


@pytest.fixture
def pipeline(tmp_path: Path, slurm: Slurm) -> Iterator[Launcher]:
    pipeline = Launcher(need("nextflow"), tmp_path)
    pipeline.env |= slurm.env
    yield pipeline
    slurm.ask("scancel", "--quiet", "--user=root")
    slurm.wait_for_none()


def arguments(pipeline: Launcher, mock: Running, *more: str, config: str = "") -> list[str]:
    """Of a run on Slurm, with a line of configuration of its own."""
    table, quick = pipeline.folder / "markers.csv", pipeline.folder / "slurm.config"
    draw_table(table, CLUSTERS)
    quick.write_text(f"{QUICK}{config}\n")
    data = ["--input", str(table), "--name", "s", "--tissue", "none", "--species", "human", "--chunk_size", "3"]
    asked = ["--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock", "--max_workers", f"{WORKERS}"]
    asked += ["--controls", "0", "--validator_involvement", "v0"]  # the same number of calls for each cluster
    return ["-profile", "slurm", "-c", str(quick), "--outdir", str(pipeline.out), *data, *asked, *more]


@contextmanager
def held(
    pipeline: Launcher, mock: Running, *more: str, config: str = "", after: int = 3
) -> Iterator[subprocess.Popen[str]]:
    """The head of a run of which all calls from number `after` on are withheld; it does not outlive the block."""
    mock.post("/hold", {"after": after})
    head = pipeline.start(*arguments(pipeline, mock, *more, config=config))
    try:
        mock.wait_for("held", WORKERS)
        yield head
    finally:
        if head.poll() is None:
            os.killpg(head.pid, signal.SIGKILL)
        head.communicate(timeout=TIMEOUT_S)


def end_of(head: subprocess.Popen[str], said: str = "") -> Run:
    """How it ended, with what it had said before."""
    more, _ = head.communicate(timeout=TIMEOUT_S)
    return Run(head.returncode, said + more)


def said_until(head: subprocess.Popen[str], words: str, times: int = 1) -> str:
    """What it says up to the line in which the words stand that many times in all."""
    said = ""
    assert head.stdout is not None
    while said.count(words) < times:
        line = head.stdout.readline()
        assert line, f"it ended before it said {words!r}:\n{said}"
        said += line
    return said


def failures(pipeline: Launcher) -> list[str]:
    """Exit code of each failed attempt; "-" where there is none."""
    with (pipeline.out / "pipeline_info" / "trace.txt").open(encoding="utf-8") as rows:
        return [row["exit"] for row in csv.DictReader(rows, delimiter="\t") if row["status"] == "FAILED"]


def recorded(pipeline: Launcher) -> int:
    return len(read_journal(pipeline.folder / ".cassia" / "journal").replies)


def assert_whole(pipeline: Launcher, mock: Running, run: Run, wasted: int = 0) -> None:
    """Every cluster is annotated, and nothing was asked beyond that but `wasted` calls, whose answers nobody got."""
    assert run.code == 0, run.said
    found = pipeline.summary("s")
    assert [row["Cluster ID"] for row in found] == [f"c{number}" for number in range(CLUSTERS)]
    assert {(row["Status"], row["Calls"]) for row in found} == {("annotated", f"{EACH}")}
    stats = mock.stats()
    assert (stats["calls"], stats["repeats"]) == (CALLS + wasted, 0)
    assert recorded(pipeline) == CALLS


def test_cancelled_job(pipeline: Launcher, slurm: Slurm, mock: Running) -> None:
    """A job that waits for answers takes those that come before Slurm kills it, and its task is tried again."""
    with held(pipeline, mock) as head:
        job = sorted(slurm.jobs("ANNOTATE"))[0]
        slurm.ask("scancel", job)
        wait_until(lambda: job not in slurm.jobs())
        mock.post("/release")
        run = end_of(head)
    assert_whole(pipeline, mock, run)
    assert failures(pipeline) == ["143"]
    assert "is tried again in 0 s" in run.said


def test_cancelled_job_without_an_answer(pipeline: Launcher, slurm: Slurm, mock: Running) -> None:
    """A job that is killed outright: what was on its way is asked again, and nothing else."""
    with held(pipeline, mock) as head:
        job = sorted(slurm.jobs("ANNOTATE"))[0]
        slurm.ask("scancel", "--signal=KILL", "--full", job)
        mock.wait_for("unanswered", PER_TASK)
        mock.post("/release")
        run = end_of(head)
    assert_whole(pipeline, mock, run, PER_TASK)
    assert failures(pipeline) == ["143"]


def test_node_that_goes_down(pipeline: Launcher, slurm: Slurm, mock: Running) -> None:
    """Its jobs leave no exit code; they are tried again on the other node."""
    with held(pipeline, mock) as head:
        lost = [job for job, node in slurm.jobs("ANNOTATE").items() if node == "n1"]
        slurm.crash("n1")
        try:
            slurm.set_node("n1", "DOWN")
            mock.wait_for("unanswered", PER_TASK * len(lost))
            mock.post("/release")
            run = end_of(head)
        finally:
            bring_up("slurm")
    assert lost
    assert_whole(pipeline, mock, run, PER_TASK * len(lost))
    assert failures(pipeline) == ["-"] * len(lost)
    assert "it left no exit code" in run.said


def test_drained_node(pipeline: Launcher, slurm: Slurm, mock: Running) -> None:
    """What runs there ends there, what comes after goes elsewhere, and nothing is tried again."""
    with held(pipeline, mock) as head:
        assert "n1" in slurm.jobs("ANNOTATE").values()
        slurm.set_node("n1", "DRAIN")
        try:
            mock.post("/release")
            run = end_of(head)
        finally:
            slurm.set_node("n1", "RESUME")
    assert_whole(pipeline, mock, run)
    assert failures(pipeline) == []
    assert slurm.node_of("COLLECT") == "n2"


def test_killed_head(pipeline: Launcher, slurm: Slurm, mock: Running) -> None:
    """Its jobs go on, and what they are answered is not asked for by those that -resume sends."""
    with held(pipeline, mock) as head:
        os.killpg(head.pid, signal.SIGKILL)
        head.wait(TIMEOUT_S)
        assert slurm.jobs("ANNOTATE")
        mock.post("/release")
        slurm.wait_for_none()
    assert recorded(pipeline) == mock.stats()["calls"] > 2

    assert_whole(pipeline, mock, pipeline.run(*arguments(pipeline, mock, "-resume")))


def test_killed_head_and_cancelled_jobs(pipeline: Launcher, slurm: Slurm, mock: Running) -> None:
    """The jobs that a head has left are cancelled before -resume: only what was on its way is asked again."""
    with held(pipeline, mock) as head:
        os.killpg(head.pid, signal.SIGKILL)
        head.wait(TIMEOUT_S)
        slurm.ask("scancel", "--user=root")
        slurm.wait_for_none()
        settle(mock)
        wasted = mock.stats()["unanswered"]
        mock.post("/release")
    assert wasted == WORKERS
    assert_whole(pipeline, mock, pipeline.run(*arguments(pipeline, mock, "-resume")), wasted)


def test_job_over_its_memory(pipeline: Launcher, slurm: Slurm, mock: Running) -> None:
    """Slurm ends it, and it is tried again with more."""
    memory = "process { withName: ANNOTATE { memory = { 20.MB * 8 ** (task.attempt - 1) } } }"
    with held(pipeline, mock, config=memory, after=1) as head:
        said = said_until(head, "Re-submitted process", 4)
        mock.wait_for("held", WORKERS)
        wasted = mock.stats()["unanswered"]
        mock.post("/release")
        run = end_of(head, said)
    assert_whole(pipeline, mock, run, wasted)
    # Slurm kills all processes of a job: where the command goes before the shell around it, its end is written down.
    assert len(failures(pipeline)) == 4
    assert set(failures(pipeline)) <= {"-", "137"}
    assert "needed more than its 20 MB of memory" in run.said


def test_full_work_directory(pipeline: Launcher, slurm: Slurm, mock: Running) -> None:
    """The run ends with a line that says so. What was answered is in the journal, which lies elsewhere."""
    with small_folder(pipeline.folder / "small") as work:
        filler = work / "filler"
        with held(pipeline, mock, "-w", str(work)) as head:
            fill(filler)
            mock.post("/release")
            full = end_of(head)
        assert full.code != 0
        assert "No space left on device" in full.said
        asked = mock.stats()["calls"]
        assert asked == recorded(pipeline) > PER_TASK

        filler.unlink()
        assert_whole(pipeline, mock, pipeline.run(*arguments(pipeline, mock, "-w", str(work), "-resume")))
        slurm.wait_for_none()


@contextmanager
def small_folder(folder: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill(path: Path) -> None:
    """Write a file until its file system is full."""
    with path.open("wb", buffering=0) as out, pytest.raises(OSError, match="No space left"):
        while True:
            out.write(bytes(512))


def test_provider_that_is_down_for_a_minute(pipeline: Launcher, slurm: Slurm, tmp_path: Path) -> None:
    """Its address refuses connections until a task has given up twice; tasks are tried again after growing delays."""
    delays = "process { withName: ANNOTATE { ext.retry_delay_s = 1 } }"
    with running_mock(tmp_path) as first, held(pipeline, first, config=delays) as head:
        first.process.kill()
        first.process.wait()
        said = said_until(head, "is tried again in 2 s")
        before = recorded(pipeline)
        with running_mock(tmp_path, port=first.url.rpartition(":")[2]) as second:
            run = end_of(head, said)
            assert_whole(pipeline, second, run, -before)
    assert set(failures(pipeline)) == {"75"}
    assert "is tried again in 1 s: cassia: error: custom: its host 127.0.0.1 cannot be reached" in run.said
