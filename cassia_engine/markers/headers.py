"""Column names that tools and people use for clusters and for genes, in lower case."""

from __future__ import annotations

# Scanpy, Seurat, CellTypist, monocle3, CellMarker, decoupler, and what people type.
CLUSTER_HEADERS = (
    "cluster",
    "clusters",
    "cluster_id",
    "clusterid",
    "cluster id",
    "group",
    "groups",
    "leiden",
    "louvain",
    "seurat_clusters",
    "ident",
    "cell",
    "cell_type",
    "celltype",
    "cell type",
    "cell_group",
    "cellgroup",
    "annotation",
)
GENE_HEADERS = (
    "gene",
    "genes",
    "names",
    "name",
    "feature",
    "features",
    "marker",
    "markers",
    "symbol",
    "symbols",
    "gene_symbol",
    "genesymbol",
    "gene symbol",
    "gene_name",
    "genename",
    "gene name",
    "gene_short_name",
    "hgnc_symbol",
    "mgi_symbol",
    "feature_name",
    "featurename",
    "feature name",
)
