"""Several marker tables as one: files of one sample, each with clusters of its own, or of one cluster each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from msgspec import structs

from cassia_engine.callers import argument
from cassia_engine.errors import UsageError, gather, shown
from cassia_engine.markers.columns.formats import MarkerTable
from cassia_engine.markers.files.source import Source
from cassia_engine.records import GeneRanking, Selection

log = logging.getLogger(__name__)

Read = tuple[Source, str, MarkerTable]


def files_of(markers: Any) -> list[Path] | None:
    """The files of a list of paths; None for a table."""
    if not isinstance(markers, (list, tuple)) or not markers:
        return None
    return list(map(Path, markers)) if all(isinstance(path, (str, Path)) for path in markers) else None


def joined(files: Sequence[Path], read: Callable[[Path], Read], cluster_name: str | None) -> Read:
    """The clusters of all files, in their order.

    Raises:
        UsageError: a file cannot be read, the files have different formats, or clusters the same id.
    """
    if cluster_name is not None and len(files) > 1:
        raise UsageError(
            f"{argument('cluster_name')} is for one table; of several each cluster has its file's name",
            code="cluster-name-of-several",
        )
    tables: list[Read] = gather(*(lambda path=path: read(path) for path in files))
    (source, title, first), *others = tables
    for other, other_title, table in others:
        if _form_of(table.selection) != _form_of(first.selection):
            one, two = _forms((title, first.selection), (other_title, table.selection))
            what = f"a table of another form ({two}) than {source.place} ({one}); give tables of one form"
            raise UsageError(what, path=other.place, code="table-form-differs")
    _refuse_equal_ids(tables)
    if others and any(table.cells for _, _, table in tables):
        what = "the report has no picture of their cells, as several files have no coordinates in common"
        log.info("%s and %d more: %s", source.place, len(others), what)
    clusters = [cluster for _, _, table in tables for cluster in table.clusters]
    place = f"{source.place} and {len(others)} more" if others else source.place
    numbered = tuple(structs.replace(cluster, index=index) for index, cluster in enumerate(clusters))
    cells = None if others else first.cells
    selection = structs.replace(first.selection, ranking=_ranking([table.selection for _, _, table in tables]))
    return replace(source, place=place, lines=False), title, MarkerTable(selection, numbered, cells)


def _form_of(selection: Selection) -> Selection:
    """How markers were chosen, whoever ranked the genes."""
    return structs.replace(selection, ranking=None)


def _ranking(selections: Sequence[Selection]) -> GeneRanking | None:
    """How the genes of all files were ranked; where files differ, no more than what is wrong with one of them."""
    found = [selection.ranking for selection in selections]
    if len(set(found)) == 1:
        return found[0]
    doubtful = next((one for one in found if one and one.doubt), None)
    return GeneRanking(matrix=doubtful.matrix, doubt=doubtful.doubt) if doubtful else None


def _forms(*tables: tuple[str, Selection]) -> list[str]:
    """What each table is, in words that tell them apart."""
    forms = [f"{title}, by {selection.ranked_by}" for title, selection in tables]
    if len(set(forms)) == len(forms):
        return forms
    return [", ".join([form, *_lacking(selection)]) for form, (_, selection) in zip(forms, tables, strict=True)]


def _lacking(selection: Selection) -> list[str]:
    thresholds = {
        "p values": selection.max_p_val_adj,
        "fold changes": selection.min_log2fc,
        "fractions of cells": selection.min_pct,
    }
    return [f"{'without' if value is None else 'with'} {name}" for name, value in thresholds.items()]


def _refuse_equal_ids(tables: Sequence[Read]) -> None:
    places: dict[str, str] = {}
    for source, _, table in tables:
        for cluster in table.clusters:
            if cluster.id in places:
                what = f"cluster {shown(cluster.id)} is in {places[cluster.id]} too"
                raise UsageError(
                    f"{what}; give each cluster of a sample an id of its own",
                    path=source.place,
                    code="cluster-in-several-tables",
                )
        places |= {cluster.id: source.place for cluster in table.clusters}
