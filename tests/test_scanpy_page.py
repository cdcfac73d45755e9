"""The blocks of docs/scanpy.md: with a stand-in for the object, and in an environment that has Scanpy."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import pytest

from tests.conftest import EXAMPLES, ROOT, need_env

NEEDS_SCANPY = "# Needs scanpy"
# What the blocks that need Scanpy come to, without it.
STAND_IN = f"""
import types
import h5py
import pandas as pd
markers = pd.read_csv("{EXAMPLES}/pbmc68k_scanpy.csv")
with h5py.File("{EXAMPLES}/pbmc68k.h5ad") as cells:
    louvain = cells["obs/louvain"]
    codes, names = louvain["codes"][:], [name.decode() for name in louvain["categories"][:]]
obs = pd.DataFrame({{"louvain": pd.Categorical.from_codes(codes, names)}})
groups = dict(list(markers.groupby("group")))
ranked = {{
    name: pd.DataFrame({{str(k): found[name].to_numpy() for k, found in groups.items()}}).to_records(index=False)
    for name in ("names", "scores", "logfoldchanges", "pvals", "pvals_adj")
}}
uns = {{"rank_genes_groups": {{"params": {{"groupby": "louvain"}}, **ranked}}}}
adata = types.SimpleNamespace(X=None, raw=None, layers={{}}, obs=obs, var=pd.DataFrame(), obsm={{}}, uns=uns)
"""
CHECK = """
labels = adata.obs.groupby("louvain", observed=True)["cassia_cl_label"].agg(["nunique", "first"])
assert set(labels["nunique"]) == {1}, labels
assert labels["first"].to_dict() == summary.set_index("Cluster ID")["CL Label"].to_dict()
assert adata.obs["cassia_annotation"].notna().all()
print(*sorted(set(labels["first"])), sep=", ")
"""
ENDS = ("conversations.json", "full.csv", "mqc.json", "outcomes_mqc.json", "report.html", "summary.csv")
OUTPUTS = [f"pbmc_{end}" for end in ENDS]


def blocks() -> list[str]:
    text = (ROOT / "docs" / "scanpy.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)


def run(python: Path, code: str, folder: Path) -> str:
    environment = os.environ | {"MPLBACKEND": "Agg"}
    done = subprocess.run([python, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_blocks_run_with_a_stand_in_for_the_object(tmp_path: Path) -> None:
    runnable = [block for block in blocks() if not block.startswith(NEEDS_SCANPY)]
    assert len(runnable) == len(blocks()) - 2 == 5
    said = run(Path(sys.executable), "\n".join([STAND_IN, *runnable, CHECK]), tmp_path)
    assert "monocyte" in said
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == OUTPUTS


@pytest.mark.slow
def test_all_blocks_run_with_scanpy(tmp_path: Path) -> None:
    said = run(need_env("scanpy"), "\n".join([*blocks(), CHECK]), tmp_path)
    assert "monocyte" in said
    with h5py.File(tmp_path / "results" / "pbmc_labelled.h5ad") as cells:
        labels = [name.decode() for name in cells["obs/cassia_cl_label/categories"][:]]
    assert ", ".join(sorted(labels)) in said
