"""The expression matrix of an .h5ad file or Zarr store, read block by block: dense, CSR or CSC, as since anndata 0.6.

While a block is worked on, the next one is read by a second thread (h5py lets other threads run while it reads).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from itertools import cycle, islice
from typing import Any, TypeAlias, TypeVar

import h5py
import numpy as np
from numpy.typing import NDArray

from cassia_engine.h5ad.attributes import attribute
from cassia_engine.h5ad.kinds import Element, is_array, is_group
from cassia_engine.h5ad.lazy import Computed, is_computable

T = TypeVar("T")


class MatrixFault(Enum):
    """Why an element cannot be read as a matrix of numbers."""

    NO_MATRIX = "it is no dense, CSR or CSC matrix"
    NOT_NUMERIC = "its values are no real numbers"
    NOT_CONSISTENT = "its indices, indptr, data and shape do not belong together"


class MatrixError(ValueError):
    """An element cannot be read as a matrix of numbers.

    Attributes:
        fault: why.
        name: the element's place in the file, such as "/X".
    """

    def __init__(self, fault: MatrixFault, name: str):
        self.fault, self.name = fault, name
        super().__init__(f"{name}: {fault.value}")


@dataclass(frozen=True, slots=True)
class Block:
    """Some lines of a sparse matrix: cells of a CSR, genes of a CSC.

    Attributes:
        start: the first line.
        pointers: shape (lines + 1,), where each line begins and ends in the two arrays that follow.
        positions: the place of each value in its line: the gene in a CSR, the cell in a CSC.
        values: as they are in the file; zeros may be among them.
    """

    start: int
    pointers: NDArray[np.int64]
    positions: NDArray[np.integer[Any]]
    values: NDArray[Any]


class Sparse:
    """A CSR or CSC matrix; `by_gene` tells them apart (True for CSC). Its shape is (cells, genes)."""

    def __init__(self, name: str, parts: Mapping[str, Any], shape: tuple[int, int], by_gene: bool):
        self.name, self.shape, self.by_gene = name, shape, by_gene
        self._data, self._indices = parts["data"], parts["indices"]
        self.dtype = _numeric(self._data, self.name)
        self.pointers: NDArray[np.int64] = np.asarray(parts["indptr"][()], np.int64)
        self._check()

    def _check(self) -> None:
        lines, stored = self.shape[1 if self.by_gene else 0], self._data.shape[0]
        ends = len(self.pointers) == lines + 1 and self.pointers[0] == 0 and self.pointers[-1] == stored
        if not ends or self._indices.shape != (stored,) or (np.diff(self.pointers) < 0).any():
            raise self.inconsistent()
        if self._indices.dtype.kind not in "iu":
            raise self.inconsistent()

    def inconsistent(self) -> MatrixError:
        """The error to raise where positions lie outside of the matrix."""
        return MatrixError(MatrixFault.NOT_CONSISTENT, self.name)

    def blocks(self, values: int) -> Iterator[Block]:
        """All lines, as many at a time as hold so many values, at least one.

        A block's arrays are used again for the next but one: new ones would cost more time than the reading.
        """
        cuts = list(self._cut(values))
        most = max((int(self.pointers[stop] - self.pointers[start]) for start, stop in cuts), default=0)
        buffers = [(np.empty(most, self._indices.dtype), np.empty(most, self.dtype)) for _ in range(2)]
        return read_ahead(self._read, zip(cuts, cycle(buffers), strict=False))

    def _cut(self, values: int) -> Iterator[tuple[int, int]]:
        start, lines = 0, len(self.pointers) - 1
        while start < lines:
            end = int(np.searchsorted(self.pointers, self.pointers[start] + values, side="right")) - 1
            end = max(end, start + 1)
            yield start, end
            start = end

    def _read(self, place: tuple[tuple[int, int], tuple[NDArray[Any], NDArray[Any]]]) -> Block:
        (start, stop), buffers = place
        pointers = self.pointers[start : stop + 1]
        first, last = int(pointers[0]), int(pointers[-1])
        positions, values = (buffer[: last - first] for buffer in buffers)
        for source, target in ((self._indices, positions), (self._data, values)):
            if last > first and isinstance(source, h5py.Dataset):
                source.read_direct(target, np.s_[first:last])
            elif last > first:
                target[:] = source[first:last]
        return Block(start, pointers - first, positions, values)


class Dense:
    """A dense matrix of shape (cells, genes)."""

    def __init__(self, name: str, dataset: h5py.Dataset | NDArray[Any] | Computed):
        self.name, self.dtype, self._dataset = name, _numeric(dataset, name), dataset
        self.shape: tuple[int, int] = dataset.shape

    def blocks(self, values: int, first: int = 0, last: int | None = None) -> Iterator[tuple[int, NDArray[Any]]]:
        """Blocks of about so many values, of the genes from `first` to `last`: the first cell, (cells, genes)."""
        last = self.shape[1] if last is None else last
        chunks = getattr(self._dataset, "chunks", None)
        chunk = chunks[0] if chunks else 1
        step = max(1, values // max(1, last - first) // chunk) * chunk  # no chunk is read twice
        starts = range(0, self.shape[0], step)
        return read_ahead(lambda start: (start, self._dataset[start : start + step, first:last]), starts)


Matrix: TypeAlias = Dense | Sparse


def open_matrix(element: Element | None) -> Matrix:
    """An element of an open file (X, a layer, raw/X) as a matrix; its values are not read yet.

    Raises:
        MatrixError: it is no matrix of numbers.
    """
    if is_array(element) and element.shape is not None and len(element.shape) == 2:
        return Dense(str(element.name), element)
    if not is_group(element):
        raise MatrixError(MatrixFault.NO_MATRIX, "X" if element is None else element.name)
    # h5sparse_...: anndata before 0.7
    kind = attribute(element, "encoding-type") or attribute(element, "h5sparse_format")
    shape = element.attrs.get("shape", element.attrs.get("h5sparse_shape"))
    if kind.removesuffix("_matrix") not in ("csr", "csc") or shape is None or len(shape) != 2:
        raise MatrixError(MatrixFault.NO_MATRIX, element.name)
    if not all(is_array(element.get(name)) for name in ("data", "indices", "indptr")):
        raise MatrixError(MatrixFault.NO_MATRIX, element.name)
    return Sparse(str(element.name), element, (int(shape[0]), int(shape[1])), kind.startswith("csc"))


def matrix_of(name: str, value: Any) -> Matrix:
    """A matrix of an AnnData object: an array, one of scipy or dask, or what a backed AnnData has in its file.

    Raises:
        MatrixError: it is none of these.
    """
    element = getattr(value, "group", value)
    if not isinstance(element, np.ndarray) and (is_array(element) or is_group(element)):
        return open_matrix(element)
    if (kind := getattr(value, "format", None)) in ("csr", "csc"):
        parts = {part: getattr(value, part) for part in ("data", "indices", "indptr")}
        if all(isinstance(part, np.ndarray) for part in parts.values()):  # not on a GPU
            return Sparse(name, parts, value.shape, kind == "csc")
    if isinstance(value, np.ndarray) and value.ndim == 2:
        return Dense(name, value)
    if is_computable(value):
        return Dense(name, Computed(value))
    raise MatrixError(MatrixFault.NO_MATRIX, name)


def first_values(matrix: Matrix, number: int = 1_000_000) -> NDArray[Any]:
    """About so many values of its start, without the zeros that a sparse matrix does not hold; flat."""
    if isinstance(matrix, Dense):
        return next((values.ravel() for _, values in matrix.blocks(number)), np.empty(0))
    return next((block.values for block in matrix.blocks(number)), np.empty(0))


def _numeric(dataset: h5py.Dataset, name: str) -> np.dtype[Any]:
    if dataset.dtype.kind not in "biuf":
        raise MatrixError(MatrixFault.NOT_NUMERIC, name)
    dtype: np.dtype[Any] = dataset.dtype
    return dtype


def read_ahead(read: Callable[[T], Any], places: Iterable[T]) -> Iterator[Any]:
    """What `read` gives for each place, in order; the next is read while the caller works on one."""
    upcoming = iter(places)
    with ThreadPoolExecutor(1) as pool:
        pending = [pool.submit(read, place) for place in islice(upcoming, 1)]
        while pending:
            got = pending.pop().result()
            pending += [pool.submit(read, place) for place in islice(upcoming, 1)]
            yield got
            del got  # it is large, and the next may be there already
