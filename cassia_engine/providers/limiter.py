"""How many calls are in flight, and the pause of all of them where a provider asks for one (rate limit)."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import Callable

from cassia_engine.errors import CassiaError, TemporaryError
from cassia_engine.providers.faults import Fault
from cassia_engine.providers.retry_policy import RUN_AGAIN, RetryPolicy

log = logging.getLogger(__name__)


class CallLimiter:
    """Places for calls under way, first come, first served; when it is closed, all who wait are turned away at once.

    After `narrow` there is one place, and after each `widen` one more, up to all of them.
    """

    def __init__(self, places: int):
        self._places = self._open = places
        self._taken = 0
        self._queue: deque[asyncio.Future[None]] = deque()
        self._sleepers: set[asyncio.Future[None]] = set()
        self._error: Callable[[], CassiaError] | None = None

    @property
    def taken(self) -> int:
        return self._taken

    def narrow(self) -> None:
        """Give out one place at a time; calls that are under way keep theirs."""
        self._open = 1

    def widen(self) -> None:
        """Give out one place more."""
        self._open = min(self._open + 1, self._places)
        self._hand_over()

    def close(self, error: Callable[[], CassiaError]) -> None:
        """Raise what `error` makes in all who wait and all who come; the first reason stays."""
        if self._error is not None:
            return
        self._error = error
        for future in (*self._queue, *self._sleepers):
            if not future.done():
                future.set_exception(error())
        self._queue.clear()

    def check(self) -> None:
        if self._error is not None:
            raise self._error()

    async def take(self) -> None:
        """Wait for a place, to be given back with `give`.

        Raises:
            CassiaError: the limiter is closed.
        """
        self.check()
        if self._taken < self._open:
            self._taken += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            # The place may have been handed over just before.
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give()
            raise

    def give(self) -> None:
        self._taken -= 1
        self._hand_over()

    def _hand_over(self) -> None:
        while self._queue and self._taken < self._open:
            turn = self._queue.popleft()
            if not turn.done():
                self._taken += 1
                turn.set_result(None)

    async def sleep(self, seconds: float) -> None:
        """Wait so long.

        Raises:
            CassiaError: the limiter is closed, before or while waiting.
        """
        self.check()
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers.add(sleeper)
        try:
            async with asyncio.timeout(seconds):
                await sleeper
        except TimeoutError:
            return
        finally:
            self._sleepers.discard(sleeper)


class RateLimitPause:
    """One pause for all calls. What was sent before it ended and is refused too belongs to the same episode."""

    def __init__(self, policy: RetryPolicy, who: str):
        self._policy = policy
        self._who = who
        self._until = 0.0
        self._since: float | None = None
        self._episodes = 0
        self._said = False
        self._told = -math.inf

    @property
    def left(self) -> float:
        """Seconds until calls may go out again, 0 if they may."""
        return max(0.0, self._until - time.monotonic())

    def begin(self, fault: Fault, sent: float) -> bool:
        """Pause all calls for what the fault of a call asks for, which was sent at the time `sent` (monotonic).

        Returns:
            Whether this is a new episode.

        Raises:
            TemporaryError: the budget for pauses without a success is used up.
        """
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        is_new = sent >= self._until
        if is_new:
            self._episodes += 1
            self._said = False
        elif not fault.retry_after:
            return False
        seconds = self._seconds(fault)
        self._until = max(self._until, now + self._policy.jittered(seconds))
        if self._until - self._since > self._policy.budget:
            raise TemporaryError(
                f"{fault.what}; nothing got through for {now - self._since:.0f} s, and pauses without any success end "
                f"after {self._policy.budget:.0f} s; {RUN_AGAIN}",
                code="rate-limited",
            )
        self._say(seconds, self._since, now)
        return is_new

    def success(self, sent: float) -> bool:
        """Note that a call which was sent at the time `sent` got through; whether that was after the last pause."""
        self._since = None
        if sent < self._until:
            return False
        self._episodes = 0
        return True

    def _seconds(self, fault: Fault) -> float:
        if fault.retry_after:
            return min(fault.retry_after, self._policy.longest_pause)
        doubled = self._policy.pause * 2.0 ** min(self._episodes - 1, 30)
        return float(min(doubled, self._policy.longest_pause))

    def _say(self, seconds: float, since: float, now: float) -> None:
        lasted = now + seconds - since
        # Many short ones are as long to wait for as a long one.
        again = lasted >= self._policy.worth_saying and now - self._told >= self._policy.remind
        if (seconds >= self._policy.worth_saying and not self._said) or again:
            self._said, self._told = True, now
            sofar = f"; nothing has got through for {now - since:.0f} s" if now - since >= 1 else ""
            log.warning("%s asks for a pause of %.3g s (rate limit)%s", self._who, seconds, sofar)
