"""Where the lines of a journal are, by the keys of their calls."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple

_PLACE = Struct("<IQII")
_KEY = 16  # bytes of a key that are kept: no two SHA-256 have these in common
_ENTRY = _KEY + _PLACE.size


class Place(NamedTuple):
    """Where a line is: number of its file, bytes, and its checksum."""

    file: int
    offset: int
    length: int
    crc: int


class PlaceIndex:
    """Places by key, those of a key in the order in which they were added.

    A run may have a million answers, and objects for the key and the place of each take four times their bytes. So the
    entries are bytes in one of 4,096 arrays, which is searched as a whole. Keys are hashes: no array is much longer.
    """

    def __init__(self) -> None:
        self._arrays: dict[int, bytearray] = {}
        self._keys = 0

    def __len__(self) -> int:
        """How many keys have a place."""
        return self._keys

    def __contains__(self, key: bytes) -> bool:
        return self.first(key) is not None

    def first(self, key: bytes) -> Place | None:
        """The first place of a key, None if it has none."""
        return next(self._of(key), (0, None))[1]

    def add(self, key: bytes, place: Place) -> None:
        """Add a place behind those that the key has."""
        self._keys += key not in self
        self._arrays.setdefault(_array(key), bytearray()).extend(key[:_KEY] + _PLACE.pack(*place))

    def drop(self, key: bytes, crc: int) -> None:
        """Remove the places of a key that have this checksum."""
        found = list(self._of(key))
        dropped = [at for at, place in found if place.crc == crc]
        for at in reversed(dropped):
            del self._arrays[_array(key)][at : at + _ENTRY]
        self._keys -= 0 < len(dropped) == len(found)

    def _of(self, key: bytes) -> Iterator[tuple[int, Place]]:
        """Where in their array the entries of a key are, and their places."""
        array, at, start = self._arrays.get(_array(key), b""), -1, key[:_KEY]
        while (at := array.find(start, at + 1)) >= 0:
            if at % _ENTRY == 0:
                yield at, Place(*_PLACE.unpack_from(array, at + _KEY))


def _array(key: bytes) -> int:
    return key[0] << 4 | key[1] >> 4
