#!/bin/sh
# Guess: two rows of a gene's name are two rows a group in rank_genes_groups_df, with pts=True as without
# What happens: with pts=True eight, and most of them carry a fraction of cells of the other row
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install -q scanpy==1.12.4 anndata==0.13.4 pandas==3.1.1 numpy==2.5.5
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import anndata as ad
import numpy as np
import pandas as pd
import scanpy as sc

print("scanpy", sc.__version__)
values = np.random.default_rng(0).random((20, 3), dtype="float32")
values[:10, 0] += 3  # CD3D in all cells
values[5:, 1] = 0  # the other CD3D in 5 of 10 cells
obs = pd.DataFrame({"group": pd.Categorical(["A"] * 10 + ["B"] * 10)}, index=[f"c{i}" for i in range(20)])
adata = ad.AnnData(values, obs=obs, var=pd.DataFrame(index=["CD3D", "CD3D", "LYZ"]))
rows = {}
for pts in (False, True):
    sc.tl.rank_genes_groups(adata, "group", method="t-test", pts=pts)
    table = sc.get.rank_genes_groups_df(adata, group="A")
    rows[pts] = table[table["names"] == "CD3D"]
    print(rows[pts].to_string())
assert len(rows[False]) == 2 and len(rows[True]) == 8
assert sorted(rows[True].groupby("scores")["pct_nz_group"].nunique()) == [2, 2]
PYTHON
