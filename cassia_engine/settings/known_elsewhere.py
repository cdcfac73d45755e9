"""What other tools call our parameters, for those who write one of their names."""

from __future__ import annotations

from collections.abc import Mapping

# By what it is called elsewhere: Scanpy, CellTypist, CyteType, scvi-tools, CASSIA and others.
MEANT: Mapping[str, str] = {
    **dict.fromkeys(("cluster_key", "clusters_key", "groupby", "group_by", "over_clustering"), "group_key"),
    **dict.fromkeys(("obs_key", "obs_column", "cluster_col", "leiden_key", "groups_key", "grouping"), "group_key"),
    **dict.fromkeys(("rank_genes_key", "rank_genes_groups_key", "de_key", "uns_key"), "rank_key"),
    **dict.fromkeys(("gene_symbols", "symbols_column", "gene_symbol_column"), "gene_symbols_column"),
    **dict.fromkeys(("basis", "embedding", "obsm_key", "coordinates"), "coordinates_key"),
    **dict.fromkeys(("labels_key", "label_key", "labels_column", "annotation_column"), "label_column"),
    **dict.fromkeys(("witnesses", "predicted_labels", "majority_voting"), "witness"),
    "celltype_column": "cluster_column",
    "gene_column_name": "gene_column",
    "organism": "species",
    "sample": "name",
}
