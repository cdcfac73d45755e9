"""Makes an .h5ad file that CELLxGENE takes, without cell types, or validates some: in the environment of its schema.

make_cellxgene.py OUT
make_cellxgene.py validate FILES... (a line each: the path, whether it is valid, and its errors, as JSON)
"""

from __future__ import annotations

import json
import sys

import anndata
import numpy as np
import pandas as pd
import scipy.sparse
from cellxgene_schema.validate import validate

GENES = ["ENSG00000105369", "ENSG00000156738", "ENSG00000167286", "ENSG00000153563"]
CELLS = {
    "assay_ontology_term_id": "EFO:0009922",
    "development_stage_ontology_term_id": "unknown",
    "disease_ontology_term_id": "PATO:0000461",
    "donor_id": "donor",
    "self_reported_ethnicity_ontology_term_id": "unknown",
    "sex_ontology_term_id": "PATO:0000383",
    "suspension_type": "cell",
    "tissue_ontology_term_id": "UBERON:0000178",
    "tissue_type": "tissue",
}


def make(path: str) -> None:
    clusters = ["T", "odd", "failed", "other", None] * 5
    n_cells = len(clusters)
    columns = {name: pd.Categorical([value] * n_cells) for name, value in CELLS.items()}
    obs = pd.DataFrame(
        {"leiden": pd.Categorical(clusters), "is_primary_data": False, **columns},
        index=[f"cell{n}" for n in range(n_cells)],
    )
    var = pd.DataFrame({"feature_is_filtered": False}, index=GENES)
    counts = np.arange(1, n_cells * len(GENES) + 1, dtype=np.float32).reshape(n_cells, len(GENES))
    anndata.AnnData(
        scipy.sparse.csr_matrix(counts),
        obs=obs,
        var=var,
        obsm={"X_umap": np.random.default_rng(0).random((n_cells, 2))},
        uns={"title": "cells", "organism_ontology_term_id": "NCBITaxon:9606"},
    ).write_h5ad(path)


if sys.argv[1] == "validate":
    for given in sys.argv[2:]:
        valid, errors, _ = validate(given)
        print(json.dumps([given, valid, errors]))
else:
    make(sys.argv[1])
