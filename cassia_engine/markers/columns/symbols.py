"""Gene names as they come: ids that are no symbols, dates that a spreadsheet made, and texts that are no genes."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError, shown
from cassia_engine.genes.dates import is_date, is_scientific
from cassia_engine.genes.ids import id_kind, unversioned
from cassia_engine.markers.columns.formats import data_columns
from cassia_engine.markers.files.input_kinds import opened
from cassia_engine.markers.files.source import MISSING, Problems, rows
from cassia_engine.records import Cluster

log = logging.getLogger(__name__)

# A gene's name may have a space in it; three words, or more characters than this, are a text about something.
LONGEST_SYMBOL = 60
_THREE_WORDS = re.compile(r"\S\s+\S+\s+\S")
_SHOWN = 20


def is_sentence(gene: str) -> bool:
    """Whether this can be no gene's name, and must not come before a language model as one."""
    return len(gene) > LONGEST_SYMBOL or not gene.isprintable() or bool(_THREE_WORDS.search(gene))


def are_symbols(words: Collection[str]) -> bool:
    """Whether words are genes rather than a sentence: nearly all have a capital or a digit in them."""
    named = sum(bool(re.search(r"[A-Z0-9]", word)) for word in words)
    return named * 10 >= len(words) * 9


def read_gene_map(path: Path) -> dict[str, str]:
    """A table of two columns, gene id and symbol. Versions of Ensembl ids (".5") do not matter.

    Raises:
        UsageError: it cannot be read, has not two columns, or names no symbol.
    """
    with opened(path) as source:
        columns = data_columns(source)
        if len(columns) != 2:
            raise source.error(
                f"{len(columns)} columns; a gene map has two, id and symbol", 0, code="gene-map-column-count"
            )
        problems = Problems(source)
        table = [(row[columns[0]], row[columns[1]].strip()) for _, row in rows(source, problems)]
        problems.raise_all()
        first = tuple(source.header[position] for position in columns)
        if id_kind([first[0]]):  # there is no header
            table.insert(0, (first[0], first[1]))
    symbols: dict[str, str] = {}
    for id_, symbol in table:
        if symbol not in MISSING and not is_sentence(symbol):
            symbols.setdefault(unversioned(id_.strip()), symbol)
    if not symbols or id_kind(symbols.values()):
        raise source.error(
            "the second column has no gene symbols; a gene map has two columns, id and symbol",
            code="gene-map-without-symbols",
        )
    return symbols


def check_symbols(
    place: str, clusters: Iterable[Cluster], symbols: Mapping[str, str] | None, allow_ids: bool = False
) -> None:
    """See that the genes of the clusters are symbols; name those that the gene map, if there is one, lacks.

    Raises:
        UsageError: they are ids of some kind, without a map or after it, and these are not allowed.
    """
    names = sorted({gene for cluster in clusters for gene in cluster.genes})
    if symbols is not None:
        _name_unmapped(names, symbols)
    if kind := id_kind(names):
        example = next(filter(kind.fits, names))
        remedy = kind.remedy.format(gene_map=option("gene_map"))
        if symbols is not None:
            remedy = (
                f"most of them are not in the table of {argument('gene_map')}; is it of this species and kind of id?"
            )
        what = f"genes are {kind.name} ({example}), annotation needs symbols"
        if not allow_ids:
            raise UsageError(f"{what}; {remedy}", path=place, code="genes-are-ids")
        log.warning("%s: %s; they go on as %s says", place, what, argument("allow_unknown_genes"))
    for found, what in (
        (is_date, "dates (SEPT2 into 2-Sep, MARCH1 into 1-Mar)"),
        (is_scientific, "numbers (2310009E19Rik into 2.31E+19)"),
    ):
        if some := list(filter(found, names)):
            what = f"a spreadsheet turned genes into {what}"
            log.warning("%s: %s: %s; make the table again without it", place, what, _some(some))


def _name_unmapped(names: Iterable[str], symbols: Mapping[str, str]) -> None:
    mapped = set(symbols.values())
    if unmapped := [name for name in names if name not in mapped]:
        log.warning("%d genes are not in the gene map and stay as they are: %s", len(unmapped), _some(unmapped))


def _some(names: list[str]) -> str:
    return ", ".join(map(shown, names[:_SHOWN])) + (", ..." if len(names) > _SHOWN else "")
