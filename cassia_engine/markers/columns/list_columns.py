"""Columns beside the numbered ones of genes (cluster, cell_type, gene1, gene2, ...), which are no genes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from cassia_engine.errors import shown
from cassia_engine.markers.columns.formats import listed
from cassia_engine.markers.columns.positions import are_ranks
from cassia_engine.markers.files.headers import CLUSTER_HEADERS
from cassia_engine.markers.files.source import Source

log = logging.getLogger(__name__)


def list_columns(source: Source) -> Sequence[int]:
    """The positions of clusters and of the numbered genes behind, where other columns stand beside; else none.

    The names of the columns of genes say that they number genes: gene1, marker_2, top3.
    """
    names = [name.strip() for name in source.header]
    genes = [n for n in range(len(names)) if n and (are_ranks(names[n : n + 2]) or are_ranks(names[n - 1 : n + 1]))]
    if not genes or not are_ranks([names[n] for n in genes]):
        return ()
    others = [n for n in range(len(names)) if n not in genes]
    if sum(names[n][-1:].isdecimal() for n in others) > 1:
        return ()  # perhaps a fold change beside each gene
    found = {names[n].lower(): n for n in reversed(others)}
    cluster = next((found[name] for name in CLUSTER_HEADERS if name in found), None)
    return () if cluster is None or len(others) == 1 else (cluster, *genes)


def with_list_columns(source: Source, positions: Sequence[int]) -> Source:
    """The table as if it had these columns only; its file has them all."""
    sample = tuple(tuple(row[n] for n in positions) for row in source.sample if len(row) == len(source.header))
    return replace(source, header=tuple(source.header[n] for n in positions), sample=sample)


def say_list_columns(source: Source, positions: Sequence[int]) -> None:
    """Say which columns are not read."""
    others = [name for n, name in enumerate(source.header) if n not in positions]
    what = f"clusters are read from column {shown(source.header[positions[0]])}, and genes from the numbered ones"
    log.warning("%s: %s; not read: %s", source.place, what, listed(others))
