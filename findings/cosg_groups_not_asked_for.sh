#!/bin/sh
# Guess: COSG with groups=[...] has results for these groups
# What happens: it has all groups; those not asked for have genes with the score 0, the same list for each
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install -q cosg==1.2.0 scanpy==1.12.4 anndata==0.13.4 pandas==3.1.1 numpy==2.5.5
"$folder/env/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import anndata as ad
import cosg
import numpy as np
import pandas as pd

print("cosg", version("cosg"))
values = np.random.default_rng(0).random((40, 8), dtype="float32")
for group in range(4):
    values[group * 10 : group * 10 + 10, group * 2 : group * 2 + 2] += 5
clusters = np.repeat(["0", "1", "2", "3"], 10)
obs = pd.DataFrame({"cluster": pd.Categorical(clusters)}, index=[f"c{i}" for i in range(40)])
genes = ["T1", "T2", "MONO1", "MONO2", "B1", "B2", "NK1", "NK2"]
adata = ad.AnnData(values, obs=obs, var=pd.DataFrame(index=genes))
cosg.cosg(adata, key_added="cosg", groupby="cluster", groups=["1", "2"], n_genes_user=4)
names, scores = (pd.DataFrame(adata.uns["cosg"][key]) for key in ("names", "scores"))
print(names.to_string(), scores.to_string(), sep="\n")
assert list(names) == ["0", "1", "2", "3"]
assert (names["0"] == names["3"]).all() and (scores[["0", "3"]] == 0).all().all()
PYTHON
