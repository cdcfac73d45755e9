"""The clients as they are released, at `cassia serve` as it is started: nothing of either is ours to arrange."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.command import cassia
from tests.conftest import EXAMPLES, ROOT
from tests.cytetype.client import need_client
from tests.server.processes import Serving, serving

pytestmark = pytest.mark.slow

SCRIPT = ROOT / "tests" / "cytetype" / "real_client.py"
SCDOWNSTREAM = ROOT / "tests" / "server" / "scdownstream.py"
CELLS = EXAMPLES / "pbmc68k.h5ad"
CLUSTERS = [str(number) for number in range(11)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


def run(env: str, script: Path, folder: Path, *words: Any, **environ: str) -> dict[str, Any]:
    """What a script has written, in an environment of the client's."""
    folder.mkdir()
    named = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(word) for word in (need_client(env), script, CELLS, *words)],
        cwd=folder,
        env=named | environ,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    return dict(json.loads((folder / "found.json").read_text()))


@pytest.mark.parametrize("env", ["cytetype", "cytetype-0.19"])
def test_the_client_gets_its_labels_and_another_process_too(env: str, server: Serving, tmp_path: Path) -> None:
    first = run(env, SCRIPT, tmp_path / "first", server.url, "any", "found.json", "cytetype")
    assert [one["clusterId"] for one in first["annotations"]] == CLUSTERS
    assert "B cell" in first["obs"]["cytetype_annotation_louvain"]
    assert "CL:0000236" in first["obs"]["cytetype_cellOntologyTermID_louvain"]
    assert first["details"]["report_url"] == f"{server.url}/report/{first['job_id']}"
    status, page = server.call("GET", f"/report/{first['job_id']}")
    assert status == 200 and "no language model was asked" in page
    again = run(env, SCRIPT, tmp_path / "second", server.url, "any", "found.json", "cytetype", first["job_id"])
    assert again["result"] == first["result"]
    assert again["obs"] == first["obs"] and again["cells"] == first["cells"]
    kept = [path.read_bytes() for path in (server.data / "uploads").iterdir()]
    assert {(tmp_path / "first" / name).read_bytes() for name in ("vars.h5", "obs.duckdb")} <= set(kept)


def test_the_module_of_scdownstream_gets_its_labels(server: Serving, tmp_path: Path) -> None:
    environ = {"CYTETYPE_API_URL": server.url, "CYTETYPE_API_KEY": "any"}
    found = run("cytetype", SCDOWNSTREAM, tmp_path / "task", "found.json", **environ)
    assert "B cell" in found["cytetype_annotation_louvain"]
    assert "CL:0000236" in found["cytetype_cellOntologyTermID_louvain"]


def test_our_own_client_writes_all_outputs(server: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CYTETYPE_AUTH_TOKEN", "any")
    command = ("submit", CELLS, "--group_key", "louvain", "--rank", "--outdir", tmp_path)
    done = cassia(*command, "--api_url", server.url, "--allow_upload", "--poll_interval", "1")
    assert done.returncode == 0, done.stderr
    assert "B cell" in (tmp_path / "pbmc68k_summary.csv").read_text()
    assert (tmp_path / "pbmc68k_report.html").exists()
