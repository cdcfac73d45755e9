"""Unpacked chunks, kept for genes that lie beside each other."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from cassia_engine.server.reading.compression import Chunk

_MOST_BYTES = 64 * 2**20


class ChunkCache:
    """Chunks by dataset and place; those that were not wanted for longest go."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], Chunk] = OrderedDict()
        self._bytes, self._lock = 0, Lock()

    def get(self, dataset: str, place: int) -> Chunk | None:
        with self._lock:
            if (dataset, place) in self._kept:
                self._kept.move_to_end((dataset, place))
            return self._kept.get((dataset, place))

    def put(self, dataset: str, place: int, chunk: Chunk) -> None:
        with self._lock:
            self._kept[dataset, place] = chunk
            self._bytes += chunk.size
            while self._bytes > _MOST_BYTES:
                self._bytes -= self._kept.popitem(last=False)[1].size
