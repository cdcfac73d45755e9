#!/bin/sh
# Guess: a cell type with four markers, all of them measured, gets a score like one with five
# What happens: it is not in the result, and nothing says so (tmin=5)
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/env"
"$folder/env/bin/pip" install -q decoupler==2.3.1 scanpy==1.12.4 anndata==0.13.4 pandas==3.1.1
"$folder/env/bin/python" -W ignore - <<'PYTHON'
import logging
import warnings

import anndata as ad
import decoupler as dc
import numpy as np
import pandas as pd

print("decoupler", dc.__version__)
said = []
logging.getLogger().addHandler(type("Keep", (logging.Handler,), {"emit": lambda self, record: said.append(record)})())
markers = {"T cell": ["CD3D", "CD3E", "CD3G", "TRAC"], "B cell": ["CD79A", "CD79B", "MS4A1", "CD19", "BANK1"]}
net = pd.DataFrame([(source, target, 1.0) for source, targets in markers.items() for target in targets])
net.columns = ["source", "target", "weight"]
genes = list(net["target"]) + ["ACTB", "GAPDH", "LYZ"]
values = np.random.default_rng(0).random((6, len(genes)))
values[:3, :4] += 5
adata = ad.AnnData(values, obs=pd.DataFrame(index=[f"c{i}" for i in range(6)]), var=pd.DataFrame(index=genes))
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    dc.mt.ulm(adata, net)
said += [warning for warning in warned if "B cell" in str(warning.message) or "tmin" in str(warning.message)]
print("scored:", list(adata.obsm["score_ulm"].columns), "- said about it:", len(said))
assert list(adata.obsm["score_ulm"].columns) == ["B cell"] and not said
PYTHON
