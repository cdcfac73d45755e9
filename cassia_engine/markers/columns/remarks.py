"""What was decided by a rule about a table's columns, and what a table may hide, is said."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from cassia_engine.callers import argument
from cassia_engine.errors import shown
from cassia_engine.genes.ids import id_kind
from cassia_engine.genes.recognised import are_hardly_known
from cassia_engine.markers.columns.formats import Format, listed
from cassia_engine.markers.columns.known_formats import MUSCAT, SCANPY_SCORES
from cassia_engine.markers.columns.sample import texts_of
from cassia_engine.markers.columns.statistics import matching, plain
from cassia_engine.markers.files.headers import CLUSTER_HEADERS, GENE_HEADERS, ID_HEADERS
from cassia_engine.markers.files.source import Source
from cassia_engine.settings import SplitSettings

log = logging.getLogger(__name__)

_CLUSTER_NAMES = frozenset(map(plain, CLUSTER_HEADERS))
_OF_NAMES = ("name", "label", "annotation", "celltype")
_ANY_OTHER = ("rest", "reference", "all", "others", "other", "")


def say_choice(source: Source, format_: Format, expected: Format, settings: SplitSettings) -> None:
    """Say which columns were taken by rule, and what clusters were compared with.

    Args:
        format_: the format with the table's own columns; `expected` is the same with those that were expected.
    """
    if (format_.cluster, format_.gene) != (expected.cluster, expected.gene):
        gene = format_.gene or "without a name (row names)"
        log.info("%s: clusters from column %s, genes from column %s", source.place, format_.cluster, gene)
    if format_.cluster != expected.cluster:
        _warn_of_other_clusters(source, format_, settings)
    _say_symbols(source, format_, expected)
    _say_names(source, format_)
    _warn_of_comparison(source, format_)


def warn_of_one_group(source: Source, format_: Format, ids: Iterable[str]) -> None:
    """A logistic regression of two groups gives one group, and the genes under it are those of the other one."""
    ids = list(ids)
    if format_.name == SCANPY_SCORES.name and len(ids) == 1:
        what = "scores of one group only: of a logistic regression (logreg) of two groups they are the other group's"
        log.warning("%s: %s; check which genes are up in %s", source.place, what, shown(ids[0]))


def _warn_of_other_clusters(source: Source, format_: Format, settings: SplitSettings) -> None:
    taken = (format_.cluster, format_.gene)
    others = [name for name in source.header if plain(name) in _CLUSTER_NAMES and name not in taken]
    if others and not settings.cluster_column:
        what = f"clusters may also be in column {listed(others)}; {argument('cluster_column')} names another than"
        log.warning("%s: %s %s", source.place, what, shown(format_.cluster))


def _say_symbols(source: Source, format_: Format, expected: Format) -> None:
    ids = [name for name in (expected.gene, *GENE_HEADERS, *ID_HEADERS) if name in source.header]
    if ids and format_.gene != ids[0] and (kind := id_kind(texts_of(source, source.header.index(ids[0])))):
        what = f"genes in column {shown(ids[0])} are {kind.name}; their symbols are taken from column"
        log.info("%s: %s %s", source.place, what, shown(format_.gene))
    elif ids and format_.gene != ids[0] and are_hardly_known(texts_of(source, source.header.index(ids[0]))):
        what = f"column {shown(ids[0])} has no known genes; they are taken from column {shown(format_.gene)}"
        log.warning("%s: %s", source.place, what)


def _say_names(source: Source, format_: Format) -> None:
    """Say that the numbers of clusters have names in another column, such as ArchR's group and group_name."""
    ids = texts_of(source, source.header.index(format_.cluster))
    if not ids or not all(map(str.isdecimal, ids)):
        return
    for name in source.header:
        texts = texts_of(source, source.header.index(name))
        is_name = plain(name).startswith(plain(format_.cluster)) and plain(name).endswith(_OF_NAMES)
        pairs = set(zip(ids, texts, strict=False)) if len(texts) == len(ids) else set()
        if is_name and not any(map(str.isdecimal, texts)) and len(pairs) == len(set(texts)) == len(set(ids)):
            what = f"clusters are the numbers of column {shown(format_.cluster)}; their names are in {shown(name)}"
            log.warning("%s: %s, and %s takes these", source.place, what, argument("cluster_column"))


def _warn_of_comparison(source: Source, format_: Format) -> None:
    for column in matching(source.header, (format_.reference,) if format_.reference else ()):
        texts = texts_of(source, source.header.index(column))
        if values := {text for text in texts if text.lower() not in _ANY_OTHER}:
            what = f"clusters were compared with {listed(sorted(values))} and not with all others"
            log.warning("%s: column %s: %s; only genes that are up are taken", source.place, shown(column), what)
    if format_.name == MUSCAT.name and "contrast" not in map(plain, source.header):
        what = "the table may compare conditions within clusters: its genes tell of these then, not of the cell type"
        log.warning("%s: %s", source.place, what)
