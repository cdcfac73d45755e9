"""Runs of cassia against real model servers on this machine, and what the servers and the journal say of them."""

from __future__ import annotations

import csv
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

TABLE = """cluster,genes
0,"CD3D, CD3E, TRAC, IL7R, CD2, LTB, TCF7, CCR7, LEF1, MAL"
1,"CD79A, MS4A1, CD79B, CD19, BANK1, TCL1A, IGHM, IGHD, CD74, HLA-DRA"
"""


@dataclass(frozen=True)
class LlamaServer:
    """A running server: its base URL and its log."""

    url: str
    log: Path

    def requests(self) -> int:
        """How many requests for a reply it has begun to work at."""
        return self.log.read_text(errors="replace").count("processing task")


def _invited(name: str, program: str) -> Path:
    """A program of an environment that is made only by its name.

    Skips the test where it is not there, on CI too: a real model on a busy machine may take longer than any test.
    """
    path = ROOT / ".tools" / name / "bin" / program
    if not (path.parent.parent / ".done").exists():
        pytest.skip(f"the environment {name} is not there: scripts/test-envs {name} makes it")
    return path


@contextmanager
def llama_server(folder: Path, context: int, key: str = "") -> Iterator[LlamaServer]:
    """llama.cpp's server with a context of so many tokens; it ends with the block."""
    python = _invited("local-models", "python")
    log = folder / f"llama_{context}.log"
    command: list[str | Path] = [
        python,
        ROOT / "tests/local_models/llama_server.py",
        str(context),
        *filter(None, [key]),
    ]
    with (
        log.open("w") as said,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True) as server,
    ):
        assert server.stdin is not None and server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:"), log.read_text(errors="replace")
            yield LlamaServer(f"{url}/v1", log)
        finally:
            server.stdin.close()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()


@contextmanager
def litellm_proxy(folder: Path, behind: str, key: str) -> Iterator[str]:
    """The base URL of litellm's proxy in front of a server in OpenAI's form; it ends with the block."""
    program = _invited("litellm", "litellm")
    config, log, port = folder / "litellm.yaml", folder / "litellm.log", free_port()
    model = {"model_name": "any", "litellm_params": {"model": "openai/any", "api_base": behind, "api_key": "none"}}
    config.write_text(json.dumps({"model_list": [model], "general_settings": {"master_key": key}}))
    environ = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}  # asks nobody for prices
    address = ["--host", "127.0.0.1", "--port", str(port)]
    command: list[str | Path] = [program, "--config", config, *address, "--telemetry", "False"]
    with (
        log.open("w") as said,
        subprocess.Popen(command, env=environ, cwd=folder, stdin=subprocess.DEVNULL, stdout=said, stderr=said) as proxy,
    ):
        try:
            _wait_for(port, proxy, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            proxy.terminate()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the port takes connections; importing litellm takes 6 s of a quiet core."""
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(log.read_text(errors="replace")[-2000:])


def run(
    folder: Path, url: str, out: str, *options: str, key: str = "", clusters: int = 2
) -> subprocess.CompletedProcess[str]:
    """`cassia run` over the first clusters of the table; outputs and journal are in the folder."""
    table = folder / "two.csv"
    table.write_text("\n".join(TABLE.splitlines()[: clusters + 1]) + "\n")
    named = ["--tissue", "blood", "--species", "human", "--provider", url, "--model", "any"]
    places = ["--outdir", str(folder / out), "--journal_dir", str(folder / "journal")]
    environ = {name: value for name, value in os.environ.items() if name != "CUSTOM_API_KEY"}
    if key:
        environ["CUSTOM_API_KEY"] = key
    command = [sys.executable, "-m", "cassia_engine", "run", str(table), *named, *places, *options]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)


def summary(folder: Path) -> list[dict[str, str]]:
    with (folder / "two_summary.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def journal(folder: Path, kind: str) -> list[dict[str, Any]]:
    """The journal's lines of a kind: "intent" before each request, "reply" after each that had one."""
    files = sorted((folder / "journal").rglob("*.jsonl"))
    lines = [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["kind"] == kind]
