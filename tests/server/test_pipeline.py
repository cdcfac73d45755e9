"""Runs by the pipeline: what becomes of ends of Nextflow, of stops and kills; with a stand-in for Nextflow."""

from __future__ import annotations

import csv
import json
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.errors import AccountError, CassiaError, StoppedError, TemporaryError, UsageError
from cassia_engine.secret import Secret
from cassia_engine.server.nextflow import find_nextflow
from cassia_engine.server.specs import Nextflow, Outcome, read_outcome, read_spec
from cassia_engine.server.worker.results import ended_by, stopped
from cassia_engine.settings import AnnotateSettings
from tests.command import cassia
from tests.conftest import ROOT
from tests.server.pipelines import PATIENCE_S, Stub, holding, outcome_of, publish, run_folder, start_worker, stub
from tests.server.processes import MARKERS, serving
from tests.server.uploading import until

CANARY = "canary-7d10-key"
FAILS = {"code": 1}
LOST = {"CASSIA:ANNOTATE (job chunk_00000)": "77"}
GONE = dict.fromkeys(LOST, "-")
WHY_LOST = ["WARN: job, chunk_00000 stays without a result: cassia: error: the key was refused; set another one"]
WHY = "the key was refused; set another one"
SPLIT_FAILED = """\
ERROR ~ Error executing process > 'CASSIA:SPLIT (job)'

Command error:
  cassia: markers.csv: read
  cassia: error: sample job: the genes are of no species that is known

Work dir:
  work/e5

The run failed. When the reason is corrected, the same command with -resume does only what is missing.
sample job: the genes are of no species that is known
"""
CRASHED = """\
ERROR ~ Unable to parse config file: '/site.config'

  Compile failed for sources
\tat groovy.lang.Main(Main.java:1)

 -- Check '.nextflow.log' file for details
"""

Published = Callable[[int], str]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """The folder of outputs in which so many of the three clusters have no answer."""
    folder = tmp_path_factory.mktemp("published")
    run = run_folder(folder)
    made = {count: str(publish(run, folder / f"{count}", count)) for count in (0, 1, 3)}
    return made.__getitem__


@pytest.fixture
def nextflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    made = stub(tmp_path / "nextflow")
    monkeypatch.setenv("STUB_PLAN", made.environment["STUB_PLAN"])
    return made


@pytest.mark.slow
def test_a_job_of_the_pipeline_is_read_by_a_server_that_annotates_itself(
    tmp_path: Path, nextflow: Stub, published: Published
) -> None:
    data = tmp_path / "data"
    nextflow.plan({"publish": published(0)})
    with serving(data, *nextflow.options()) as server:
        job = server.submit()
        ended = server.wait(job)
        by_pipeline = server.results(job)
    with serving(data) as server:
        assert server.call("GET", f"/status/{job}") == (200, ended)
        assert server.results(job) == by_pipeline
        report = server.call("GET", f"/report/{job}")[1]
        again = server.submit()
        assert server.wait(again) == ended
        assert server.results(again) == by_pipeline
    assert ended == {"jobStatus": "completed", "clusterStatus": dict.fromkeys(MARKERS, "completed")}
    folders = [data / "jobs" / one / "run" for one in (job, again)]
    outputs = [sorted(path.name for path in (folder / "outputs").iterdir()) for folder in folders]
    assert outputs[0] == outputs[1]
    assert report.startswith("<!DOCTYPE html>")
    published_report = folders[0] / "nextflow/out/job/job_report.html"
    assert (folders[0] / "outputs/job_report.html").read_bytes() == published_report.read_bytes()
    assert not (folders[0] / "work").exists()


def test_what_the_pipeline_is_told(tmp_path: Path, nextflow: Stub) -> None:
    markers, study = tmp_path / "own.tsv", 'Human blood, "PBMC"\r\n=of two\tdonors\n'
    settings = AnnotateSettings(knowledge=markers, depth="fine", journal_dir=tmp_path / "journal")
    folder = run_folder(tmp_path, settings, studyInfo=study)
    outcome_of(folder, nextflow, FAILS, settings=settings, profile="slurm", config="/s.config")
    assert json.loads((folder / "nextflow/params.json").read_bytes()) == {
        "input": f"{folder}/nextflow/samplesheet.csv",
        "outdir": f"{folder}/nextflow/out",
        "max_failed_clusters": 3,
        "marker_format": "long",
        "cluster_column": "cluster",
        "gene_column": "gene",
        "n_genes": 6,
        "allow_unknown_genes": True,
        "controls": 0,
        "knowledge": str(markers),
        "depth": "fine",
        "journal_dir": f"{tmp_path}/journal",
    }
    with (folder / "nextflow/samplesheet.csv").open(newline="") as rows:
        [row] = csv.DictReader(rows)
    told = {"sample": "job", "markers": f"{folder}/markers.csv", "tissue": "blood", "species": "human"}
    assert row == told | {"additional_info": read_spec(folder).dataset.additional_info}
    assert '"PBMC"' in row["additional_info"]
    [start] = nextflow.starts()
    fixed = ["run", str(ROOT), "-params-file", "params.json", "-work-dir", f"{folder}/work"]
    assert start["arguments"] == [*fixed, "-profile", "slurm", "-c", "/s.config"]


@pytest.mark.parametrize(
    ("start", "state", "retry", "reason"),
    [
        (FAILS | {"say": SPLIT_FAILED.splitlines()}, "failed", False, "sample job: the genes are of no species that"),
        (FAILS | {"say": CRASHED.splitlines()}, "failed", False, "Unable to parse config file: '/site.config'"),
        (FAILS | {"say": ["--n_genes -1: expected"]}, "failed", False, "--n_genes -1: expected"),
        (FAILS, "failed", False, "Nextflow ended with 1; the log of the run is run.log"),
        (FAILS | {"lost": LOST, "say": ["no credit"]}, "failed", False, "no credit"),
        (FAILS | {"lost": GONE, "say": ["gone"]}, "stopped", True, "gone"),
        ({"code": 75}, "stopped", True, "Nextflow was ended from outside (75)"),
        ({"code": 137}, "stopped", True, "Nextflow was ended from outside (137)"),
        ({"code": 0}, "failed", False, "job_conversations.json: cannot be read"),
        ({"publish": 3, "lost": LOST, "say": WHY_LOST}, "failed", False, WHY),
        ({"publish": 3}, "failed", False, "no cluster was annotated: not reached"),
        ({"publish": 1, "lost": LOST, "say": WHY_LOST}, "completed", False, WHY),
        ({"publish": 1, "lost": GONE, "say": WHY_LOST}, "stopped", True, WHY),
        # The journal had all that the task had asked for.
        ({"publish": 0, "lost": GONE, "say": WHY_LOST}, "completed", False, ""),
    ],
)
def test_ends_of_nextflow(
    tmp_path: Path,
    nextflow: Stub,
    published: Published,
    start: dict[str, Any],
    state: str,
    retry: bool,
    reason: str,
) -> None:
    plan = start | {"publish": published(start["publish"])} if "publish" in start else start
    outcome = outcome_of(run_folder(tmp_path), nextflow, plan)
    assert (outcome.state, outcome.retry) == (state, retry)
    assert reason in outcome.reason
    assert bool(reason) == bool(outcome.reason)
    assert "\n" not in outcome.reason


def test_clusters_without_an_answer_are_no_results(tmp_path: Path, nextflow: Stub, published: Published) -> None:
    folder = run_folder(tmp_path)
    outcome_of(folder, nextflow, {"publish": published(1)})
    lines = (folder / "progress.jsonl").read_text().splitlines()
    states = {one["cluster"]: one["state"] for one in map(json.loads, lines)}
    assert states == {"0": "failed", "1": "completed", "2": "completed"}
    assert set(json.loads((folder / "results.json").read_bytes())["annotations"]) == {"1", "2"}


def test_a_stop_is_passed_on_and_the_next_start_resumes(tmp_path: Path, nextflow: Stub, published: Published) -> None:
    folder = run_folder(tmp_path)
    nextflow.plan({"waits": True})
    worker = start_worker(folder, nextflow)
    nextflow.wait()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(PATIENCE_S) == 0
    stopped = read_outcome(folder)
    assert stopped is not None
    assert (stopped.state, stopped.retry) == ("stopped", False)
    assert stopped.reason.startswith("the server has stopped")
    assert outcome_of(folder, nextflow, {"publish": published(0)}).state == "completed"
    first, second = nextflow.starts()
    session = first["environment"]["NXF_UUID"]
    assert second["arguments"] == [*first["arguments"], "-resume", session]
    assert second["environment"]["NXF_UUID"] == session


def test_a_session_is_one_runs_wherever_its_data_are(tmp_path: Path, nextflow: Stub) -> None:
    for data, job in (("a", "0"), ("b", "0"), ("a", "1")):
        outcome_of(run_folder(tmp_path / data, job=job * 32), nextflow, FAILS)
    first, moved, other = (start["environment"]["NXF_UUID"] for start in nextflow.starts())
    assert first == moved != other


@pytest.mark.slow
def test_a_server_that_stops_leaves_the_pipeline_at_work(tmp_path: Path, nextflow: Stub, published: Published) -> None:
    nextflow.plan({"waits": True, "publish": published(0)})
    with serving(tmp_path / "data", *nextflow.options()) as server:
        job = server.submit()
        nextflow.wait()
        assert server.stop() == 0
    with serving(tmp_path / "data", *nextflow.options()) as server:
        assert server.call("GET", f"/status/{job}")[1]["jobStatus"] == "processing"
        nextflow.go()
        assert server.wait(job)["jobStatus"] == "completed"
    assert len(nextflow.starts()) == 1


@pytest.mark.slow
@pytest.mark.parametrize("server_too", [True, False])
def test_no_second_nextflow_starts_beside_one_whose_run_was_killed(
    tmp_path: Path, nextflow: Stub, published: Published, server_too: bool
) -> None:
    nextflow.plan({"waits": True}, {"publish": published(0)})
    data = tmp_path / "data"
    with ExitStack() as servers:
        server = servers.enter_context(serving(data, *nextflow.options()))
        job = server.submit()
        pid = nextflow.wait()
        if server_too:
            server.kill()
        worker = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(worker, signal.SIGKILL)
        if server_too:
            server = servers.enter_context(serving(data, *nextflow.options()))
        else:
            until(lambda: server.log.read_text().count("run 0 starts") == 2)
        assert server.call("GET", f"/status/{job}")[1]["jobStatus"] == "processing"
        assert len(nextflow.starts()) == 1
        nextflow.go()
        assert server.wait(job)["jobStatus"] == "completed"
    first, second = nextflow.starts()
    assert second["arguments"] == [*first["arguments"], "-resume", first["environment"]["NXF_UUID"]]


def test_the_key_of_a_request_is_in_the_environment_alone(
    tmp_path: Path, nextflow: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place of the site's, which would be charged, and of any among Nextflow's secrets."""
    monkeypatch.setenv("GEMINI_API_KEY", "the site's own key")
    monkeypatch.setenv("GOOGLE_API_KEY", "another key of the site")
    settings = AnnotateSettings("google", model="gemini-3.8-flash", api_key=Secret(CANARY))
    outcome_of(run_folder(tmp_path, settings), nextflow, FAILS, settings=settings)
    [start] = nextflow.starts()
    seen = start["environment"]
    assert seen["GEMINI_API_KEY"] == f"{len(CANARY)} characters"
    assert seen["GOOGLE_API_KEY"] == "0 characters"
    assert seen["CASSIA_KEY_OF_REQUEST"] == "true"
    assert not Path(seen["NXF_SECRETS_FILE"]).exists()
    assert CANARY not in "".join(start["arguments"])
    assert holding(CANARY, tmp_path) == []


@pytest.mark.parametrize(
    ("error", "state", "retry"),
    [
        (stopped(), "stopped", False),
        # Told so twice, as a service manager and a server may do at a time.
        (StoppedError("stopped at once", code="stopped-at-once"), "stopped", False),
        (TemporaryError("down", code="provider-down"), "stopped", True),
        (AccountError("no credit", code="no-credit"), "failed", False),
        (UsageError("no such model", code="model-unknown"), "failed", False),
    ],
)
def test_errors_end_a_run(error: CassiaError, state: str, retry: bool) -> None:
    assert ended_by(error) == Outcome(state, str(error), retry=retry)  # type: ignore[arg-type]


def test_a_study_that_no_command_line_takes_is_refused(tmp_path: Path, nextflow: Stub) -> None:
    outcome = outcome_of(run_folder(tmp_path, studyInfo=f"Human blood{'é' * 60_000}"), nextflow, {})
    assert (outcome.state, nextflow.starts()) == ("failed", [])
    assert "studyInfo has 120,011 bytes, and runs of the pipeline take 100,000" in outcome.reason


def test_a_program_that_is_gone_is_said_so(tmp_path: Path, nextflow: Stub) -> None:
    nextflow.program.unlink()
    outcome = outcome_of(run_folder(tmp_path), nextflow, {})
    assert outcome.state == "failed"
    assert "cannot be started: No such file" in outcome.reason


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--pipeline", "none"), "--pipeline none: the pipeline is not there; give the folder of its main.nf"),
        (("--pipeline", "old"), "--pipeline old is of version 0.0.1, and this is cassia "),
        (("--nextflow", "no-such-program"), "--nextflow no-such-program: there is no such program; install Nextflow"),
        (("--nextflow_config", "none"), "--nextflow_config none: no such file"),
    ],
)
def test_what_is_missing_is_said_when_the_server_starts(
    tmp_path: Path, nextflow: Stub, options: tuple[str, str], said: str
) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "main.nf").touch()
    (old / "nextflow.config").write_text("manifest {\n    version = '0.0.1'\n}\n")
    done = cassia("serve", *nextflow.options(*options), "--data", "data", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"cassia: error: {said}")
    assert not (tmp_path / "data").exists()


def test_a_checkout_needs_no_pipeline_named(nextflow: Stub) -> None:
    assert find_nextflow(None, str(nextflow.program), "", None) == Nextflow(str(nextflow.program), str(ROOT))
