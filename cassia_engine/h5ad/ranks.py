"""Ranks of cells by the expression of each gene, summed per group; only values that are not 0 are sorted.

A value, the gene and the group of its cell make one number, gene first, so that one sort of numbers gathers the values
of each gene in order, with their groups. All cells whose value is 0 are one tie, between the negative values and the
positive ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cassia_engine.h5ad.expression import Expression, checked_cells, group_places
from cassia_engine.h5ad.matrix import Dense, Matrix, Sparse

VALUES_IN_BLOCK = 1_000_000
KEY_BITS = 32
ZERO = 1 << (KEY_BITS - 1)  # the key that 0 would have
WIDE_FACTOR = 6  # memory of a value in double precision, while it is sorted, as a multiple of that of the others

Numbers: TypeAlias = "NDArray[np.uint64]"
# Genes (counted from the first of a pass), groups and values that are not 0.
Entries: TypeAlias = "tuple[NDArray[Any], NDArray[np.int64], NDArray[Any]]"


@dataclass(frozen=True, slots=True)
class RankSums:
    """What the rank-sum test needs; ranks begin at 1, equal values share their mean rank.

    Attributes:
        sums: shape (groups, genes), the sum of the ranks of each group's cells among all cells.
        ties: shape (genes,), the sum of t**3 - t over each gene's ties of t cells.
    """

    sums: NDArray[np.float64]
    ties: NDArray[np.float64]


def rank_sums(matrix: Matrix, codes: NDArray[np.integer[Any]], found: Expression, *, memory: int) -> RankSums:
    """Rank all cells by each gene.

    A CSC is read once. A CSR or dense matrix is read once for all genes whose values, at 8 bytes each, fit into
    `memory` together, and once more for the next ones. Values in double precision that single precision cannot hold
    take six times that.

    Args:
        matrix: without missing values.
        codes: shape (cells,), as `found` was made with.
        found: what `expression` found in the same matrix.
        memory: bytes for the values that are sorted at once; blocks and tables come on top.

    Raises:
        MatrixError: its parts do not belong together.
    """
    n_groups, n_genes = found.sums.shape
    place = group_places(codes, n_groups, matrix.shape[0])
    nonzero = np.vstack([found.nonzero, found.other_nonzero])
    zeros = np.append(found.sizes, found.other_size)[:, None] - nonzero
    sums, ties = np.zeros((n_groups + 1, n_genes)), np.zeros(n_genes)
    packing = _Packing(int(n_groups).bit_length(), found.facts.is_single)
    columns = _columns(matrix, place, nonzero.sum(axis=0), packing, memory)
    for gene, keys, groups, zero in columns:
        n_zero = int(zeros[:, gene].sum())
        sums[:, gene], zero_rank, ties[gene] = _ranked(keys, groups, zero, n_zero, n_groups + 1)
        sums[:, gene] += zeros[:, gene] * zero_rank
    return RankSums(sums[:-1], ties)


def _ranked(
    keys: Numbers, groups: NDArray[np.int64], zero: int, n_zero: int, n_rows: int
) -> tuple[NDArray[np.float64], float, float]:
    """Sums of the ranks of one gene's values, the rank of the zeros, and the sum of t**3 - t over its ties."""
    changes = np.flatnonzero(keys[1:] != keys[:-1]) + 1
    starts = np.concatenate([np.zeros(min(1, len(keys)), np.int64), changes])
    lengths = np.diff(starts, append=len(keys))
    below = int(np.searchsorted(keys, np.uint64(zero)))
    ranks = np.asarray(starts + (lengths + 1) / 2, np.float64)
    ranks[np.searchsorted(starts, below) :] += n_zero
    sums = np.asarray(np.bincount(groups, np.repeat(ranks, lengths), minlength=n_rows), np.float64)
    tied = lengths[lengths > 1].astype(np.float64)
    ties = float((tied**3 - tied).sum()) + float(n_zero) ** 3 - n_zero
    return sums, below + (n_zero + 1) / 2, ties


@dataclass(frozen=True, slots=True)
class _Packing:
    """How gene, value and group are packed into one number.

    Attributes:
        group_bits: the lowest bits, of the group.
        is_single: values go by their bits in single precision; otherwise by their place among those of a pass.
    """

    group_bits: int
    is_single: bool

    @property
    def most_genes(self) -> int:
        return 1 << max(0, 64 - KEY_BITS - self.group_bits)

    def numbers(self, genes: NDArray[Any] | int, keys: NDArray[np.uint32], groups: NDArray[Any]) -> Numbers:
        packed = np.asarray(genes).astype(np.uint64) << np.uint64(KEY_BITS)
        packed = packed | keys
        packed <<= np.uint64(self.group_bits)
        packed |= groups.astype(np.uint64)
        return packed

    def groups(self, packed: Numbers) -> NDArray[np.int64]:
        return (packed & np.uint64((1 << self.group_bits) - 1)).view(np.int64)

    def keys(self, values: NDArray[Any]) -> tuple[NDArray[np.uint32], int]:
        """Keys in the order of the values, and the one that 0 would have."""
        if not self.is_single:
            distinct, keys = np.unique(values, return_inverse=True)
            return keys.astype(np.uint32), int(np.searchsorted(distinct, 0))
        bits = values.astype(np.float32).view(np.uint32)
        negative = (bits.view(np.int32) >> 31).view(np.uint32)  # all bits, or none
        return bits ^ (negative | np.uint32(ZERO)), ZERO


Column: TypeAlias = "tuple[int, Numbers, NDArray[np.int64], int]"


def _columns(
    matrix: Matrix, place: NDArray[np.int64], counts: NDArray[np.int64], packing: _Packing, memory: int
) -> Iterator[Column]:
    """Of each gene: keys in ascending order, the groups that belong to them, and the key of 0."""
    if isinstance(matrix, Sparse) and matrix.by_gene:
        yield from _columns_by_gene(matrix, place, packing)
        return
    most = max(1, memory // (8 if packing.is_single else 8 * WIDE_FACTOR))
    for first, last in _passes(counts, most, packing.most_genes):
        yield from _columns_of_pass(matrix, place, counts, packing, first, last)


def _columns_of_pass(
    matrix: Matrix,
    place: NDArray[np.int64],
    counts: NDArray[np.int64],
    packing: _Packing,
    first: int,
    last: int,
) -> Iterator[Column]:
    """The genes from `first` to `last`; by itself, so that their memory is free before the next pass."""
    if isinstance(matrix, Dense):
        entries = _dense_entries(matrix, place, first, last)
    else:
        entries = _sparse_entries(matrix, place, first, last)
    packed, zero = _packed(entries, int(counts[first:last].sum()), packing)
    packed.sort()
    ends = np.concatenate([[0], np.cumsum(counts[first:last])]).tolist()
    for gene, (start, stop) in enumerate(pairwise(ends)):
        column = packed[start:stop]
        keys = column >> np.uint64(packing.group_bits)
        yield first + gene, keys, packing.groups(column), (gene << KEY_BITS) + zero


def _columns_by_gene(matrix: Sparse, place: NDArray[np.int64], packing: _Packing) -> Iterator[Column]:
    for block in matrix.blocks(VALUES_IN_BLOCK):
        cells = checked_cells(matrix, block)
        for gene, (start, stop) in enumerate(pairwise(block.pointers.tolist())):
            values, groups = block.values[start:stop], place.take(cells[start:stop], mode="clip")
            kept = values != 0
            if not kept.all():
                values, groups = values[kept], groups[kept]
            keys, zero = packing.keys(values)
            packed = packing.numbers(0, keys, groups)
            packed.sort()
            yield block.start + gene, packed >> np.uint64(packing.group_bits), packing.groups(packed), zero


def _passes(counts: NDArray[np.int64], most: int, most_genes: int) -> Iterator[tuple[int, int]]:
    """Ranges of genes that have together at most so many values, one gene at least."""
    ends = np.concatenate([[0], np.cumsum(counts)])
    first = 0
    while first < len(counts):
        last = int(np.searchsorted(ends, ends[first] + most, side="right")) - 1
        last = min(max(last, first + 1), first + most_genes, len(counts))
        yield first, last
        first = last


def _packed(entries: Iterator[Entries], length: int, packing: _Packing) -> tuple[Numbers, int]:
    """All entries of a pass as numbers, and the key of 0."""
    packed, at, zero = np.empty(length, np.uint64), 0, ZERO
    wide = np.empty(0 if packing.is_single else length)
    for genes, groups, values in entries:
        here = slice(at, at + len(values))
        at += len(values)
        if packing.is_single:
            packed[here] = packing.numbers(genes, packing.keys(values)[0], groups)
        else:
            wide[here] = values
            packed[here] = packing.numbers(genes, np.zeros(len(values), np.uint32), groups)
    if not packing.is_single:
        keys, zero = packing.keys(wide)
        packed |= keys.astype(np.uint64) << np.uint64(packing.group_bits)
    return packed, zero


def _sparse_entries(matrix: Sparse, place: NDArray[np.int64], first: int, last: int) -> Iterator[Entries]:
    for block in matrix.blocks(VALUES_IN_BLOCK):
        lengths = np.diff(block.pointers)
        groups = np.repeat(place[block.start : block.start + len(lengths)], lengths)
        genes, values = block.positions, block.values
        kept = values != 0
        if (first, last) != (0, matrix.shape[1]):
            kept &= (genes >= first) & (genes < last)
        if not kept.all():
            genes, groups, values = genes[kept], groups[kept], values[kept]
        yield genes - first, groups, values


def _dense_entries(matrix: Dense, place: NDArray[np.int64], first: int, last: int) -> Iterator[Entries]:
    for start, values in matrix.blocks(VALUES_IN_BLOCK, first, last):
        cells, genes = np.nonzero(values)
        yield genes, place[start + cells], values[cells, genes]
