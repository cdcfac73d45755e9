"""Waits that a request to stop ends, and attempts that follow each other with growing waits between."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from cassia_engine.callers import option
from cassia_engine.cancellation import Cancellation
from cassia_engine.cytetype.errors import CyteTypeError
from cassia_engine.errors import StoppedError
from cassia_engine.event_loop import in_this_loop
from cassia_engine.providers.retry_policy import RetryPolicy

log = logging.getLogger(__name__)

POLICY = RetryPolicy(attempts=6, backoff=1.0, longest_backoff=30.0)
Result = TypeVar("Result")


def _utc() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """The time: seconds that pass, seconds since some moment, and the date."""

    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    now: Callable[[], float] = time.monotonic
    utc: Callable[[], datetime] = _utc


def stopped() -> StoppedError:
    """The error where someone has asked to stop."""
    return StoppedError(f"stopped; {kept()}", code="job-stopped")


def kept() -> str:
    """Where that is what has been done, and how to go on."""
    return (
        f"what was uploaded and the job are in the job file: run the same again with {option('resume', True)} to go on"
    )


class Pace:
    """When to go on. To be made within an event loop.

    Args:
        stop: what may ask to stop.
    """

    def __init__(self, stop: Cancellation | None = None, clock: Clock | None = None, policy: RetryPolicy = POLICY):
        self.clock = clock or Clock()
        self._policy = policy
        self._asked = asyncio.Event()
        self._stop = stop or Cancellation()
        self._stop.on_request(in_this_loop(self._asked.set))

    @property
    def stopping(self) -> bool:
        return self._stop.requested

    def check(self) -> None:
        """Raises:
        StoppedError: someone has asked to stop.
        """
        if self.stopping:
            raise stopped()

    async def wait(self, seconds: float) -> None:
        """Raises:
        StoppedError: someone has asked to stop, before or meanwhile.
        """
        self.check()
        waits = {asyncio.ensure_future(self.clock.sleep(seconds)), asyncio.ensure_future(self._asked.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        self.check()

    async def attempts(self, what: str, attempt: Callable[[], Awaitable[Result]]) -> Result:
        """The result of the first attempt that has one.

        Args:
            what: is attempted, for a log line.

        Raises:
            CyteTypeError: of the last attempt, or the first one that would not be otherwise later.
            StoppedError: someone has asked to stop.
        """
        number = 1
        while True:
            try:
                return await attempt()
            except CyteTypeError as error:
                if not error.transient or number == self._policy.attempts:
                    raise
                seconds = self.pause(number, error)
                log.warning(
                    "%s: %s; attempt %d of %d follows in %.2g s",
                    what,
                    error,
                    number + 1,
                    self._policy.attempts,
                    seconds,
                )
            await self.wait(seconds)
            number += 1

    def pause(self, number: int, error: CyteTypeError) -> float:
        """Seconds after failed attempt `number`, longer where the server says so."""
        backoff = min(self._policy.backoff * 2 ** (number - 1), self._policy.longest_backoff)
        return max(self._policy.jittered(backoff), min(error.retry_after or 0.0, self._policy.longest_pause))
