"""The commands and blocks of docs/from-celltypist.md, over the bundled cells with columns as CellTypist calls them."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.command import cassia
from tests.conftest import EXAMPLES, ROOT
from tests.test_docs import commands

PAGE = (ROOT / "docs" / "from-celltypist.md").read_text(encoding="utf-8")
NEEDS_CELLTYPIST = "# Needs celltypist"
# What the block that needs CellTypist comes to, for what is read of it: an object with its column in obs.
STAND_IN = """
import types
import h5py
import numpy as np
import pandas as pd
with h5py.File("pbmc.h5ad") as cells:
    found = {name: cells["obs"][name] for name in ("leiden", "majority_voting")}
    obs = pd.DataFrame(
        {name: pd.Categorical.from_codes(one["codes"][:], one["categories"].asstr()[:]) for name, one in found.items()}
    )
    var = pd.DataFrame(index=cells["var/index"].asstr()[:])
    values, genes, ends = (cells["X"][name][:] for name in ("data", "indices", "indptr"))
X = np.zeros((len(obs), len(var)), np.float32)
X[np.repeat(np.arange(len(obs)), np.diff(ends)), genes] = values
adata = types.SimpleNamespace(X=X, raw=None, layers={}, obs=obs, var=var, obsm={}, uns={})
"""
CHECK = """
assert len(audit) == len(summary) == 11
assert summary["Witnesses"].str.startswith("majority_voting: ").all()
assert adata.obs["cassia_annotation"].notna().all()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with pbmc.h5ad: clusters are leiden, and the labels of a person stand for majority_voting."""
    path = shutil.copy(EXAMPLES / "pbmc68k.h5ad", tmp_path / "pbmc.h5ad")
    with h5py.File(path, "r+") as file:
        obs = file["obs"]
        obs.move("louvain", "leiden")
        obs.move("bulk_labels", "majority_voting")
        obs.attrs["column-order"] = np.array(["leiden", "majority_voting"], h5py.string_dtype())
    return tmp_path


def test_commands_run_one_after_the_other(folder: Path) -> None:
    found = commands(PAGE, "cassia")
    assert [words[1] for words in found] == ["audit", "run", "labels"]
    said = []
    for words in found:
        done = cassia(*words[1:], cwd=folder)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    assert said[0].startswith("11 clusters: ")
    with open(folder / "results" / "pbmc_summary.csv", encoding="utf-8", newline="") as file:
        assert all(row["Witnesses"].startswith("majority_voting: ") for row in csv.DictReader(file))
    with h5py.File(folder / "pbmc_labelled.h5ad") as labelled:
        assert {"majority_voting", "cassia_annotation", "cassia_review"} <= {*labelled["obs"]}


def test_blocks_run_with_a_stand_in_for_the_object(folder: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    runnable = [block for block in blocks if not block.startswith(NEEDS_CELLTYPIST)]
    assert len(runnable) == len(blocks) - 1 == 3
    code = "\n".join([STAND_IN, *runnable, CHECK])
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (folder / "results" / "pbmc_report.html").is_file()
