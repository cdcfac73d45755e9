"""CASSIA's subclustering: its call, with what `subcluster` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cassia_engine.api import OF_ANNOTATE, OF_SPLIT
from cassia_engine.arguments import complete, refuse_unknown
from cassia_engine.callers import Caller, called_from
from cassia_engine.compat.arguments import OPENROUTER, model_of
from cassia_engine.markers import Table
from cassia_engine.subclustering.in_python import subcluster

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


# What `subcluster` takes besides, but what this call names otherwise.
OWN = tuple(
    name
    for name in (*OF_SPLIT, *OF_ANNOTATE, "api_key", "fresh", "show_progress")
    if name not in ("n_genes", "temperature", "provider", "model")
)


@complete((*OF_SPLIT, *OF_ANNOTATE))
def runCASSIA_subclusters(
    marker: Table,
    major_cluster_info: str,
    output_name: Path | str,
    model: str | None = None,
    temperature: float | None = None,
    provider: str = OPENROUTER,
    n_genes: int = 50,
    tissue: str | None = None,
    species: str | None = None,
    additional_context: str | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Annotate the subclusters of one population, with CASSIA's arguments in their order.

    The outputs are those of a run, and `{output_name}_subclusters.csv`.

    Args:
        marker: the marker table of the subclusters, in any form that `annotate` takes.
        major_cluster_info: the cell type of the whole population, such as "CD8 T cell".
        tissue, species: "none" and "human" unless given.
        additional_context: what else is known of the data, in your words.
        **options: what `subcluster` takes besides, such as gene_map or base_url.

    Returns:
        One row per cluster; see `subcluster`.

    Raises:
        UsageError: something given cannot be used; says what, where and what to do.
    """
    with called_from(Caller.CASSIA):
        refuse_unknown(options, OWN, "runCASSIA_subclusters")
        return subcluster(
            marker,
            major_cluster=major_cluster_info,
            tissue=tissue or "none",
            species=species or "human",
            additional_info=additional_context or "",
            provider=provider,
            model=model_of(model),
            output_name=output_name,
            n_genes=n_genes,
            temperature=temperature,
            **options,
        )
