"""Executors once a session: brought up by the first test that needs one, taken down at the end if not there before."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.executors.engines import ENGINES, Engine, Up, bring_up, build_image, take_down
from tests.executors.slurm import Slurm


@pytest.fixture(scope="session")
def executor() -> Iterator[Callable[[str], Up]]:
    """Brings up an executor by its name, once; see `bring_up`."""
    found: dict[str, Up] = {}

    def get(name: str) -> Up:
        if name not in found:
            found[name] = bring_up(name)
        return found[name]

    yield get
    for up in reversed(found.values()):
        if not up.was_up:
            take_down(up.name)


@pytest.fixture(scope="session")
def podman(executor: Callable[[str], Up]) -> Engine:
    """podman with the pipeline's image."""
    return build_image(executor("podman"))


@pytest.fixture(scope="session")
def docker(executor: Callable[[str], Up]) -> Engine:
    """docker with the pipeline's image."""
    return build_image(executor("docker"))


@pytest.fixture(scope="session")
def slurm(executor: Callable[[str], Up]) -> Slurm:
    """Slurm of two nodes."""
    return Slurm(executor("slurm").env)


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine with the pipeline's image."""
    found: Engine = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def launch_root() -> Iterator[Path]:
    """A folder for launch folders. Not below /tmp: there a container has a file system of its own."""
    (ROOT / "build").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="launch-", dir=ROOT / "build"))
    yield folder
    shutil.rmtree(folder)
