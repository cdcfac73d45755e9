"""The ranked genes of an AnnData: found or made anew, compared with its cells, as the rows of a marker table."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError, did_you_mean, shown
from cassia_engine.h5ad.annotated import REST, AnnotatedData, Groups, RankedGenes
from cassia_engine.h5ad.clustered_cells import ClusteredCells
from cassia_engine.h5ad.coordinates import read_coordinates
from cassia_engine.h5ad.genes_of_groups import scored
from cassia_engine.h5ad.label_columns import read_labels
from cassia_engine.h5ad.names import listed
from cassia_engine.h5ad.obs_groups import columns_with, may_be_clusters, named_groups, with_label_na
from cassia_engine.h5ad.options import RANK_KEY, H5adOptions
from cassia_engine.h5ad.percent_expressed import (
    are_of_scaled_values,
    doubt_of_values,
    place_of_test,
    place_of_values,
    place_to_count_in,
    with_fractions,
)
from cassia_engine.h5ad.rank import rank
from cassia_engine.h5ad.ranked_table import Rows, rows_of
from cassia_engine.h5ad.symbols import symbols_of
from cassia_engine.records import GeneRanking
from cassia_engine.text import NO_TEXT, counted, have

log = logging.getLogger(__name__)

# Only these are a missing cluster in a table; see `markers.files.source.MISSING`.
_NO_LABELS = ("", "NA", "NaN")
_NO_TEXT = re.compile(f"[{NO_TEXT}]")
_MOST_COLUMNS = 10


@dataclass(frozen=True, slots=True)
class RankedCells:
    """Ranked genes with the cells they were ranked for; usable while the AnnData is open.

    Attributes:
        cells: by cluster; None where the AnnData has no column of the clusters.
        symbols: gene symbols by the genes' names; {} where the names are symbols.
        ranking: how the genes were ranked.
    """

    ranked: RankedGenes
    cells: ClusteredCells | None
    symbols: Mapping[str, str]
    ranking: GeneRanking


def read_ranked_cells(data: AnnotatedData, options: H5adOptions) -> RankedCells:
    """The ranked genes of an AnnData, or new ones, compared with its cells.

    Raises:
        UsageError: there are no ranked genes, or they do not fit the cells' groups; says which there are.
    """
    labels = read_labels(data, options.witness)
    ranked, cells, place, ranking = _newly_ranked(data, options) if options.rank else _of_uns(data, options)
    if labels and not cells:
        what = f"no cluster has cells to compare the labels of {shown(next(iter(labels)))} with"
        remedy = f"give {argument('group_key')}"
        raise UsageError(f"{what}; {remedy}", path=data.place, code="witness-without-groups")
    symbols = _symbols(data, ranked, options)
    return RankedCells(ranked, cells.at(place, symbols, labels) if cells else None, symbols, ranking)


def read_ranked_genes(data: AnnotatedData, options: H5adOptions) -> tuple[Rows, RankedCells]:
    """The ranked genes as rows, and what they were ranked for.

    Raises:
        UsageError: as `read_ranked_cells`.
    """
    found = read_ranked_cells(data, options)
    return rows_of(data, found.ranked, found.symbols), found


def _newly_ranked(data: AnnotatedData, options: H5adOptions) -> tuple[RankedGenes, ClusteredCells, str, GeneRanking]:
    if options.group_key is None:
        raise UsageError(
            f"{argument('rank')}: name the column of clusters with {argument('group_key')}; {_columns_there(data)}",
            path=data.place,
            code="group-key-missing",
        )
    if options.rank_key is not None:
        both = f"{argument('rank')} and {argument('rank_key')}"
        raise UsageError(
            f"{both}: the first ranks anew, the second takes what is there; give one of them",
            path=data.place,
            code="rank-and-rank-key",
        )
    groups = named_groups(data, options.group_key, option("group_key", options.group_key))
    groups = with_label_na(data, options.group_key, groups, options.label_na)
    cells = _cells(data, options.group_key, groups, options)
    ranked, place = rank(cells)
    _check_cells(data, options.group_key, groups, list(ranked.places))
    ranking = GeneRanking(str(ranked.parameters["method"]), options.group_key, by_cassia=True, matrix=place)
    return ranked, cells, place, ranking


def _columns_there(data: AnnotatedData) -> str:
    """Which columns of obs may hold the clusters; all, where none looks like it."""
    found = [f"{shown(name)} ({counted(number, 'group')})" for name, number in may_be_clusters(data).items()]
    if not found:
        return f"obs has {listed(data.obs_columns()) or 'no columns'}"
    more = f" and {len(found) - _MOST_COLUMNS} more" if len(found) > _MOST_COLUMNS else ""
    return f"obs has {', '.join(found[:_MOST_COLUMNS])}{more}"


def _of_uns(
    data: AnnotatedData, options: H5adOptions
) -> tuple[RankedGenes, ClusteredCells | None, str | None, GeneRanking]:
    key, ranked = _ranked(data, options)
    _check_method(data, key, ranked)
    ranked = scored(data, key, ranked)
    column = _column(data, key, ranked, options)
    cells, place = None, None
    if column:
        said = option("group_key", column) if options.group_key else f"uns['{key}'] is by obs['{column}']"
        groups = named_groups(data, column, said, lambda: _columns_of_test(data, ranked))
        groups = with_label_na(data, column, groups, options.label_na)
        _check_groups(data, key, ranked, column, groups)
        cells = _cells(data, column, groups, options)
        ranked, place = _counted(cells, ranked)
    return ranked, cells, place, _as_noted(data, key, ranked, column)


def _as_noted(data: AnnotatedData, key: str, ranked: RankedGenes, column: str | None) -> GeneRanking:
    """How genes were ranked, by what the tool noted of its call."""
    noted = ranked.parameters
    reference = str(noted.get("reference") or REST)
    return GeneRanking(
        method=str(noted.get("method") or ""),
        group_key=column or "",
        reference="" if reference == REST else reference,
        matrix=place_of_test(noted),
        doubt=doubt_of_values(data, key, ranked),
    )


def _counted(cells: ClusteredCells, ranked: RankedGenes) -> tuple[RankedGenes, str | None]:
    """The ranked genes with fractions of cells, and the matrix to take the cells' values from; one is read at most."""
    tested = place_of_test(ranked.parameters)
    if are_of_scaled_values(cells.data, tested, ranked):
        ranked = replace(ranked, fractions={})
    if not ranked.fractions and (place := place_to_count_in(cells.data, tested)):
        return with_fractions(cells, place, ranked), place
    return ranked, place_of_values(cells.data, tested)


def _cells(data: AnnotatedData, column: str, groups: Groups, options: H5adOptions) -> ClusteredCells:
    coordinates = read_coordinates(data, options.coordinates_key, len(groups.codes))
    counts_only = options.counts_only and not options.rank  # the test needs sums
    return ClusteredCells.of(data, column, groups, coordinates, counts_only)


def _ranked(data: AnnotatedData, options: H5adOptions) -> tuple[str, RankedGenes]:
    keys = data.ranked_keys()
    key = options.rank_key or RANK_KEY
    if key in keys:
        return key, data.ranked(key)
    if keys:
        missing = option("rank_key", key) if options.rank_key else f"uns['{key}']"
        there = f"uns has ranked genes under {listed(keys)}: give {option('rank_key', keys[0])}"
        raise UsageError(
            f"{missing}: no such ranked genes{did_you_mean(key, keys)}; {there}",
            path=data.place,
            code="rank-key-not-found",
        )
    group = options.group_key or "GROUP"
    scanpy = f"sc.tl.rank_genes_groups(adata, {group!r}, method='wilcoxon', pts=True)"
    remedy = f"give {option('rank', True)} and {argument('group_key')}, or run {scanpy} first"
    there = "" if options.group_key else f"; {_columns_there(data)}"
    raise UsageError(f"there are no ranked genes; {remedy}{there}", path=data.place, code="h5ad-not-ranked")


def _column(data: AnnotatedData, key: str, ranked: RankedGenes, options: H5adOptions) -> str | None:
    """The column of `obs` that the genes were ranked by; None where neither tool nor person says it."""
    noted: str | None = ranked.parameters.get("groupby")
    if options.group_key is None and noted is None:
        what = f"sizes of clusters are unknown, as uns['{key}'] names no column; give {argument('group_key')}"
        log.info("%s: %s", data.place, what)
    if options.group_key in data.obs_columns() and noted is not None and options.group_key != noted:
        _check_other_column(data, key, ranked, noted, options.group_key)
    return options.group_key or noted


def _check_other_column(data: AnnotatedData, key: str, ranked: RankedGenes, noted: str, group_key: str) -> None:
    """See that a column may stand for that of the test: this is gone, or has other groups now, and the other has them.

    Raises:
        UsageError: it may not.
    """
    of_test = columns_with(data, ranked.places)
    if noted in of_test or (noted in data.obs_columns() and group_key not in of_test):
        what = f"uns['{key}'] is by obs['{noted}']; give that, or rank the genes by {shown(group_key)}"
        raise UsageError(f"{option('group_key', group_key)}: {what}", path=data.place, code="group-key-differs")
    if group_key in of_test:
        state = "has other clusters now" if noted in data.obs_columns() else "is not there any more"
        what = "%s: uns['%s'] is by obs['%s'], which %s; obs['%s'] has its clusters and takes its place"
        log.warning(what, data.place, key, noted, state, group_key)


def _columns_of_test(data: AnnotatedData, ranked: RankedGenes) -> str:
    """Which columns have the clusters of the test, as the end of a message."""
    found = columns_with(data, ranked.places)
    return f"; the clusters of the test are in {listed(found)}: give {option('group_key', found[0])}" if found else ""


def _check_groups(data: AnnotatedData, key: str, ranked: RankedGenes, column: str, groups: Groups) -> None:
    """See that the tested groups are those of the cells, and say which cells get no label."""
    tested, sizes = list(ranked.places), groups.sizes
    if renamed := [name for name in tested if name not in sizes]:
        what = (
            f"uns['{key}'] has clusters that obs['{column}'] lacks: {listed(renamed)} (it has {listed(groups.labels)})"
        )
        remedy = _columns_of_test(data, ranked) or ": rank again"
        raise UsageError(
            f"{what}; they were renamed after the test, or have no cells any more, or it is of another column{remedy}",
            path=data.place,
            code="groups-renamed",
        )
    reference = ranked.parameters.get("reference")
    untested = [name for name, size in sizes.items() if size and name not in ranked.places and name != reference]
    if untested:
        log.warning("%s: clusters that were not tested are not annotated: %s", data.place, listed(untested))
    if reference in sizes and reference not in ranked.places:
        log.warning(
            "%s: cluster %s is what others were tested against, and is not annotated; "
            "for its markers test against the rest",
            data.place,
            shown(str(reference)),
        )
    _check_cells(data, column, groups, tested)


def _check_cells(data: AnnotatedData, column: str, groups: Groups, tested: Sequence[str]) -> None:
    """Names that no table can have, cells without a cluster, and clusters of hardly any."""
    if nameless := [name for name in tested if name.strip() in _NO_LABELS]:
        what = f"obs['{column}'] has a cluster called {nameless[0]!r}, which means no cluster in an output; rename it"
        raise UsageError(what, path=data.place, code="group-nameless")
    if no_text := [name for name in groups.labels if _NO_TEXT.search(name)]:
        what = f"obs['{column}'] has a cluster called {no_text[0]!r}, which no file can hold; rename it"
        raise UsageError(what, path=data.place, code="group-no-text")
    if without := int((groups.codes < 0).sum()):
        cells = counted(len(groups.codes), "cell")
        log.warning("%s: %d of %s %s no cluster in obs['%s']", data.place, without, cells, have(without), column)
    sizes = groups.sizes
    if small := [name for name in tested if sizes[name] < 2]:
        log.warning("%s: clusters of one cell or none, whose statistics say little: %s", data.place, listed(small))


def _check_method(data: AnnotatedData, key: str, ranked: RankedGenes) -> None:
    """Logistic regression is not what its parameters say."""
    if ranked.parameters.get("method") != "logreg":
        return
    if len(ranked.places) == 1:
        what = (
            f"uns['{key}'] is a logistic regression of two clusters, of which Scanpy keeps one list: the genes of the "
            "second cluster under the name of the first"
        )
        raise UsageError(f"{what}; rank the genes by method='wilcoxon'", path=data.place, code="logreg-of-two-groups")
    if ranked.parameters.get("reference") not in (None, REST):
        log.warning(
            "%s: logistic regression compares all clusters; its reference %s had no effect",
            data.place,
            shown(str(ranked.parameters["reference"])),
        )


def _symbols(data: AnnotatedData, ranked: RankedGenes, options: H5adOptions) -> dict[str, str]:
    return symbols_of(data, ranked.genes, options.gene_symbols_column, options.has_gene_map)
