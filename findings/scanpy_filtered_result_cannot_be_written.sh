#!/bin/sh
# Guess: an AnnData whose ranked genes were filtered by filter_rank_genes_groups is saved like any other
# What happens: write_h5ad raises a TypeError, and leaves a file that has the filtered result's names field but none of its statistics
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install -q scanpy==1.12.4 anndata==0.13.4 pandas==3.1.1 numpy==2.5.5 h5py==3.16.0
cd "$folder"
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scanpy as sc

print("scanpy", sc.__version__, "anndata", ad.__version__)
values = np.random.default_rng(0).random((20, 4), dtype="float32")
values[:10, 0] += 4
obs = pd.DataFrame({"group": pd.Categorical(["A"] * 10 + ["B"] * 10)}, index=[f"c{i}" for i in range(20)])
adata = ad.AnnData(values, obs=obs, var=pd.DataFrame(index=["CD3D", "LYZ", "CST3", "ACTB"]))
sc.tl.rank_genes_groups(adata, "group", method="t-test")
adata.write_h5ad("ranked.h5ad")
print("ranked genes: written")
sc.tl.filter_rank_genes_groups(adata)
try:
    adata.write_h5ad("filtered.h5ad")
    raise SystemExit("the filtered result was written too")
except TypeError as error:
    print("with the filtered result:", type(error).__name__, str(error).splitlines()[0])
with h5py.File("filtered.h5ad") as file:
    left = list(file["uns"].get("rank_genes_groups_filtered", {}))
print("what the file has of it:", left)
assert "scores" not in left and "pvals" not in left
PYTHON
