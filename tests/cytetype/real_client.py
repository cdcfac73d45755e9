"""The class CyteType as its users call it, in an environment of its own: a run over the bundled PBMC file.

    python real_client.py H5AD URL TOKEN OUTPUT MODULE [JOB]

MODULE has the class: cytetype, the client itself, or cassia_engine. Writes what the run stored in the AnnData, and what
the two files hold, as JSON. With a JOB nothing is run, and its results are asked for.
"""

import hashlib
import importlib
import json
import pathlib
import sys

import anndata
import duckdb
import h5py
import numpy as np
import pandas as pd

GENES = 20


def ranked(adata, column):
    """What Scanpy stores of a ranking, by differences of means."""
    values = np.asarray(adata.X.todense() if hasattr(adata.X, "todense") else adata.X, dtype=np.float32)
    groups = list(adata.obs[column].cat.categories)
    names, scores = {}, {}
    for group in groups:
        inside = (adata.obs[column] == group).to_numpy()
        score = values[inside].mean(axis=0) - values[~inside].mean(axis=0)
        best = np.argsort(-score, kind="stable")[:GENES]
        names[group], scores[group] = adata.var_names[best].to_numpy(), score[best]

    def records(columns, kind):
        return np.rec.fromarrays(
            [np.asarray(columns[group]).astype(kind) for group in groups], dtype=[(group, kind) for group in groups]
        )

    params = {"groupby": column, "reference": "rest", "method": "means", "use_raw": False, "layer": None}
    return {
        "params": params,
        "names": records(names, "O"),
        "scores": records(scores, "f4"),
        "logfoldchanges": records(scores, "f4"),
        "pvals": records({group: np.zeros(GENES) for group in groups}, "f8"),
        "pvals_adj": records({group: np.zeros(GENES) for group in groups}, "f8"),
    }


def with_metadata(adata):
    """Columns of obs of each kind, and raw counts of more genes than there are in X."""
    draw = np.random.default_rng(0)
    n = adata.n_obs
    adata.obs["donor"] = pd.Categorical(draw.choice(["d1", "d2", "d3"], n))
    adata.obs["batch"] = pd.Categorical(draw.choice([1, 2], n))
    adata.obs["text"] = draw.choice(["x", "y"], n)
    adata.obs["Donor"] = draw.choice(["a", "b"], n)
    adata.obs["n_counts"] = draw.integers(500, 900, n)
    adata.obs["share"] = draw.random(n).astype(np.float32)
    adata.obs["kept"] = draw.random(n) > 0.5
    adata.obs["maybe"] = pd.array(np.where(draw.random(n) > 0.5, 1, None), dtype="Int32")
    adata.var["gene_symbols"] = adata.var_names
    adata.var["highly variable"] = draw.random(adata.n_vars) > 0.5
    adata.var["rank"] = pd.array(np.arange(adata.n_vars), dtype="Int64")
    counts = draw.poisson(0.3, (n, adata.n_vars + 5)).astype(np.float32)
    names = draw.permutation([*adata.var_names, *(f"more{number}" for number in range(5))])
    adata.raw = anndata.AnnData(counts, obs=adata.obs[[]].copy(), var=pd.DataFrame(index=names))


def digest(values):
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def expression(path):
    """What vars.h5 holds: type, shape and a hash of each dataset, and all attributes."""
    found = {}

    def note(name, element):
        attributes = {key: value.item() if hasattr(value, "item") else value for key, value in element.attrs.items()}
        if isinstance(element, h5py.Dataset):
            is_text = h5py.check_string_dtype(element.dtype)
            values = element.asstr()[:].tolist() if is_text else digest(element[:])
            attributes |= {"type": str(element.dtype), "shape": list(element.shape), "values": values}
        found[name] = attributes

    with h5py.File(path) as file:
        file.visititems(note)
    return found


def metadata(path):
    """What obs.duckdb holds: its tables, the types of the columns, and all rows as text."""
    with duckdb.connect(path, read_only=True) as db:
        tables = [name for (name,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        types = [row[:2] for row in db.execute("DESCRIBE obs").fetchall()]
        return {
            "tables": tables,
            "types": types,
            "rows": [list(map(str, row)) for row in db.sql("FROM obs").fetchall()],
        }


path, url, token, output, module, *job = sys.argv[1:]
CyteType = importlib.import_module(module).CyteType
adata = anndata.read_h5ad(path)
with_metadata(adata)
adata.uns["rank_genes_groups"] = ranked(adata, "louvain")
annotator = CyteType(adata, group_key="louvain", gene_symbols_column="gene_symbols", api_url=url, auth_token=token)
if job:
    adata.uns["cytetype_jobDetails"] = {"job_id": job[0], "api_url": url}
    annotator.get_results()
else:
    adata = annotator.run(study_context="blood", poll_interval_seconds=1, show_progress=False)
names = [name for name in adata.obs if name.startswith("cytetype_")]
result = json.loads(adata.uns["cytetype_results"]["result"])
found = {
    "obs": {name: list(adata.obs[name].cat.categories) for name in names},
    "cells": {name: adata.obs[name].astype(str).tolist() for name in names},
    "result": result,
    "annotations": result["annotations"],
    "job_id": adata.uns["cytetype_results"]["job_id"],
    "details": dict(adata.uns["cytetype_jobDetails"]),
    "stored": annotator.get_results(),
    "query": {} if job else json.loads(pathlib.Path("query.json").read_text()),
    "expression": expression("vars.h5"),
    "metadata": metadata("obs.duckdb"),
    "types": {name: str(adata.obs[name].dtype.categories.dtype) for name in names},
}
with open(output, "w") as out:
    json.dump(found, out)
