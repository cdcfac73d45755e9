#!/bin/sh
# Guess: an AnnData that was written as a Zarr store can be read again, as one that was written as .h5ad
# What happens: with zarr 3.1.6 not where two columns of obs differ in letter case only; zarr 3.4.2 reads the same store
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install -q anndata==0.12.19 zarr==3.1.6 pandas==2.3.3 numpy==2.4.6
cat >"$folder/read.py" <<'PYTHON'
import sys
from importlib.metadata import version

import anndata as ad

adata = ad.read_zarr(sys.argv[1])
print("read by zarr", version("zarr"), list(adata.obs))
PYTHON
"$folder/env/bin/python" -W ignore - "$folder/store.zarr" <<'PYTHON'
import sys
from importlib.metadata import version

import anndata as ad
import numpy as np
import pandas as pd

print("anndata", version("anndata"), "zarr", version("zarr"))
labels = pd.Categorical(["a", "b"])
obs = pd.DataFrame({"cluster": labels, "Cluster": labels}, index=["c0", "c1"])
adata = ad.AnnData(np.ones((2, 3), dtype="float32"), obs=obs, var=pd.DataFrame(index=["CD3D", "CD3E", "MS4A1"]))
adata.write_h5ad(sys.argv[1] + ".h5ad")
print("as .h5ad:", list(ad.read_h5ad(sys.argv[1] + ".h5ad").obs))
adata.write_zarr(sys.argv[1])
try:
    ad.read_zarr(sys.argv[1])
except Exception as error:
    print("as a Zarr store:", type(error).__name__)
else:
    sys.exit("it is read")
PYTHON
"$folder/env/bin/pip" install -q zarr==3.4.2
"$folder/env/bin/python" -W ignore "$folder/read.py" "$folder/store.zarr"
