"""Tables of two columns: which holds the clusters and which the genes, by headers and by content."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from cassia_engine.callers import argument, option
from cassia_engine.csv_injection import unguard
from cassia_engine.errors import shown
from cassia_engine.genes.ids import ENTREZ, id_kind
from cassia_engine.genes.recognised import is_recognised, share
from cassia_engine.markers.columns.formats import LONG, Format, data_columns, listed, refuse_double
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS
from cassia_engine.markers.files.source import MISSING, Problems, Source, rows
from cassia_engine.markers.lists.gene_lists import parse_genes
from cassia_engine.settings import SplitSettings

# As many rows are looked at.
_ROWS = 2000
_LOOKED_AT = 10_000  # characters of a cell
_MOSTLY = 0.5
_ENOUGH = 5  # rows, to tell by what repeats
# Clusters have each id at least twice, and twice as often as genes are there again.
_REPEATED, _TWICE = 0.5, 2
# What pandas calls the two columns of a table that was read without a header.
_NUMBERED = {"0", "1"}
_EACH_ONCE = 0.9  # nearly all names of a gene map
_ENTREZ_HEADER = re.compile(r"entrez|ncbi|gene[ _.]?ids?$", re.IGNORECASE)
_ENTREZ_LENGTH = 3  # digits that most Entrez ids have, and ids of clusters have not
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?|nan|inf", re.IGNORECASE)
# Of three columns and more, these two are clusters and genes before all others that may be.
_FIRST_CLUSTERS = ("cluster", "clusters", "group")
_FIRST_GENES = ("gene", "genes", "names", "feature", "marker", "markers")


@dataclass(frozen=True, slots=True)
class _Column:
    """A column, and what its cells are.

    Attributes:
        header: its name in lower case.
        number: how many cells were looked at.
        genes: the share of them that are known genes, or lists of mostly such.
        ids: what ids of genes they are; "" for none. Numbers are such only where no clusters have them.
        lists: the share that are several genes.
        distinct: the share that are there for the first time.
        decimals: all are numbers, most of them different and some not whole.
    """

    name: str
    header: str
    number: int
    genes: float
    ids: str
    lists: float
    distinct: float
    decimals: bool

    @property
    def is_clusters(self) -> bool:
        return self.header in CLUSTER_HEADERS

    @property
    def is_genes(self) -> bool:
        return self.header in GENE_HEADERS


def two_columns(source: Source, settings: SplitSettings) -> tuple[int, int]:
    """Positions of clusters and genes in a table without statistics: as named, by their headers, by content, else in
    this order.

    Raises:
        UsageError: there are more columns, and it is not said which; or one holds numbers, or both hold genes.
    """
    named = [source.header.index(name) if name else None for name in (settings.cluster_column, settings.gene_column)]
    match named, data_columns(source):
        case [int(cluster), int(gene)], _:
            found = (cluster, gene)
        case [int(cluster), None], [first, second] if cluster in (first, second):
            found = (cluster, first + second - cluster)
        case [None, int(gene)], [first, second] if gene in (first, second):
            found = (first + second - gene, gene)
        case [None, None], [first, second]:
            found = _by_content(source, first, second)
        case _:
            found = _of_several(source, settings)
    if found[0] == found[1]:
        raise source.error(
            f"{argument('cluster_column')} and {argument('gene_column')} are both {shown(source.header[found[0]])}",
            0,
            code="same-column-twice",
        )
    return found


def long_of(source: Source, columns: tuple[int, int]) -> Format:
    """Two columns, by their positions, as a long table."""
    cluster, gene = (source.header[position] for position in columns)
    refuse_double(source, [cluster, gene])
    return replace(LONG, cluster=cluster, gene=gene)


def _of_several(source: Source, settings: SplitSettings) -> tuple[int, int]:
    known = [_known(source, *names) for names in ((_FIRST_CLUSTERS, CLUSTER_HEADERS), (_FIRST_GENES, GENE_HEADERS))]
    if settings.marker_format != LONG.name or any(len(names) != 1 for names in known):
        raise source.error(
            f"{len(data_columns(source))} columns; a table without statistics has two, cluster and genes. "
            f"Found: {listed(source.header)}; name the two with {option('cluster_column')} and {option('gene_column')}",
            0,
            code="two-columns-expected",
        )
    return source.header.index(known[0][0]), source.header.index(known[1][0])


def _known(source: Source, first: Sequence[str], rest: Sequence[str]) -> list[str]:
    found = [name for name in source.header if name.lower() in first]
    return found or [name for name in source.header if name.lower() in rest]


def _by_content(source: Source, first: int, second: int) -> tuple[int, int]:
    """Clusters and genes of two columns."""
    one, other = _columns(source, first, second)
    _refuse_ids(source, one, other)
    for column, beside in ((one, other), (other, one)):
        if column.decimals and not column.is_clusters and beside.lists <= _MOSTLY:
            what = f"column {shown(column.header)} holds numbers, neither clusters nor genes"
            raise source.error(
                f"{what}; give a table with a column of clusters and one of genes", 0, code="column-of-numbers"
            )
    if one.is_clusters != other.is_clusters:
        return (first, second) if one.is_clusters else (second, first)
    if _repeats(one, other) or _repeats(other, one):
        return (first, second) if _repeats(one, other) else (second, first)
    for column, place in ((one, (second, first)), (other, (first, second))):
        if column.genes > _MOSTLY and column.lists <= _MOSTLY:
            _refuse_headless(source, place)
    if one.lists <= _MOSTLY and other.lists <= _MOSTLY and _are_both_genes(one, other):
        names = f"{shown(source.header[first])} and {shown(source.header[second])}"
        what = f"columns {names} both hold genes, each once, so neither has the clusters"
        raise source.error(
            f"{what}; name the two with {option('cluster_column')} and {option('gene_column')}",
            0,
            code="columns-of-genes-only",
        )
    return (second, first) if _is_genes(one, other) else (first, second)


def has_numbered_columns(source: Source, columns: tuple[int, int]) -> bool:
    """Whether two columns are called 0 and 1, as pandas calls them without a header: then that is no row of a table."""
    if {source.header[position] for position in columns} != _NUMBERED:
        return False
    found = [(row[columns[0]], row[columns[1]]) for row in source.sample if max(columns) < len(row)]
    ids, genes = {id_ for id_, _ in found}, [gene for _, gene in found]
    # Two lists of genes under their clusters 0 and 1 have no ids that repeat.
    has_ids = len(ids) < len(found) or all(len(parse_genes(gene).genes) > 1 for gene in genes)
    return has_ids and not all(map(str.isdecimal, genes))


def _refuse_ids(source: Source, one: _Column, other: _Column) -> None:
    """Refuse ids of genes beside their symbols, or beside what says nothing of clusters.

    Raises:
        UsageError: the columns are such.
    """
    for ids, beside in ((one, other), (other, one)):
        if not ids.ids or ids.distinct < _EACH_ONCE or beside.lists > _MOSTLY or beside.number < 2:
            continue
        if beside.genes > _MOSTLY and beside.distinct >= _EACH_ONCE:
            what = f"columns {shown(one.name)} and {shown(other.name)} are {ids.ids} and symbols, each once: a gene map"
            remedy = f"give a table of clusters and genes, and this one (id first, then symbol) as {option('gene_map')}"
            raise source.error(f"{what}, and no table of markers; {remedy}", 0, code="table-is-gene-map")


def _refuse_headless(source: Source, columns: tuple[int, int]) -> None:
    """Refuse a gene where the name of the column of genes should be: it would be lost.

    Raises:
        UsageError: the first line looks like a row.
    """
    cluster, gene = (source.header[position].strip() for position in columns)
    if {cluster.lower(), gene.lower()} & {*CLUSTER_HEADERS, *GENE_HEADERS} or len(gene) < 2:
        return
    below = [row[columns[1]].strip() for row in source.sample if columns[1] < len(row)]
    if is_recognised(gene) and share(below) > _MOSTLY:
        names = f"{shown(source.header[min(columns)])}, {shown(source.header[max(columns)])}"
        header = "cluster,gene" if columns[0] < columns[1] else "gene,cluster"
        raise source.error(
            f"the first line ({names}) looks like a row; put a header above it: {header}", 0, code="header-is-gene"
        )


def _repeats(one: _Column, other: _Column) -> bool:
    """Whether the one column has the ids of clusters, again and again, and the other a gene in each row.

    Names of clusters may be known genes (CD4, DC) or look like lists of them (CD4 T); then the genes are known.
    """
    more = one.distinct <= _REPEATED and other.distinct >= _TWICE * one.distinct
    return more and other.lists <= _MOSTLY and (one.lists <= _MOSTLY or other.genes > _MOSTLY)


def _are_both_genes(one: _Column, other: _Column) -> bool:
    """Whether each of two columns may be a cluster's genes."""
    known = min(one.genes, other.genes) > _MOSTLY and one.distinct == other.distinct == 1
    return known and (one.is_genes == other.is_genes or not (one.ids or other.ids))


def _is_genes(one: _Column, other: _Column) -> bool:
    """Whether the one of two columns rather than the other holds the genes; False if nothing tells."""
    if (one.lists > _MOSTLY) != (other.lists > _MOSTLY):
        return one.lists > other.lists
    if (one.genes > _MOSTLY) != (other.genes > _MOSTLY):
        return one.genes > other.genes
    if one.is_genes != other.is_genes:
        return one.is_genes
    # Of a species of which no symbols are known: what repeats are the clusters.
    return one.distinct > other.distinct and one.number >= _ENOUGH


def _columns(source: Source, *positions: int) -> tuple[_Column, ...]:
    found = [row for _, row in islice(rows(source, Problems(source)), _ROWS)]
    return tuple(_column(source.header[place], [unguard(row[place]).strip() for row in found]) for place in positions)


def _column(header: str, cells: Sequence[str]) -> _Column:
    filled = [cell for cell in cells if cell not in MISSING]
    lists = [parse_genes(cell[:_LOOKED_AT]).genes for cell in filled]
    known = [2 * sum(map(is_recognised, genes)) > len(genes) for genes in lists]
    number = max(len(filled), 1)
    distinct = len(set(filled)) / number
    return _Column(
        header,
        header.strip().lower(),
        len(filled),
        sum(known) / number,
        _ids(header, filled),
        sum(len(genes) > 1 for genes in lists) / number,
        distinct,
        bool(filled)
        and distinct > _MOSTLY
        and all(map(_NUMBER.fullmatch, filled))
        and not all(map(str.isdigit, filled)),
    )


def _ids(header: str, cells: Sequence[str]) -> str:
    """What ids of genes nearly all cells are; "" for none, and for numbers that may be those of clusters."""
    kind = id_kind(cells)
    if kind is None:
        return ""
    lengths = sorted(len(cell.split(".")[0]) for cell in cells)
    are_entrez = bool(_ENTREZ_HEADER.search(header)) or lengths[len(lengths) // 2] > _ENTREZ_LENGTH
    return kind.name if kind is not ENTREZ or are_entrez else ""
