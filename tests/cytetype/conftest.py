"""A protocol server for the tests of a module, and a job in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cytetype.runs import Job
from tests.cytetype_server.running import Running, running_server


@pytest.fixture(scope="module")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_server(tmp_path_factory.mktemp("server") / "state") as running:
        yield running


@pytest.fixture
def server(one_server: Running) -> Running:
    """That server, without anything that came before."""
    one_server.reset()
    return one_server


@pytest.fixture
def job(server: Running, tmp_path: Path) -> Job:
    return Job(server, tmp_path)
