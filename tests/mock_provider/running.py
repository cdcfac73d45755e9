"""The mock as a process of a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

END_S = 5.0
POLL_S = 0.01
# A proxy of the environment is no way to this machine.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Running:
    """A mock that runs.

    Attributes:
        url: where it listens, without a path: the base URL of an account in OpenAI's form is url + "/v1".
        process: to be killed or asked after.
        log: its file of a JSON line for each call that has ended.
    """

    url: str
    process: subprocess.Popen[str]
    log: Path

    def stats(self) -> dict[str, Any]:
        """Its counts; see stats.py."""
        with _DIRECT.open(f"{self.url}/stats", timeout=10) as response:
            return dict(json.load(response))

    def post(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """Send JSON and read JSON: to "/reset", "/release", "/script", "/hold", or a call.

        Raises:
            urllib.error.HTTPError: the status is none of success.
        """
        named = {"Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), named, method="POST")
        with _DIRECT.open(request, timeout=30) as response:
            return dict(json.load(response))

    def calls(self) -> list[dict[str, Any]]:
        """The lines of its log."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def wait_for(self, name: str, count: int, seconds: float = 60.0) -> None:
        """Wait until a count of its stats, such as "calls" or "held", has come so far."""
        end = time.monotonic() + seconds
        while self.stats()[name] < count:
            assert time.monotonic() < end, f"{name} did not reach {count}: {self.stats()}"
            time.sleep(POLL_S)


@contextmanager
def running_mock(folder: Path | None = None, **options: Any) -> Iterator[Running]:
    """A mock on a free port, ended afterwards; what it said on stderr is shown if it ended badly.

    Args:
        folder: for its files; a temporary one if None.
        options: of `python -m tests.mock_provider`, by name: latency=0.2, faults="503:0.1", require_key="k". True is
            an option without a value; a list as script is written to a file.

    Raises:
        AssertionError: it did not start, or ended with an error.
    """
    with tempfile.TemporaryDirectory() as temporary:
        place = folder or Path(temporary)
        log, errors = place / "mock.jsonl", place / "mock.stderr"
        log.touch()
        command = [sys.executable, "-m", "tests.mock_provider", *_arguments(place, {"log": log, **options})]
        with errors.open("w") as stderr:
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True)
        try:
            yield Running(_address(process, errors), process, Path(options.get("log", log)))
        finally:
            code = _end(process)
            told = errors.read_text(errors="replace")
        assert code in (0, -9) and not told, f"the mock ended with {code}:\n{told}"


def _arguments(place: Path, options: dict[str, Any]) -> list[str]:
    if isinstance(options.get("script"), list):
        script = place / "mock_script.json"
        script.write_text(json.dumps(options["script"]), encoding="utf-8")
        options["script"] = script
    named = {"port": 0, "parent": os.getpid(), **options}
    pairs = ([f"--{name}"] if value is True else [f"--{name}", str(value)] for name, value in named.items())
    return [word for pair in pairs for word in pair]


def _address(process: subprocess.Popen[str], errors: Path) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    start = "listening on "
    assert line.startswith(start), f"the mock did not start:\n{errors.read_text(errors='replace')}"
    return line.removeprefix(start).strip()


def _end(process: subprocess.Popen[str]) -> int:
    process.terminate()
    try:
        return process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
    finally:
        if process.stdout is not None:
            process.stdout.close()
