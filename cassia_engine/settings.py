"""Every default, once. The command line, the pipeline's parameters and the Python functions take theirs from here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from pathlib import Path

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError, did_you_mean, shown
from cassia_engine.records import OFFLINE
from cassia_engine.secret import Secret

# Those between "auto" and "long" are the rows of `markers.tools`, which a test compares.
MARKER_FORMATS = (
    *("auto", "seurat", "scanpy", "presto", "seurat_conserved", "seurat_roc", "seurat_avg_diff", "scran"),
    *("scran_wilcox", "scran_log_p", "scran_stats", "scran_wilcox_stats", "scran_scores", "scvi", "scvi_vanilla"),
    *("monocle3", "pegasus", "decoupler", "scanpy_scores"),
    *("muscat", "limma", "edger", "deseq2", "mast", "generic", "long", "simplified"),
)
RANKING_METHODS = ("avg_log2FC", "p_val_adj", "pct_diff", "Score")
# Options that say how a language model is asked. Not among them are those that a shared configuration may set for all
# runs, as they change no answer: journal_dir and max_workers.
OF_MODELS = (
    *("model", "base_url", "api_key", "validator_involvement", "max_rounds", "reasoning", "temperature"),
    *("max_retries", "retry_failed", "timeout", "proxy", "trust_env", "allow_http"),
)
GENE_FILTERS = ("technical", "none")
INVOLVEMENTS = ("v1", "v0")
_COLUMNS = (
    *("cluster_column", "gene_column", "log2fc_column", "p_val_adj_column", "score_column", "pct_in_column"),
    "pct_out_column",
)
REASONING = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class SplitSettings:
    """How markers are chosen from a table and dealt out to tasks.

    Attributes:
        marker_format: the table's format; "auto" recognises it by its columns.
        n_genes: the most markers a cluster gets; a cluster with fewer gets all that pass.
        max_p_val_adj: a marker's adjusted p value is below this.
        min_log2fc: its log2 fold change is above this.
        min_pct: it is expressed in at least this fraction of the cells inside or outside the cluster.
        chunk_size: clusters a task.
        ranking_method: the statistic that orders a cluster's markers. avg_log2FC, pct_diff (cells inside minus
            outside) and Score (Scanpy's `scores`) put the largest first, p_val_adj the smallest.
        ascending: True or False overrides that direction; None leaves it.
        cluster_column, gene_column: names of these columns, where a table has names of its own.
        log2fc_column, p_val_adj_column, score_column, pct_in_column, pct_out_column: names of these statistics, where
            a table has names of its own: log2 fold changes, adjusted p values, a score that is above 0 (an AUC: above
            0.5) where a gene is up, and fractions of cells, inside and outside of the cluster, that express it.
        gene_map: a table of two columns, gene id and symbol, for tables with Ensembl or Entrez ids.
        cluster_context: a table of two columns, cluster and text, what is known of single clusters.
        gene_filter: "technical" sets genes aside that tell little of a cell's type (ribosomal, mitochondrial and
            the like), and others take their places; "none" does not.
        allow_unknown_genes: go on where hardly any gene is known of the species, or where genes are ids.
        cluster_name: the id of the cluster of a table of one cluster, which has no column of clusters; None for the
            file's name.
        max_table_size: gigabytes of text that a table may have, unpacked.
        siblings: how many of the first genes of the other clusters a language model is shown, for contrast.
    """

    marker_format: str = "auto"
    n_genes: int = 50
    max_p_val_adj: float = 0.05
    min_log2fc: float = 0.25
    min_pct: float = 0.1
    chunk_size: int = 50
    ranking_method: str = "avg_log2FC"
    ascending: bool | None = None
    cluster_column: str | None = None
    gene_column: str | None = None
    log2fc_column: str | None = None
    p_val_adj_column: str | None = None
    score_column: str | None = None
    pct_in_column: str | None = None
    pct_out_column: str | None = None
    gene_map: Path | None = None
    cluster_context: Path | None = None
    gene_filter: str = "technical"
    allow_unknown_genes: bool = False
    siblings: int = 0
    cluster_name: str | None = None
    max_table_size: float = 4

    def __post_init__(self) -> None:
        for name in _COLUMNS:
            _text(name, getattr(self, name))
        _flag("allow_unknown_genes", self.allow_unknown_genes)
        _one_of("marker_format", self.marker_format, MARKER_FORMATS)
        _one_of("ranking_method", self.ranking_method, RANKING_METHODS)
        _one_of("gene_filter", self.gene_filter, GENE_FILTERS)
        _at_least("siblings", self.siblings, 0, Integral)
        _at_least("n_genes", self.n_genes, 1, Integral)
        _at_least("chunk_size", self.chunk_size, 1, Integral)
        _at_least("max_p_val_adj", self.max_p_val_adj, 0)
        _at_least("min_log2fc", self.min_log2fc, -math.inf)
        _at_least("min_pct", self.min_pct, 0)
        _at_least("max_table_size", self.max_table_size, 0)
        if self.cluster_name is not None and not str(self.cluster_name).strip():
            raise UsageError(f"{argument('cluster_name')} is empty; give the cluster a name")
        if self.ascending not in (None, True, False):
            raise UsageError(f"{option('ascending', self.ascending)}: expected True, False or None")

    @property
    def statistic_columns(self) -> dict[str, str]:
        """The statistics of `records.Marker` whose columns were named, each with its column."""
        named = {
            "log2fc": self.log2fc_column,
            "p_val_adj": self.p_val_adj_column,
            "score": self.score_column,
            "pct_in": self.pct_in_column,
            "pct_out": self.pct_out_column,
        }
        return {statistic: column for statistic, column in named.items() if column}


@dataclass(frozen=True, slots=True)
class AnnotateSettings:
    """Who annotates, and how. `OF_MODELS` are refused where no language model is asked, `knowledge` where one is.

    Attributes:
        provider: "offline" scores markers against the bundled knowledge and asks no language model; else a name of
            the providers' table, or the base URL of an API in OpenAI's form.
        knowledge: a table of the person's own markers, added to the bundled one; for "offline" only.
        model: the provider's name of a model; None for the provider's default.
        base_url: the API's URL, where it is not the provider's own.
        api_key: the key; None for that in the provider's usual environment variable.
        validator_involvement: "v1" moderate, "v0" strict: every claim is challenged.
        max_rounds: the most rounds of annotator and validator a conversation has.
        reasoning: low, medium or high; None leaves it to the model.
        temperature: 0 to 2; None leaves it to the model.
        max_workers: calls in flight at once; None for 16, or 1 where the server is on this machine.
        max_retries: further conversations for a cluster that ended without an annotation.
        journal_dir: folder of the journals, one a sample; None keeps none.
        retry_failed: hold a further conversation where the recorded ones led to no annotation.
        timeout: seconds without any piece of an answer after which a call has failed.
        proxy: URL of a proxy for all calls; None for none.
        trust_env: take the proxy from the environment (HTTPS_PROXY, NO_PROXY).
        allow_http: allow http to other machines than this one.
    """

    provider: str = OFFLINE
    knowledge: Path | None = None
    model: str | None = None
    base_url: str | None = None
    api_key: Secret | None = None
    validator_involvement: str = "v1"
    max_rounds: int = 3
    reasoning: str | None = None
    temperature: float | None = None
    max_workers: int | None = None
    max_retries: int = 0
    journal_dir: Path | None = Path(".cassia/journal")
    retry_failed: bool = False
    timeout: float = 300.0
    proxy: str | None = field(default=None, repr=False)  # it may hold a password
    trust_env: bool = False
    allow_http: bool = False

    def __post_init__(self) -> None:
        for name in ("model", "base_url", "proxy"):
            _text(name, getattr(self, name))
        for name in ("retry_failed", "trust_env", "allow_http"):
            _flag(name, getattr(self, name))
        _one_of("validator_involvement", self.validator_involvement, INVOLVEMENTS)
        _at_least("max_rounds", self.max_rounds, 1, Integral)
        if self.max_workers is not None:
            _at_least("max_workers", self.max_workers, 1, Integral)
        _at_least("timeout", self.timeout, 1)
        _at_least("max_retries", self.max_retries, 0, Integral)
        if self.reasoning is not None:
            _one_of("reasoning", self.reasoning, REASONING)
        if self.temperature is not None:
            _at_least("temperature", self.temperature, 0)
        self._check_provider()

    def _check_provider(self) -> None:
        """Refuse what the one who annotates would not look at."""
        if not isinstance(self.provider, str):
            raise UsageError(f"{option('provider', self.provider)}: expected text; {OFFLINE} asks no language model")
        if self.provider == OFFLINE:
            check_offline(*(f.name for f in fields(self) if f.name in OF_MODELS and getattr(self, f.name) != f.default))
        elif self.knowledge is not None:
            raise UsageError(
                f"{argument('knowledge')} adds to what {option('provider', OFFLINE)} knows, and {shown(self.provider)} "
                "is asked; leave one of them out"
            )


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What a whole run allows.

    Attributes:
        max_failed_clusters: how many clusters may end without an annotation before the run counts as failed.
    """

    max_failed_clusters: int = 0

    def __post_init__(self) -> None:
        _at_least("max_failed_clusters", self.max_failed_clusters, 0, Integral)


def check_offline(*given: str) -> None:
    """Refuse options of language models, by their names, where none is asked.

    Raises:
        UsageError: there are some.
    """
    if given:
        one = len(given) == 1
        raise UsageError(
            f"{', '.join(map(argument, given))} {'asks' if one else 'ask'} a language model, and the provider is "
            f"{OFFLINE}, which asks none; name one with {option('provider')}, or leave {'it' if one else 'them'} out"
        )


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        question = did_you_mean(str(value), allowed, form="; {}")
        raise UsageError(f"{option(name, value)}: expected one of {', '.join(allowed)}{question}")


def _text(name: str, value: object) -> None:
    if not isinstance(value, str | None):
        raise UsageError(f"{option(name, value)}: expected text")


def _flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise UsageError(f"{option(name, value)}: expected True or False")


def _at_least(name: str, value: float, least: float, kind: type = Real) -> None:
    # A flag is a number to Python, and NaN is not below anything.
    if isinstance(value, bool) or not isinstance(value, kind) or not least <= value < math.inf:
        number = "a whole number" if kind is Integral else "a number"
        bound = f" of at least {least}" if least > -math.inf else ""
        raise UsageError(f"{option(name, value)}: expected {number}{bound}")
