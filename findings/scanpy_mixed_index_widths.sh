#!/bin/sh
# Guess: a sparse X whose indptr has 64 bits and whose indices have 32, as more than 2,147,483,647 values need it, is
# tested like any other
# What happens: anndata reads it with both widths, and rank_genes_groups raises a ValueError for every method
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
from scipy.sparse import csr_matrix

print("scanpy", sc.__version__, "anndata", ad.__version__)
values = np.random.default_rng(0).random((20, 4), dtype="float32")
values[values < 0.4] = 0
obs = pd.DataFrame({"group": pd.Categorical(["A"] * 10 + ["B"] * 10)}, index=[f"c{i}" for i in range(20)])
var = pd.DataFrame(index=["CD3D", "LYZ", "CST3", "ACTB"])
ad.AnnData(csr_matrix(values), obs=obs, var=var).write_h5ad("a.h5ad")


def outcomes():
    adata = sc.read_h5ad("a.h5ad")
    print("indptr", adata.X.indptr.dtype, "indices", adata.X.indices.dtype)
    for method in ("t-test", "wilcoxon", "logreg"):
        try:
            sc.tl.rank_genes_groups(adata, "group", method=method)
            yield method, "ok"
        except ValueError as error:
            yield method, str(error)


same = dict(outcomes())
print(same)
with h5py.File("a.h5ad", "r+") as file:
    pointers = file["X/indptr"]
    attributes, wide = dict(pointers.attrs), pointers[()].astype("int64")
    del file["X/indptr"]
    file["X"].create_dataset("indptr", data=wide).attrs.update(attributes)
mixed = dict(outcomes())
print(mixed)
assert set(same.values()) == {"ok"}
assert set(mixed.values()) == {"Output dtype not compatible with inputs."}
PYTHON
