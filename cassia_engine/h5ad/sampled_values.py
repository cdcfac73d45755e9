"""The values of some cells, all genes of them, put aside while a matrix is read for other purposes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cassia_engine.h5ad.matrix import Block

# 5,000 cells that express 8,000 genes each; about 1 GB while they are put in order.
MOST_VALUES = 40_000_000
_AT_ONCE = 30_000


@dataclass(frozen=True, slots=True)
class SampledValues:
    """The values that are not 0 of the sampled cells, by gene.

    Attributes:
        cells: the places of the sampled cells, ascending.
        pointers: shape (genes + 1,), where each gene begins and ends in the two arrays that follow.
        numbers: which of the sampled cells each value is of.
        values: in single precision.
    """

    cells: NDArray[np.int64]
    pointers: NDArray[np.int64]
    numbers: NDArray[np.unsignedinteger[Any]]
    values: NDArray[np.float32]

    def of(self, gene: int) -> NDArray[np.float64]:
        """Shape (sampled cells,): the values of a gene, by its place in the matrix."""
        here = slice(self.pointers[gene], self.pointers[gene + 1])
        return np.asarray(np.bincount(self.numbers[here], self.values[here], minlength=len(self.cells)), np.float64)

    def expressed(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The genes that each sampled cell expresses, its values being above 0, as pointers and columns of a CSR."""
        genes = np.repeat(np.arange(len(self.pointers) - 1), np.diff(self.pointers))[self.values > 0]
        numbers = self.numbers[self.values > 0]
        pointers = _pointers(numbers, len(self.cells))
        return pointers, genes[np.argsort(numbers, kind="stable")]


class Sampler:
    """Takes the values of some cells out of the blocks of a matrix, as they come.

    Of matrices with hardly a 0, in which they would be too many, it goes on with every second cell, every fourth, and
    so on. Which cells these are does not depend on the matrix's layout.

    Args:
        cells: their places, ascending.
        shape: that of the matrix, cells by genes.
    """

    def __init__(self, cells: NDArray[np.int64], shape: tuple[int, int]):
        self._cells, self._shape = cells, shape
        self._parts: list[tuple[NDArray[Any], NDArray[Any], NDArray[np.float32]]] = []
        self._n_values, self._step = 0, 1
        # of 16 bits, as a rule, which are sorted quickly
        self._types = [np.dtype(np.uint16 if size <= 2**16 else np.uint32) for size in (len(cells), shape[1])]
        self._is_sampled = np.zeros(shape[0], bool)
        self._is_sampled[cells] = True
        self._numbers = np.zeros(shape[0], np.int32)
        self._numbers[cells] = np.arange(len(cells))

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
        places = self._sampled_of(cells)
        lengths = np.diff(np.searchsorted(places, block.pointers))
        genes = np.repeat(np.arange(block.start, block.start + len(lengths)), lengths)
        self._keep(self._numbers[cells[places]], genes, block.values[places])

    def _sampled_of(self, cells: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Where the sampled ones are among these cells; some at a time, so that they stay in the processor's cache."""
        found = []
        for start in range(0, len(cells), _AT_ONCE):
            is_sampled = self._is_sampled.take(cells[start : start + _AT_ONCE], mode="clip")  # faster than "raise"
            found.append(np.flatnonzero(is_sampled) + start)
        return np.concatenate(found) if found else np.empty(0, np.int64)

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
        kept = (values != 0) & (numbers % self._step == 0)
        if not kept.all():
            numbers, genes, values = numbers[kept], genes[kept], values[kept]
        with np.errstate(over="ignore"):
            single = values.astype(np.float32)
        self._parts.append((numbers.astype(self._types[0]), genes.astype(self._types[1]), single))
        self._n_values += len(values)
        while self._n_values > MOST_VALUES and self._step < len(self._cells):
            self._thin_out()

    def _thin_out(self) -> None:
        """Drop every second of the cells."""
        self._step *= 2
        kept = [numbers % self._step == 0 for numbers, _, _ in self._parts]
        self._parts = [
            (numbers[here], genes[here], values[here])
            for (numbers, genes, values), here in zip(self._parts, kept, strict=True)
        ]
        self._n_values = sum(len(values) for _, _, values in self._parts)

    def result(self) -> SampledValues:
        """What was found in all blocks."""
        parts = [(*(np.empty(0, kind) for kind in self._types), np.empty(0, np.float32)), *self._parts]
        numbers, genes, values = (np.concatenate([part[place] for part in parts]) for place in range(3))
        self._parts.clear()
        order = np.argsort(genes, kind="stable")
        pointers = _pointers(genes, self._shape[1])
        return SampledValues(self._cells[:: self._step], pointers, numbers[order] // self._step, values[order])


def _pointers(lines: NDArray[Any], number: int) -> NDArray[np.int64]:
    """Where each line begins and ends, as in a CSR."""
    return np.concatenate([[0], np.cumsum(np.bincount(lines, minlength=number))]).astype(np.int64)
