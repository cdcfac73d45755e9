"""Clusters with what their cells say."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from cassia_engine.cells.composition import compositions
from cassia_engine.cells.gene_places import GenePlaces
from cassia_engine.cells.means import with_means
from cassia_engine.cells.quality import quality
from cassia_engine.h5ad.clustered_cells import ClusteredCells, Values
from cassia_engine.records import Cluster, ClusterCells


def read_cells(clusters: Sequence[Cluster], cells: ClusteredCells) -> tuple[Cluster, ...]:
    """The clusters of a marker table with what their cells say; those without cells as they are.

    Raises:
        UsageError: the AnnData is damaged.
    """
    with cells.data.reading():
        return _read(clusters, cells)


def _read(clusters: Sequence[Cluster], cells: ClusteredCells) -> tuple[Cluster, ...]:
    values = cells.values()
    said = _said(cells, values)
    places = GenePlaces(values, cells.symbols) if values else None
    numbers = {label: number for number, label in enumerate(cells.groups.labels)}
    found = []
    for cluster in clusters:
        group = numbers.get(cluster.id)
        if group is None:
            found.append(cluster)
            continue
        markers = cluster.markers
        if values and places:
            markers = with_means(markers, group, values.expression, places)
        found.append(replace(cluster, markers=markers, cells=said[group]))
    return tuple(found)


def _said(cells: ClusteredCells, values: Values | None) -> list[ClusterCells]:
    """What the cells of each group say, by its number."""
    groups = cells.groups
    symbols = [cells.symbols.get(gene, gene) for gene in values.genes] if values else []
    measures = quality(cells.data, groups, values.expression if values else None, symbols)
    composed = compositions(cells.data, cells.column, groups)
    return [ClusterCells(size, measures[group], composed[group]) for group, size in enumerate(groups.sizes.values())]
