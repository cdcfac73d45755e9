"""Sets of numbers, such as of chunks, as the first and last of each run of them."""

from __future__ import annotations

from collections.abc import Iterator

Ranges = tuple[tuple[int, int], ...]


def with_index(ranges: Ranges, index: int) -> Ranges:
    """Runs of numbers with one more in them."""
    spans = sorted([*ranges, (index, index)])
    joined = [spans[0]]
    for first, last in spans[1:]:
        if first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return tuple(joined)


def are_within(ranges: Ranges, end: int) -> bool:
    """Whether runs follow each other, and all numbers are from 0 to below `end`."""
    at = -1
    for first, last in ranges:
        if not at < first <= last < end:
            return False
        at = last
    return True


def count(ranges: Ranges) -> int:
    return sum(last - first + 1 for first, last in ranges)


def indexes(ranges: Ranges) -> Iterator[int]:
    return (index for first, last in ranges for index in range(first, last + 1))


def missing(ranges: Ranges, end: int) -> Iterator[int]:
    """The numbers from 0 to below `end` that are in no run."""
    at = 0
    for first, last in ranges:
        yield from range(at, first)
        at = last + 1
    yield from range(at, end)
