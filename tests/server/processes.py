"""`cassia serve` as a process of a test, which can be killed and started again with the same data.

with serving(tmp_path / "data", "--provider", "custom", "--base_url", url) as server:
    job = server.submit(question())
    assert server.wait(job)["jobStatus"] == "completed"
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

PATIENCE_S = 180.0  # after which a test fails; Nextflow needs a minute on a busy machine
_ENDED = ("completed", "failed")
MARKERS = {
    "0": ["CD3D", "IL7R", "CD3E", "LTB", "CD2", "TCF7"],
    "1": ["LYZ", "S100A8", "S100A9", "CD14", "FCN1", "VCAN"],
    "2": ["MS4A1", "CD79A", "CD79B", "BANK1", "CD74", "TCL1A"],
}


def question(markers: Mapping[str, list[str]] = MARKERS, **other: Any) -> dict[str, Any]:
    """The `input_data` of a request."""
    labels = {cluster: f"cluster {cluster}" for cluster in markers}
    given = {"studyInfo": "Human blood", "clusterLabels": labels, "markerGenes": dict(markers), "nParallelClusters": 2}
    return given | {"expressionData": {}, "visualizationData": {"coordinates": [], "clusters": []}} | other


@dataclass
class Serving:
    """A server; `log` is what it and its earlier processes have written."""

    data: Path
    options: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    module: str = "cassia_engine"
    url: str = ""
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def log(self) -> Path:
        return self.data.with_suffix(".log")

    def start(self) -> None:
        """Start it, at a free port or at the one that it had."""
        before = self.log.stat().st_size if self.log.exists() else 0
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", self.module, "serve", "--port", port, "--data", str(self.data), *self.options]
        with open(self.log, "ab") as out:
            env = {**os.environ, **self.env}
            self.process = subprocess.Popen(command, stdout=out, stderr=out, env=env, cwd=ROOT)
        try:
            self.url = _url(self.process, self.log, before)
        except BaseException:
            self.kill()
            raise

    def call(self, method: str, path: str, body: Any = None, token: str = "any") -> tuple[int, Any]:
        """Status and answer, parsed where it is JSON."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return answer.status, _parsed(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _parsed(error.read())

    def submit(self, asked: Mapping[str, Any] | None = None, configs: Any = None, **other: Any) -> str:
        body = {"input_data": asked or question(), "llm_configs": configs, "uploaded_files": {}} | other
        status, answer = self.call("POST", "/annotate", body)
        assert status == 200, answer
        return str(answer["job_id"])

    def wait(self, job: str) -> dict[str, Any]:
        """The status of a job that has ended."""
        return self.wait_for(job, lambda found: found["jobStatus"] in _ENDED)

    def wait_for(self, job: str, is_so: Any) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            status, found = self.call("GET", f"/status/{job}")
            assert status == 200, found
            if is_so(found):
                return dict(found)
            time.sleep(0.05)
        raise AssertionError(f"job {job} is {found}: {self.log.read_text()[-2000:]}")

    def results(self, job: str) -> dict[str, Any]:
        status, found = self.call("GET", f"/results/{job}")
        assert status == 200, found
        return dict(found)

    def kill(self) -> None:
        """End the server as a crash does; processes of its runs go on."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


@contextmanager
def serving(
    data: Path, *options: str, env: Mapping[str, str] | None = None, module: str = "cassia_engine"
) -> Iterator[Serving]:
    """A server with this folder, at a free port.

    Args:
        module: that has the command.
    """
    server = Serving(data, options, env or {}, module)
    server.start()
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.send_signal(signal.SIGTERM)
        try:
            server.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            server.kill()
            raise


def _url(process: subprocess.Popen[bytes], log: Path, before: int) -> str:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        said = log.read_bytes()[before:].decode()
        if found := re.search(r"serving (http[^\s\";]+);", said):
            return found[1]
        assert process.poll() is None, said
        time.sleep(0.02)
    raise AssertionError("the server does not say that it serves")
