"""Gene names as they come: ids that are no symbols, dates that a spreadsheet made, and texts that are no genes."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from cassia_engine.errors import UsageError, shown
from cassia_engine.faces import argument, option
from cassia_engine.markers.formats import data_columns
from cassia_engine.markers.frames import opened
from cassia_engine.markers.source import MISSING, Problems, rows
from cassia_engine.records import Cluster, Marker

log = logging.getLogger(__name__)

_ID_KINDS = {
    "Ensembl": re.compile(r"(?:ENS|Ens|ens)[A-Za-z]{0,6}[GTgt]\d{6,}([._]\d+)?"),
    "Entrez": re.compile(r"\d+(\.0)?"),
}
# A gene's name may have a space in it; three words, or more characters than this, are a text about something.
LONGEST_SYMBOL = 60
_THREE_WORDS = re.compile(r"\S\s+\S+\s+\S")
_MONTHS = "Jan|Feb|Mar|Mrz|Apr|May|Mai|Jun|Jul|Aug|Sept?|Oct|Okt|Nov|Dec|Dez"
_DATE = re.compile(rf"\d{{1,2}}(-|\. ?)({_MONTHS})|({_MONTHS})-\d{{1,2}}")
_SHOWN = 20


def is_sentence(gene: str) -> bool:
    """Whether this can be no gene's name, and must not come before a language model as one."""
    return len(gene) > LONGEST_SYMBOL or not gene.isprintable() or bool(_THREE_WORDS.search(gene))


def are_symbols(words: Collection[str]) -> bool:
    """Whether words are genes rather than a sentence: nearly all have a capital or a digit in them."""
    named = sum(bool(re.search(r"[A-Z0-9]", word)) for word in words)
    return named * 10 >= len(words) * 9


def id_kind(genes: Collection[str]) -> str:
    """ "Ensembl" or "Entrez" if most of the genes are such ids, else ""."""
    for kind, pattern in _ID_KINDS.items():
        if sum(bool(pattern.fullmatch(name)) for name in genes) * 2 > len(genes):
            return kind
    return ""


def read_gene_map(path: Path) -> dict[str, str]:
    """A table of two columns, gene id and symbol. Versions of Ensembl ids (".5") do not matter.

    Raises:
        UsageError: it cannot be read, has not two columns, or names no symbol.
    """
    with opened(path) as source:
        columns = data_columns(source)
        if len(columns) != 2:
            raise source.error(f"{len(columns)} columns; a gene map has two, id and symbol", 0)
        problems = Problems(source)
        table = [(row[columns[0]], row[columns[1]].strip()) for _, row in rows(source, problems)]
        problems.raise_all()
        first = tuple(source.header[position] for position in columns)
        if id_kind([first[0]]):  # there is no header
            table.insert(0, (first[0], first[1]))
    symbols: dict[str, str] = {}
    for id_, symbol in table:
        if symbol not in MISSING and not is_sentence(symbol):
            symbols.setdefault(_unversioned(id_.strip()), symbol)
    if not symbols or id_kind(symbols.values()):
        raise source.error("the second column has no gene symbols; a gene map has two columns, id and symbol")
    return symbols


def check_symbols(place: str, clusters: Iterable[Cluster], symbols: Mapping[str, str] | None) -> tuple[Cluster, ...]:
    """The clusters with symbols for genes: by the gene map, if there is one.

    Raises:
        UsageError: the genes are Ensembl or Entrez ids, without a map or after it.
    """
    clusters = tuple(clusters)
    if symbols is not None:
        clusters = _mapped(clusters, symbols)
    names = sorted({gene for cluster in clusters for gene in cluster.genes})
    if kind := id_kind(names):
        example = next(name for name in names if _ID_KINDS[kind].fullmatch(name))
        remedy = f"give a table of id and symbol with {option('gene_map')}"
        if symbols is not None:
            remedy = (
                f"most of them are not in the table of {argument('gene_map')}; is it of this species and kind of id?"
            )
        raise UsageError(f"genes are {kind} ids ({example}), annotation needs symbols; {remedy}", path=place)
    if dates := [name for name in names if _DATE.fullmatch(name.title())]:
        what = "a spreadsheet turned genes into dates (SEPT2 into 2-Sep, MARCH1 into 1-Mar)"
        log.warning("%s: %s: %s; make the table again without it", place, what, _some(dates))
    return clusters


def symbol_of(gene: str, symbols: Mapping[str, str]) -> str:
    """The symbol of a gene by the gene map; a gene that it lacks stays as it is."""
    return symbols.get(_unversioned(gene), gene) if symbols else gene


def _unversioned(id_: str) -> str:
    if _ID_KINDS["Entrez"].fullmatch(id_):
        return id_.removesuffix(".0")
    return re.split("[._]", id_)[0].upper() if _ID_KINDS["Ensembl"].fullmatch(id_) else id_


def _mapped(clusters: tuple[Cluster, ...], symbols: Mapping[str, str]) -> tuple[Cluster, ...]:
    """The same clusters by symbols; genes that the map lacks stay as they are, and are named aloud."""
    unmapped = {g for c in clusters for g in c.genes if _unversioned(g) not in symbols} - set(symbols.values())
    if unmapped:
        log.warning("%d genes are not in the gene map and stay as they are: %s", len(unmapped), _some(sorted(unmapped)))
    return tuple(replace(c, markers=tuple(_once(c, symbols))) for c in clusters)


def _once(cluster: Cluster, symbols: Mapping[str, str]) -> Iterable[Marker]:
    """The markers of a cluster; of several ids of one symbol the best."""
    best: dict[str, Marker] = {}
    for marker in cluster.markers:
        symbol = symbol_of(marker.gene, symbols)
        best.setdefault(symbol, replace(marker, gene=symbol))
    return best.values()


def _some(names: list[str]) -> str:
    return ", ".join(map(shown, names[:_SHOWN])) + (", ..." if len(names) > _SHOWN else "")
