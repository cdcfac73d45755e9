"""Groups and datasets of an HDF5 file from outside: only such that hold their values themselves, in a known form.

HDF5 says where the bytes of a dataset are, and they are read and unpacked here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from cassia_engine.server.reading.chunk_cache import ChunkCache
from cassia_engine.server.reading.compression import Chunk, Filters, decoded
from cassia_engine.server.reading.messages import ArtifactError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LARGEST_CHUNK = 64 * 2**20  # bytes; the CyteType client writes 40 MB at most
_LARGEST_TEXTS = 64 * 2**20
_LONGEST_TEXT = 1000
# An element of a dataset of texts: length, and where the text is.
_TEXT = np.dtype([("length", "<u4"), ("place", "V12")])


class Hdf5File:
    """An HDF5 file, read through one descriptor; HDF5 itself opens nothing."""

    def __init__(self, path: Path):
        """Open a file; HDF5 does not look at it before `parse`.

        Raises:
            ArtifactError: it is none.
        """
        self._file = path.open("rb", buffering=0)
        self.size = os.fstat(self._file.fileno()).st_size
        self.chunks = ChunkCache()
        if self.read(0, min(len(_SIGNATURE), self.size)) != _SIGNATURE:
            self.close()
            raise ArtifactError("not an HDF5 file")

    def parse(self) -> None:
        """Let HDF5 read what the file has.

        Raises:
            ArtifactError: it is damaged.
        """
        try:
            self._root = h5py.File(self._file, "r")
        except (OSError, ValueError, RuntimeError) as error:
            raise ArtifactError(f"damaged: {str(error)[:200]}") from None

    def close(self) -> None:
        self._file.close()

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the file.

        Raises:
            ArtifactError: it does not have so many there.
        """
        if offset < 0 or length < 0 or offset + length > self.size:
            raise ArtifactError("cut off: a dataset lies behind the end of the file")
        found = os.pread(self._file.fileno(), length, offset)
        if len(found) != length:
            raise ArtifactError("cut off")
        return found

    def group(self, path: str) -> h5py.Group:
        """A group.

        Raises:
            ArtifactError: there is none, or what is there leads elsewhere.
        """
        found = self._at(path)
        if not isinstance(found, h5py.Group):
            raise ArtifactError(f"{path} is not a group")
        return found

    def dataset(self, path: str) -> h5py.Dataset:
        """A dataset of one dimension that holds its values itself.

        Raises:
            ArtifactError: there is none, or it is another.
        """
        found = self._at(path)
        if not isinstance(found, h5py.Dataset):
            raise ArtifactError(f"{path} is not a dataset")
        properties = found.id.get_create_plist()
        if properties.get_layout() == h5py.h5d.VIRTUAL:
            raise ArtifactError(
                f"{path} is a virtual dataset; its values are in other datasets, and these are not read"
            )
        if properties.get_external_count():
            raise ArtifactError(f"{path} has its values in another file; these are not read")
        if properties.get_layout() not in (h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED):
            raise ArtifactError(f"{path} is stored in a form that is not read")
        if found.id.get_space().get_simple_extent_type() != h5py.h5s.SIMPLE or found.id.rank != 1:
            raise ArtifactError(f"{path} does not have one dimension")
        return found

    def _at(self, path: str) -> Any:
        found: Any = self._root
        for name in path.split("/"):
            raw = name.encode()
            if not isinstance(found, h5py.Group) or not found.id.links.exists(raw):
                raise ArtifactError(f"there is no {path}")
            kind = found.id.links.get_info(raw).type
            if kind != h5py.h5l.TYPE_HARD:
                what = "in another file" if kind == h5py.h5l.TYPE_EXTERNAL else "to another place"
                raise ArtifactError(f"{path} is a link {what}; links are not followed")
            found = found[name]
        return found

    def numbers(self, path: str, dtype: str) -> Numbers:
        """A dataset of numbers of this type.

        Raises:
            ArtifactError: it is none.
        """
        found = self.dataset(path)
        if found.dtype != np.dtype(dtype):
            raise ArtifactError(f"{path} has values of the type {str(found.dtype)[:50]}, not {np.dtype(dtype)}")
        return Numbers.of(self, path, found)

    def texts(self, path: str, size: int) -> list[str]:
        """A dataset of so many texts.

        Raises:
            ArtifactError: it is none, or has too much.
        """
        found = self.dataset(path)
        if h5py.check_string_dtype(found.dtype) is None or found.dtype.kind != "O":
            raise ArtifactError(f"{path} does not have texts of variable length")
        if found.shape != (size,):
            raise ArtifactError(f"{path} has {found.shape[0]} texts, for {size} genes")
        # Many elements may say that they have the same long text, and HDF5 makes a copy for each.
        lengths = np.frombuffer(self.read(*_extent(found, path, _TEXT.itemsize)), _TEXT)["length"]
        if lengths.sum(dtype=np.int64) > _LARGEST_TEXTS or lengths.max(initial=0) > _LONGEST_TEXT:
            raise ArtifactError(f"{path} has texts that are too long")
        return [text.decode("utf-8", "replace") for text in found[:].tolist()]


def _extent(dataset: h5py.Dataset, path: str, itemsize: int) -> tuple[int, int]:
    """Where a dataset that is in one piece lies in the file, and its bytes."""
    length = dataset.shape[0] * itemsize
    if dataset.id.get_create_plist().get_layout() != h5py.h5d.CONTIGUOUS:
        raise ArtifactError(f"{path} is stored in chunks; this is read of data and indices alone")
    if dataset.id.get_storage_size() != length:
        raise ArtifactError(f"{path} does not have the size that it says")
    return (dataset.id.get_offset() if length else 0) or 0, length


@dataclass(frozen=True, slots=True)
class Numbers:
    """A dataset of numbers, read in parts.

    Attributes:
        chunk: how many values are stored together; 0 where all are.
        offset: where they lie in the file, where all are in one piece.
    """

    file: Hdf5File
    path: str
    dataset: h5py.Dataset
    size: int
    chunk: int
    filters: Filters
    offset: int

    @classmethod
    def of(cls, file: Hdf5File, path: str, dataset: h5py.Dataset) -> Numbers:
        properties, itemsize = dataset.id.get_create_plist(), dataset.dtype.itemsize
        size = dataset.shape[0]
        if properties.get_layout() == h5py.h5d.CONTIGUOUS:
            return cls(file, path, dataset, size, 0, Filters.NONE, _extent(dataset, path, itemsize)[0])
        [chunk] = properties.get_chunk()
        if chunk * itemsize > _LARGEST_CHUNK:
            raise ArtifactError(f"{path} has chunks of {chunk * itemsize} bytes; at most {_LARGEST_CHUNK} are read")
        used = tuple(properties.get_filter(place)[0] for place in range(properties.get_nfilters()))
        try:
            filters = Filters(used)
        except ValueError:
            raise ArtifactError(f"{path} has the filters {used[:9]}; gzip, shuffle and LZ4 are read") from None
        return cls(file, path, dataset, size, chunk, filters, 0)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Values from `start` until before `stop`.

        Raises:
            ArtifactError: they are damaged.
        """
        dtype = self.dataset.dtype
        if not self.chunk:
            offset = self.offset + start * dtype.itemsize
            return np.frombuffer(self.file.read(offset, (stop - start) * dtype.itemsize), dtype)
        firsts = range(start // self.chunk * self.chunk, stop, self.chunk)
        parts = [self._chunk(first).values(max(start - first, 0), stop - first, dtype) for first in firsts]
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, dtype), *parts])

    def _chunk(self, first: int) -> Chunk:
        if (kept := self.file.chunks.get(self.path, first)) is not None:
            return kept
        size = self.chunk * self.dataset.dtype.itemsize
        stored = self.dataset.id.get_chunk_info_by_coord((first,))
        if stored.byte_offset is None:
            raise ArtifactError(f"{self.path} has no values at {first}")
        if stored.size > size + size // 16 + 1024:
            raise ArtifactError(f"{self.path} has a chunk of {stored.size} bytes for {size}")
        raw = self.file.read(stored.byte_offset, stored.size)
        chunk = decoded(raw, self.filters, stored.filter_mask, size)
        self.file.chunks.put(self.path, first, chunk)
        return chunk
