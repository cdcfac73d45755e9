"""What CASSIA 1.4.0 has and cassia does not, with the nearest thing here, for scripts written for it.

Its subcommands stand in `cli.other_cassia`. docs/differences.md has the same as a table, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping

from cassia_engine.errors import CassiaError

# Functions of the package, by the nearest thing here.
_FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "runCASSIA_batch on a table of one row": ("runCASSIA", "run_multi_analysis", "validate_runCASSIA_inputs"),
    "runCASSIA_batch; its summary has Score, Confidence and Evidence Genes, and its report lists what needs review": (
        *(
            "runCASSIA_pipeline",
            "runCASSIA_score_batch",
            "score_batch",
            "score_annotation_batch",
            "score_single_analysis",
        ),
        *("prompt_creator_score", "extract_score_and_reasoning"),
    ),
    "the report that runCASSIA_batch writes, {output_name}_report.html": (
        *(
            "runCASSIA_generate_score_report",
            "generate_score_report",
            "generate_html_report",
            "generate_score_index_page",
        ),
        *("generate_analysis_html_report", "generate_batch_html_report_from_data", "generate_subclustering_report"),
        *("generate_uq_html_report", "process_single_report"),
    ),
    "boost, or runCASSIA_annotationboost": ("annotationboost", "iterative_marker_analysis"),
    "runCASSIA_annotationboost_additional_task": ("additional_task",),
    "subcluster, or runCASSIA_subclusters": (
        *(
            "runCASSIA_subclustering",
            "runCASSIA_n_subcluster",
            "subclusters",
            "annotate_subclusters",
        ),
        *("runCASSIA_annotate_subclusters", "runCASSIA_subclusters_auto_split", "runCASSIA_subclustering_auto_split"),
        "compute_subcluster_marker_sets",
    ),
    'runCASSIA_batch with votes=5, or with models="A,B"; its summary has Votes and Agreement': (
        *("runCASSIA_n_times", "runCASSIA_batch_n_times", "runCASSIA_similarity_score_batch", "similarity_score"),
        *("runCASSIA_n_times_similarity_score", "summarize_runs", "calculate_evaluation_metrics"),
    ),
    "the ranked types in the report, each with its evidence and conflicting genes": (
        "runCASSIA_compareCelltypes",
        "compareCelltypes",
        "symphonyCompare",
        "SymphonyCompare",
    ),
    "the column Predicted Detailed Cell Type of the summary: ranked types, best first": (
        *("runCASSIA_hypothesis", "hypothesis", "generate_hypothesis", "run_hypothesis_analysis"),
        "summarize_hypothesis_runs",
    ),
    "additional_info in your words, and knowledge=... with markers of your own (offline)": (
        *("runCASSIA_with_reference", "runCASSIA_batch_with_reference", "ReferenceAgent", "get_reference_content"),
        *("select_references", "select_references_llm", "format_reference_for_prompt"),
    ),
    "label(adata, summary, group_key=...), in docs/scanpy.md": ("add_cassia_to_anndata",),
    "sc.tl.rank_genes_groups(..., pts=True), then sc.get.rank_genes_groups_df(adata, None): it is read as it is": (
        "enhance_scanpy_markers",
    ),
    "read_markers, which checks a table and chooses the markers of each cluster": (
        "get_top_markers",
        "split_markers",
        "process_marker_file",
        "validate_marker_dataframe",
        "validate_marker_list",
    ),
    'loadmarker("processed"), loadmarker("unprocessed") or loadmarker("subcluster")': ("list_available_markers",),
    "api_key=..., or the provider's environment variable, such as OPENROUTER_API_KEY": (
        "set_api_key",
        "set_openai_api_key",
        "set_anthropic_api_key",
        "set_openrouter_api_key",
        "get_free_api_key",
    ),
    "proxy=..., or trust_env=True for HTTPS_PROXY": ("set_proxy", "get_proxy"),
    "provider=... and model=... of runCASSIA_batch": ("set_model_provider", "call_llm"),
    "`cassia-engine providers`, which says which keys are set, and tries one": (
        "validate_api_keys",
        "clear_validation_cache",
        "validate_provider",
    ),
    "gene_map=..., a table of id and symbol": ("convert_gene_ids", "convert_dataframe_gene_ids", "is_mygene_available"),
    "`cassia-engine models`": (
        *("print_available_models", "print_available_aliases", "get_available_aliases", "get_recommended_model"),
        *("resolve_model_name", "validate_model", "ModelSettings"),
    ),
    'provider="offline", which asks no language model, or provider="ollama" for one on your machine': (
        *("is_free_api_available", "is_using_free_api", "get_free_api_info", "get_free_api_usage"),
        *("get_remaining_free_clusters", "clear_free_api_cache", "FREE_API_PROVIDERS", "MAX_FREE_CLUSTERS"),
    ),
    "`cassia-engine journal`, which says what was asked and what it cost": (
        "get_llm_usage_log",
        "get_llm_usage_summary",
        "reset_llm_usage_log",
    ),
    "Python's logging: the loggers are those of cassia_engine": ("get_logger", "set_log_level"),
}
FUNCTIONS: Mapping[str, str] = {name: nearest for nearest, names in _FUNCTIONS.items() for name in names}


class UnavailableError(CassiaError, AttributeError):
    """CASSIA has this name and cassia does not; the message names the nearest thing here."""

    exit_code = 2
    code = "not-available"


def line_of(name: str, nearest: str) -> str:
    return f"{name} is in CASSIA and not in cassia; nearest here: {nearest}"
