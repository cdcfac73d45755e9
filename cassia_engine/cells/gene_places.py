"""Where the genes of a marker table are in a matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from cassia_engine.genes.gene_names import GeneNames
from cassia_engine.h5ad.clustered_cells import Values
from cassia_engine.records import Marker


class GenePlaces:
    """The place of each gene in the matrix, by its symbol; of several with one symbol that of most expressing cells.

    Args:
        symbols: by the matrix's names, where these are ids.
        names: the symbols of a table's gene names, by which its markers were named.

    Attributes:
        symbols: shape (genes,), of the matrix.
    """

    def __init__(self, values: Values, symbols: Mapping[str, str], names: GeneNames):
        self.symbols = [names.symbol(symbols.get(gene, gene)) for gene in values.genes]
        found = values.expression
        cells = found.expressing.sum(axis=0) + found.other_expressing
        fewest_first = np.argsort(cells[::-1], kind="stable")  # of as many the first comes last, and is kept
        places = (len(cells) - 1 - fewest_first).tolist()
        self._places = {self.symbols[place]: place for place in places}

    def of(self, marker: Marker) -> int | None:
        """The place of a marker, by its name in the table; None where the matrix lacks the gene."""
        return self._places.get(marker.given or marker.gene, self._places.get(marker.gene))

    def union(self, markers: Sequence[Marker]) -> dict[str, int]:
        """The places of genes by the markers' symbols, each once, in their order."""
        found = {marker.gene: self.of(marker) for marker in markers}
        return {gene: place for gene, place in found.items() if place is not None}
