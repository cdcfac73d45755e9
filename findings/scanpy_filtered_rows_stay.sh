#!/bin/sh
# Guess: genes that filter_rank_genes_groups removes are gone from rank_genes_groups_df
# What happens: without pts they stay, with all their statistics and no name; with pts they are gone
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
values = np.random.default_rng(0).random((20, 4), dtype="float32")
values[:10, 0] += 4
values[10:, 0] = 0
obs = pd.DataFrame({"group": pd.Categorical(["A"] * 10 + ["B"] * 10)}, index=[f"c{i}" for i in range(20)])
adata = ad.AnnData(values, obs=obs, var=pd.DataFrame(index=["CD3D", "LYZ", "CST3", "ACTB"]))
nameless = {}
for pts in (False, True):
    sc.tl.rank_genes_groups(adata, "group", method="t-test", pts=pts)
    sc.tl.filter_rank_genes_groups(adata)
    table = sc.get.rank_genes_groups_df(adata, group="A", key="rank_genes_groups_filtered")
    print(f"pts={pts}", table.to_string(), sep="\n")
    nameless[pts] = table[table["names"].isna()]
assert len(nameless[False]) == 3 and nameless[False]["scores"].notna().all()
assert len(nameless[True]) == 0
PYTHON
