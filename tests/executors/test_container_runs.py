"""The pipeline in podman and docker: the outputs of a local run, a key by two ways, and no trace of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.executors.engines import CANARY, Engine
from tests.executors.runs import (
    CALLS,
    arguments,
    assert_whole,
    contained,
    holding,
    launcher,
    results,
    task_scripts,
)
from tests.kills.records import read_journal
from tests.mock_provider.running import Running, running_mock
from tests.pipeline.launch import Launcher, Run

pytestmark = pytest.mark.slow

CLUSTERS = 12


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that has ended, where it was launched, and how many calls it made."""

    launched: Launcher
    run: Run
    calls: int


@pytest.fixture(scope="session")
def mock() -> Iterator[Running]:
    """It answers those who send the key."""
    with running_mock(latency=0.01, require_key=CANARY) as running:
        yield running


@pytest.fixture(scope="session")
def local(launch_root: Path, mock: Running) -> Ran:
    launched = launcher(launch_root, "local", CLUSTERS)
    launched.env["CUSTOM_API_KEY"] = CANARY
    return _ran(launched, mock)


@pytest.fixture(scope="session")
def in_containers(launch_root: Path, mock: Running, engine: Engine) -> Ran:
    """With the key in the environment of who launches."""
    launched = launcher(launch_root, engine.name, CLUSTERS)
    launched.env["CUSTOM_API_KEY"] = CANARY
    return _ran(launched, mock, *contained(launched, engine))


@pytest.fixture(scope="session")
def by_secret(launch_root: Path, mock: Running, engine: Engine) -> Ran:
    """With the key as a secret of Nextflow's, and none in the environment."""
    launched = launcher(launch_root, f"{engine.name}-secret", 3)
    command = [launched.nextflow, "secrets", "set", "CUSTOM_API_KEY", CANARY]
    subprocess.run(command, cwd=launched.folder, env=launched.env, check=True, capture_output=True, timeout=60)
    return _ran(launched, mock, *contained(launched, engine))


def _ran(launched: Launcher, mock: Running, *more: str) -> Ran:
    before = mock.stats()["calls"]
    run = launched.run(*arguments(launched, mock, *more))
    return Ran(launched, run, mock.stats()["calls"] - before)


def test_outputs_are_those_of_a_local_run(engine: Engine, local: Ran, in_containers: Ran) -> None:
    assert (local.run.code, in_containers.run.code) == (0, 0), local.run.said + in_containers.run.said
    assert_whole(in_containers.launched, CLUSTERS)
    assert results(in_containers.launched) == results(local.launched)
    assert in_containers.calls == local.calls == CALLS * CLUSTERS
    for process in ("VERSION", "CASSIA:SPLIT", "CASSIA:ANNOTATE", "CASSIA:COLLECT", "CASSIA:INDEX", "CASSIA:CHECK"):
        scripts = task_scripts(in_containers.launched, process)
        assert scripts
        assert all(f"{engine.name} run -i" in script and engine.image in script for script in scripts)


def test_journal_outlives_the_containers(in_containers: Ran) -> None:
    recorded = read_journal(in_containers.launched.folder / ".cassia" / "journal")
    assert (len(recorded.replies), recorded.unanswered) == (CALLS * CLUSTERS, 0)


def test_key_comes_by_a_secret(by_secret: Ran) -> None:
    assert by_secret.run.code == 0, by_secret.run.said
    assert_whole(by_secret.launched, 3)


def test_key_of_the_environment_is_nowhere(in_containers: Ran) -> None:
    assert_nowhere(in_containers)


def test_key_of_a_secret_is_only_in_nextflows_store(by_secret: Ran) -> None:
    """Where Nextflow keeps it, and only its owner reads it."""
    assert_nowhere(by_secret)
    store = by_secret.launched.secrets
    found = holding(CANARY, store.parent)
    assert store in found
    assert {oct(path.stat().st_mode & 0o777) for path in found} == {"0o600"}


def assert_nowhere(ran: Ran) -> None:
    """Not in work directories, logs, reports, journal or caches, nor in what the run said."""
    folder = ran.launched.folder
    looked_at = {path.name for path in folder.rglob("*")}
    assert looked_at >= {".command.run", ".command.env", ".nextflow.log", "trace.txt", "report.html", "timeline.html"}
    assert holding(CANARY, folder) == []
    assert CANARY not in ran.run.said
