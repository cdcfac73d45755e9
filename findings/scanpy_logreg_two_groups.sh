#!/bin/sh
# Guess: of two groups, logreg gives each its genes, as it does of three, or those of the group in whose name they stand
# What happens: one field, named after the first group, that holds the genes of the second
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
counts = np.ones((40, 6), dtype="float32")
counts[:20, :2] = 9  # genes of the first group
counts[20:, 2:4] = 9  # genes of the second
counts += np.random.default_rng(0).random(counts.shape, dtype="float32")
names = ["FIRST_A", "FIRST_B", "SECOND_A", "SECOND_B", "BOTH_A", "BOTH_B"]
obs = pd.DataFrame({"group": pd.Categorical(["first"] * 20 + ["second"] * 20)}, index=[f"c{i}" for i in range(40)])
adata = ad.AnnData(np.log1p(counts), obs=obs, var=pd.DataFrame(index=names))
sc.tl.rank_genes_groups(adata, "group", method="logreg")
found = adata.uns["rank_genes_groups"]["names"]
print({name: list(found[name][:2]) for name in found.dtype.names})
assert found.dtype.names == ("first",)
assert set(found["first"][:2]) == {"SECOND_A", "SECOND_B"}
PYTHON
