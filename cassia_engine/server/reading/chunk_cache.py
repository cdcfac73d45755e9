"""Unpacked chunks, kept for genes that lie beside each other."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

_MOST_BYTES = 96 * 2**20


class ChunkCache:
    """Chunks by dataset and place; those that were not wanted for longest go."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._bytes, self._lock = 0, Lock()

    def get(self, dataset: str, place: int) -> bytes | None:
        with self._lock:
            if (dataset, place) in self._kept:
                self._kept.move_to_end((dataset, place))
            return self._kept.get((dataset, place))

    def put(self, dataset: str, place: int, values: bytes) -> None:
        with self._lock:
            self._kept[dataset, place] = values
            self._bytes += len(values)
            while self._bytes > _MOST_BYTES:
                self._bytes -= len(self._kept.popitem(last=False)[1])
