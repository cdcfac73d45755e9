"""Clusters with what their cells say."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from cassia_engine.cells.gene_places import GenePlaces
from cassia_engine.cells.means import with_means
from cassia_engine.h5ad.clustered_cells import ClusteredCells
from cassia_engine.records import Cluster, ClusterCells


def read_cells(clusters: Sequence[Cluster], cells: ClusteredCells) -> tuple[Cluster, ...]:
    """The clusters of a marker table with what their cells say; those without cells as they are.

    Raises:
        UsageError: the AnnData is damaged.
    """
    with cells.data.reading():
        return _read(clusters, cells)


def _read(clusters: Sequence[Cluster], cells: ClusteredCells) -> tuple[Cluster, ...]:
    sizes, numbers = cells.groups.sizes, {label: number for number, label in enumerate(cells.groups.labels)}
    values = cells.values()
    places = GenePlaces(values, cells.symbols) if values else None
    found = []
    for cluster in clusters:
        if (group := numbers.get(cluster.id)) is not None:
            markers = (
                with_means(cluster.markers, group, values.expression, places) if values and places else cluster.markers
            )
            cluster = replace(cluster, markers=markers, cells=ClusterCells(sizes[cluster.id]))
        found.append(cluster)
    return tuple(found)
