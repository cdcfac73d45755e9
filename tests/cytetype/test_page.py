"""The blocks and commands of docs/cytetype.md, at the server of these tests; its pipeline runs in tests/pipeline."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.command import cassia
from tests.conftest import EXAMPLES, ROOT, need_env
from tests.cytetype_server.running import running_server

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "cytetype.md").read_text(encoding="utf-8")
SERVER = "https://cytetype.example.org"
TOKEN = "cyt_p_of_a_page"
# A file as the page has it: clusters in obs["leiden"], and ranked genes.
MAKE = f"""
import scanpy as sc
adata = sc.read_h5ad("{EXAMPLES}/pbmc68k.h5ad")
adata.obs["leiden"] = adata.obs["louvain"]
sc.tl.rank_genes_groups(adata, "leiden")
adata.write_h5ad("pbmc.h5ad")
"""
CHECK = """
assert set(adata.obs["cytetype_annotation_leiden"]) != {"Unknown"}
assert set(adata.obs["served_annotation_leiden"]) != {"Unknown"}
assert adata.uns["served_jobDetails"]["job_id"] and adata.uns["cytetype_jobDetails"]["api_url"] == ""
"""


def blocks(*languages: str) -> list[str]:
    return [text for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.M | re.S) if language in languages]


def run(code: str, folder: Path, **environment: str) -> None:
    done = subprocess.run(
        [need_env("scanpy"), "-c", code], cwd=folder, env=os.environ | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(MAKE, tmp_path)
    with running_server(tmp_path / "state", token=TOKEN, polls=2) as server:
        here, served = blocks("python")
        assert SERVER not in here
        run("\n".join([here, served.replace(SERVER, server.url), CHECK]), tmp_path, CYTETYPE_AUTH_TOKEN=TOKEN)
        assert len(server.seen()["jobs"]) == 1
        assert {"cytetype_report.html", "served_report.html", "served_summary.csv"} <= {
            path.name for path in tmp_path.iterdir()
        }
        monkeypatch.setenv("CYTETYPE_AUTH_TOKEN", TOKEN)
        lines = [line for block in blocks("bash", "") for line in block.splitlines()]
        commands = [shlex.split(line.replace(SERVER, server.url)) for line in lines if line.startswith("cassia ")]
        assert [words[1] for words in commands] == ["artifacts", "submit"]
        for words in commands:
            done = cassia(*words[1:], cwd=tmp_path)
            assert done.returncode == 0, done.stderr
        assert len(server.seen()["jobs"]) == 2
    assert sorted(path.name for path in (tmp_path / "artifacts").iterdir()) == [
        "pbmc_obs.duckdb",
        "pbmc_query.json",
        "pbmc_vars.h5",
    ]
    results = tmp_path / "results"
    assert (results / "pbmc_report.html").is_file()
    assert len(json.loads((results / "pbmc_results.json").read_text())["annotations"]) == 11
