"""Column names that tools and people use for clusters and for genes, in lower case."""

from __future__ import annotations

from cassia_engine import package_data


def _further(what: str) -> tuple[str, ...]:
    """Further names, also in other languages, of columns that hold this: "cluster" or "gene"."""
    return tuple(name for name, holds in package_data.rows("column_names.tsv") if holds == what)


# Scanpy, Seurat, CellTypist, monocle3, CellMarker, decoupler, and what people type, the surest first.
CLUSTER_HEADERS = (
    "cluster",
    "clusters",
    "cluster_id",
    "clusterid",
    "cluster id",
    "leiden",
    "louvain",
    "seurat_clusters",
    "seurat_cluster",
    "cluster_name",
    "cluster_label",
    "cell_cluster",
    "subcluster",
    "ident",
    "identity",
    "idents",
    "cell_type",
    "celltype",
    "cell type",
    "cell_types",
    "celltypes",
    "cell_label",
    "subclass",
    "subtype",
    "cell_group",
    "cellgroup",
    "annotation",
    "annotations",
    "group",
    "groups",
    "cell",
    *_further("cluster"),
)
# A network of decoupler: of what each gene is a marker, and the gene.
NETWORK = ("source", "target")
# How the names of clusterings start that carry their resolution: leiden_0.5, RNA_snn_res.0.8.
CLUSTER_PREFIXES = ("leiden", "louvain", "rna_snn_res", "sct_snn_res", "integrated_snn_res", "wsnn_res", "snn_res")
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
    *_further("gene"),
)
# Columns of symbols beside one of ids, the surest first.
SYMBOL_HEADERS = (
    "symbol",
    "symbols",
    "gene_symbol",
    "gene_symbols",
    "hgnc_symbol",
    "mgi_symbol",
    "feature_name",
    "gene_short_name",
    "gene_name",
    "gene_names",
    "external_gene_name",
    "gene",
    "genes",
    "features",
    "name",
    "names",
)
# Columns of ids, which name the genes where there are no symbols.
ID_HEADERS = (
    "gene_id",
    "gene_ids",
    "geneid",
    "primerid",
    "feature_id",
    "featurekey",
    "ensembl",
    "ensembl_id",
    "ensembl_gene_id",
    "ensembl_gene",
    "id",
    "rowname",
    "row_names",
    "index",
)
