#!/bin/sh
# Guess: CyteType's request calls clusters by the labels they have in obs
# What happens: once one label has more than 3 characters all are numbered from 0: cluster 1 is sent as 0, cluster 2 as 1
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install -q cytetype==0.21.0 anndata==0.12.19 pandas==2.3.3 numpy==2.4.6
cd "$folder"
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import anndata as ad
import numpy as np
import pandas as pd
from cytetype import CyteType

print("cytetype", version("cytetype"))
genes = ["CD3D", "CD3E", "MS4A1", "CD79A", "NKG7", "GNLY"]


def ids(labels):
    clusters = np.repeat(labels, 5)
    values = np.random.default_rng(0).random((len(clusters), len(genes)), dtype="float32")
    obs = pd.DataFrame({"leiden": pd.Categorical(clusters)}, index=[f"c{i}" for i in range(len(clusters))])
    adata = ad.AnnData(values, obs=obs, var=pd.DataFrame({"gene_symbols": genes}, index=genes))
    names = np.rec.fromarrays([genes] * len(labels), dtype=[(label, "O") for label in labels])
    adata.uns["rank_genes_groups"] = {"params": {"groupby": "leiden"}, "names": names}
    return CyteType(adata, "leiden", auth_token="none").cluster_map


short, long = ids(["1", "2", "3"]), ids(["1", "2", "3", "Doublets"])
print(short, long, sep="\n")
assert short == {"1": "1", "2": "2", "3": "3"}
assert long == {"1": "0", "2": "1", "3": "2", "Doublets": "3"}
PYTHON
