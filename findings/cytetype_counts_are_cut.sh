#!/bin/sh
# Guess: raw counts in CyteType's vars.h5 are those of layers["counts"], or none are written where some are no whole numbers
# What happens: 200 cells are looked at; where these have whole numbers, decimals of the others are cut: 0.9 becomes 0
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install -q cytetype==0.21.0 anndata==0.12.19 pandas==2.3.3 numpy==2.4.6 scipy==1.16.3
cd "$folder"
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import anndata as ad
import h5py
import hdf5plugin  # the filter of the file
import numpy as np
import pandas as pd
from cytetype import CyteType
from scipy.sparse import csr_matrix

print("cytetype", version("cytetype"))
n = 1000
genes = ["CD3D", "CD3E", "MS4A1", "CD79A", "NKG7", "GNLY", "LYZ", "CD14", "FCN1", "IL7R", "CD8A", "GZMK"]
counts = np.ones((n, len(genes)), dtype="float32")
looked_at = np.random.default_rng(42).choice(n, size=200, replace=False)
counts[np.setdiff1d(np.arange(n), looked_at)[:5]] = 0.9  # as ambient RNA that was taken off leaves them
obs = pd.DataFrame({"leiden": pd.Categorical(["0", "1"] * (n // 2))}, index=[f"c{i}" for i in range(n)])
adata = ad.AnnData(csr_matrix(np.log1p(counts)), obs=obs, var=pd.DataFrame({"gene_symbols": genes}, index=genes))
adata.layers["counts"] = csr_matrix(counts)
names = np.rec.fromarrays([genes, genes], dtype=[("0", "O"), ("1", "O")])
adata.uns["rank_genes_groups"] = {"params": {"groupby": "leiden"}, "names": names}
CyteType(adata, "leiden", auth_token="none")
with h5py.File("vars.h5") as file:
    written = file["raw/data"][:]
print(np.unique(counts, return_counts=True), np.unique(written, return_counts=True), sep="\n")
assert (written == 0).sum() == (counts == np.float32(0.9)).sum() == 60
PYTHON
