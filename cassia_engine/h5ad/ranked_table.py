"""Ranked genes as the rows of a marker table: what `scanpy.get.rank_genes_groups_df` gives."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cassia_engine.csv_injection import guard, unguard
from cassia_engine.h5ad.annotated import FRACTIONS, AnnotatedData, Fractions, RankedGenes
from cassia_engine.h5ad.genes_of_groups import Repeats

log = logging.getLogger(__name__)

_GROUP, _NAMES = "group", "names"
# By these columns no two rows are the same.
KEY = frozenset((_GROUP, _NAMES))
# Arrays of one length by the names of columns: of numbers, or objects that are str.
Rows: TypeAlias = "dict[str, NDArray[Any]]"


def rows_of(data: AnnotatedData, ranked: RankedGenes, symbols: Mapping[str, str]) -> Rows:
    """One row for each gene of each group, in their order; says which rows are left out."""
    # What costs time for a gene is done once, and not for each group.
    cells = [_cell(symbols.get(gene, gene)) for gene in ranked.genes]
    named = np.array([*cells, None], object)  # the last one is that of nameless genes
    numbers = _numbered(cells)
    fractions = _fractions(ranked)
    columns: dict[str, list[NDArray[Any]]] = {}
    dropped, repeats = 0, Repeats()
    for group, places in ranked.places.items():
        rows = {_GROUP: np.full(len(places), _cell(group), object), _NAMES: named[places]}
        rows |= {name: values[group] for name, values in ranked.statistics.items() if group in values}
        for found in fractions:
            rows |= found.of(group, places)
        kept = places >= 0
        if (np.bincount(numbers[places[kept]], minlength=1) > 1).any():
            genes = [ranked.genes[place] if place >= 0 else None for place in places.tolist()]
            kept = repeats.kept(genes, rows[_NAMES].tolist(), rows.get(FRACTIONS["pts"]))
        dropped += len(kept) - int(kept.sum())
        for name, values in rows.items():
            columns.setdefault(name, []).append(values if kept.all() else values[kept])
    if filtered := dropped - repeats.n_rows:
        log.info("%s: %d genes that a filter removed are left out", data.place, filtered)
    repeats.say(data)
    return {name: np.concatenate(parts) for name, parts in columns.items()}


def _numbered(cells: Sequence[Any]) -> NDArray[np.int64]:
    """A number for each cell, the same for the same."""
    number: dict[Any, int] = {}
    return np.array([number.setdefault(cell, len(number)) for cell in cells], np.int64)


def _fractions(ranked: RankedGenes) -> list[_ByName]:
    """The fractions of a test, together those of the same genes."""
    return [
        _ByName({FRACTIONS[name]: found for name, found in ranked.fractions.items() if found.genes == genes}, ranked)
        for genes in dict.fromkeys(found.genes for found in ranked.fractions.values())
    ]


class _ByName:
    """Fractions of cells by the genes' names; of several genes of one name the largest, as no row says which.

    Args:
        found: by the columns that they get; all of the same genes in the same order.
        ranked: whose genes they are for.
    """

    def __init__(self, found: Mapping[str, Fractions], ranked: RankedGenes):
        self._found = found
        place: dict[Any, int] = {}
        genes = next(iter(found.values())).genes if found else ()
        self._numbers = np.array([place.setdefault(name, len(place)) for name in genes], np.int64)
        self._n_names = len(place)
        # Of a gene that was not counted, and of nameless ones (-1), the place at the end.
        self._places = np.array([*(place.get(gene, -1) for gene in ranked.genes), -1], np.int64)

    def of(self, group: str, places: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """Fractions of a group's cells, for places of ranked genes; NaN where one was not counted."""
        columns = {name: one.groups[group] for name, one in self._found.items() if group in one.groups}
        return {name: self._largest(values)[self._places[places]] for name, values in columns.items()}

    def _largest(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """By the places of names, and NaN at the end."""
        if self._n_names == len(values):
            return np.append(values, np.nan)
        found = np.full(self._n_names + 1, np.nan)
        np.fmax.at(found, self._numbers, values)
        return found


def _cell(value: Any) -> Any:
    """A text as the table's reader takes it: a ' in front is taken off there."""
    return guard(value) if isinstance(value, str) and unguard(value) != value else value
