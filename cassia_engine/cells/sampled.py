"""Sampled cells for pictures, and the expression of all markers in them and in all clusters."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from cassia_engine.cells.gene_places import GenePlaces
from cassia_engine.cells.rounding import short, shorts
from cassia_engine.h5ad.annotated import Groups
from cassia_engine.h5ad.clustered_cells import ClusteredCells, Values
from cassia_engine.h5ad.coordinates import Coordinates
from cassia_engine.records import Cluster, GeneExpression, SampledCells

_DIGITS = 4  # of means and fractions, which are for pictures
_STEPS = 255  # of a value in one byte


def sampled_cells(
    clusters: Sequence[Cluster], cells: ClusteredCells, values: Values | None, places: GenePlaces | None
) -> SampledCells:
    """The sampled cells, and the genes that are a marker of any cluster and in the matrix.

    Without coordinates no cells are listed, as there is no picture of them.
    """
    found = SampledCells(n_cells=len(cells.groups.codes))
    if cells.coordinates:
        sampled = values.sampled.cells if values else cells.sampled
        found = _with_coordinates(found, clusters, cells.groups, cells.coordinates, sampled)
    if not (values and places):
        return found
    genes = _genes(clusters, cells, values, places)
    return replace(found, matrix=values.place, is_counts=values.expression.facts.is_counts, genes=tuple(genes))


def _with_coordinates(
    found: SampledCells,
    clusters: Sequence[Cluster],
    groups: Groups,
    coordinates: Coordinates,
    sampled: NDArray[np.int64],
) -> SampledCells:
    numbers = {cluster.id: number for number, cluster in enumerate(clusters)}
    of_group = np.array([*(numbers.get(label, -1) for label in groups.labels), -1])  # the last is for code -1
    x, y = (tuple(round_to_number(values) for values in column) for column in coordinates.values[sampled].T)
    indices = of_group[groups.codes[sampled]].tolist()
    return replace(found, coordinates_key=coordinates.key, x=x, y=y, clusters=tuple(indices))


def round_to_number(value: float) -> float:
    """A finite number with few digits."""
    return short(float(value)) or 0.0


def _genes(
    clusters: Sequence[Cluster], cells: ClusteredCells, values: Values, places: GenePlaces
) -> Iterator[GeneExpression]:
    union = places.union([marker for cluster in clusters for marker in cluster.markers])
    numbers = {label: number for number, label in enumerate(cells.groups.labels)}
    groups = [numbers.get(cluster.id, -1) for cluster in clusters]
    tables = (values.expression.means(), values.expression.fractions())
    means, fractions = (shorts(_of_groups(table, groups)[:, list(union.values())].T, _DIGITS) for table in tables)
    for number, (gene, place) in enumerate(union.items()):
        found = GeneExpression(gene, means[number], fractions[number])
        if cells.coordinates:
            highest, packed = in_bytes(values.sampled.of(place))
            found = replace(found, highest=highest, values=packed)
        yield found


def _of_groups(values: NDArray[np.float64], groups: Sequence[int]) -> NDArray[np.float64]:
    """Rows of groups; those of -1, clusters without cells, are NaN."""
    none = np.full((1, values.shape[1]), np.nan)
    return np.concatenate([values, none])[groups]


def in_bytes(values: NDArray[np.float64]) -> tuple[float, str]:
    """Values as `GeneExpression.values` has them, with the largest one. What is missing or below 0 is as 0."""
    known = np.where(np.isfinite(values) & (values > 0), values, 0)
    highest = round_to_number(known.max(initial=0))
    steps = np.clip(np.rint(known / highest * _STEPS), 1, _STEPS) if highest else known
    packed = np.where(known > 0, steps, 0).astype(np.uint8).tobytes()
    return highest, base64.b64encode(_compressed(packed)).decode("ascii")


def _compressed(values: bytes) -> bytes:
    """By runs of equal bytes, which most are: shorter than otherwise, and in a thirtieth of the time."""
    packer = zlib.compressobj(9, zlib.DEFLATED, strategy=zlib.Z_RLE)
    return packer.compress(values) + packer.flush()
