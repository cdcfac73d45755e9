"""Cooperative cancellation: the first signal drains calls in flight, the second aborts."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from cassia_engine.errors import StoppedError

log = logging.getLogger(__name__)

# How long answers that are on their way are waited for: they are paid for.
GRACE_SECONDS = 20.0


class Cancellation:
    """Workers ask whether it is `requested`, or are called when it is."""

    def __init__(self) -> None:
        self.requested = False
        self._callbacks: list[Callable[[], None]] = []

    def request(self) -> None:
        self.requested = True
        for callback in self._callbacks:
            callback()

    def on_request(self, callback: Callable[[], None]) -> None:
        """Call this when cancellation is requested, at once if it was."""
        self._callbacks.append(callback)
        if self.requested:
            callback()


def say_stopping() -> None:
    """Tell who has asked to stop what is waited for."""
    log.warning(
        "stopping: no more is asked, answers on their way are waited for up to %d s; once more stops at once",
        GRACE_SECONDS,
    )


@contextmanager
def stop_on_signals(
    kept: str = "what had been answered is in the journal, run the same again",
) -> Iterator[Cancellation]:
    """Within it the first SIGINT or SIGTERM requests cancellation, the second one raises StoppedError.

    Args:
        kept: what is not lost by that, and how to go on, for the error's message.
    """
    stop = Cancellation()
    heard, said = 0, False

    def hear(signum: int, frame: FrameType | None) -> None:
        nonlocal heard, said
        heard += 1
        if heard == 1:
            stop.request()
            say_stopping()
            said = True
        # Not before it is said: logging swallows what is raised while it writes.
        if heard > 1 and said:
            raise StoppedError(f"stopped at once; {kept}", code="stopped-at-once")

    earlier = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
