"""Compressed one-dimensional datasets of HDF5 that grow; their chunks are compressed in threads.

Plain h5py reads them: shuffle and deflate are filters that every HDF5 has. With LZ4 (HDF5's filter 32004), as the
CyteType client writes, a reader needs that filter.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from enum import Enum
from typing import Any

import h5py
import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from cassia_engine.artifacts.in_threads import THREADS
from cassia_engine.callers import option
from cassia_engine.errors import UsageError

_LZ4_FILTER = 32004


class Compression(Enum):
    """How chunks are compressed."""

    GZIP = "gzip"
    LZ4 = "lz4"

    def compressor(self) -> Callable[[NDArray[Any]], bytes]:
        """What makes a chunk of an array.

        Raises:
            UsageError: the package that does it is not installed.
        """
        if self is Compression.GZIP:
            return _deflated
        try:
            import lz4.block
        except ModuleNotFoundError as error:
            what = f"{option('compression', 'lz4')}: needs the package lz4: pip install 'cassia-engine[lz4]'"
            raise UsageError(what, code="lz4-not-installed") from error
        return lambda array: _lz4(array, lz4.block.compress)


def _deflated(array: NDArray[Any]) -> bytes:
    shuffled = np.ascontiguousarray(array.view(np.uint8).reshape(array.size, array.itemsize).T)
    compressed: bytes = isal_zlib.compress(shuffled, 1)
    return compressed


def _lz4(array: NDArray[Any], compress: Callable[..., bytes]) -> bytes:
    """A chunk as one block. Source: the HDF Group's description of the filter: sizes in front, big-endian; what does
    not get smaller is stored as it is."""
    small = compress(array.view(np.uint8), store_size=False)
    kept = small if len(small) < array.nbytes else array.tobytes()
    return struct.pack(">QII", array.nbytes, array.nbytes, len(kept)) + kept


class GrowingDataset:
    """A dataset of one dimension to which values are appended; it is whole once `growing` has ended."""

    def __init__(self, dataset: h5py.Dataset, compress: Callable[[NDArray[Any]], bytes], pool: ThreadPoolExecutor):
        self._dataset, self._compress, self._pool = dataset, compress, pool
        self._chunk = np.zeros(dataset.chunks[0], dataset.dtype)
        self._filled, self._size = 0, 0
        self._pending: deque[tuple[int, int, Future[bytes]]] = deque()

    def append(self, values: NDArray[Any]) -> None:
        """Add values, which are cast to the dataset's type."""
        while values.size:
            some = values[: self._chunk.size - self._filled]
            self._chunk[self._filled : self._filled + some.size] = some
            self._filled += some.size
            values = values[some.size :]
            if self._filled == self._chunk.size:
                self._submit()

    def _submit(self) -> None:
        start, self._size = self._size, self._size + self._filled
        self._pending.append((start, self._size, self._pool.submit(self._compress, self._chunk)))
        self._chunk, self._filled = np.zeros_like(self._chunk), 0
        if len(self._pending) > THREADS:
            self._write()

    def _write(self) -> None:
        start, stop, compressed = self._pending.popleft()
        # Never longer than it is in the end: to cut a chunk, HDF5 would need its filter.
        self._dataset.resize((stop,))
        self._dataset.id.write_direct_chunk((start,), compressed.result())

    def finish(self) -> None:
        """Write what is left."""
        if self._filled:
            self._submit()
        while self._pending:
            self._write()


@contextmanager
def growing(
    group: h5py.Group, name: str, dtype: str, chunk: int, compression: Compression, pool: ThreadPoolExecutor
) -> Iterator[GrowingDataset]:
    """A new dataset of a group; `chunk` says how many values are compressed together."""
    dataset = GrowingDataset(_created(group, name, dtype, chunk, compression), compression.compressor(), pool)
    yield dataset
    dataset.finish()


def _created(group: h5py.Group, name: str, dtype: str, chunk: int, compression: Compression) -> h5py.Dataset:
    if compression is Compression.GZIP:
        how = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
        return group.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(chunk,), **how)
    space = h5py.h5s.create_simple((0,), (h5py.h5s.UNLIMITED,))
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((chunk,))
    # Optional, as HDF5 refuses one that it has not otherwise; each chunk is compressed with it all the same.
    properties.set_filter(_LZ4_FILTER, h5py.h5z.FLAG_OPTIONAL, (0,))
    return h5py.Dataset(
        h5py.h5d.create(group.id, name.encode(), h5py.h5t.py_create(np.dtype(dtype)), space, properties)
    )
