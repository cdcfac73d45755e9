"""Every default, once. The command line, the pipeline's parameters and the Python functions take theirs from here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path

from cassia_engine.errors import UsageError

MARKER_FORMATS = ("auto", "seurat", "scanpy", "presto", "long", "simplified")
RANKING_METHODS = ("avg_log2FC", "p_val_adj", "pct_diff", "Score")
PROVIDERS = ("offline",)


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
        gene_map: a table of two columns, gene id and symbol, for tables with Ensembl or Entrez ids.
        cluster_context: a table of two columns, cluster and text, what is known of single clusters.
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
    gene_map: Path | None = None
    cluster_context: Path | None = None

    def __post_init__(self) -> None:
        _one_of("marker_format", self.marker_format, MARKER_FORMATS)
        _one_of("ranking_method", self.ranking_method, RANKING_METHODS)
        _at_least("n_genes", self.n_genes, 1, Integral)
        _at_least("chunk_size", self.chunk_size, 1, Integral)
        _at_least("max_p_val_adj", self.max_p_val_adj, 0)
        _at_least("min_log2fc", self.min_log2fc, -math.inf)
        _at_least("min_pct", self.min_pct, 0)
        if self.ascending not in (None, True, False):
            raise UsageError(f"--ascending {self.ascending}: expected True, False or None")


@dataclass(frozen=True, slots=True)
class AnnotateSettings:
    """Who annotates, and how.

    Attributes:
        provider: "offline" scores markers against the bundled knowledge and asks no language model.
        knowledge: a table of the person's own markers, added to the bundled one.
    """

    provider: str = "offline"
    knowledge: Path | None = None

    def __post_init__(self) -> None:
        if self.provider not in PROVIDERS:
            raise UsageError(
                f'provider {self.provider}: language models are not part of this version; use provider="offline" '
                "(--provider offline), which scores markers and asks no model"
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


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"--{name} {value}: expected one of {', '.join(allowed)}")


def _at_least(name: str, value: float, least: float, kind: type = Real) -> None:
    # A flag is a number to Python, and NaN is not below anything.
    if isinstance(value, bool) or not isinstance(value, kind) or not least <= value < math.inf:
        number = "a whole number" if kind is Integral else "a number"
        raise UsageError(f"--{name} {value!r}: expected {number}{f' of at least {least}' if least > -math.inf else ''}")
