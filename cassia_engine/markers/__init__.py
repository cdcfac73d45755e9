"""Marker tables: their formats, which rows are markers, and the best of these for each cluster.

Cluster ids are opaque strings and keep their order of appearance; markers of equal rank keep the table's
order. A cluster in which no row passes the filter stays, with no markers. Technical genes are set aside (`hygiene`),
unless they are all that a cluster has.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.errors import CassiaError, InputProblems, UsageError, gather, raise_all, shown
from cassia_engine.faces import argument
from cassia_engine.markers.context import read_context, with_context
from cassia_engine.markers.formats import SIMPLIFIED_TITLE, MarkerTable, choose_format, long_of, two_columns
from cassia_engine.markers.frames import opened
from cassia_engine.markers.hygiene import Sieve, count_words, describe
from cassia_engine.markers.interrupts import interrupts
from cassia_engine.markers.longtable import read_long
from cassia_engine.markers.simplified import is_long, read_simplified, refuse_headless
from cassia_engine.markers.source import Source
from cassia_engine.markers.symbols import check_symbols, read_gene_map
from cassia_engine.settings import SplitSettings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MarkerTable", "count_words", "read_markers"]

log = logging.getLogger(__name__)


def read_markers(
    markers: Path | str | pd.DataFrame | Sequence[Mapping[str, Any]], settings: SplitSettings | None = None
) -> MarkerTable:
    """Read a marker table and choose the markers of each cluster.

    Args:
        markers: a CSV, TSV (also gzipped) or Parquet file, a DataFrame, or a list of one mapping a row, in the
            form of Seurat's FindAllMarkers, Scanpy's rank_genes_groups_df, presto's wilcoxauc, or two columns.
            Units: adjusted p values from 0 to 1; fold changes as log2; fractions of cells from 0 to 1
            (presto: 0 to 100).
        settings: filters, ranking and columns; None for the defaults.

    Raises:
        UsageError: the file, a column or rows cannot be used; says which, where, and what to do.
    """
    settings = settings or SplitSettings()
    symbols, unmapped = _gene_map(settings)
    [[source, title, table], _, context] = gather(
        lambda: _read(markers, settings, Sieve.of(settings, symbols)),
        lambda: raise_all(unmapped),
        lambda: read_context(settings.cluster_context) if settings.cluster_context else None,
    )
    clusters, with_texts = gather(
        lambda: check_symbols(source.place, table.clusters, symbols),
        lambda: with_context(table.clusters, *context) if context else table.clusters,
    )
    both = zip(clusters, with_texts, strict=True)
    read = MarkerTable(table.selection, tuple(replace(one, context=other.context) for one, other in both))
    _describe(source, title, read, settings)
    return read


def _gene_map(settings: SplitSettings) -> tuple[dict[str, str] | None, list[CassiaError]]:
    """The gene map, if there is one, or what is wrong with it: to be said after what is wrong with the table."""
    try:
        return read_gene_map(settings.gene_map) if settings.gene_map else None, []
    except InputProblems as error:
        return None, list(error.problems)
    except UsageError as error:
        return None, [error]


def _read(markers: Any, settings: SplitSettings, sieve: Sieve) -> tuple[Source, str, MarkerTable]:
    with interrupts(), opened(markers) as source:
        format_ = choose_format(source, settings)
        if format_ is None:
            columns = two_columns(source, settings)
            refuse_headless(source, columns)
            if settings.marker_format == "long" or (settings.marker_format == "auto" and is_long(source, columns)):
                format_ = long_of(source, columns)
        if format_:
            table = read_long(source, format_, settings, sieve)
        else:
            table = read_simplified(source, columns, settings, sieve)
    if not table.clusters:
        raise source.error("the table has a header and no rows; make it again")
    _refuse_equal_ids(source, table)
    return source, format_.title if format_ else SIMPLIFIED_TITLE, table


def _refuse_equal_ids(source: Source, table: MarkerTable) -> None:
    """Two ids can become one when the ' that guards a spreadsheet's cell is taken off ("'-1" and "-1")."""
    counts = Counter(cluster.id for cluster in table.clusters)
    double = [id_ for id_, count in counts.items() if count > 1]
    if double:
        raise source.error(f"clusters {shown(double[0])} and '{shown(double[0])} mean the same; rename one")


def _describe(source: Source, title: str, table: MarkerTable, settings: SplitSettings) -> None:
    chosen, clusters = table.selection, table.clusters
    log.info(
        "%s: %s table, %d clusters; markers by %s, up to %d a cluster",
        Path(source.place).name,
        title,
        len(clusters),
        chosen.ranked_by,
        chosen.n_genes,
    )
    if chosen.ranked_by == "given order" and settings.ranking_method != "avg_log2FC":
        log.warning("%s has no effect: the table has no statistics, its own order is kept", argument("ranking_method"))
    if len(clusters) == 1:
        log.warning("one cluster only; if the table should have more, check its cluster column")
    empty = [cluster.id for cluster in clusters if not cluster.markers]
    if empty:
        more = ", ..." if len(empty) > 10 else ""
        some = ", ".join(map(shown, empty[:10])) + more
        log.warning("no gene passes the filter in %d clusters: %s", len(empty), some)
    if settings.gene_filter == "technical":
        describe(clusters)
