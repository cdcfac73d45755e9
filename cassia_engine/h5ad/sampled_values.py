"""The values of some cells, all genes of them, put aside while a matrix is read for other purposes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cassia_engine.h5ad.matrix import Block


@dataclass(frozen=True, slots=True)
class SampledValues:
    """The values that are not 0 of the sampled cells, by gene.

    Attributes:
        n_cells: how many cells were sampled.
        pointers: shape (genes + 1,), where each gene begins and ends in the two arrays that follow.
        numbers: which of the sampled cells each value is of.
        values: in single precision.
    """

    n_cells: int
    pointers: NDArray[np.int64]
    numbers: NDArray[np.int32]
    values: NDArray[np.float32]

    def of(self, gene: int) -> NDArray[np.float64]:
        """Shape (sampled cells,): the values of a gene, by its place in the matrix."""
        here = slice(self.pointers[gene], self.pointers[gene + 1])
        return np.asarray(np.bincount(self.numbers[here], self.values[here], minlength=self.n_cells), np.float64)

    def expressed(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The genes that each sampled cell expresses, its values being above 0, as pointers and columns of a CSR."""
        genes = np.repeat(np.arange(len(self.pointers) - 1), np.diff(self.pointers))[self.values > 0]
        numbers = self.numbers[self.values > 0]
        order = np.argsort(numbers.astype(np.uint16) if self.n_cells <= 2**16 else numbers, kind="stable")
        pointers = np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=self.n_cells))]).astype(np.int64)
        return pointers, genes[order]


class Sampler:
    """Takes the values of some cells out of the blocks of a matrix, as they come.

    Args:
        cells: their places, ascending.
        shape: that of the matrix, cells by genes.
    """

    def __init__(self, cells: NDArray[np.int64], shape: tuple[int, int]):
        self._cells, self._shape = cells, shape
        self._parts: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]] = []
        self._is_sampled = np.zeros(shape[0], bool)
        self._is_sampled[cells] = True

    def by_cell(self, block: Block) -> None:
        """Some cells of a CSR."""
        first, last = self._range(block.start, len(block.pointers) - 1)
        lines = self._cells[first:last] - block.start
        starts, stops = block.pointers[lines].tolist(), block.pointers[lines + 1].tolist()
        if starts:
            places = np.concatenate([np.arange(*ends) for ends in zip(starts, stops, strict=True)])
            numbers = np.repeat(np.arange(first, last), np.subtract(stops, starts))
            self._keep(numbers, block.positions[places], block.values[places])

    def by_gene(self, block: Block, cells: NDArray[np.integer[Any]]) -> None:
        """Some genes of a CSC, whose cells are known to be in the matrix."""
        places = np.flatnonzero(self._is_sampled.take(cells, mode="clip"))  # faster than "raise"
        genes = block.start + np.searchsorted(block.pointers, places, side="right") - 1
        self._keep(np.searchsorted(self._cells, cells[places]), genes, block.values[places])

    def dense(self, start: int, values: NDArray[Any]) -> None:
        """Some cells, shape (cells, genes), from the place `start` on."""
        first, last = self._range(start, len(values))
        rows = values[self._cells[first:last] - start]
        numbers, genes = np.nonzero(rows)
        self._keep(first + numbers, genes, rows[numbers, genes])

    def _range(self, start: int, length: int) -> tuple[int, int]:
        """The first of the sampled cells that is in these lines, and the first behind them."""
        first, last = np.searchsorted(self._cells, (start, start + length)).tolist()
        return first, last

    def _keep(self, numbers: NDArray[Any], genes: NDArray[Any], values: NDArray[Any]) -> None:
        kept = values != 0
        if not kept.all():
            numbers, genes, values = numbers[kept], genes[kept], values[kept]
        with np.errstate(over="ignore"):
            self._parts.append((numbers.astype(np.int32), genes.astype(np.int32), values.astype(np.float32)))

    def result(self) -> SampledValues:
        """What was found in all blocks."""
        n_genes = self._shape[1]
        none = (np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32))
        numbers, genes, values = (np.concatenate(part) for part in zip(none, *self._parts, strict=True))
        self._parts.clear()
        order = np.argsort(genes.astype(np.uint16) if n_genes <= 2**16 else genes, kind="stable")  # quick for 16 bits
        pointers = np.concatenate([[0], np.cumsum(np.bincount(genes, minlength=n_genes))]).astype(np.int64)
        return SampledValues(len(self._cells), pointers, numbers[order], values[order])
