#!/bin/sh
# Guess: a gene whose mean count is higher in a group has a positive log fold change there
# What happens: it may be negative: Scanpy takes the mean of the logarithms and undoes the logarithm of that, where Seurat takes the mean of the counts
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
counts = np.zeros((40, 2), dtype="float32")
counts[:3, 0] = 200  # much in 3 of 20 cells, as of a subtype
counts[20:, 0] = 8  # a little in every other cell
counts[:, 1] = 1000 - counts[:, 0]
obs = pd.DataFrame({"group": pd.Categorical(["A"] * 20 + ["B"] * 20)}, index=[f"c{i}" for i in range(40)])
adata = ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=["GENE", "REST"]))
inside, outside = counts[:20, 0].mean(), counts[20:, 0].mean()
sc.pp.log1p(adata)
sc.tl.rank_genes_groups(adata, "group", method="t-test")
table = sc.get.rank_genes_groups_df(adata, group="A").set_index("names")
fold = table.loc["GENE", "logfoldchanges"]
print(f"mean count of GENE in A {inside}, in B {outside}; log2 of the ratio {np.log2(inside / outside):.2f}; Scanpy {fold:.2f}")
assert inside > 3 * outside and fold < -2
PYTHON
