"""Genes in row names."""

from __future__ import annotations

import logging
from dataclasses import replace

from cassia_engine.callers import option
from cassia_engine.markers.columns.formats import ROW_NAMES
from cassia_engine.markers.columns.gene_columns import Kind, kind_of
from cassia_engine.markers.columns.wide_labels import GENE, key_of
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS
from cassia_engine.markers.files.source import Source
from cassia_engine.settings import SplitSettings

log = logging.getLogger(__name__)

# What the column of row names is called by R, data.table, readr, pandas and AnnData, besides nothing.
NAMES_OF_ROW_NAMES = (
    *(name.lower() for name in ROW_NAMES),
    "rownames",
    "row.names",
    "row_names",
    "rowname",
    "rn",
    "v1",
    "...1",
)
_INDEX_NAMES = ("index", "_index", "__index_level_0__")
IDS = (
    "gene_id",
    "gene_ids",
    "geneid",
    "feature_id",
    "featureid",
    "ensembl",
    "ensembl_id",
    "ensembl_gene_id",
    "featurekey",
    "id",
)
# Statistics of a gene that have no place in a wide table, in lower case.
_STATISTICS = (
    *("avg_logfc", "logfc", "avg_diff", "p.value", "summary.logfc", "myauc", "power", "top", "stat", "statistic"),
    *("basemean", "lfcse", "lfc_mean", "padj", "max_pval", "minimump_p_val", "avgexpr", "pct_in", "pct_out"),
)
# Those of scran's scoreMarkers and findMarkers by how they start.
_STATISTIC_STARTS = (
    *("self.", "other.", "mean.", "min.", "median.", "max.", "rank."),
    *("full.", "summary.", "logfc.", "auc."),
)


def with_row_names(source: Source, settings: SplitSettings) -> tuple[Source, SplitSettings]:
    """The table with its row names as a column of genes, where it has no other or they are asked for by "".

    Raises:
        UsageError: a column without a name is asked for, and is not there or is not one.
    """
    if settings.cluster_column == "":
        source, column = _nameless(source, "cluster")
        settings = replace(settings, cluster_column=column)
    if settings.gene_column == "":
        source, column = _nameless(source, "gene")
        settings = replace(settings, gene_column=column)
    if settings.gene_column is not None or settings.marker_format == "simplified":
        return source, settings
    position = _gene_names(source)
    if position is None:
        return source, settings
    source, column = _renamed(source, position, "gene")
    clusters = [name for name in source.header if name.strip().lower() in CLUSTER_HEADERS]
    log.info("%s: genes are taken from the row names", source.place)
    if settings.cluster_column is None and len(clusters) == 1:
        settings = replace(settings, cluster_column=clusters[0])
    return source, replace(settings, gene_column=column)


def _gene_names(source: Source) -> int | None:
    """The position of row names that are the genes; None if there are none, or another column has the genes."""
    names = [name.strip().lower() for name in source.header]
    if set(names) & {*GENE_HEADERS, *IDS} or len(names) < 2:
        return None
    candidates = [0] if names[0] in (*NAMES_OF_ROW_NAMES, *_INDEX_NAMES) else []
    candidates += [len(names) - 1] if names[-1] in _INDEX_NAMES else []
    known = [n for n, name in enumerate(names) if is_statistic(name) and kind_at(source, n) is Kind.NUMBERS]
    found = [n for n in candidates if known and kind_at(source, n) is Kind.NAMES]
    return found[0] if found else None


def is_statistic(name: str) -> bool:
    """Whether a column, in lower case, is a statistic of genes by its name."""
    return name in _STATISTICS or name.startswith(_STATISTIC_STARTS) or key_of(name) not in (None, GENE)


def kind_at(source: Source, position: int) -> Kind:
    """What the cells of a column are, by the first rows."""
    return kind_of([row[position] for row in source.sample if position < len(row)])


def _nameless(source: Source, name: str) -> tuple[Source, str]:
    found = [n for n, title in enumerate(source.header) if not title] or [
        n for n, title in enumerate(source.header) if title in ROW_NAMES
    ]
    if len(found) != 1:
        columns = f"{len(found) or 'no'} column{'s' if len(found) > 1 else ''}"
        what = f"{columns} without a name, given as {option(f'{name}_column', '')}"
        raise source.error(f"{what}; name the column in the header", 0, code="nameless-column-unclear")
    return _renamed(source, found[0], "row names")


def _renamed(source: Source, position: int, name: str) -> tuple[Source, str]:
    header = list(source.header)
    header[position] = name
    return replace(source, header=tuple(header)), name
