"""Places for calls in flight, shared by the models of an account, each of which has its own rate."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from cassia_engine.errors import CassiaError
from cassia_engine.providers.clock import CLOCK, Clock
from cassia_engine.providers.rate_control import RateControl


class _Turn(NamedTuple):
    place: asyncio.Future[float]
    tokens: float


class CallLimiter:
    """Places for calls under way; when it is closed, all who wait are turned away at once. For one event loop."""

    def __init__(self, places: int, clock: Clock = CLOCK):
        self.places = places
        self.clock = clock
        self.taken = 0
        self._lanes: list[Lane] = []
        self._sleepers: set[asyncio.Future[None]] = set()
        self._error: Callable[[], CassiaError] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def lane(self, rate: RateControl) -> Lane:
        """A way in for calls to one model."""
        self._lanes.append(Lane(self, rate))
        return self._lanes[-1]

    def close(self, error: Callable[[], CassiaError]) -> None:
        """Raise what `error` makes in all who wait and all who come; the first reason stays."""
        if self._error is not None:
            return
        self._error = error
        turns: list[asyncio.Future[Any]] = [waiting.place for lane in self._lanes for waiting in lane.queue]
        for future in (*turns, *self._sleepers):
            if not future.done():
                future.set_exception(error())
        for lane in self._lanes:
            lane.queue.clear()

    def check(self) -> None:
        if self._error is not None:
            raise self._error()

    def hand_over(self) -> None:
        """Give out what places there are, and look again when the next one may go."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waits = [lane.hand_over() for lane in self._lanes]
        if (soonest := min(waits, default=float("inf"))) < float("inf"):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self.clock.real(soonest), self.hand_over)

    async def sleep(self, seconds: float) -> None:
        """Wait so long.

        Raises:
            CassiaError: the limiter is closed, before or while waiting.
        """
        self.check()
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers.add(sleeper)
        try:
            async with asyncio.timeout(self.clock.real(seconds)):
                await sleeper
        except TimeoutError:
            return
        finally:
            self._sleepers.discard(sleeper)


class Lane:
    """The calls to one model, first come, first served.

    Attributes:
        rate: how fast they may go out.
        taken: places that they have.
    """

    def __init__(self, limiter: CallLimiter, rate: RateControl):
        self._limiter = limiter
        self.rate = rate
        self.taken = 0
        self.queue: deque[_Turn] = deque()

    async def take(self, tokens: float = 0.0) -> float:
        """Wait until a call of so many tokens may go out; the time it is then. It has a place, to be given back.

        Raises:
            CassiaError: the limiter is closed.
        """
        self._limiter.check()
        turn: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.queue.append(_Turn(turn, tokens))
        self._limiter.hand_over()
        try:
            return await turn
        except asyncio.CancelledError:
            # The place may have been handed over just before.
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.give()
            raise

    def give(self) -> None:
        self.taken -= 1
        self._limiter.taken -= 1
        self._limiter.hand_over()

    def hand_over(self) -> float:
        """Give out places; seconds until the next call may go, infinity if none waits or another must end first."""
        limiter = self._limiter
        while self.queue and limiter.taken < limiter.places:
            waiting = self.queue[0]
            if waiting.place.done():
                self.queue.popleft()
                continue
            now = limiter.clock.now()
            if wait := self.rate.wait(self.taken, waiting.tokens, now):
                return wait
            self.queue.popleft()
            self.taken += 1
            limiter.taken += 1
            self.rate.sent(waiting.tokens, now)
            waiting.place.set_result(now)
        return float("inf")
