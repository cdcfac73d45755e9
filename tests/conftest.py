"""What tests of every kind share."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from cassia_engine.callers import Caller, called_from

if TYPE_CHECKING:
    from tests.mock_provider.running import Running

# No test is about the time that it takes. On CI the examples are the same each time; new ones are looked for wherever
# else the tests run.
settings.register_profile("cassia", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("cassia")

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "cassia_engine" / "data" / "examples"
# A program may have several names, and Nextflow is first looked for where make puts it.
NAMES = {
    "nextflow": (str(ROOT / ".tools" / "nextflow"), "nextflow"),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
}

# No test looks at the machine's own set-up of AWS, or asks the metadata service of a cloud.
os.environ |= {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Processes of pytest-xdist hand on no text that is no UTF-8, as the name of a file can be in what a test said."""
    report = yield
    report.sections = [(title, text.encode(errors="replace").decode()) for title, text in report.sections]
    return report


def need(what: str) -> str:
    """The path of a program, or the origin of a Python package, that a test cannot do without.

    Where it is not there, the test is skipped on a person's machine, and fails on CI, which has to install it.
    """
    found = next(filter(None, map(shutil.which, NAMES.get(what, (what,)))), None) or _package(what)
    if found is None:
        if os.environ.get("CI") == "true" or os.environ.get("CASSIA_TEST_EXECUTORS") == "1":
            pytest.fail(f"{what} is not there, and CI must have it: see scripts/ci-setup")
        pytest.skip(f"{what} is not there")
    return found


def need_env(name: str) -> Path:
    """The Python of an environment that scripts/test-envs makes in .tools; skips or fails where it is not there, as
    `need` does.
    """
    python = ROOT / ".tools" / name / "bin" / "python"
    _needed(name, python.parent.parent / ".done")
    return python


def need_node_env(name: str) -> Path:
    """The folder of an environment of node that scripts/test-envs makes in .tools; skips or fails likewise."""
    folder = ROOT / ".tools" / name
    _needed(name, folder / "node_modules" / ".package-lock.json")
    return folder


def _needed(name: str, sign: Path) -> None:
    if sign.exists():
        return
    lacking = f"the environment {name} is not there: scripts/test-envs makes it"
    if os.environ.get("CI") == "true" or os.environ.get("CASSIA_TEST_EXECUTORS") == "1":
        pytest.fail(lacking)
    pytest.skip(lacking)


def _package(name: str) -> str | None:
    spec = importlib.util.find_spec(name)
    return spec.origin if spec else None


@pytest.fixture(scope="session", autouse=True)
def one_database() -> Iterator[None]:
    """One DuckDB for all tests of a process: to start one takes longer than to read a small table. Each connection has
    its own tables, as these are temporary.
    """
    import duckdb

    with duckdb.connect() as database, pytest.MonkeyPatch.context() as patch:
        patch.setattr(duckdb, "connect", database.cursor)
        yield


@pytest.fixture(scope="module")
def mock(request: pytest.FixtureRequest) -> Iterator[Running]:
    """A mock provider for the tests of a module, with the options that the module has as MOCK."""
    from tests.mock_provider.running import running_mock

    with running_mock(**getattr(request.module, "MOCK", {})) as running:
        yield running


@pytest.fixture
def quiet(mock: Running) -> Running:
    """That mock, with its counts at 0 and no script."""
    mock.post("/reset")
    mock.post("/script", [])
    return mock


@pytest.fixture
def command_line() -> Iterator[None]:
    """Messages name options as for the command line, which is what calls a stage."""
    with called_from(Caller.COMMAND):
        yield
