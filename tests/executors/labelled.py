"""An .h5ad file as a further sample of a run, and what its labelled copy and its table of labels must have."""

from __future__ import annotations

from pathlib import Path

import duckdb
import h5py

from tests.conftest import ROOT

H5AD = ROOT / "tests" / "data" / "anndata" / "scanpy.h5ad"
SAMPLE, CLUSTERS, CELLS = "labelled", 4, 80
# The columns of a samplesheet that its row needs besides sample, markers, tissue and species.
COLUMNS = {"rank_key": "t_test", "allow_unknown_genes": "true"}


def row() -> dict[str, str]:
    """The row of a samplesheet for it."""
    return {"sample": SAMPLE, "markers": str(H5AD), "tissue": "none", "species": "human", **COLUMNS}


def assert_labelled(results: Path) -> None:
    """In the folder of a run's results, made with `--write_h5ad`, each cell has the label of its cluster."""
    table = duckdb.read_parquet(str(results / SAMPLE / f"{SAMPLE}_labels.parquet")).df().set_index("cell")
    assert len(table) == CELLS
    assert table["cassia_annotation"].notna().all()
    with h5py.File(H5AD) as before, h5py.File(results / SAMPLE / f"{SAMPLE}_labelled.h5ad") as after:
        added = after["obs"].keys() - before["obs"].keys()
        assert set(table) == added >= {"cassia_annotation", "cassia_cl_id", "cassia_confidence"}
        assert list(table.index) == list(after["obs/cell/values"].asstr())
        labels = after["obs/cassia_annotation"]
        assert list(table["cassia_annotation"]) == list(labels["categories"].asstr()[()][labels["codes"][()]])
        assert after["uns/cassia/summary"].asstr()[()] == SAMPLE
        assert (after["X"][()] == before["X"][()]).all()
