"""Running annotate tasks that podman and docker kill: nothing that was answered is asked again, and all is done.

Six clusters in two chunks: two tasks with two calls in flight each, which the mock withholds from the third call on.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.executors.engines import HERE, Engine
from tests.executors.runs import CALLS, arguments, assert_whole, contained, failed_codes, launcher
from tests.kills.records import read_journal
from tests.mock_provider.running import Running, running_mock
from tests.pipeline.launch import TIMEOUT_S, Launcher

pytestmark = pytest.mark.slow

CLUSTERS, IN_FLIGHT = 6, 4
CHUNK = "chunk_00000.json"


@dataclass(frozen=True, slots=True)
class Held:
    """A run whose calls are withheld."""

    launched: Launcher
    head: subprocess.Popen[str]
    mock: Running
    engine: Engine

    def end(self) -> str:
        """Let the provider answer, and wait for the end; what the run said."""
        self.mock.post("/release")
        said, _ = self.head.communicate(timeout=TIMEOUT_S)
        assert self.head.returncode == 0, said
        return said


@pytest.fixture
def mock() -> Iterator[Running]:
    with running_mock(latency=0.01) as running:
        yield running


@contextmanager
def held(root: Path, name: str, mock: Running, engine: Engine, *options: str) -> Iterator[Held]:
    """No process and no container of the run outlives it.

    Args:
        options: further ones of the engine's `run`.
    """
    launched = launcher(root, name, CLUSTERS)
    mock.post("/hold", {"after": 3})
    head = launched.start(*arguments(launched, mock, *contained(launched, engine, *options)))
    try:
        mock.wait_for("held", IN_FLIGHT, TIMEOUT_S)
        yield Held(launched, head, mock, engine)
    finally:
        head.kill()
        head.communicate(timeout=TIMEOUT_S)
        for container in containers(launched, engine):
            engine.run("kill", container["Id"], check=False)


def containers(launched: Launcher, engine: Engine) -> list[dict[str, Any]]:
    """The running containers of a run, as the engine describes them."""
    ids = engine.run("ps", "--quiet").stdout.split()
    # One that has just ended is not found; the others are described all the same.
    described = engine.run("container", "inspect", *ids, check=False).stdout if ids else ""
    return [
        container
        for container in json.loads(described or "[]")
        if container["State"]["Running"] and launched.folder in Path(container["Config"]["WorkingDir"]).parents
    ]


def container_of(run: Held, chunk: str) -> dict[str, Any] | None:
    """The container that annotates a chunk now."""
    for container in containers(run.launched, run.engine):
        script = Path(container["Config"]["WorkingDir"]) / ".command.sh"
        if f"cassia-engine annotate {chunk}" in script.read_text(encoding="utf-8"):
            return container
    return None


def wait_for(condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + TIMEOUT_S
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


def assert_nothing_lost(run: Held, said: str) -> None:
    """The killed task's open calls were asked for again, and nothing else was."""
    killed = r"is tried again in 0 s: it was killed \(exit 137\), .* more than its \d+ [MG]B of memory"
    assert re.search(f"cells, {Path(CHUNK).stem} {killed}", said)
    assert f"({CLUSTERS} annotated)" in said
    assert_whole(run.launched, CLUSTERS)
    assert failed_codes(run.launched) == ["137"]
    recorded = read_journal(run.launched.folder / ".cassia" / "journal")
    stats = run.mock.stats()
    assert 0 < recorded.unanswered == stats["unanswered"] <= IN_FLIGHT
    assert (stats["calls"], stats["repeats"]) == (CALLS * CLUSTERS + recorded.unanswered, 0)


def test_stopped_container(launch_root: Path, mock: Running, engine: Engine) -> None:
    """bash is the container's first process: the signal never reaches Python, and after the grace all is killed."""
    with held(launch_root, f"{engine.name}-stopped", mock, engine) as run:
        container = wait_for(lambda: container_of(run, CHUNK))
        run.engine.run("stop", "--time=1", container["Id"])
        mock.wait_for("unanswered", 1)
        said = run.end()
    assert_nothing_lost(run, said)


def test_container_killed_for_its_memory(launch_root: Path, mock: Running, engine: Engine) -> None:
    """A task that needs more than it was given gets more, by the configuration's own rule."""
    orders = launch_root / f"{engine.name}-orders"
    orders.mkdir()
    mounts = (f"-v {HERE / 'growing'}:/growing:ro", f"-v {orders}:/growing-orders", "-e PYTHONPATH=/growing")
    with held(launch_root, f"{engine.name}-memory", mock, engine, *mounts) as run:
        first = wait_for(lambda: container_of(run, CHUNK))
        limit = first["HostConfig"]["Memory"]
        (orders / "grow.part").write_text(str(limit * 6 // 5))
        (orders / "grow.part").rename(orders / "grow")
        wait_for((orders / "grown").exists)
        second = wait_for(lambda: container_of(run, CHUNK))
        said = run.end()
    assert second["Id"] != first["Id"]
    assert second["HostConfig"]["Memory"] == 2 * limit > 0
    assert_nothing_lost(run, said)
