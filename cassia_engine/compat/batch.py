"""`runCASSIA_batch` and `loadmarker` of CASSIA, with the documented arguments and defaults."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.api import OF_ANNOTATE, OF_SPLIT, OWN, annotate, in_thread
from cassia_engine.arguments import complete, refuse_unknown
from cassia_engine.callers import Caller, called_from
from cassia_engine.compat.arguments import MODEL, OPENROUTER, effort_of, model_of, say_without_effect
from cassia_engine.errors import ArgumentError, UsageError
from cassia_engine.markers import Table
from cassia_engine.progress import messages
from cassia_engine.records import OFFLINE

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

# The example tables by the names of CASSIA's documentation, and by the one that its code has for the last.
EXAMPLES = {
    "processed": "large_intestine_processed.csv",
    "unprocessed": "large_intestine_seurat.csv.gz",
    "subcluster": "subcluster_seurat.csv.gz",
    "subcluster_results": "subcluster_seurat.csv.gz",
}


class _Default(str):
    """A text that is the default of an argument, to be told from the same text that a person gives."""

    __slots__ = ()


TISSUE = _Default("lung")
# Arguments of language models, of references, and others that mean nothing here.
OF_MODELS = (
    "model",
    "temperature",
    "max_workers",
    "max_retries",
    "validator_involvement",
    "reasoning",
    "proxy",
)
OF_REFERENCES = ("use_reference", "reference_model")
IDLE = ("validate_api_key_before_start", "auto_convert_ids")


@complete((*OF_SPLIT, *OF_ANNOTATE, *OWN))
def runCASSIA_batch(
    marker: Table | Sequence[Path | str],
    output_name: Path | str = "cell_type_analysis_results",
    n_genes: int = 50,
    model: str = MODEL,
    temperature: float = 0,
    tissue: str = TISSUE,
    species: str = "human",
    additional_info: str | None = None,
    celltype_column: str | None = None,
    gene_column_name: str | None = None,
    max_workers: int = 4,
    provider: str = OPENROUTER,
    max_retries: int = 1,
    ranking_method: str = "avg_log2FC",
    ascending: bool | None = None,
    validator_involvement: str = "v1",
    reasoning: str | Mapping[str, str] | None = None,
    use_reference: bool = False,
    reference_model: str | None = None,
    verbose: bool = True,
    validate_api_key_before_start: bool = True,
    auto_convert_ids: bool = True,
    proxy: str | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Annotate the clusters of a marker table and write its outputs, with CASSIA's arguments in their order.

    The outputs are `{output_name}_summary.csv`, `_full.csv`, `_conversations.json`, `_report.html` and others, exactly
    where the name says.

    Args:
        marker: a file, several of one sample, a DataFrame, a list of rows, a dict of lists or of DataFrames, or
            Scanpy's `names`, as for `read_markers`.
        output_name: what the names of the outputs start with, with a folder in front if you like.
        celltype_column, gene_column_name: names of the cluster and gene columns, where they are others.
        tissue: in your words, "none" for none. Without it it is CASSIA's default, "lung", which a warning says.
        model, provider: who is asked. "offline" asks no language model. The documented default stands for the
            provider's default as of the day: itself for openrouter, until its maker no longer serves it.
        temperature: sent to models that take it.
        max_workers: calls in flight at once.
        max_retries: further conversations for a cluster that ended without an annotation.
        ranking_method: avg_log2FC, p_val_adj, pct_diff or Score; `ascending` overrides its direction.
        validator_involvement: "v1" for a second opinion where there is doubt, "v0" for one on every cluster and a
            strict review.
        reasoning: low, medium or high, or a mapping with that as "effort".
        verbose: show a bar, and say at the end what came out.
        validate_api_key_before_start: without effect: a key is looked for before the start, and the first call that
            is refused ends the run.
        use_reference, reference_model: not part of cassia; said if given.
        auto_convert_ids: without effect; tables with Ensembl or Entrez ids need `gene_map`.
        proxy: URL of a proxy for all calls.
        **options: what `annotate` takes besides, such as gene_map, min_pct, base_url or api_key. `gene_filter` is
            "none" unless given, so that the same genes are shown as by CASSIA.

    Returns:
        The summary, a row a cluster; see `annotate`.

    Raises:
        UsageError: something given cannot be used; says what, where and what to do.
    """
    given = locals()
    with called_from(Caller.CASSIA):
        refuse_unknown(
            options, (*inspect.signature(runCASSIA_batch).parameters, *OF_SPLIT, *OF_ANNOTATE, *OWN), "runCASSIA_batch"
        )
        effort = effort_of(reasoning)
    offline = provider == OFFLINE
    for names, why in (
        (OF_MODELS * offline, f'provider="{OFFLINE}" asks no language model'),
        (OF_REFERENCES, "references are not part of cassia"),
        (IDLE, ""),
    ):
        say_without_effect(runCASSIA_batch, names, given, why, verbose)
    with messages(verbose):
        if isinstance(tissue, _Default):
            log.warning(
                'no tissue was given: tissue="%s" is taken, the default of CASSIA; name yours, or give tissue="none"',
                tissue,
            )
    asked = (
        {}
        if offline
        else {
            "model": model_of(model),
            "temperature": temperature,
            "max_workers": max_workers,
            "max_retries": max_retries,
            "validator_involvement": validator_involvement,
            "reasoning": effort,
            "proxy": proxy,
        }
    )
    columns = {"cluster_column": celltype_column, "gene_column": gene_column_name}
    own = {"cluster_column": "celltype_column", "gene_column": "gene_column_name"}
    if twice := [name for name, value in columns.items() if value is not None and name in options]:
        raise ArgumentError(f"{twice[0]} is another name of {own[twice[0]]}; give one of them", code="argument-twice")
    with called_from(Caller.CASSIA):
        return annotate(
            marker,
            tissue=str(tissue) if isinstance(tissue, _Default) else tissue,
            species=species,
            additional_info=additional_info or "",
            provider=provider,
            output_name=output_name,
            show_progress=verbose,
            n_genes=n_genes,
            ranking_method=ranking_method,
            ascending=ascending,
            **{"gene_filter": "none", **columns, **asked, **options},
        )


async def runCASSIA_batch_async(marker: Any, *arguments: Any, **options: Any) -> pd.DataFrame:
    """`runCASSIA_batch` for code with an event loop: it works in a thread, and does not block the loop."""
    return await in_thread(runCASSIA_batch, marker, *arguments, **options)


def loadmarker(marker_type: str = "processed") -> pd.DataFrame:
    """An example marker table, from CASSIA (MIT licence).

    Args:
        marker_type: "unprocessed" is human large intestine by Seurat's FindAllMarkers, "processed" the best genes
            of its clusters, a cluster a row; "subcluster" is a population's subclusters by FindAllMarkers.

    Returns:
        The table as it is in the file, without row names; clusters and genes as text.

    Raises:
        UsageError: there is no such example.
    """
    import pandas as pd

    if marker_type not in EXAMPLES:
        raise UsageError(f"marker_type {marker_type!r}: expected one of {', '.join(EXAMPLES)}", code="example-unknown")
    with as_file(files("cassia_engine") / "data" / "examples" / EXAMPLES[marker_type]) as path:
        table = pd.read_csv(path, dtype={"cluster": str}, keep_default_na=False)
    return table.loc[:, [not column.startswith("Unnamed:") for column in table.columns]]
