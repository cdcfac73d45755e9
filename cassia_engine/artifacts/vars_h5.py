"""vars.h5: the expression matrix by gene, raw counts by cell, and what is known of each gene.

Source: the files that the CyteType client (0.19.4 to 0.21.0) writes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from cassia_engine.artifacts.compressed import Compression, growing
from cassia_engine.artifacts.counts import Counts, NotCountsError, find_counts
from cassia_engine.artifacts.gene_columns import write_gene_columns
from cassia_engine.artifacts.in_threads import THREADS
from cassia_engine.artifacts.lines import Lines, lines_of
from cassia_engine.artifacts.transposed import transposed
from cassia_engine.errors import UsageError
from cassia_engine.files import atomic_path, check_writable
from cassia_engine.h5ad.annotated import AnnotatedData
from cassia_engine.h5ad.clustered_cells import unreadable
from cassia_engine.h5ad.matrix import Matrix, MatrixError, Sparse

log = logging.getLogger(__name__)

# Values in a chunk: ten genes or cells, and at most so many.
_LINES_IN_CHUNK, _LARGEST_CHUNK = 10, 10_000_000


def write_vars_h5(path: Path, data: AnnotatedData, symbols: Sequence[str], compression: Compression) -> None:
    """Write vars.h5, whole or not at all; memory is bounded, whatever the size of the matrix.

    Args:
        symbols: shape (genes,), the gene symbols.

    Raises:
        UsageError: X cannot be read, or the compression needs a package that is not installed.
        OSError: the file cannot be written.
    """
    with atomic_path(path) as aside, ThreadPoolExecutor(THREADS) as pool:
        try:
            with h5py.File(aside, "w") as file:
                writer = _Writer(file, data, path.parent, compression, pool)
                writer.expression()
                write_gene_columns(file.create_group("info/var"), data, symbols)
                writer.counts()
        except OSError:
            check_writable(path)  # says so where the disk is full
            raise


class _Writer:
    def __init__(
        self, file: h5py.File, data: AnnotatedData, folder: Path, compression: Compression, pool: ThreadPoolExecutor
    ):
        self._file, self._data, self._folder = file, data, folder
        self._compression, self._pool = compression, pool

    def expression(self) -> None:
        """/vars: X by gene (CSC), in single precision."""
        if "X" not in self._data.matrices():
            what = "there is no X, the expression of the cells, which vars.h5 has; put it back, log-normalized"
            raise UsageError(what, path=self._data.place, code="h5ad-without-x")
        try:
            with self._data.reading():
                matrix = self._data.matrix("X")
            with self._turned(matrix, self._lines(matrix), by_gene=True, dtype="f4") as lines:
                self._write("vars", matrix.shape, matrix.shape[0], lines, "f4")
        except MatrixError as error:
            raise unreadable(self._data, "X", error) from error

    def counts(self) -> None:
        """/raw: counts by cell (CSR), as whole numbers: the first matrix that has counts alone, if there is one."""
        with self._data.reading():
            found = find_counts(self._data)
        for counts in found:
            try:
                self._counts(counts)
            except (NotCountsError, MatrixError):
                del self._file["raw"]
                what = "%s: %s starts with raw counts, but has other values: not taken as raw counts"
                log.warning(what, self._data.place, counts.place)
            else:
                return
        log.warning(
            "%s: no raw counts in layers['counts'], raw or X: vars.h5 is written without them", self._data.place
        )

    def _counts(self, counts: Counts) -> None:
        lines = counts.checked(self._lines(counts.matrix))
        n_cells, n_genes = counts.matrix.shape
        if counts.columns is not None:
            n_genes = int((counts.columns >= 0).sum())
        with self._turned(counts.matrix, lines, by_gene=False, dtype="i4") as by_cell:
            self._write("raw", (n_cells, n_genes), n_genes, _with_columns(by_cell, counts.columns), "i4")

    def _lines(self, matrix: Matrix) -> Iterator[Lines]:
        """The lines of a matrix; what is wrong with the file they are in is raised as UsageError."""
        with self._data.reading():
            yield from lines_of(matrix)

    @contextmanager
    def _turned(self, matrix: Matrix, lines: Iterator[Lines], by_gene: bool, dtype: str) -> Iterator[Iterator[Lines]]:
        """Lines that are genes, or cells, whatever those of the matrix are."""
        if (isinstance(matrix, Sparse) and matrix.by_gene) == by_gene:
            yield lines
            return
        length = matrix.shape[1 if by_gene else 0]
        with transposed(lines, length, np.dtype(dtype), self._folder, self._pool) as turned:
            yield turned

    def _write(self, name: str, shape: tuple[int, int], length: int, lines: Iterator[Lines], dtype: str) -> None:
        group, chunk = self._file.create_group(name), max(1, min(length * _LINES_IN_CHUNK, _LARGEST_CHUNK))
        group.attrs["n_obs"], group.attrs["n_vars"] = shape
        counts = [np.zeros(1, np.int64)]
        with ExitStack() as stack:
            indices, values = (
                stack.enter_context(growing(group, part, kind, chunk, self._compression, self._pool))
                for part, kind in (("indices", "i4"), ("data", dtype))
            )
            for found in lines:
                indices.append(found.positions)
                values.append(found.values)
                counts.append(found.counts)
        group["indptr"] = np.cumsum(np.concatenate(counts))


def _with_columns(lines: Iterator[Lines], columns: NDArray[np.int64] | None) -> Iterator[Lines]:
    """Cells with the genes of `var` alone, at their places there, in order."""
    for found in lines:
        if columns is None:
            yield found
            continue
        places = columns[found.positions]
        kept = places >= 0
        cells = np.repeat(np.arange(found.counts.size), found.counts)[kept]
        order = np.lexsort((places[kept], cells))
        counts = np.bincount(cells, minlength=found.counts.size)
        yield Lines(counts, places[kept][order], found.values[kept][order])
