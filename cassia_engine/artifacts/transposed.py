"""A CSR matrix as CSC, or the other way round, in bounded memory.

Parts of the matrix are sorted by new line into a temporary file; then what all parts have of some new lines is put
together.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from cassia_engine.artifacts.in_threads import in_order
from cassia_engine.artifacts.lines import Lines

# Values sorted at once: few enough for the processor's cache, and some for each new line.
_VALUES_IN_PART, _VALUES_PER_LINE = 250_000, 4
# Values put together at once, where a new line has no more: about 30 bytes of memory each.
_VALUES_IN_RUN = 2_000_000


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The values of some lines, sorted by new line.

    Attributes:
        start: the first of these lines.
        ends: shape (new lines + 1,), where the values of each new line begin and end.
        lines, values: shape (values,), the line of each value, from `start`, and the value.
    """

    start: int
    ends: NDArray[np.int32]
    lines: NDArray[np.unsignedinteger[Any]]
    values: NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Stored:
    """An array in the temporary file, from `offset` in bytes."""

    file: BinaryIO
    offset: int
    dtype: np.dtype[Any]

    def read(self, first: int, last: int) -> NDArray[Any]:
        """Its values from `first` until before `last`.

        Raises:
            OSError: they cannot be read.
        """
        found = np.empty(last - first, self.dtype)
        if os.preadv(self.file.fileno(), [found.data], self.offset + first * found.itemsize) < found.nbytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO), "temporary file")
        return found


@dataclass(frozen=True, slots=True)
class _Part:
    """A `_Sorted` in the temporary file."""

    start: int
    ends: _Stored
    lines: _Stored
    values: _Stored


@contextmanager
def transposed(
    lines: Iterable[Lines], length: int, dtype: np.dtype[Any], folder: Path, pool: ThreadPoolExecutor
) -> Iterator[Iterator[Lines]]:
    """A matrix the other way round: its new lines, in order; positions are int32 and in the order of the old lines.

    Args:
        lines: of the matrix as it is.
        length: how many new lines there are.
        dtype: of the new values.
        folder: for the temporary file, which takes about 6 bytes per value of 4 bytes.

    Raises:
        OSError: the temporary file cannot be written or read.
    """
    with tempfile.TemporaryFile(dir=folder, prefix=".cassia_", buffering=0) as file:
        parts, counts = [], np.zeros(length, np.int64)
        for part in _sorted_parts(lines, length, dtype, pool):
            counts += np.diff(part.ends)
            stored = (_stored(array, file) for array in (part.ends, part.lines, part.values))
            parts.append(_Part(part.start, *stored))

        # Made once: to make one takes as long as to add it.
        numbers = np.arange(min(counts.sum(), max(_VALUES_IN_RUN, counts.max(initial=0))))

        def lines_of(run: tuple[int, int]) -> Lines:
            return _put_together(parts, *run, dtype, numbers)

        yield in_order(pool, lines_of, _runs(counts, _VALUES_IN_RUN))


def _runs(counts: NDArray[np.int64], values: int) -> Iterator[tuple[int, int]]:
    """Lines, as many at a time as have so many values, at least one: the first, and the first of the next."""
    ends, first = np.concatenate(([0], np.cumsum(counts))), 0
    while first < counts.size:
        last = max(int(np.searchsorted(ends, ends[first] + values, side="right")) - 1, first + 1)
        yield first, last
        first = last


def _sorted_parts(
    lines: Iterable[Lines], length: int, dtype: np.dtype[Any], pool: ThreadPoolExecutor
) -> Iterator[_Sorted]:
    values, start = max(_VALUES_IN_PART, _VALUES_PER_LINE * length), 0
    for some in lines:
        ends = np.concatenate(([0], np.cumsum(some.counts)))

        def sort(run: tuple[int, int], some: Lines = some, ends: Any = ends, start: int = start) -> _Sorted:
            part = np.s_[ends[run[0]] : ends[run[1]]]
            cut = Lines(some.counts[slice(*run)], some.positions[part], some.values[part])
            return _sorted(start + run[0], cut, length, dtype)

        # All of them, before the next lines are asked for: those take the place of these.
        yield from list(pool.map(sort, _runs(some.counts, values)))
        start += some.counts.size


def _sorted(start: int, some: Lines, length: int, dtype: np.dtype[Any]) -> _Sorted:
    order = _order(some.positions, length)
    numbers = np.arange(some.counts.size, dtype=np.min_scalar_type(some.counts.size))
    ends = np.concatenate(([0], np.cumsum(np.bincount(some.positions, minlength=length))))
    lines = np.repeat(numbers, some.counts).take(order)
    return _Sorted(start, ends.astype(np.int32), lines, some.values.astype(dtype, copy=False).take(order))


def _order(positions: NDArray[Any], length: int) -> NDArray[np.intp]:
    """What sorts positions, equal ones as they are; numpy has a radix sort for 16 bits."""
    order = np.argsort(positions.astype(np.uint16), kind="stable")
    if length > 1 << 16:
        order = order[np.argsort((positions >> 16).astype(np.uint16).take(order), kind="stable")]
    return order


def _stored(array: NDArray[Any], file: BinaryIO) -> _Stored:
    offset, data = file.tell(), array.data.cast("B") if array.size else memoryview(b"")
    while data:
        data = data[file.write(data) :]
    return _Stored(file, offset, array.dtype)


def _put_together(parts: list[_Part], first: int, last: int, dtype: np.dtype[Any], numbers: NDArray[np.intp]) -> Lines:
    """The new lines from `first` until before `last`; `numbers` count from 0, as many as values at least."""
    ends = np.zeros((len(parts), last + 1 - first), np.int32)
    for number, part in enumerate(parts):
        ends[number] = part.ends.read(first, last + 1)
    counts = np.diff(ends)
    pieces = [
        (part.lines.read(start, stop) + np.int32(part.start), part.values.read(start, stop))
        for part, start, stop in zip(parts, ends[:, 0].tolist(), ends[:, -1].tolist(), strict=True)
        if start < stop
    ]
    if not pieces:
        return Lines(np.zeros(last - first, np.int64), np.empty(0, np.int32), np.empty(0, dtype))
    positions, values = (np.concatenate(arrays) for arrays in zip(*pieces, strict=True))
    order = _from_parts_to_lines(counts, numbers)
    return Lines(counts.sum(axis=0), positions.take(order), values.take(order))


def _from_parts_to_lines(counts: NDArray[np.int32], numbers: NDArray[np.intp]) -> NDArray[np.intp]:
    """What brings values that are sorted by part, then line, into the order of line, then part.

    Args:
        counts: shape (parts, lines), how many values each part has of each line.
    """
    starts = (np.cumsum(counts, dtype=np.intp) - counts.ravel()).reshape(counts.shape).T.ravel()
    sizes = counts.T.ravel()
    order = np.repeat(starts - (np.cumsum(sizes, dtype=np.intp) - sizes), sizes)
    order += numbers[: order.size]
    return order
