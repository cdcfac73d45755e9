"""Sparse matrices as a stream: some lines at a time, in order; lines are cells (CSR) or genes (CSC)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cassia_engine.h5ad.matrix import Dense, Matrix

# Values that are read at once: 24 MB in single precision, and as much of positions.
VALUES_AT_ONCE = 6_000_000


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of a sparse matrix that follow on those before.

    Attributes:
        counts: shape (lines,), how many values each line has.
        positions: shape (values,), the place of each value in its line.
        values: shape (values,), line after line.
    """

    counts: NDArray[np.int64]
    positions: NDArray[np.integer[Any]]
    values: NDArray[Any]


def lines_of(matrix: Matrix) -> Iterator[Lines]:
    """All lines of a matrix: the genes of a CSC, else the cells. Its arrays hold until the next but one is asked for.

    Zeros of a dense matrix are left out; those that a sparse one stores are kept.

    Raises:
        MatrixError: a position lies outside of the matrix.
    """
    if isinstance(matrix, Dense):
        for _, block in matrix.blocks(VALUES_AT_ONCE):
            yield _of_dense(block)
        return
    length = matrix.shape[0 if matrix.by_gene else 1]
    for found in matrix.blocks(VALUES_AT_ONCE):
        if found.positions.size and not 0 <= found.positions.min() <= found.positions.max() < length:
            raise matrix.inconsistent()
        yield Lines(np.diff(found.pointers), found.positions, found.values)


def _of_dense(block: NDArray[Any]) -> Lines:
    is_value = block != 0
    _, positions = np.nonzero(is_value)
    return Lines(np.count_nonzero(is_value, axis=1), positions.astype(np.int32), block[is_value])
