"""Runs by the pipeline with real Nextflow: the same results as of runs on this machine, and the key in no file."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import need
from tests.mock_provider.running import Running, running_mock
from tests.server.forward_proxy import forward_proxy
from tests.server.pipelines import holding
from tests.server.processes import MARKERS, Serving, question, serving

pytestmark = pytest.mark.slow

CANARY, OF_SITE = "canary-93ab-key", "key-of-the-site"
STUDY = 'Human blood, "PBMC" \\ 5\' of\r\n=two\tdonors, αβ; $(id)'


@pytest.fixture
def mock(tmp_path: Path) -> Iterator[Running]:
    with running_mock(tmp_path, require_key=CANARY) as running:
        yield running


def options(*more: str) -> tuple[str, ...]:
    """Of a server whose runs real Nextflow does, in this checkout."""
    return ("--executor", "nextflow", "--nextflow", need("nextflow"), *more)


def environment(folder: Path) -> dict[str, str]:
    """Of a server whose site has a key, in the environment and among Nextflow's secrets."""
    secrets = folder / "secrets.json"
    secrets.touch(mode=0o600)
    secrets.write_text(json.dumps([{"name": "CUSTOM_API_KEY", "value": OF_SITE}]))
    return {"CUSTOM_API_KEY": OF_SITE, "NXF_SECRETS_FILE": str(secrets), "NXF_OFFLINE": "true"}


def models(url: str) -> list[dict[str, str]]:
    return [{"provider": "custom", "name": "mock", "baseUrl": url, "apiKey": CANARY}]


def requests_of(run: Path) -> list[Any]:
    """All that was asked, by cluster."""
    found = json.loads((run / "outputs/job_conversations.json").read_bytes())
    return [[call["request"] for call in member["calls"]] for member in found.values()]


def test_two_executors_give_the_same_results_and_read_each_others_jobs(tmp_path: Path, mock: Running) -> None:
    """Marker scoring, and a model that takes no key but that of the request, and that only a proxy leads to."""
    with forward_proxy(mock.url) as proxy:
        check_executors(tmp_path, ("--proxy", proxy.url, "--allow_http"), models("http://models.example/v1"))
        assert len(proxy.asked) == mock.stats()["calls"] > 0


def check_executors(tmp_path: Path, network: tuple[str, ...], asked_models: list[dict[str, str]]) -> None:
    data, env = tmp_path / "data", environment(tmp_path)
    asked = question(studyInfo=STUDY)
    with serving(data, *options(*network), env=env) as server:
        jobs = [server.submit(asked), server.submit(asked, asked_models)]
        ended = [server.wait(job) for job in jobs]
        results = [server.results(job) for job in jobs]
    folders = [data / "jobs" / job / "run" for job in jobs]
    assert ended == [{"jobStatus": "completed", "clusterStatus": dict.fromkeys(MARKERS, "completed")}] * 2
    names = {".nextflow.log", "params.json", "trace.txt", "ro-crate-metadata.json", "run.log"}
    assert names <= {path.name for path in folders[1].rglob("*")}
    assert holding(CANARY, data) == []
    assert CANARY not in (tmp_path / "data.log").read_text()
    with serving(data, *network, env=env) as server:
        assert [server.wait(job) for job in jobs] == ended
        assert [server.results(job) for job in jobs] == results
        here = [server.submit(asked), server.submit(asked, asked_models)]
        assert [server.wait(job) for job in here] == ended
        assert [server.results(job) for job in here] == results
    assert requests_of(folders[1]) == requests_of(data / "jobs" / here[1] / "run")


def test_a_run_that_was_told_to_stop_is_resumed(tmp_path: Path, mock: Running) -> None:
    mock.post("/hold", {"after": 0})
    with serving(tmp_path / "data", *options(), env=environment(tmp_path)) as server:
        job = server.submit(configs=models(f"{mock.url}/v1"))
        mock.wait_for("held", 1, 180.0)
        os.kill(worker_of(server, job), signal.SIGTERM)
        mock.post("/release", {})
        assert server.wait(job)["jobStatus"] == "completed"
        assert set(server.results(job)["annotations"]) == set(MARKERS)
    log = (tmp_path / "data/jobs" / job / "run/run.log").read_text()
    assert log.count("Launching") == 2
    assert log.count("Submitted process > CASSIA:SPLIT") == 1
    assert "Cached process > CASSIA:SPLIT (job)" in log
    assert holding(CANARY, tmp_path / "data") == []


def test_a_key_that_would_not_reach_the_tasks_is_said_so(tmp_path: Path, mock: Running) -> None:
    """Jobs of Slurm begin without the server's environment, and the site's own key must not take its place."""
    with serving(tmp_path / "data", *options("--nextflow_profile", "slurm"), env=environment(tmp_path)) as server:
        ended = server.wait(server.submit(configs=models(f"{mock.url}/v1")))
    assert ended["jobStatus"] == "failed"
    assert ended["message"].startswith("the key of this request does not reach the tasks, which run on slurm without ")
    assert mock.stats()["calls"] == 0


def worker_of(server: Serving, job: str) -> int:
    """The process of a job's first run."""
    run = str(server.data.resolve() / "jobs" / job / "run").encode()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        words = entry.read_bytes().split(b"\0")
        if b"cassia_engine.server.worker" in words and run in words:
            return int(entry.parent.name)
    raise AssertionError(f"no process of {job}")
