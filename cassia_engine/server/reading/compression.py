"""Chunks of HDF5, decoded here and not by HDF5: none gets longer than its dataset says.

Source: the HDF Group's descriptions of the filters deflate (1), shuffle (2) and LZ4 (32004).
"""

from __future__ import annotations

import struct
from enum import Enum
from typing import Any, cast

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from cassia_engine.server.reading.messages import ArtifactError

# What isal raises, which is no zlib.error, and its stub does not say so.
_ISAL_ERROR: type[Exception] = cast(Any, isal_zlib.error)
_LZ4_HEADER, _LZ4_BLOCK = struct.Struct(">QI"), struct.Struct(">I")


try:  # now: a reader opens no module once it has opened a file
    import lz4.block
except ModuleNotFoundError:
    lz4 = None


class Filters(Enum):
    """What a dataset's chunks went through, by the numbers of HDF5's filters."""

    NONE = ()
    GZIP = (1,)
    SHUFFLED_GZIP = (2, 1)
    LZ4 = (32004,)


class Chunk:
    """An unpacked chunk; bytes of a shuffled one are only brought into order for the values that are wanted."""

    __slots__ = ("_bytes", "_is_shuffled")

    def __init__(self, unpacked: bytes, is_shuffled: bool):
        self._bytes, self._is_shuffled = np.frombuffer(unpacked, np.uint8), is_shuffled

    @property
    def size(self) -> int:
        return self._bytes.size

    def values(self, start: int, stop: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Values from `start` until before `stop`."""
        if not self._is_shuffled:
            return self._bytes.view(dtype)[start:stop]
        planes = self._bytes.reshape(dtype.itemsize, -1)
        return np.ascontiguousarray(planes[:, start:stop].T).view(dtype).ravel()


def decoded(raw: bytes, filters: Filters, left_out: int, size: int) -> Chunk:
    """A chunk, unpacked.

    Args:
        left_out: a bit for each filter that this chunk did not go through.
        size: bytes that it must have.

    Raises:
        ArtifactError: it is damaged, or longer or shorter than that.
    """
    used = [number for place, number in enumerate(filters.value) if not left_out >> place & 1]
    if 1 in used:
        raw = _inflated(raw, size)
    elif 32004 in used:
        raw = _unpacked(raw, size)
    if len(raw) != size:
        raise ArtifactError(f"a chunk has {len(raw)} bytes, not {size}")
    return Chunk(raw, 2 in used)


def _inflated(raw: bytes, size: int) -> bytes:
    stream = isal_zlib.decompressobj()
    try:
        plain: bytes = stream.decompress(raw, size + 1)
    except _ISAL_ERROR as error:
        raise ArtifactError(f"a chunk is damaged: {error}") from None
    if len(plain) > size:
        raise ArtifactError(f"a chunk unpacks to more than its {size} bytes")
    return plain


def _unpacked(raw: bytes, size: int) -> bytes:
    """A chunk of LZ4: the size of the whole and of a block, then each block's stored size and bytes."""
    if len(raw) < _LZ4_HEADER.size:
        raise ArtifactError("a chunk is cut off")
    whole, block = _LZ4_HEADER.unpack_from(raw)
    if whole != size or not block:
        raise ArtifactError(f"a chunk says that it unpacks to {whole} bytes, not {size}")
    place, blocks, left = _LZ4_HEADER.size, [], size
    while left:
        if len(raw) < place + _LZ4_BLOCK.size:
            raise ArtifactError("a chunk is cut off")
        [stored] = _LZ4_BLOCK.unpack_from(raw, place)
        place += _LZ4_BLOCK.size
        blocks.append(_block(raw[place : place + stored], stored, min(block, left)))
        place, left = place + stored, left - min(block, left)
    return blocks[0] if len(blocks) == 1 else b"".join(blocks)


def _block(raw: bytes, stored: int, size: int) -> bytes:
    if len(raw) != stored or stored > size:
        raise ArtifactError("a block of a chunk does not have the size that it says")
    if stored == size:  # what did not get smaller
        return raw
    if lz4 is None:
        raise ArtifactError("compressed with LZ4, which this server cannot read: pip install 'cassia-engine[lz4]'")
    try:
        plain: bytes = lz4.block.decompress(raw, uncompressed_size=size)
    except lz4.block.LZ4BlockError as error:
        raise ArtifactError(f"a chunk is damaged: {error}") from None
    if len(plain) != size:
        raise ArtifactError("a block of a chunk does not have the size that it says")
    return plain
