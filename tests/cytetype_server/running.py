"""The server as a process of a test, which can be killed and started again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import ROOT
from tests.cytetype_server.state import State

END_S = 5.0
POLL_S = 0.01
# A proxy of the environment is no way to this machine.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Running:
    """A server that runs; `url` is its own, also after `restart`."""

    def __init__(self, folder: Path, **settings: Any):
        self.folder = folder
        self._process = self._start(0, settings)
        self.url = self._address()

    def _start(self, port: int, settings: dict[str, Any]) -> subprocess.Popen[str]:
        options = ["--folder", self.folder, "--port", port, "--parent", os.getpid(), "--settings", json.dumps(settings)]
        command = [sys.executable, "-m", "tests.cytetype_server", *map(str, options)]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def _address(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("listening on "), "the server did not start"
        return line.removeprefix("listening on ").strip()

    def set(self, **settings: Any) -> None:
        """Fields of `Settings`, such as rules=[{"call": "chunk", "fault": "drop"}]."""
        self._post("/control", settings)

    def reset(self) -> None:
        self._post("/reset", {})

    def release(self) -> None:
        self._post("/release", {})

    def _post(self, path: str, body: Any) -> None:
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
        )
        _DIRECT.open(request, timeout=10).close()

    def seen(self) -> dict[str, Any]:
        """What is held now, all events, uploads and jobs."""
        with _DIRECT.open(f"{self.url}/control", timeout=10) as response:
            return dict(json.load(response))

    def events(self, event: str = "arrived", after: int = 0, **fields: Any) -> list[dict[str, Any]]:
        """Events of a kind with these values, after the one of number `after`."""
        found = (one for one in self.seen()["events"] if one["event"] == event and one["n"] > after)
        return [one for one in found if all(one.get(name) == value for name, value in fields.items())]

    def calls(self, after: int = 0) -> list[str]:
        """The names of the calls that came."""
        return [one["call"] for one in self.events(after=after)]

    def n_events(self) -> int:
        return len(self.seen()["events"])

    def chunk_counts(self, after: int = 0) -> Counter[tuple[str, int]]:
        """How often each chunk came, by upload and index."""
        chunks = (one for one in self.events(after=after) if one["call"] in ("chunk", "part"))
        return Counter((one["upload"], one["index"]) for one in chunks)

    def content(self, kind: str) -> bytes:
        """The file of a kind that the last job has."""
        seen = self.seen()
        name = seen["jobs"][-1]["request"]["uploaded_files"][kind]
        return State(self.folder).content(next(one for one in seen["uploads"] if one["id"] == name))

    def wait_held(self, count: int = 1, seconds: float = 60.0) -> None:
        self.wait(lambda: self.seen()["held"] >= count, seconds)

    def wait(self, condition: Any, seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, self.seen()["events"][-10:]
            time.sleep(POLL_S)

    def wait_killed(self) -> None:
        """Until a fault has killed it."""
        self._process.wait(END_S)

    def restart(self) -> None:
        """Kill it, and start it anew on the same port, with the same state and settings."""
        self.kill()
        self._process = self._start(int(self.url.rpartition(":")[2]), {})
        assert self._address() == self.url

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextmanager
def running_server(folder: Path, **settings: Any) -> Iterator[Running]:
    """A server on a free port, killed afterwards."""
    running = Running(folder, **settings)
    try:
        yield running
    finally:
        running.kill()
