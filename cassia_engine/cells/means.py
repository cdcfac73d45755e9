"""Mean expression of the markers in the cells of their cluster."""

from __future__ import annotations

from msgspec.structs import replace

from cassia_engine.cells.gene_places import GenePlaces
from cassia_engine.cells.rounding import short
from cassia_engine.h5ad.expression import Expression
from cassia_engine.records import Marker


def with_means(markers: tuple[Marker, ...], group: int, found: Expression, places: GenePlaces) -> tuple[Marker, ...]:
    """The markers of a group with the mean of its cells' values, where the matrix has the gene."""
    size = int(found.sizes[group])
    known = [places.of(marker) if size else None for marker in markers]
    means = [None if place is None else short(float(found.sums[group, place]) / size) for place in known]
    return tuple(replace(marker, mean=mean) for marker, mean in zip(markers, means, strict=True))
