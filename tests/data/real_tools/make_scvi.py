"""Write what scvi-tools writes, from counts.csv and cells.csv. Run: pip install scvi-tools==1.5.1; python make_scvi.py

The model is tiny and trained for seconds: its numbers are poor, its columns and signs are those of any other.
"""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import pandas as pd
import scvi

HERE = Path(__file__).parent


def main() -> None:
    scvi.settings.seed = 0
    counts = pd.read_csv(HERE / "counts.csv", index_col=0).T
    cells = pd.read_csv(HERE / "cells.csv", index_col=0, dtype=str)
    adata = ad.AnnData(counts.to_numpy(dtype="float32").copy(), obs=cells, var=pd.DataFrame(index=list(counts.columns)))
    adata.obs["cluster"] = adata.obs["cluster"].astype("category")
    scvi.model.SCVI.setup_anndata(adata)
    model = scvi.model.SCVI(adata, n_latent=5, n_hidden=32)
    model.train(max_epochs=150, accelerator="cpu", enable_progress_bar=False)
    found = model.differential_expression(groupby="cluster")
    found.to_csv(HERE / "scvi_differential_expression.csv", float_format="%.5g")
    found[found["group1"] == "1"].to_csv(HERE / "scvi_one_comparison.csv", float_format="%.5g")


if __name__ == "__main__":
    main()
