"""Marker tables: their formats, which rows are markers, and the best of these for each cluster.

Cluster ids are opaque strings and keep their order of appearance; markers of equal rank keep the table's
order. A cluster in which no row passes the filter stays, with no markers. Technical genes are set aside
(`genes.marker_selector`), unless they are all that a cluster has.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from cassia_engine.callers import argument
from cassia_engine.errors import CassiaError, InputProblems, UsageError, gather, raise_all, shown
from cassia_engine.genes.known_genes import check_known
from cassia_engine.genes.marker_selector import MarkerSelector, count_words, describe
from cassia_engine.h5ad.options import H5adOptions
from cassia_engine.markers.columns.choose import choose_format, fitting_format
from cassia_engine.markers.columns.conditions import check_conditions
from cassia_engine.markers.columns.context import read_context, with_context
from cassia_engine.markers.columns.directions import refuse_down_column, without_down
from cassia_engine.markers.columns.formats import SIMPLIFIED_TITLE, Format, MarkerTable, data_columns
from cassia_engine.markers.columns.id_doubts import warn_of_ids
from cassia_engine.markers.columns.marked import with_marked
from cassia_engine.markers.columns.remarks import warn_of_one_group
from cassia_engine.markers.columns.symbols import check_symbols, read_gene_map
from cassia_engine.markers.columns.unused import check_unused, used_columns
from cassia_engine.markers.columns.whole_ids import with_whole_ids, without_blanks
from cassia_engine.markers.files.database import interrupts
from cassia_engine.markers.files.input_kinds import Table, opened
from cassia_engine.markers.files.source import Source
from cassia_engine.markers.lists.gene_sets import open_sets
from cassia_engine.markers.lists.pair import with_pair
from cassia_engine.markers.lists.simplified import is_long, read_simplified, refuse_headless, refuse_second_header
from cassia_engine.markers.lists.two_columns import has_numbered_columns, long_of, two_columns
from cassia_engine.markers.long.long_table import read_long
from cassia_engine.markers.several import files_of, joined
from cassia_engine.markers.wide.mixed import refuse_mixed
from cassia_engine.markers.wide.reshape import Shaped, shaped
from cassia_engine.records import Cluster, SampledCells, SpeciesMismatch
from cassia_engine.settings import SplitSettings
from cassia_engine.text import counted

if TYPE_CHECKING:
    from cassia_engine.h5ad.clustered_cells import ClusteredCells

__all__ = ["MarkerTable", "Table", "count_words", "read_markers"]

log = logging.getLogger(__name__)


def read_markers(
    markers: Table | Sequence[Path | str],
    settings: SplitSettings | None = None,
    species: str | None = None,
    *,
    every_row: bool = False,
) -> MarkerTable:
    """Read a marker table and choose the markers of each cluster.

    Args:
        markers: a CSV, TSV (also gzipped), Parquet or .h5ad file, several of them, an AnnData, a DataFrame, a list of
            one mapping a row, or what else docs/formats.md has for Python, in the form of Seurat's FindAllMarkers,
            Scanpy's rank_genes_groups_df, presto's wilcoxauc, two columns, or wide.
            Units: adjusted p values from 0 to 1; fold changes as log2; fractions of cells from 0 to 1
            (presto: 0 to 100).
        settings: filters, ranking and columns; None for the defaults.
        species: in any words. Of human and mouse the symbols are known, and how many of the genes are is looked at.
        every_row: take every row with a gene, whatever its statistics are. Whether genes are known is not looked at.

    Raises:
        UsageError: the file, a column or rows cannot be used, or hardly any gene is known of the species; says which,
            where, and what to do.
    """
    settings = settings or SplitSettings()
    symbols, unmapped = _gene_map(settings)
    [[source, title, table], _, context] = gather(
        lambda: _read(markers, settings, MarkerSelector.of(settings, symbols, species), every_row),
        lambda: raise_all(unmapped),
        lambda: read_context(settings.cluster_context) if settings.cluster_context else None,
    )
    mismatch, clusters = gather(
        lambda: None if every_row else _check_genes(source.place, table.clusters, symbols, species, settings),
        lambda: with_context(table.clusters, *context) if context else table.clusters,
    )
    read = MarkerTable(replace(table.selection, species_mismatch=mismatch), clusters, table.cells)
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


def _check_genes(
    place: str,
    clusters: Sequence[Cluster],
    symbols: Mapping[str, str] | None,
    species: str | None,
    settings: SplitSettings,
) -> SpeciesMismatch | None:
    check_symbols(place, clusters, symbols, settings.allow_unknown_genes)
    return check_known(place, clusters, species, settings.allow_unknown_genes)


def _read(
    markers: Any, settings: SplitSettings, selector: MarkerSelector, every_row: bool
) -> tuple[Source, str, MarkerTable]:
    if files := files_of(markers):
        return joined(files, lambda path: _read(path, settings, selector, every_row), settings.cluster_name)
    named = settings.cluster_column is not None or settings.gene_column is not None
    may_be_sets = not named and settings.marker_format in ("auto", "simplified")
    with ExitStack() as stack:
        stack.enter_context(interrupts())
        open_file, of_anndata = open_sets if may_be_sets else None, H5adOptions.of(settings)
        whole = stack.enter_context(opened(markers, settings.max_table_size, open_file, of_anndata))
        if not whole.from_anndata:
            of_anndata.refuse(whole.place)
        if len(columns := data_columns(whole)) == 2:
            refuse_second_header(whole, columns)
        shape = stack.enter_context(shaped(whole, settings))
        source = shape.source
        format_, columns, settings = _chosen(shape)
        if not shape.format:
            refuse_down_column(source, columns[1])
        if format_:
            table = read_long(source, format_, settings, selector, every_row)
            warn_of_one_group(source, format_, [cluster.id for cluster in table.clusters])
        else:
            table = read_simplified(source, columns, settings, selector)
        used = used_columns(source, format_) if format_ else set(columns)
        ids = [cluster.id for cluster in table.clusters]
        check_conditions(source, used, "" if shape.format else source.header[columns[0]], ids, settings)
        clusters = without_down(source, table.clusters, settings.cluster_name)
        if not whole.from_anndata:  # whose names no spreadsheet has changed
            clusters = with_whole_ids(source, without_blanks(source, clusters))
        selection = replace(table.selection, ranking=whole.ranking)
        table = MarkerTable(selection, *_with_cells(clusters, whole.cells, selector))
        warn_of_ids(source, [cluster.id for cluster in clusters])
    if not table.clusters:
        raise source.error("the table has a header and no rows; make it again", code="table-without-rows")
    if not any(cluster.markers for cluster in table.clusters):
        raise source.error(
            "no cluster has a marker: nothing in the table is a gene's name; check its columns", code="no-gene-names"
        )
    _refuse_equal_ids(source, table)
    return source, format_.title if format_ else SIMPLIFIED_TITLE, table


def _chosen(shape: Shaped) -> tuple[Format | None, tuple[int, int], SplitSettings]:
    """The format of a table with statistics (None: clusters and genes only), its columns of both, and the settings.

    Raises:
        UsageError: neither is clear, or the table is of several samples.
    """
    source, settings = shape.source, shape.settings
    is_paired = False
    if not shape.format and not fitting_format(source, settings):
        unpaired, settings = settings, with_pair(source, settings)
        is_paired = settings is not unpaired  # then what else the table has is said, and none is a statistic
    if format_ := shape.format or choose_format(source, settings):
        columns = source.header.index(format_.cluster), source.header.index(format_.gene)
        format_ = with_marked(source, format_)
        check_unused(source, used_columns(source, format_), format_)
        if not shape.format:
            refuse_mixed(source, format_, columns, settings)
        return format_, columns, settings
    columns = two_columns(source, settings)
    refuse_second_header(source, columns)
    if not has_numbered_columns(source, columns):
        refuse_headless(source, columns)
    if settings.marker_format == "long" or (settings.marker_format == "auto" and is_long(source, columns)):
        format_ = with_marked(source, long_of(source, columns))
    if not is_paired:
        forced = settings.marker_format if settings.marker_format != "auto" else ""
        check_unused(source, used_columns(source, format_) if format_ else columns, None, forced)
    refuse_mixed(source, None, columns, settings)
    return format_, columns, settings


def _with_cells(
    clusters: Sequence[Cluster], cells: ClusteredCells | None, selector: MarkerSelector
) -> tuple[tuple[Cluster, ...], SampledCells | None]:
    if cells is None:
        return tuple(clusters), None
    from cassia_engine.cells.reading import read_cells  # it needs numpy

    return read_cells(clusters, cells, selector.names, selector.species or "")


def _refuse_equal_ids(source: Source, table: MarkerTable) -> None:
    """Two ids can become one when the ' that guards a spreadsheet's cell is taken off ("'-1" and "-1")."""
    counts = Counter(cluster.id for cluster in table.clusters)
    double = [id_ for id_, count in counts.items() if count > 1]
    if double:
        raise source.error(
            f"clusters {shown(double[0])} and '{shown(double[0])} mean the same; rename one", code="cluster-ids-equal"
        )


def _describe(source: Source, title: str, table: MarkerTable, settings: SplitSettings) -> None:
    chosen, clusters = table.selection, table.clusters
    log.info(
        "%s: %s table, %s; markers by %s, up to %d a cluster",
        Path(source.place).name,
        title,
        counted(len(clusters), "cluster"),
        chosen.ranked_by,
        chosen.n_genes,
    )
    if chosen.ranked_by == "given order" and settings.ranking_method != "avg_log2FC":
        log.warning("%s has no effect: the table has no statistics, its own order is kept", argument("ranking_method"))
    if len(clusters) == 1 and source.from_anndata:
        log.warning("one cluster only: genes were ranked for no other; rank them for all clusters to label those")
    elif len(clusters) == 1:
        log.warning("one cluster only; if the table should have more, check its cluster column")
    empty = [cluster.id for cluster in clusters if not cluster.markers]
    if empty:
        more = ", ..." if len(empty) > 10 else ""
        some = ", ".join(map(shown, empty[:10])) + more
        log.warning("no gene passes the filter in %s: %s", counted(len(empty), "cluster"), some)
    if settings.gene_filter == "technical":
        describe(clusters)
