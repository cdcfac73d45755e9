"""What the cells of an AnnData say of each gene in each cluster: also of genes that were not ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.records import Marker
from cassia_engine.settings import SplitSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cassia_engine.h5ad.clustered_cells import ClusteredCells
    from cassia_engine.markers import Table


@dataclass(frozen=True, slots=True)
class CellValues:
    """Of each gene the fraction of cells that express it, and the mean of their values.

    Attributes:
        places: the column of each gene, by its symbol.
        groups: the row of each cluster, by its id.
        inside, outside: shape (clusters, genes), fractions of a cluster's cells and of all others, 0 to 1.
        means: shape (clusters, genes), mean of a cluster's values, zeros included.
    """

    places: Mapping[str, int]
    groups: Mapping[str, int]
    inside: NDArray[Any]
    outside: NDArray[Any]
    means: NDArray[Any]

    @property
    def genes(self) -> Sequence[str]:
        return tuple(self.places)

    def of(self, gene: str) -> dict[str, Marker]:
        """A gene in each cluster; {} where the matrix lacks it."""
        place = self.places.get(gene)
        if place is None:
            return {}
        return {name: self._marker(gene, group, place) for name, group in self.groups.items()}

    def _marker(self, gene: str, group: int, place: int) -> Marker:
        found = (self.inside, self.outside, self.means)
        inside, outside, mean = (float(f"{values[group, place]:.4g}") for values in found)
        return Marker(gene, pct_in=_known(inside), pct_out=_known(outside), mean=_known(mean))


class TooManyError(Exception):
    """There are more genes times clusters than are to be counted."""

    def __init__(self, n_genes: int, n_clusters: int):
        super().__init__()
        self.n_genes, self.n_clusters = n_genes, n_clusters


def read_cell_values(table: Table | Sequence[Any], settings: SplitSettings, most: float) -> CellValues | None:
    """Count the values of an AnnData; None for a table, and for a matrix without values that can be counted.

    Args:
        most: how many genes times clusters there may be.

    Raises:
        TooManyError: there are more; nothing was counted.
        UsageError: it cannot be read any more.
    """
    from cassia_engine.h5ad.options import H5adOptions
    from cassia_engine.markers.files.input_kinds import holds_anndata, opened

    if isinstance(table, (list, tuple)) and len(table) == 1 and isinstance(table[0], (str, Path)):
        [table] = table  # as the command line gives it
    # With `rank` every gene of the matrix is ranked.
    if settings.rank or not holds_anndata(table):
        return None
    with opened(table, settings.max_table_size, None, H5adOptions.of(settings)) as source:
        return _values(source.cells, most) if source.cells else None


def _values(cells: ClusteredCells, most: float) -> CellValues | None:
    from cassia_engine.cells.gene_places import GenePlaces
    from cassia_engine.genes.gene_names import GeneNames

    with cells.data.reading():
        n_genes, n_clusters = cells.n_genes, len(cells.groups.labels)
        if n_genes * n_clusters > most:
            raise TooManyError(n_genes, n_clusters)
        values = cells.values()
        if values is None:
            return None
        found, symbols = values.expression, GenePlaces(values, cells.symbols, GeneNames())
        places = symbols.union([Marker(symbol) for symbol in symbols.symbols])
        groups = {label: number for number, label in enumerate(cells.groups.labels)}
        return CellValues(places, groups, found.fractions(), found.rest_fractions(), found.means())


def _known(value: float) -> float | None:
    """The number; None for NaN, which stands for no cells."""
    return value if value == value else None
