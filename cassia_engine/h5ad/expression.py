"""How many cells of each group express each gene, and how much: all genes in one pass over the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cassia_engine.h5ad.matrix import Block, Dense, Matrix, Sparse
from cassia_engine.h5ad.matrix_facts import MatrixFacts, SeenFacts
from cassia_engine.h5ad.sampled_values import Sampler

VALUES_IN_BLOCK = 6_000_000  # 24 MB in single precision, and as much of indices
VALUES_AT_ONCE = 200_000  # of one group: they stay in the processor's cache


@dataclass(frozen=True, slots=True)
class Expression:
    """Cells that express a gene, and sums, per group and gene.

    "The rest" of a group is every other cell, those without a group included, as in Scanpy.

    Attributes:
        sizes: shape (groups,), the cells of each group.
        expressing: shape (groups, genes), cells whose value is above 0.
        nonzero: shape (groups, genes), cells whose value is not 0, which is what Scanpy's pts counts.
        sums: shape (groups, genes), the sums of the values; NaN where one of them is.
        other_size, other_expressing, other_nonzero, other_sums: the same of the cells without a group.
        facts: what kind of values these are.
    """

    sizes: NDArray[np.int64]
    expressing: NDArray[np.int64]
    nonzero: NDArray[np.int64]
    sums: NDArray[np.float64]
    other_size: int
    other_expressing: NDArray[np.int64]
    other_nonzero: NDArray[np.int64]
    other_sums: NDArray[np.float64]
    facts: MatrixFacts

    def rest_sizes(self) -> NDArray[np.int64]:
        """Shape (groups,): the cells outside of each group."""
        return np.asarray(self.sizes.sum() + self.other_size - self.sizes)

    def fractions(self) -> NDArray[np.float64]:
        """Shape (groups, genes): the share of a group's cells that express a gene, 0 to 1; NaN for no cells."""
        return _shares(self.expressing, self.sizes)

    def rest_fractions(self) -> NDArray[np.float64]:
        """Shape (groups, genes): the share of the rest that express a gene, 0 to 1; NaN for no cells."""
        return _shares(_rest(self.expressing, self.other_expressing), self.rest_sizes())

    def means(self) -> NDArray[np.float64]:
        """Shape (groups, genes): mean of a group's values, zeros included; NaN for no cells."""
        return _shares(self.sums, self.sizes)

    def rest_means(self) -> NDArray[np.float64]:
        """Shape (groups, genes): mean of the rest's values, zeros included; NaN for no cells."""
        return _shares(_rest(self.sums, self.other_sums), self.rest_sizes())

    def nonzero_fractions(self) -> NDArray[np.float64]:
        """Shape (groups, genes): the share of a group's cells whose value is not 0; NaN for no cells."""
        return _shares(self.nonzero, self.sizes)

    def rest_nonzero_fractions(self) -> NDArray[np.float64]:
        """Shape (groups, genes): the share of the rest's cells whose value is not 0; NaN for no cells."""
        return _shares(_rest(self.nonzero, self.other_nonzero), self.rest_sizes())


def _rest(groups: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(groups.sum(axis=0) + others - groups)


def _shares(parts: NDArray[Any], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(parts / sizes[:, None], np.float64)


def expression(
    matrix: Matrix,
    codes: NDArray[np.integer[Any]],
    n_groups: int,
    sampler: Sampler | None = None,
    sums: bool = True,
) -> Expression:
    """Count and sum the values of each gene in each group.

    Memory is that of a few blocks (about 300 MB) and three arrays of (groups + 1) x genes x 8 bytes; it does not depend
    on how many cells there are, but for 8 bytes of each. Entries that a sparse matrix holds twice are counted twice, as
    Scanpy does.

    Args:
        matrix: cells by genes: dense, CSR or CSC.
        codes: shape (cells,), the group of each cell, 0 to n_groups - 1, and -1 for none.
        n_groups: how many groups there are; some may have no cells.
        sampler: takes the values of some cells in the same pass.
        sums: whether sums are wanted, which take two fifths of the time; they are NaN otherwise.

    Raises:
        MatrixError: its parts do not belong together.
        ValueError: `codes` is not of this matrix.
    """
    place = group_places(codes, n_groups, matrix.shape[0])
    tally = _Tally(n_groups + 1, matrix.shape[1], SeenFacts(matrix.dtype, sees_sums=sums), sums)
    if isinstance(matrix, Dense):
        _add_dense(matrix, place, tally, sampler)
    elif matrix.by_gene:
        _add_by_gene(matrix, place, tally, sampler)
    else:
        _add_by_cell(matrix, place, tally, sampler)
    return tally.result(np.bincount(place, minlength=n_groups + 1))


def group_places(codes: NDArray[np.integer[Any]], n_groups: int, n_cells: int) -> NDArray[np.int64]:
    """The group of each cell; n_groups for those without one.

    Raises:
        ValueError: there are not as many as cells, or some are outside of -1 to n_groups - 1.
    """
    if codes.shape != (n_cells,):
        raise ValueError(f"{codes.shape} codes for {n_cells} cells")
    if n_cells and not (codes.min() >= -1 and codes.max() < n_groups):
        raise ValueError(f"codes outside of -1 to {n_groups - 1}")
    return np.where(codes < 0, n_groups, codes).astype(np.int64)


@dataclass(slots=True)
class _Tally:
    """What was counted so far; the last row is that of the cells without a group."""

    rows: int
    genes: int
    facts: SeenFacts
    with_sums: bool
    expressing: NDArray[np.int64] = field(init=False)
    others: NDArray[np.int64] = field(init=False)  # negative or missing: not 0, and not expressed
    sums: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        shape = (self.rows, self.genes)
        self.expressing, self.others = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        self.sums = np.zeros(shape) if self.with_sums else np.full(shape, np.nan)

    def add(self, where: Any, bins: NDArray[np.int64], values: NDArray[Any], positive: bool) -> None:
        """Count values into a row or column of the tables, each in its bin.

        Raises:
            ValueError: a bin is outside of it.
        """
        sums, expressing, others = self.sums[where], self.expressing[where], self.others[where]
        expressing += np.bincount(bins if positive else bins[values > 0], minlength=len(sums))
        if self.with_sums:
            sums += np.bincount(bins, values, minlength=len(sums))
        if not positive:
            others += np.bincount(bins[~(values >= 0)], minlength=len(sums))

    def result(self, sizes: NDArray[np.int64]) -> Expression:
        nonzero = self.expressing + self.others if self.others.any() else self.expressing
        return Expression(
            sizes=sizes[:-1],
            expressing=self.expressing[:-1],
            nonzero=nonzero[:-1],
            sums=self.sums[:-1],
            other_size=int(sizes[-1]),
            other_expressing=self.expressing[-1],
            other_nonzero=nonzero[-1],
            other_sums=self.sums[-1],
            facts=self.facts.result(self.sums),
        )


def _add_by_cell(matrix: Sparse, place: NDArray[np.int64], tally: _Tally, sampler: Sampler | None) -> None:
    """Cells of one group together, so that what is counted into stays in the processor's cache."""
    gathered = _Gathered()
    for block in matrix.blocks(VALUES_IN_BLOCK):
        positive = tally.facts.see(block.values)
        groups = place[block.start : block.start + len(block.pointers) - 1]
        order = np.argsort(groups, kind="stable")
        ends = np.searchsorted(groups[order], np.arange(tally.rows + 1)).tolist()
        step = max(1, VALUES_AT_ONCE * len(groups) // max(1, len(block.values)))
        parts = (
            (group, at) for group in np.unique(groups).tolist() for at in range(ends[group], ends[group + 1], step)
        )
        for group, at in parts:
            genes, values = gathered.of(block, order[at : min(at + step, ends[group + 1])])
            try:
                tally.add((group, slice(None)), genes, values, positive)
            except ValueError as error:  # an index is negative, or not below the number of genes
                raise matrix.inconsistent() from error
        if sampler:
            sampler.by_cell(block)


class _Gathered:
    """Some lines of a block behind each other, in arrays that are used again: new ones cost more than the copying."""

    def __init__(self) -> None:
        self._positions, self._values = np.empty(0, np.int64), np.empty(0)

    def of(self, block: Block, lines: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        starts, stops = block.pointers[lines].tolist(), block.pointers[lines + 1].tolist()
        cuts = list(map(slice, starts, stops))
        length = sum(stops) - sum(starts)
        if length > len(self._values):
            self._positions, self._values = np.empty(length, np.int64), np.empty(length)
        positions, values = self._positions[:length], self._values[:length]
        np.concatenate(list(map(block.positions.__getitem__, cuts)), out=positions, casting="same_kind")
        np.concatenate(list(map(block.values.__getitem__, cuts)), out=values, casting="same_kind")
        return positions, values


def _add_by_gene(matrix: Sparse, place: NDArray[np.int64], tally: _Tally, sampler: Sampler | None) -> None:
    for block in matrix.blocks(VALUES_IN_BLOCK):
        positive = tally.facts.see(block.values)
        cells, ends = checked_cells(matrix, block), block.pointers.tolist()
        for line, (start, stop) in enumerate(pairwise(ends)):
            groups = place.take(cells[start:stop], mode="clip")  # faster than "raise", and nothing is outside
            tally.add((slice(None), block.start + line), groups, block.values[start:stop], positive)
        if sampler:
            sampler.by_gene(block, cells)


def checked_cells(matrix: Sparse, block: Block) -> NDArray[np.integer[Any]]:
    """The cells of a block of a CSC.

    Raises:
        MatrixError: some are not in the matrix.
    """
    cells = block.positions
    if cells.size and not (cells.min() >= 0 and cells.max() < matrix.shape[0]):
        raise matrix.inconsistent()
    return cells


def _add_dense(matrix: Dense, place: NDArray[np.int64], tally: _Tally, sampler: Sampler | None) -> None:
    for start, values in matrix.blocks(VALUES_IN_BLOCK):
        positive = tally.facts.see(values)
        groups = place[start : start + len(values)]
        for group in np.unique(groups).tolist():
            some = values[groups == group]
            if tally.with_sums:
                tally.sums[group] += some.sum(axis=0, dtype=np.float64)
            tally.expressing[group] += len(some) if positive else np.count_nonzero(some > 0, axis=0)
            if tally.facts.has_negative or tally.facts.n_missing:
                tally.others[group] += np.count_nonzero(~(some >= 0), axis=0)
        if sampler:
            sampler.dense(start, values)
