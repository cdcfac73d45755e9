#!/bin/sh
# Guess: of two genes with the same symbol CyteType's request has the percentage of the one that is expressed, or of both
# What happens: it has that of the last one in var; a gene that all cells express is sent as 0
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
ids = ["ENSG00000167286", "ENSG00000156738", "ENSG00000999999"]
values = np.array([[2, 1, 0]] * 10, dtype="float32")
obs = pd.DataFrame({"leiden": pd.Categorical(["0"] * 5 + ["1"] * 5)}, index=[f"c{i}" for i in range(10)])
adata = ad.AnnData(values, obs=obs, var=pd.DataFrame({"gene_symbols": ["CD3D", "MS4A1", "CD3D"]}, index=ids))
names = np.rec.fromarrays([ids, ids], dtype=[("0", "O"), ("1", "O")])
adata.uns["rank_genes_groups"] = {"params": {"groupby": "leiden"}, "names": names}
percent = CyteType(adata, "leiden", gene_symbols_column="gene_symbols", auth_token="none").expression_percentages
print(percent)
assert (values[:, 0] > 0).all()
assert percent["CD3D"] == {"0": 0.0, "1": 0.0}
PYTHON
