"""Ranked genes as a marker table: what `scanpy.get.rank_genes_groups_df` gives, as text."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cassia_engine.csv_injection import guard, unguard
from cassia_engine.h5ad.annotated import FRACTIONS, AnnotatedData, Fractions, RankedGenes
from cassia_engine.h5ad.genes_of_groups import Repeats, genes_once
from cassia_engine.markers.files.database import connected

log = logging.getLogger(__name__)


def write_table(data: AnnotatedData, ranked: RankedGenes, symbols: Mapping[str, str], text: Path) -> None:
    """Write them as a CSV file: one row for each gene of each group, in their order; says which rows are left out."""
    # What costs time for a gene is done once, and not for each group.
    cells = {gene: _cell(symbols.get(gene, gene)) for gene in genes_once(ranked)}  # none for nameless ones
    fractions = [
        _ByName({FRACTIONS[name]: found for name, found in ranked.fractions.items() if found.genes == genes})
        for genes in dict.fromkeys(found.genes for found in ranked.fractions.values())
    ]
    columns: dict[str, list[NDArray[Any]]] = {}
    dropped, repeats = 0, Repeats()
    for group, names in ranked.names.items():
        genes = names.tolist()
        named = list(map(cells.get, genes))
        rows = {"group": np.full(len(genes), _cell(group), object), "names": np.array(named, object)}
        rows |= {name: values[group] for name, values in ranked.statistics.items() if group in values}
        for found in fractions:
            rows |= found.of(group, genes)
        kept = repeats.kept(genes, named, rows.get(FRACTIONS["pts"]))
        dropped += len(kept) - int(kept.sum())
        for name, values in rows.items():
            columns.setdefault(name, []).append(values[kept])
    if filtered := dropped - repeats.n_rows:
        log.info("%s: %d genes that a filter removed are left out", data.place, filtered)
    repeats.say(data)
    _write_csv({name: np.concatenate(parts) for name, parts in columns.items()}, text)


def _write_csv(rows: Mapping[str, NDArray[Any]], text: Path) -> None:
    selected = (
        f"nullif(\"{name}\", 'nan')" if values.dtype.kind == "f" else f'"{name}"' for name, values in rows.items()
    )
    named = ", ".join(f'{value} AS "{name}"' for name, value in zip(rows, selected, strict=True))
    with connected() as db:
        db.register("ranked", dict(rows))
        db.sql(f"SELECT {named} FROM ranked").write_csv(str(text), quotechar='"')


class _ByName:
    """Fractions of cells by the genes' names; of several genes of one name the largest, as no row says which.

    Args:
        found: by the columns that they get; all of the same genes in the same order.
    """

    def __init__(self, found: Mapping[str, Fractions]):
        self._found = found
        self._place: dict[Any, int] = {}
        genes = next(iter(found.values())).genes if found else ()
        self._numbers = np.array([self._place.setdefault(name, len(self._place)) for name in genes], np.int64)

    def of(self, group: str, genes: Sequence[Any]) -> dict[str, NDArray[np.float64]]:
        """Fractions of a group's cells, for genes in any order; NaN where one was not counted."""
        columns = {name: one.groups[group] for name, one in self._found.items() if group in one.groups}
        places = list(map(self._place.get, genes, repeat(-1))) if columns else []
        return {name: self._largest(values)[places] for name, values in columns.items()}

    def _largest(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """By the places of names, and NaN at the end."""
        found = np.full(len(self._place) + 1, np.nan)
        np.fmax.at(found, self._numbers, values)
        return found


def _cell(value: Any) -> Any:
    """A text as the table's reader takes it: a ' in front is taken off there."""
    return guard(value) if isinstance(value, str) and unguard(value) != value else value
