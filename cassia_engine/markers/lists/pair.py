"""Tables with columns beside clusters and genes and no statistics: which two are read, by names and content.

Lists of markers that people publish have a tissue, a number of cells or a reference beside each list; databases of
markers (ScType, CellMarker, PanglaoDB) have a dozen columns, of which two are cluster and gene.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cassia_engine.callers import option
from cassia_engine.errors import shown
from cassia_engine.genes.expression_words import is_absent_word
from cassia_engine.genes.recognised import share
from cassia_engine.markers.columns.direction_column import find_direction_column
from cassia_engine.markers.columns.formats import data_columns, listed
from cassia_engine.markers.columns.gene_columns import Kind, is_number, kind_of
from cassia_engine.markers.columns.inert_columns import is_about_genes, says_nothing
from cassia_engine.markers.columns.sample import number_columns, texts_of
from cassia_engine.markers.columns.statistics import is_fold, known_statistics, plain
from cassia_engine.markers.columns.wide_labels import GENE, key_of
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS, ID_HEADERS, NETWORK, SYMBOL_HEADERS
from cassia_engine.markers.files.source import Problems, Source, rows
from cassia_engine.markers.lists.gene_lists import parse_genes
from cassia_engine.settings import SplitSettings

log = logging.getLogger(__name__)

_MOSTLY = 0.5
# Names of columns of genes that a cluster does not have; ScType's second list is one.
_NEGATIVE = re.compile(
    r"(?:^|[_. ])(?:neg|negative|down|downregulated|dn|absent|not[_. ]?expressed)(?:$|[_. ])", re.IGNORECASE
)
_SCTYPE_NEGATIVE = re.compile("symbolmore2$", re.IGNORECASE)
# Numbers of databases, which are no statistics of the table.
_OF_DATABASES = re.compile(
    r"(sensitivity|specificity)_?(human|mouse)$|^(human|mouse)(sensitivity|specificity)$|"
    r"^ubiqu|^canonicalmarker$|^ngenes$|pmid|pubmed|year$|(gene|entrez|uniprot|tax)ids?$",
    re.IGNORECASE,
)
# Ids of genes and proteins, and further names of them.
_OTHER_NAMES = re.compile(r"ids?$|alias|synonym|nickname|original|othername|protein|accession")
# What CellMarker calls cell_type; the types are in cell_name.
_STATES = {"normal cell", "cancer cell"}
_NO = {"-", "−", "no", "n", "false", "f"}
_MOST_WORDS = 8
_SOURCE, _TARGET = NETWORK
_WEIGHT = "weight"
_DIRECTIONS = ("log2fc", "p_val_adj", "score")


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """A column: `lists` and `known` are the shares of its cells that are several genes, or mostly known ones."""

    position: int
    name: str
    cells: Sequence[str]
    lists: float
    known: float

    @property
    def header(self) -> str:
        return self.name.strip().lower()

    @property
    def is_list(self) -> bool:
        return self.lists > _MOSTLY and (self.known > _MOSTLY or self.is_gene)

    @property
    def is_gene(self) -> bool:
        return plain(self.name) in _GENES

    @property
    def is_negative(self) -> bool:
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name)
        return self.known > _MOSTLY and bool(_NEGATIVE.search(words) or _SCTYPE_NEGATIVE.search(self.name))


def with_pair(source: Source, settings: SplitSettings) -> SplitSettings:
    """The settings with the columns of clusters and genes, where a table has more and these are clear.

    Raises:
        UsageError: there are several lists, or several rows of a cluster, and it is not said which to take; or some
            rows may be of genes that a cluster does not have.
    """
    named = settings.cluster_column is not None or settings.gene_column is not None
    if settings.marker_format != "auto" or named or len(data_columns(source)) < 3 or _has_statistics(source):
        return settings
    columns = [_column(source, position) for position in data_columns(source)]
    negative = [column for column in columns if column.is_negative]
    columns = [column for column in columns if column not in negative]
    lists = [column for column in columns if column.is_list and column.header not in CLUSTER_HEADERS]
    gene = _of_lists(source, lists) if lists else _of_genes(source, columns)
    cluster = _clusters(columns, gene, bool(lists)) if gene else None
    if not gene or not cluster or source.header.count(gene.name) > 1 or source.header.count(cluster.name) > 1:
        return settings
    if lists:
        _refuse_several(source, cluster, columns)
    _refuse_absent(source, [column for column in columns if column not in (cluster, gene)], cluster, gene)
    _say(source, cluster, gene, negative)
    return replace(settings, cluster_column=cluster.name, gene_column=gene.name)


def _has_statistics(source: Source) -> bool:
    """Whether a column of numbers is a statistic of genes by its name."""
    names = [source.header[position] for position in number_columns(source)]
    keys = {key_of(name) for name in names} - {None, GENE, "", "pct_in", "pct_out"}
    return bool(keys or known_statistics(names).keys() & set(_DIRECTIONS) or any(map(is_fold, names)))


def _column(source: Source, position: int) -> _Column:
    cells = texts_of(source, position)
    found = [parse_genes(cell).genes for cell in cells]
    number = max(len(cells), 1)
    lists = sum(len(genes) > 1 for genes in found) / number
    known = sum(2 * share(genes) > 1 for genes in found) / number
    return _Column(position, source.header[position], cells, lists, known)


def _of_lists(source: Source, lists: Sequence[_Column]) -> _Column:
    """The list to read: the only one, or the one with a name of symbols or genes.

    Raises:
        UsageError: it cannot be told.
    """
    for known in (SYMBOL_HEADERS, GENE_HEADERS):
        found = [column for column in lists if plain(column.name) in map(plain, known)]
        if len(found) == 1:
            return found[0]
    if len(lists) == 1:
        return lists[0]
    what = f"columns {listed([column.name for column in lists])} all have lists of genes"
    raise source.error(f"{what}; name the one to read with {option('gene_column')}", 0, code="gene-lists-several")


def _of_genes(source: Source, columns: Sequence[_Column]) -> _Column | None:
    """The column with a gene in each row; None where there is none, or where numbers may be statistics."""
    numbers = {source.header[position] for position in number_columns(source)}
    target = next((column for column in columns if column.header == _TARGET and column.known > _MOSTLY), None)
    if target and any(column.header == _SOURCE for column in columns):
        weight = next((name for name in numbers if plain(name) == _WEIGHT), "")
        _refuse_negative(source, weight)
        return target if numbers <= {weight} else None
    unclear = [name for name in numbers if not _OF_DATABASES.search(plain(name)) and plain(name) not in _IDS]
    ids = [column.position for column in columns if column.header in CLUSTER_HEADERS]
    if not all(says_nothing(source, source.header.index(name), ids) for name in unclear):
        return None
    if any(column.known > _MOSTLY and not _says_what(column) for column in columns):
        return None  # which has the markers?
    named = [
        column
        for known in (*SYMBOL_HEADERS, *GENE_HEADERS)
        for column in columns
        if plain(column.name) == plain(known) and column.name not in numbers and column.cells
    ]
    known_genes = [column for column in named if column.known > _MOSTLY]
    alone = named if len(set(named)) == 1 and kind_of(named[0].cells) is Kind.NAMES else []  # of whatever species
    return next(iter((*known_genes, *alone)), None)


def _refuse_negative(source: Source, weight: str) -> None:
    """Refuse weights below 0, of genes that a cluster does not have.

    Raises:
        UsageError: there is one, with its line.
    """
    position = source.header.index(weight) if weight else 0
    for line, row in rows(source, Problems(source)) if weight else ():
        if is_number(text := row[position].strip()) and text.startswith("-"):
            what = f"{shown(weight)} {text}, as of a gene that the cluster does not have"
            raise source.error(f"{what}; remove the rows with weights below 0", line, code="weight-below-zero")


def _says_what(column: _Column) -> bool:
    """Whether a column says by its name that it has genes, clusters, or ids and other names of genes."""
    name = plain(column.name)
    return column.is_gene or name in _IDS or bool(_OTHER_NAMES.search(name))


def _clusters(columns: Sequence[_Column], gene: _Column, of_lists: bool) -> _Column | None:
    """The column of clusters by its name; of a table of lists else the first one, if it has another id in each row."""
    others = [column for column in columns if column is not gene and column.cells and not column.is_list]
    known_names = (_SOURCE,) if gene.header == _TARGET else CLUSTER_HEADERS
    named = [
        column
        for known in known_names
        for column in others
        if plain(column.name) == plain(known) and not {cell.lower() for cell in column.cells} <= _STATES
    ]
    if of_lists:
        texts = [column for column in others if not all(map(is_number, column.cells))]
        unique = [column for column in named or texts or others if len(set(column.cells)) == len(column.cells)]
        return next(iter(unique or named), None)
    repeated = [column for column in named if len(set(column.cells)) < len(column.cells)]
    several = [column for column in repeated if len(set(column.cells)) > 1]
    return next(iter(several or repeated), None)


def _refuse_several(source: Source, cluster: _Column, columns: Sequence[_Column]) -> None:
    """Refuse a table with lists of a cluster in several rows, if a column tells these apart.

    Raises:
        UsageError: there is such a column; says what to do.
    """
    found = [row for _, row in rows(source, Problems(source))]
    ids = [row[cluster.position].strip() for row in found]
    if len(set(ids)) == len(ids):
        return
    for column in columns:
        values = [row[column.position].strip() for row in found]
        few = 1 < len(set(values)) <= len(found) // 2
        if column is not cluster and few and len(set(zip(ids, values, strict=True))) == len(ids):
            id_ = next(id_ for id_ in ids if ids.count(id_) > 1)
            what = f"cluster {shown(id_)} is there for several values of column {shown(column.name)}"
            some = ", ".join(map(shown, list(dict.fromkeys(values))[:3]))
            raise source.error(f"{what} ({some}, ...); keep the rows of one", 0, code="cluster-in-several-values")


def _refuse_absent(source: Source, others: Sequence[_Column], cluster: _Column, gene: _Column) -> None:
    """Refuse a column of words that says which genes a cluster does not have, if it is not read as one of directions.

    Raises:
        UsageError: there is such a column; says what to do.
    """
    direction = find_direction_column(source, (cluster.position, gene.position))
    for column in others:
        values = {cell.lower() for cell in column.cells}
        absent = sorted(value for value in values if value in _NO or is_absent_word(value))
        is_read = direction and direction.position == column.position and not gene.is_list
        is_trait = not gene.is_list and is_about_genes(column.name)
        if absent and len(values) <= _MOST_WORDS and not is_read and not is_trait:
            what = f"column {shown(column.name)} may say which genes a cluster does not have ({shown(absent[0])})"
            remedy = "" if gene.is_list else "write up or down into a column called direction, or "
            remedy += "remove their rows and the column"
            raise source.error(f"{what}; {remedy}", 0, code="absent-genes-column")


def _say(source: Source, cluster: _Column, gene: _Column, negative: Sequence[_Column]) -> None:
    """Say which columns are read, and how many genes are left out as those that a cluster does not have."""
    used = {cluster.name, gene.name, *(column.name for column in negative)}
    others = [name for position in data_columns(source) if (name := source.header[position]) not in used]
    beside = f"; not read: {listed(others)}" if others else ""
    what = f"clusters are read from column {shown(cluster.name)} and genes from column {shown(gene.name)}{beside}"
    log.warning("%s: %s", source.place, what)
    for column in negative:
        lists = [parse_genes(row[column.position]) for _, row in rows(source, Problems(source))]
        number = sum(len(found.genes) + len(found.negative) for found in lists)
        what = f"column {shown(column.name)} has {number} genes that the clusters do not have"
        log.warning("%s: %s; they are no markers and are left out", source.place, what)


_IDS = frozenset(map(plain, (*CLUSTER_HEADERS, *ID_HEADERS)))
_GENES = frozenset(map(plain, GENE_HEADERS))
