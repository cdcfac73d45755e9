"""Clusters with what their cells say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from cassia_engine.cells.composition import compositions
from cassia_engine.cells.gene_places import GenePlaces
from cassia_engine.cells.lineages import lineage_pairs
from cassia_engine.cells.means import with_means
from cassia_engine.cells.quality import quality
from cassia_engine.cells.sampled import sampled_cells
from cassia_engine.cells.witnesses import witnesses
from cassia_engine.genes.gene_names import GeneNames
from cassia_engine.h5ad.clustered_cells import ClusteredCells, Values
from cassia_engine.records import Cluster, ClusterCells, LineagePair, SampledCells


def read_cells(
    clusters: Sequence[Cluster], cells: ClusteredCells, names: GeneNames, species: str
) -> tuple[tuple[Cluster, ...], SampledCells]:
    """The clusters of a marker table with what their cells say, those without cells as they are; and sampled cells.

    Args:
        names: with the gene map, if there is one.
        species: "human", "mouse" or another one.

    Raises:
        UsageError: the AnnData is damaged.
    """
    with cells.data.reading():
        values = cells.values()
        places = GenePlaces(values, cells.symbols, names) if values else None
        found = tuple(_with_cells(clusters, cells, values, places, species))
        return found, sampled_cells(found, cells, values, places)


def _with_cells(
    clusters: Sequence[Cluster], cells: ClusteredCells, values: Values | None, places: GenePlaces | None, species: str
) -> Iterator[Cluster]:
    said = _said(cells, values, places.symbols if places else [], species)
    numbers = {label: number for number, label in enumerate(cells.groups.labels)}
    for cluster in clusters:
        group = numbers.get(cluster.id)
        if group is None:
            yield cluster
            continue
        markers = cluster.markers
        if values and places:
            markers = with_means(markers, group, values.expression, places)
        yield replace(cluster, markers=markers, cells=said[group])


def _said(cells: ClusteredCells, values: Values | None, symbols: Sequence[str], species: str) -> list[ClusterCells]:
    """What the cells of each group say, by its number."""
    groups, n_groups = cells.groups, len(cells.groups.labels)
    measures = quality(cells.data, groups, values.expression if values else None, symbols)
    composed = compositions(cells.data, cells.column, groups)
    lineages: Sequence[tuple[LineagePair, ...]] = ((),) * n_groups
    if values:
        sampled = groups.codes[values.sampled.cells]
        lineages = lineage_pairs(symbols, *values.sampled.expressed(), sampled, n_groups, species)
    said = witnesses(groups, cells.labels)
    return [
        ClusterCells(size, measures[group], composed[group], lineages[group], said[group])
        for group, size in enumerate(groups.sizes.values())
    ]
