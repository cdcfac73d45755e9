"""Gene symbols of an AnnData: a named column, the names themselves, or a column of symbols that is found."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError
from cassia_engine.genes.ids import id_kind
from cassia_engine.h5ad.annotated import AnnotatedData
from cassia_engine.h5ad.names import listed
from cassia_engine.knowledge.known import is_symbol

log = logging.getLogger(__name__)

# What tools call the column: the first of these with enough known symbols is taken before any other.
_USUAL = (
    "gene_symbols",
    "gene_symbol",
    "feature_name",
    "symbol",
    "symbols",
    "gene_name",
    "gene_names",
    "gene_short_name",
)
# Symbols of a column that the bundled tables know, at least, and how many genes are looked at.
_KNOWN = 0.3
_LOOKED_AT = 2000


def symbols_of(data: AnnotatedData, genes: Collection[str], column: str | None, mapped: bool) -> dict[str, str]:
    """The symbols of ranked genes by their names; {} where the names are symbols. Says which column has them.

    Args:
        genes: the names of the ranked genes, each once.
        column: the column of `var` (or of `raw.var`, for genes that are there only) that the person named.
        mapped: whether a gene map was given, which then has the symbols.

    Raises:
        UsageError: the named column is missing, or has numbers; or the genes are ids and no column has symbols.
    """
    places = _places(data, genes)
    if column is not None:
        raw = next((raw for raw in places if column in data.gene_columns(raw)), places[0])
        _check_column(data, raw, column)
        return _by_name(data, raw, column)
    kind = id_kind(genes)
    if kind is None or mapped:
        return {}
    for raw in places:
        if found := _found(data, raw, genes):
            where = f"{_where(raw)}['{found}']"
            log.info("%s: genes are %s; their symbols are read from %s", data.place, kind.name, where)
            return _by_name(data, raw, found)
    texts = [name for raw in places for name, is_text in data.gene_columns(raw).items() if is_text]
    what = (
        f"genes are {kind.name}, and none of the text columns of {' and '.join(map(_where, places))} has gene symbols"
    )
    there = f" (columns: {listed(texts)})" if texts else ""
    remedy = f"name the column with {argument('gene_symbols_column')}, or give {argument('gene_map')}"
    raise UsageError(f"{what}{there}; {remedy}", path=data.place, code="gene-symbols-not-found")


def _places(data: AnnotatedData, genes: Collection[str]) -> list[bool]:
    """Where symbols of the genes may be: var (False), raw.var (True), those that have the genes."""
    found = [raw for raw in (False, True) if set(genes) <= set(data.genes(raw))]
    return found or [bool(set(genes) & set(data.genes(True)))]


def _where(raw: bool) -> str:
    return "raw.var" if raw else "var"


def _check_column(data: AnnotatedData, raw: bool, column: str) -> None:
    columns, where = data.gene_columns(raw), _where(raw)
    given = option("gene_symbols_column", column)
    if column not in columns:
        there = f"{where} has {listed(list(columns))}" if columns else f"{where} has no columns"
        raise UsageError(f"{given}: no such column; {there}", path=data.place, code="gene-symbols-column-not-found")
    if not columns[column]:
        texts = [name for name, is_text in columns.items() if is_text]
        there = f"text columns of {where}: {listed(texts)}" if texts else f"{where} has no text column"
        raise UsageError(
            f"{given}: the column has numbers, no gene symbols; {there}",
            path=data.place,
            code="gene-symbols-column-of-numbers",
        )


def _found(data: AnnotatedData, raw: bool, genes: Collection[str]) -> str | None:
    """The text column with known symbols of some ranked genes: one of the usual names, else that with the most; of
    species without known symbols, one of the usual names that holds no ids."""
    looked_at = set(list(genes)[:_LOOKED_AT])
    places = [number for number, name in enumerate(data.genes(raw)) if name in looked_at]
    columns = [name for name, is_text in data.gene_columns(raw).items() if is_text]
    columns.sort(key=lambda name: _USUAL.index(name) if name in _USUAL else len(_USUAL))
    values = {name: _filled(data.gene_texts(raw, name), places) for name in columns}
    shares = {name: sum(map(is_symbol, set(found))) / max(len(places), 1) for name, found in values.items()}
    usual = [name for name in columns if name in _USUAL and shares[name] >= _KNOWN]
    best = usual[0] if usual else max(columns, key=shares.__getitem__, default=None)
    if best is not None and shares[best] >= _KNOWN:
        return best
    return next((name for name in columns if name in _USUAL and values[name] and not id_kind(values[name])), None)


def _filled(values: Sequence[str | None], places: Sequence[int]) -> list[str]:
    return [value for place in places if (value := values[place])]


def _by_name(data: AnnotatedData, raw: bool, column: str) -> dict[str, str]:
    """Symbols by the genes' names; a gene without one keeps its name."""
    named: Mapping[str, str | None] = dict(zip(data.genes(raw), data.gene_texts(raw, column), strict=True))
    missing = sum(not symbol for symbol in named.values())
    if missing:
        log.info("%s: %d genes have no symbol in column %s and keep their names", data.place, missing, column)
    return {name: symbol for name, symbol in named.items() if symbol}
