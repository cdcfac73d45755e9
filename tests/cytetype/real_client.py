"""The CyteType client as its users call it, in an environment of its own: a run over the bundled PBMC file.

    python real_client.py H5AD URL TOKEN OUTPUT

Writes what the run stored in the AnnData as JSON.
"""

import json
import sys

import anndata
import numpy as np
from cytetype import CyteType

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


path, url, token, output = sys.argv[1:]
adata = anndata.read_h5ad(path)
adata.var["gene_symbols"] = adata.var_names
adata.uns["rank_genes_groups"] = ranked(adata, "louvain")
annotator = CyteType(adata, group_key="louvain", gene_symbols_column="gene_symbols", api_url=url, auth_token=token)
adata = annotator.run(study_context="blood", poll_interval_seconds=1, show_progress=False)
stored = {name: list(adata.obs[name].cat.categories) for name in adata.obs if name.startswith("cytetype_")}
result = json.loads(adata.uns["cytetype_results"]["result"])
details = dict(adata.uns["cytetype_jobDetails"])
with open(output, "w") as out:
    json.dump({"obs": stored, "annotations": result["annotations"], "details": details}, out)
