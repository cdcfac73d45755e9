"""CASSIA's annotation boost: its calls, with what `boost` does."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.arguments import complete, refuse_unknown
from cassia_engine.boosting.boosted import Boost
from cassia_engine.boosting.in_python import OPTIONS, boost
from cassia_engine.boosting.outputs import lines
from cassia_engine.callers import Caller, called_from
from cassia_engine.compat.arguments import OPENROUTER, effort_of, model_of, say_without_effect
from cassia_engine.markers import Table

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

# Without effect here: earlier answers are read from the summary, and there is one search strategy and one report.
IDLE = (
    *("conversation_history_mode", "search_strategy", "report_style", "validator_involvement"),
    *("conversations_json_path", "auto_convert_ids"),
)
# What `boost` takes besides, but what this call names otherwise.
OWN = tuple(
    name
    for name in (*OPTIONS, "additional_info", "api_key", "fresh", "show_progress")
    if name not in ("max_rounds", "temperature", "reasoning", "provider", "model")
)


@complete(OPTIONS)
def runCASSIA_annotationboost(
    full_result_path: Path | str | pd.DataFrame,
    marker: Table,
    cluster_name: str,
    major_cluster_info: str,
    output_name: Path | str,
    num_iterations: int = 5,
    model: str | None = None,
    provider: str = OPENROUTER,
    temperature: float = 0,
    conversation_history_mode: str = "final",
    search_strategy: str = "breadth",
    report_style: str = "per_iteration",
    validator_involvement: str = "v1",
    conversations_json_path: str = "auto",
    species: str = "human",
    auto_convert_ids: bool = True,
    reasoning: str | Mapping[str, str] | None = None,
    **options: Any,
) -> tuple[str, list[dict[str, str]]]:
    """Look into one cluster whose label is in doubt, with CASSIA's arguments in their order.

    The outputs are `{output_name}_boost.json` and `{output_name}_boost.html`.

    Args:
        full_result_path: the summary of runCASSIA_batch, or its DataFrame.
        marker: the whole marker table, in any form that `annotate` takes.
        cluster_name: the cluster's id.
        major_cluster_info: tissue and what else is known of the data, in your words, such as "Human PBMC".
        num_iterations: the most rounds in which genes are looked up.
        model, provider, temperature, reasoning: who is asked and how, as for runCASSIA_batch.
        species: human or mouse, or another one.
        conversation_history_mode, search_strategy, report_style, validator_involvement, conversations_json_path,
            auto_convert_ids: without effect; said if given.
        **options: what `boost` takes besides, such as additional_info, gene_map or base_url.

    Returns:
        The answer in a few lines, and the messages of the conversation, each with its role and content.

    Raises:
        UsageError: something given cannot be used; says what, where and what to do.
    """
    say_without_effect(runCASSIA_annotationboost, IDLE, locals())
    with called_from(Caller.CASSIA):
        refuse_unknown(options, OWN, "runCASSIA_annotationboost")
        found = boost(
            marker,
            cluster=cluster_name,
            tissue=major_cluster_info,
            species=species,
            provider=provider,
            model=model_of(model),
            summary=full_result_path,
            output_name=output_name,
            max_rounds=num_iterations,
            temperature=temperature,
            reasoning=effort_of(reasoning),
            **options,
        )
    return "\n".join(lines(found)), _messages(found)


@complete(OPTIONS)
def runCASSIA_annotationboost_additional_task(
    full_result_path: Path | str | pd.DataFrame,
    marker: Table,
    cluster_name: str,
    major_cluster_info: str,
    output_name: Path | str,
    num_iterations: int = 5,
    model: str | None = None,
    provider: str = OPENROUTER,
    additional_task: str = "",
    **options: Any,
) -> tuple[str, list[dict[str, str]]]:
    """`runCASSIA_annotationboost`, with a question that the model is shown as what a person says of the data."""
    info = " ".join(filter(None, (options.pop("additional_info", ""), additional_task)))
    return runCASSIA_annotationboost(
        full_result_path,
        marker,
        cluster_name,
        major_cluster_info,
        output_name,
        num_iterations,
        model,
        provider,
        additional_info=info,
        **options,
    )


def _messages(found: Boost) -> list[dict[str, str]]:
    return [{"role": one.role, "content": one.text} for one in found.boosted.turns]
