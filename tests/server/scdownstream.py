"""nf-core/scdownstream's module CYTETYPE, as far as it calls the client: modules/local/cytetype, templates/cytetype.py.

    python scdownstream.py H5AD OUTPUT

The module has no parameter for the server's address: CYTETYPE_API_URL says it, and CYTETYPE_API_KEY the token.
"""

import json
import os
import sys

import scanpy as sc
from cytetype import CyteType

path, output = sys.argv[1:]
adata = sc.read_h5ad(path)
sc.tl.rank_genes_groups(adata, "louvain", method="t-test", key_added="ranked", use_raw=False)
annotator = CyteType(
    adata, group_key="louvain", rank_key="ranked", auth_token=os.environ.get("CYTETYPE_API_KEY", "").strip() or None
)
adata = annotator.run(study_context="human blood", show_progress=False, timeout_seconds=7200, require_artifacts=True)
names = [f"cytetype_{name}_louvain" for name in ("annotation", "cellOntologyTerm", "cellOntologyTermID", "cellState")]
with open(output, "w") as out:
    json.dump({name: adata.obs[name].astype(str).tolist() for name in names}, out)
