#!/bin/sh
# Guess: rankby_group, which decoupler's notebooks use for markers, puts a group's markers first
# What happens: it sorts by p value: the first row may be the gene that is most depleted
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install -q decoupler==2.3.1 scanpy==1.12.4 anndata==0.13.4 pandas==3.1.1
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import anndata as ad
import decoupler as dc
import numpy as np
import pandas as pd

print("decoupler", dc.__version__)
values = np.random.default_rng(0).random((40, 4))
values[:20, 0] += 1  # up in A
values[20:, 1] += 5  # down in A
obs = pd.DataFrame({"group": pd.Categorical(["A"] * 20 + ["B"] * 20)}, index=[f"c{i}" for i in range(40)])
adata = ad.AnnData(values, obs=obs, var=pd.DataFrame(index=["UP", "DOWN", "SAME1", "SAME2"]))
table = dc.tl.rankby_group(adata, groupby="group", reference="rest", method="t-test")
first = table[table["group"] == "A"].iloc[0]
print(table[table["group"] == "A"].to_string())
assert first["name"] == "DOWN" and first["stat"] < 0
PYTHON
