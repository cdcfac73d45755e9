"""Runs of the pipeline that ask a model, and are killed, stopped and begun again: nothing is paid for twice.

Two samples of 7 and 5 clusters in chunks of three: five tasks, of which four share four calls in flight.
"""

from __future__ import annotations

import base64
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES
from tests.kills.killing import outputs, settle
from tests.kills.records import Recorded, read_journal
from tests.kills.table import draw_table
from tests.mock_provider.running import Running, running_mock
from tests.pipeline.launch import TIMEOUT_S, Launcher
from tests.providers.test_program import ANSWERS
from tests.test_llm import small

pytestmark = pytest.mark.slow

SIZES = {"first": 7, "second": 5}
CLUSTERS = sum(SIZES.values())
CALLS = 3  # of a cluster: annotator, second annotator and strict validator
SAME_CALLS = ("--controls", "0", "--validator_involvement", "v0")  # for each cluster, whatever its answer
CHUNKS = {"first 0", "first 1", "first 2", "second 0", "second 1"}
# Looked for in every file that a run leaves.
CANARY = "canary-3f9c-key"
COMPARED = ("summary.csv", "full.csv", "conversations.json")


def told(raw: bytes) -> object:
    """An output but for what a replay needs to know of who wrote it."""
    if not raw.startswith(b"{"):
        return raw
    entries = json.loads(raw)
    for entry in entries.values():
        if packed := entry["replay"].get("sample"):
            entry["replay"]["sample"] = json.loads(zlib.decompress(base64.b64decode(packed)))
            entry["replay"]["sample"].pop("made_with", None)
    return entries


@pytest.fixture
def mock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_mock(tmp_path_factory.mktemp("mock"), latency=0.01) as running:
        yield running


def arguments(pipeline: Launcher, mock: Running, *more: str, model: str = "mock") -> list[str]:
    """Of a run of both samples; their tables are made in the launch folder."""
    sheet = pipeline.folder / "samples.csv"
    lines = ["sample,markers,tissue,species"]
    for seed, (sample, size) in enumerate(SIZES.items()):
        table = pipeline.folder / f"{sample}.csv"
        if not table.exists():
            draw_table(table, size, seed)
        lines.append(f"{sample},{table},none,human")
    if not sheet.exists():
        sheet.write_text("\n".join(lines) + "\n")
    # Four tasks at once, also on a machine with fewer cores.
    cores = pipeline.folder / "cores.config"
    cores.write_text("executor { cpus = 8; memory = '16 GB'; queueSize = 8 }\n")
    asked = [
        "-c",
        str(cores),
        "-pool-size",
        "8",
        "--provider",
        "custom",
        "--base_url",
        f"{mock.url}/v1",
        "--model",
        model,
        "--max_workers",
        "4",
        *SAME_CALLS,
    ]
    return ["--input", str(sheet), "--outdir", str(pipeline.out), "--chunk_size", "3", *asked, *more]


def recorded(pipeline: Launcher) -> Recorded:
    return read_journal(pipeline.folder / ".cassia" / "journal")


def statuses(pipeline: Launcher) -> list[str]:
    return [status for sample in SIZES for status in pipeline.statuses(sample)]


def assert_whole(pipeline: Launcher) -> None:
    """Every cluster is annotated, with the calls of all roles, in the order of its table."""
    for sample, size in SIZES.items():
        found = pipeline.summary(sample)
        assert [row["Cluster ID"] for row in found] == [f"c{number}" for number in range(size)]
        assert {(row["Status"], row["Calls"]) for row in found} == {("annotated", f"{CALLS}")}


def run_alone(folder: Path, sample: str, argv: list[str]) -> dict[str, bytes]:
    """The outputs of `cassia run` of a sample's table, with a journal of its own."""
    about = ["--name", sample, "--tissue", "none", "--species", "human", "--outdir", f"alone/{sample}"]
    journal = ["--journal_dir", "alone/journal"]
    command = [sys.executable, "-m", "cassia_engine", "run", f"{sample}.csv", *about, *journal, *argv]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    return outputs(folder / "alone" / sample)


def wait_until(condition: Callable[[], object], seconds: float = TIMEOUT_S) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_server_on_this_machine_is_asked_one_call_a_task(pipeline: Launcher, mock: Running) -> None:
    given = arguments(pipeline, mock)
    at = given.index("--max_workers")
    done = pipeline.run(*given[:at], *given[at + 2 :], "--air_gap")
    assert done.code == 0
    calls, tokens = mock.stats()["calls"], sum(mock.stats()["tokens"].values())
    assert f"{calls} calls, {tokens:,} tokens, cost unknown" in done.said.splitlines()
    scripts = [path.read_text() for path in (pipeline.folder / "work").glob("*/*/.command.sh")]
    asked = [script for script in scripts if "cassia-engine annotate" in script]
    assert len(asked) > 1 and all("--tasks 4 " in script for script in asked)  # of --max_tasks
    assert not any("--max_workers" in script for script in asked)
    assert mock.stats()["peak_in_flight"] <= len(asked)
    # It is passed on, and a server here is asked all the same.
    assert all("--air_gap" in script for script in asked)


@pytest.mark.parametrize("change", ["work folder gone", "hashes changed"])
def test_a_resume_that_finds_no_task_again_asks_nothing(pipeline: Launcher, mock: Running, change: str) -> None:
    """As the first one does after a step to Nextflow 26.10, which makes another hash of tasks with an eval output."""
    assert pipeline.run(*arguments(pipeline, mock)).code == 0
    asked = mock.stats()["calls"]
    before = {sample: outputs(pipeline.out / sample) for sample in SIZES}
    if change == "work folder gone":
        shutil.rmtree(pipeline.folder / "work")
    else:
        quick = pipeline.folder / "deep.config"
        quick.write_text("process.cache = 'deep'\n")
    more = () if change == "work folder gone" else ("-c", str(pipeline.folder / "deep.config"))
    run = pipeline.run(*arguments(pipeline, mock, "-resume", *more))
    assert run.code == 0, run.said
    assert set(pipeline.tasks().values()) == {"COMPLETED"}
    assert mock.stats()["calls"] == asked > 0
    assert {sample: outputs(pipeline.out / sample) for sample in SIZES} == before


def test_failed_clusters_again_then_all_anew_and_as_in_one_process(pipeline: Launcher, mock: Running) -> None:
    """A model that refuses each request once: all clusters fail, then none."""
    model = "mock-fault-refusal-once"
    refused = pipeline.run(*arguments(pipeline, mock, model=model))
    assert refused.code != 0
    assert f"{CLUSTERS} of {CLUSTERS} clusters have no annotation" in refused.said
    assert set(statuses(pipeline)) == {"refused"}
    assert mock.stats()["calls"] == CLUSTERS

    # Without --retry_failed nothing would be asked. A validator's first reply is refused as well, which ends no
    # conversation that an annotator has answered.
    again = pipeline.run(*arguments(pipeline, mock, "--retry_failed", "-resume", model=model))
    assert (again.code, set(statuses(pipeline))) == (0, {"annotated"}), again.said
    asked = mock.stats()["calls"]
    assert len(recorded(pipeline).replies) == asked

    fresh = pipeline.run(*arguments(pipeline, mock, "--fresh", model=model))
    assert fresh.code == 0, fresh.said
    assert_whole(pipeline)
    journal = pipeline.folder / ".cassia" / "journal"
    for sample in SIZES:
        assert f"earlier answers for {sample} are set aside in" in fresh.said
        assert list((journal / f"{sample}.aside-1").glob("*.jsonl"))
    assert mock.stats()["calls"] - asked == CALLS * CLUSTERS
    assert mock.stats()["peak_in_flight"] <= 4  # of all tasks together

    provider = ["--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", model, *SAME_CALLS]
    for sample in SIZES:
        alone = run_alone(pipeline.folder, sample, provider)
        piped = outputs(pipeline.out / sample)
        assert alone.keys() == piped.keys()
        for kind in COMPARED:
            assert told(alone[f"{sample}_{kind}"]) == told(piped[f"{sample}_{kind}"]), kind


def test_a_program_is_asked_in_the_tasks(pipeline: Launcher) -> None:
    program = pipeline.folder / "answer it.py"
    program.write_text(ANSWERS)
    small(pipeline.folder, 2)
    command = f'{sys.executable} "{program}"'
    provider = ["--provider", "command", "--command", command, "--controls", "0"]
    table = ["--input", "small.csv", "--tissue", "blood", "--species", "human", "--outdir", str(pipeline.out)]
    run = pipeline.run(*table, *provider)
    assert run.code == 0, run.said
    with (pipeline.out / "small" / "small_summary.csv").open(encoding="utf-8", newline="") as text:
        found = list(csv.DictReader(text))
    assert [(row["Status"], row["Provider"]) for row in found] == [("annotated", "command")] * 2


def test_second_annotators_ask_for_genes_as_in_one_process(pipeline: Launcher) -> None:
    """Also where the task of a chunk left nothing, and its answers are taken from the journal."""
    shutil.copy(EXAMPLES / "pbmc68k_scanpy.csv", pipeline.folder / "first.csv")
    with running_mock(variety=0.9, asks_for_genes=True) as curious:
        provider = ["--provider", "custom", "--base_url", f"{curious.url}/v1", "--model", "mock"]
        provider += ["--controls", "0", "--n_genes", "20"]
        table = ["--input", "first.csv", "--tissue", "none", "--species", "human", "--outdir", str(pipeline.out)]
        run = pipeline.run(*table, "--chunk_size", "6", *provider)
        assert run.code == 0, run.said
        asked = curious.stats()["calls"]
        piped = outputs(pipeline.out / "first")
        assert piped["first_conversations.json"].count(b"gene_statistics") > 2
        alone = run_alone(pipeline.folder, "first", provider)
        for kind in COMPARED:
            assert told(alone[f"first_{kind}"]) == told(piped[f"first_{kind}"]), kind
        assert curious.stats()["calls"] == 2 * asked
        pipeline.plan({"first 0": [2]})
        run = pipeline.run(*table, "--chunk_size", "6", *provider)
        assert run.code == 0, run.said
        assert outputs(pipeline.out / "first") == piped and curious.stats()["calls"] == 2 * asked


@contextmanager
def held(pipeline: Launcher, mock: Running, after: int = 6) -> Iterator[subprocess.Popen[str]]:
    """The head of a run of which four calls are withheld; none of its processes outlives it.

    Args:
        after: call from which on; with five before it at most one of the five chunks is done, and four tasks are left.
    """
    pipeline.plan({})
    mock.post("/hold", {"after": after})
    head = pipeline.start(*arguments(pipeline, mock))
    try:
        mock.wait_for("held", 4, TIMEOUT_S)
        yield head
    finally:
        head.kill()
        head.communicate(timeout=TIMEOUT_S)
        for pid in annotating(pipeline).values():
            os.kill(pid, signal.SIGKILL)


def annotating(pipeline: Launcher) -> dict[str, int]:
    """Process of each chunk's annotate that runs."""
    return {key: pids[-1] for key, pids in pipeline.calls().items() if is_running(pids[-1])}


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_killed_head(pipeline: Launcher, mock: Running) -> None:
    """Its tasks go on without it, and what they are answered is not asked for by those that -resume begins."""
    with held(pipeline, mock) as head:
        os.kill(head.pid, signal.SIGKILL)
        head.wait(TIMEOUT_S)
        mock.post("/release")
        wait_until(lambda: not annotating(pipeline))
    answered = len(recorded(pipeline).replies)
    assert answered == mock.stats()["calls"] > 6

    run = pipeline.run(*arguments(pipeline, mock, "-resume"))
    assert run.code == 0, run.said
    assert_whole(pipeline)
    assert mock.stats()["calls"] == CALLS * CLUSTERS
    assert mock.stats()["repeats"] == 0


def test_killed_head_and_tasks(pipeline: Launcher, mock: Running) -> None:
    """The machine goes down: what was in flight was paid and is lost, all else is not asked for again."""
    with held(pipeline, mock) as head:
        tasks = annotating(pipeline).values()
        for pid in tasks:
            os.kill(pid, signal.SIGSTOP)
        os.kill(head.pid, signal.SIGKILL)
        head.wait(TIMEOUT_S)
        mock.post("/release")
        settle(mock)
    left = recorded(pipeline)
    lost = mock.stats()["calls"] - len(left.replies)
    assert left.unanswered == lost == 4

    run = pipeline.run(*arguments(pipeline, mock, "-resume"))
    assert run.code == 0, run.said
    assert_whole(pipeline)
    assert mock.stats()["calls"] == CALLS * CLUSTERS + lost
    assert mock.stats()["repeats"] == lost


def test_killed_and_stopped_tasks_are_tried_again(pipeline: Launcher, mock: Running) -> None:
    with held(pipeline, mock, after=3) as head:
        live = annotating(pipeline)
        # The chunk of one cluster may be done with the answer that it waits for.
        killed, stopped = sorted(live.keys() - {"first 2"})[:2]
        os.kill(live[killed], signal.SIGKILL)
        os.kill(live[stopped], signal.SIGTERM)
        mock.wait_for("unanswered", 1)
        mock.post("/release")
        said, _ = head.communicate(timeout=TIMEOUT_S)
    assert head.returncode == 0, said
    assert_whole(pipeline)
    times = {key: len(pids) for key, pids in pipeline.calls().items()}
    assert times == {key: 2 if key in (killed, stopped) else 1 for key in CHUNKS}
    assert failed_codes(pipeline) == ["137", "75"]
    assert mock.stats()["calls"] == CALLS * CLUSTERS + 1
    assert mock.stats()["repeats"] == 0
    assert recorded(pipeline).unanswered == 1


def failed_codes(pipeline: Launcher) -> list[str]:
    with (pipeline.out / "pipeline_info" / "trace.txt").open(encoding="utf-8") as rows:
        return sorted(row["exit"] for row in csv.DictReader(rows, delimiter="\t") if row["status"] == "FAILED")


def test_key_that_is_refused_in_the_middle(pipeline: Launcher, mock: Running) -> None:
    """All tasks end for good, and what they had been answered is in the outputs; another key does the rest."""
    good = 12
    mock.post("/script", [None] * good + ["echo_key"] * 100)
    pipeline.env["CUSTOM_API_KEY"] = CANARY
    run = pipeline.run(*arguments(pipeline, mock))
    assert run.code != 0
    assert "CUSTOM_API_KEY" in run.said and "stays without a result" in run.said
    # Those in flight, and after the STOP marker no more.
    assert mock.stats()["calls"] <= good + 4
    journal = pipeline.folder / ".cassia" / "journal"
    assert list(journal.glob("STOP-*"))
    assert len(recorded(pipeline).replies) == good
    annotated = statuses(pipeline).count("annotated")
    assert 0 < annotated <= good // 2
    assert statuses(pipeline).count("not_reached") == CLUSTERS - annotated
    assert f"{CLUSTERS - annotated} of {CLUSTERS} clusters have no annotation" in run.said
    assert_nowhere(CANARY, pipeline.folder)
    assert CANARY not in run.said

    mock.post("/script", [])
    asked = mock.stats()["calls"]
    pipeline.env["CUSTOM_API_KEY"] = f"{CANARY}-2"
    better = pipeline.run(*arguments(pipeline, mock, "-resume"))
    assert better.code == 0, better.said
    assert_whole(pipeline)
    assert mock.stats()["calls"] - asked == CALLS * CLUSTERS - good
    assert mock.stats()["repeats"] == 0
    assert_nowhere(CANARY, pipeline.folder)


def assert_nowhere(text: str, folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {".command.run", ".nextflow.log"} <= {path.name for path in files}
    assert [path for path in files if text.encode() in path.read_bytes()] == []
