"""A summary of the bundled cells with corrections, and one of clusters with difficult names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import cassia_engine
from tests.conftest import EXAMPLES

B_CELL = ["CD79A", "MS4A1", "CD19", "CD79B", "BANK1"]
T_CELL = ["CD3D", "CD3E", "IL7R", "TRAC", "CD2"]


@pytest.fixture(scope="session")
def pbmc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The summary of the bundled cells: cluster 3 has a person's label, cluster 4 one without a term."""
    name = tmp_path_factory.mktemp("pbmc") / "pbmc"
    corrections = [
        {"cluster": "3", "label": "plasma cell", "cl_id": "", "comment": "JCHAIN", "decided_by": "Ada"},
        {"cluster": "4", "label": "odd; cells", "cl_id": "", "comment": "", "decided_by": "Ada"},
    ]
    table = pd.read_csv(EXAMPLES / "pbmc68k_scanpy.csv", dtype={"group": str})
    best = table.groupby("group", sort=False).head(40)
    cassia_engine.annotate(
        best, tissue="blood", species="human", output_name=name, corrections=corrections, show_progress=False
    )
    return name.with_name("pbmc_summary.csv")


@pytest.fixture(scope="session")
def answers(pbmc: Path) -> pd.DataFrame:
    """The summary as a person reads it, by cluster."""
    return pd.read_csv(pbmc, dtype=str, keep_default_na=False).set_index("Cluster ID")


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A summary of clusters whose names are numbers, formulas and booleans, and of one without markers."""
    name = tmp_path_factory.mktemp("odd") / "odd"
    markers = pd.DataFrame(
        {
            "cluster": ["0", "-1", "007", "True", "B/plasma", "none"],
            "markers": [*map(",".join, (B_CELL, T_CELL, B_CELL, T_CELL, B_CELL)), "no marker was found"],
        }
    )
    cassia_engine.annotate(markers, tissue="blood", species="human", output_name=name, show_progress=False)
    return name.with_name("odd_summary.csv")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Each test works in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    yield tmp_path
