"""Work in threads whose results are wanted in order, with only so much of it begun as threads can do."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Got = TypeVar("Got")

# More do not help: one thread writes.
THREADS = min(4, os.cpu_count() or 1)


def in_order(pool: ThreadPoolExecutor, work: Callable[[Given], Got], given: Iterable[Given]) -> Iterator[Got]:
    """What `work` makes of each, in order; at most `THREADS` are begun before they are asked for."""
    begun: deque[Future[Got]] = deque()
    for one in given:
        begun.append(pool.submit(work, one))
        if len(begun) > THREADS:
            yield begun.popleft().result()
    while begun:
        yield begun.popleft().result()
