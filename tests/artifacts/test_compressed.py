"""Growing datasets: what is appended is read back, by plain h5py (gzip) or block by block (lz4)."""

from __future__ import annotations

import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import h5py
import lz4.block
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from cassia_engine.artifacts.compressed import Compression, growing

VALUES = st.lists(arrays(np.float32, st.integers(0, 40), elements=st.floats(width=32)), max_size=5)


def written(path: Path, parts: list[NDArray[Any]], chunk: int, compression: Compression, dtype: str = "f4") -> None:
    with h5py.File(path, "w") as file, ThreadPoolExecutor(2) as pool:
        group = file.create_group("vars")
        with growing(group, "data", dtype, chunk, compression, pool) as dataset:
            for part in parts:
                dataset.append(part)


@given(parts=VALUES, chunk=st.integers(1, 50))
def test_gzip_is_read_by_plain_h5py(
    parts: list[NDArray[Any]], chunk: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("grown") / "a.h5"
    written(path, parts, chunk, Compression.GZIP)
    with h5py.File(path) as file:
        found = file["vars/data"]
        assert (found.compression, found.shuffle, found.chunks) == ("gzip", True, (chunk,))
        np.testing.assert_array_equal(found[:], np.concatenate([np.empty(0, np.float32), *parts]))


def decoded(dataset: h5py.Dataset) -> NDArray[Any]:
    """By the description of HDF5's LZ4 filter: sizes of the whole, of a block, of the block as it is stored."""
    found = []
    for number in range(dataset.id.get_num_chunks()):
        _, data = dataset.id.read_direct_chunk(dataset.id.get_chunk_info(number).chunk_offset)
        size, block, stored = struct.unpack(">QII", data[:16])
        assert size == block == dataset.chunks[0] * dataset.dtype.itemsize
        rest = bytes(data[16:])
        assert len(rest) == stored
        plain = rest if stored == size else lz4.block.decompress(rest, uncompressed_size=size)
        found.append(np.frombuffer(plain, dataset.dtype))
    return np.concatenate([np.empty(0, dataset.dtype), *found])[: len(dataset)]


@pytest.mark.parametrize(
    "values", [np.arange(1000) // 50, np.random.default_rng(0).integers(0, 2**31, 1000)], ids=["small", "as it is"]
)
def test_lz4_has_its_filter_and_values(values: NDArray[Any], tmp_path: Path) -> None:
    written(tmp_path / "a.h5", [values[:300], values[300:]], 128, Compression.LZ4, "i4")
    with h5py.File(tmp_path / "a.h5") as file:
        dataset = file["vars/data"]
        assert dataset._filters == {"32004": (0,)}
        np.testing.assert_array_equal(decoded(dataset), values)
