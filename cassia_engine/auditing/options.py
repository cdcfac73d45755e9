"""The options of an audit, for the command line and for Python."""

from __future__ import annotations

# Those of SplitSettings that say how clusters and genes are found and chosen.
OPTIONS = (
    *("group_key", "rank_key", "rank", "gene_symbols_column", "modality", "table"),
    *("cluster_column", "gene_column", "gene_map", "n_genes", "max_p_val_adj", "min_log2fc", "min_pct"),
    "allow_unknown_genes",
)
