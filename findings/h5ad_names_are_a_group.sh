#!/bin/sh
# Guess: obs_names and var_names of an h5ad file are a data set of texts, whatever wrote it
# What happens: with pandas 3 they are a group of values and a mask, so h5py readers that worked for years find no data set
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install -q anndata==0.13.4 pandas==3.1.1 numpy==2.5.5 h5py==3.16.0
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import tempfile
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd

print("anndata", ad.__version__, "pandas", pd.__version__)
with tempfile.TemporaryDirectory() as folder:
    for kind in ("str", object):
        path = Path(folder) / "x.h5ad"
        names = pd.Index(["CD3D", "LYZ"], dtype=kind)
        ad.AnnData(np.ones((2, 2)), obs=pd.DataFrame(index=names), var=pd.DataFrame(index=names)).write_h5ad(path)
        with h5py.File(path) as file:
            node = file["var"][file["var"].attrs["_index"]]
            print(f"index of dtype {kind}:", type(node).__name__, list(node) if isinstance(node, h5py.Group) else node[:])
            assert isinstance(node, h5py.Group if kind == "str" else h5py.Dataset)
PYTHON
