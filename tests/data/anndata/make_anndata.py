"""Write the same small AnnData with several anndata versions, and its ranked genes with Scanpy, from ../real_tools.

    python make_anndata.py rank         with Scanpy and COSG: scanpy.h5ad, a key of uns a call, the frame of each
                                        as CSV, ids.h5ad, and content.json
    python make_anndata.py write NAME   with any anndata, after that: anndata_NAME.h5ad, from content.json
    python make_anndata.py zarr NAME FORMAT  with anndata 0.11 or newer: NAME.zarr.zip, of Zarr 2 or 3, from the
                                        .h5ad file of 0.10.9; what it has of 3 is in shards, X is sparse
    python make_anndata.py mudata NAME  with mudata: NAME.h5mu and NAME.zarr.zip, from the same file

README.md says which versions wrote the files that are here. Runs in environments of its own.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd

HERE = Path(__file__).parent
FIELDS = ("names", "scores", "logfoldchanges", "pvals", "pvals_adj")
warnings.filterwarnings("ignore")


def blood() -> ad.AnnData:
    """Log-normalized; clusters as categories that are numbers, cell types as text, one category without cells."""
    import scanpy as sc

    counts = pd.read_csv(HERE.parent / "real_tools" / "counts.csv", index_col=0).T.iloc[::2, ::3]
    cells = pd.read_csv(HERE.parent / "real_tools" / "cells.csv", index_col=0, dtype=str).iloc[::2]
    adata = ad.AnnData(
        counts.to_numpy(dtype="float32").copy(),
        obs=pd.DataFrame(index=cells.index),
        var=pd.DataFrame(index=counts.columns),
    )
    names = [*dict.fromkeys(cells["cluster"]), "empty"]
    adata.obs["cell_type"] = pd.Categorical(cells["cluster"], categories=names)
    adata.obs["leiden"] = pd.Categorical([names.index(name) for name in cells["cluster"]], categories=range(len(names)))
    adata.obs["batch"] = ["one" if number % 2 else "two" for number in range(adata.n_obs)]
    adata.var["gene_ids"] = [f"ENSG{number:011d}" for number in range(adata.n_vars)]
    adata.var["symbol"] = adata.var_names.astype(str)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata


def rank() -> None:
    import cosg
    import scanpy as sc

    adata = blood()
    adata.raw = adata
    adata = adata[:, ::2].copy()
    first, second, *_ = adata.obs["cell_type"].cat.categories
    calls: dict[str, dict[str, Any]] = {
        "wilcoxon_pts": {"method": "wilcoxon", "pts": True},
        "wilcoxon_ties": {"method": "wilcoxon", "tie_correct": True},
        "t_test": {"method": "t-test"},
        "t_test_overestim_var": {"method": "t-test_overestim_var", "corr_method": "bonferroni"},
        "logreg": {"method": "logreg", "max_iter": 200},
        "logreg_reference": {"method": "logreg", "reference": first},
        "reference": {"method": "wilcoxon", "reference": first, "pts": True},
        "subset": {"method": "wilcoxon", "groups": [first, second], "pts": True},
        "subset_reference": {"method": "t-test", "groups": [second], "reference": first},
        "n_genes": {"method": "t-test", "n_genes": 10},
        "rankby_abs": {"method": "t-test", "rankby_abs": True},
        "not_raw": {"method": "wilcoxon", "use_raw": False, "pts": True},
    }
    for key, options in calls.items():
        sc.tl.rank_genes_groups(adata, "cell_type", key_added=key, **options)
    sc.tl.rank_genes_groups(adata, "leiden", key_added="numbers", method="t-test")
    cosg.cosg(adata, key_added="cosg", groupby="cell_type", n_genes_user=10)
    ids = adata.raw.to_adata()
    ids.var_names = ids.var["gene_ids"].tolist()
    sc.tl.rank_genes_groups(ids, "cell_type", method="t-test")
    ids.write_h5ad(HERE / "ids.h5ad")
    adata.write_h5ad(HERE / "scanpy.h5ad")
    for key in [*calls, "numbers"]:
        sc.get.rank_genes_groups_df(adata, None, key=key).to_csv(HERE / f"{key}.csv", index=False)
    content(adata)


def content(adata: ad.AnnData) -> None:
    found = adata.uns["wilcoxon_pts"]
    groups = list(found["names"].dtype.names)
    (HERE / "content.json").write_text(
        json.dumps(
            {
                "cells": list(adata.obs_names),
                "genes": list(adata.raw.var_names),
                "values": np.asarray(adata.raw.X).round(4).tolist(),
                "cell_type": list(adata.obs["cell_type"]),
                "categories": list(adata.obs["cell_type"].cat.categories),
                "ranked": {name: {group: found[name][group].tolist() for group in groups} for name in FIELDS},
                "pts": {name: found[name].to_dict("list") for name in ("pts", "pts_rest")},
            }
        )
    )


def write(name: str) -> None:
    told = json.loads((HERE / "content.json").read_text())
    cell_type = pd.Categorical(told["cell_type"], categories=told["categories"])
    obs = pd.DataFrame({"cell_type": cell_type, "n": np.arange(len(cell_type))}, index=told["cells"])
    var = pd.DataFrame({"symbol": told["genes"]}, index=told["genes"])
    adata = ad.AnnData(np.array(told["values"], "float32"), obs=obs, var=var)
    types = {"names": "O", "scores": "f4", "logfoldchanges": "f4", "pvals": "f8", "pvals_adj": "f8"}
    ranked: dict[str, Any] = {
        "params": {
            "groupby": "cell_type",
            "reference": "rest",
            "method": "wilcoxon",
            "use_raw": True,
            "corr_method": "benjamini-hochberg",
        }
    }
    for field, fields in told["ranked"].items():
        dtype = [(group, types[field]) for group in fields]
        ranked[field] = np.rec.fromarrays([np.array(values, types[field]) for values in fields.values()], dtype=dtype)
    for field, columns in told["pts"].items():
        ranked[field] = pd.DataFrame(columns, index=told["genes"])
    adata.uns["rank_genes_groups"] = ranked
    adata.write_h5ad(HERE / f"anndata_{name}.h5ad")


def zarr(name: str, zarr_format: int) -> None:
    from scipy.sparse import csr_matrix

    adata = ad.read_h5ad(HERE / "anndata_0.10.9.h5ad")
    if zarr_format == 3:
        ad.settings.zarr_write_format = 3
        ad.settings.auto_shard_zarr_v3 = True
        adata.X = csr_matrix(adata.X)
    with tempfile.TemporaryDirectory() as folder:
        adata.write_zarr(Path(folder) / f"{name}.zarr")
        pack(Path(folder) / f"{name}.zarr")


def mudata(name: str) -> None:
    """Two modalities, of which one has ranked genes; clusters of the other in the column of both only."""
    from mudata import MuData

    rna = ad.read_h5ad(HERE / "anndata_0.10.9.h5ad")
    adt = ad.AnnData(np.ones((rna.n_obs, 2), "float32"), obs=pd.DataFrame(index=rna.obs_names))
    adt.var_names = ["CD3", "CD19"]
    adt.obs["kind"] = pd.Categorical(["a", "b"] * (rna.n_obs // 2))
    both = MuData({"rna": rna, "adt": adt})
    both.obs["joint"] = pd.Categorical(rna.obs["cell_type"].astype(str).to_numpy())
    both.write(HERE / f"{name}.h5mu")
    with tempfile.TemporaryDirectory() as folder:
        both.write_zarr(Path(folder) / f"{name}.zarr")
        pack(Path(folder) / f"{name}.zarr")


def pack(store: Path) -> None:
    """A Zarr store as one small file, beside the others."""
    shutil.make_archive(str(HERE / store.name), "zip", store)


if __name__ == "__main__":
    command, *given = sys.argv[1:]
    if command == "rank":
        rank()
    elif command == "write":
        write(*given)
    elif command == "zarr":
        zarr(given[0], int(given[1]))
    else:
        mudata(*given)
