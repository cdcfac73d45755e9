"""The policy of waiting: attempts with growing distance for one call, one pause for all, places for those under way."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_exponential

from cassia_engine.errors import CassiaError, TemporaryError
from cassia_engine.providers.faults import Fault, FaultAction

log = logging.getLogger(__name__)

RUN_AGAIN = "run the same again later: it goes on where it stopped, and what was answered is not paid for twice"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How long is waited; all but `attempts` and `jitter` in seconds.

    Attributes:
        attempts: at one call that has bad luck; a pause costs none.
        backoff, longest_backoff: before the second attempt, doubled before each further one up to the longest.
        pause, longest_pause: of all calls where the provider does not say how long, doubled for each further one
            without a success between, up to the longest.
        jitter: the share of a wait that is added to it at most, at random.
        budget: for pauses without any success between.
        worth_saying: a pause is told from here on.
        quiet: between two lines about attempts that failed.
        remind: between two lines about short pauses that go on and on.
    """

    attempts: int = 5
    backoff: float = 2.0
    longest_backoff: float = 60.0
    pause: float = 5.0
    longest_pause: float = 300.0
    jitter: float = 0.25
    budget: float = 900.0
    worth_saying: float = 10.0
    quiet: float = 10.0
    remind: float = 60.0

    def jittered(self, seconds: float) -> float:
        return seconds * (1 + self.jitter * random.random())


DEFAULTS = Waiting()


def retrying(
    waiting: Waiting, sleep: Callable[[float], Awaitable[None]], tell: Callable[[RetryCallState], None]
) -> AsyncRetrying:
    """The policy for one call: again after a Fault of class RETRY, which is raised when no attempt is left.

    Args:
        tell: is called before each wait.
    """
    backoff = wait_exponential(multiplier=waiting.backoff, max=waiting.longest_backoff)

    def wait(state: RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        asked = fault.retry_after if isinstance(fault, Fault) else None
        return max(waiting.jittered(backoff(state)), min(asked or 0.0, waiting.longest_pause))

    return AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, Fault) and error.action is FaultAction.RETRY),
        stop=stop_after_attempt(waiting.attempts),
        wait=wait,
        sleep=sleep,
        before_sleep=tell,
        reraise=True,
    )


class Delays:
    """Tells why calls wait for another attempt: one line for all of them, now and then."""

    def __init__(self, waiting: Waiting):
        self._waiting = waiting
        self._told: float | None = None

    def tell(self, state: RetryCallState, passing: bool) -> None:
        """Say that an attempt has failed; `passing` if others are answered, so that a first failure means little."""
        now = time.monotonic()
        if passing and state.attempt_number == 1:
            return
        if self._told is not None and now - self._told < self._waiting.quiet:
            return
        self._told = now
        fault = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0.0
        attempt = f"attempt {state.attempt_number + 1} of {self._waiting.attempts} follows in {seconds:.2g} s"
        log.warning("%s; %s", fault, attempt)


class Gate:
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
            CassiaError: the gate is closed.
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
            CassiaError: the gate is closed, before or while waiting.
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


class Pause:
    """One pause for all calls. What was sent before it ended and is refused too belongs to the same episode."""

    def __init__(self, waiting: Waiting, who: str):
        self._waiting = waiting
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
        self._until = max(self._until, now + self._waiting.jittered(seconds))
        if self._until - self._since > self._waiting.budget:
            raise TemporaryError(
                f"{fault.what}; nothing got through for {now - self._since:.0f} s, and pauses without any success end "
                f"after {self._waiting.budget:.0f} s; {RUN_AGAIN}"
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
            return min(fault.retry_after, self._waiting.longest_pause)
        doubled = self._waiting.pause * 2.0 ** min(self._episodes - 1, 30)
        return float(min(doubled, self._waiting.longest_pause))

    def _say(self, seconds: float, since: float, now: float) -> None:
        lasted = now + seconds - since
        # Many short ones are as long to wait for as a long one.
        again = lasted >= self._waiting.worth_saying and now - self._told >= self._waiting.remind
        if (seconds >= self._waiting.worth_saying and not self._said) or again:
            self._said, self._told = True, now
            sofar = f"; nothing has got through for {now - since:.0f} s" if now - since >= 1 else ""
            log.warning("%s asks for a pause of %.3g s (rate limit)%s", self._who, seconds, sofar)
