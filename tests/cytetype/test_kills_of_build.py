"""`cassia submit DATA.h5ad`, killed while it makes its files: the same command ends with the same result, one job."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.conftest import ROOT
from tests.cytetype.runs import TOKEN
from tests.cytetype_server.running import Running, running_server
from tests.h5ad.files import Small

pytestmark = pytest.mark.slow

# The command, with a function in whose place the process is killed, where one is named.
CHILD = """
import importlib, os, signal, sys
module, name = sys.argv.pop(1).split(":")
if name:
    owner = importlib.import_module(module)
    *classes, last = name.split(".")
    for one in classes:
        owner = getattr(owner, one)
    setattr(owner, last, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
from cassia_engine.cytetype import polling
polling.FIRST_S = 0.0
from cassia_engine.cli import main
main()
"""
MOMENTS = {
    "before the question": "cassia_engine.cytetype.submission:write_query",
    "vars.h5 half written": "cassia_engine.artifacts.compressed:GrowingDataset._write",
    "vars.h5 without its columns": "cassia_engine.artifacts.vars_h5:write_gene_columns",
    "obs.duckdb half written": "cassia_engine.artifacts.obs_duckdb:connected",
    "all written, nothing sent": "cassia_engine.cytetype.job:open_job",
}


def submit(server: Running, data: Path, folder: Path, killed_in: str = ":") -> subprocess.CompletedProcess[str]:
    options = ["--allow_upload", "--resume", "--poll_interval", "0", "--n_top_genes", "4"]
    command = ["submit", data, "--api_url", server.url, "--outdir", folder, *options]
    return subprocess.run(
        [sys.executable, "-c", CHILD, killed_in, *map(str, command)],
        cwd=ROOT,
        env={**os.environ, "CYTETYPE_AUTH_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        timeout=120,
    )


def found(server: Running, folder: Path) -> dict[str, Any]:
    """What a run has left: its files, the answer, and what the server got."""
    [job] = server.seen()["jobs"]
    return {
        "files": sorted(path.name for path in folder.iterdir()),
        "annotations": json.loads((folder / "pbmc_results.json").read_text())["annotations"],
        "question": job["request"]["input_data"],
        "vars.h5": server.content("vars_h5"),
    }


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_while_it_makes_its_files(moment: str, tmp_path: Path) -> None:
    data = Small().write(tmp_path / "pbmc.h5ad")
    with h5py.File(data, "r+") as file:
        file["X"] = np.arange(64, dtype=np.float32).reshape(8, 8) % 3 / 2
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    with running_server(tmp_path / "state", token=TOKEN) as server:
        done = submit(server, data, straight)
        assert done.returncode == 0, done.stderr
        wanted = found(server, straight)
        server.reset()
        killed = submit(server, data, broken, MOMENTS[moment])
        assert killed.returncode == -9, killed.stderr
        assert server.calls() == []
        assert not (broken / "pbmc_vars.h5").exists() or h5py.is_hdf5(broken / "pbmc_vars.h5")
        done = submit(server, data, broken)
        assert done.returncode == 0, done.stderr
        assert found(server, broken) == wanted
