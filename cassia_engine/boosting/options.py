"""The options of an investigation, for the command line and for Python."""

from __future__ import annotations

# Those of SplitSettings that say how clusters and genes are found and chosen.
OF_SPLIT = (
    *("marker_format", "n_genes", "max_p_val_adj", "min_log2fc", "min_pct", "ranking_method", "ascending"),
    *("cluster_column", "gene_column", "log2fc_column", "p_val_adj_column", "score_column", "pct_in_column"),
    *("pct_out_column", "group_key", "rank_key", "rank", "gene_symbols_column", "modality", "table", "gene_map"),
    *("cluster_context", "gene_filter", "max_table_size", "allow_unknown_genes"),
)
# Those of AnnotateSettings that say who is asked and how.
OF_ANNOTATE = (
    *("provider", "model", "base_url", "command", "depth", "hide_fractions", "max_rounds", "reasoning", "temperature"),
    *("max_cost", "price_in", "price_out", "journal_dir", "timeout", "proxy", "trust_env", "allow_http", "air_gap"),
)
PROVIDER = "Who is asked: a provider that `cassia providers` lists, or the URL of an API in OpenAI's form."
ROUNDS = "The most rounds in which genes are looked up."
