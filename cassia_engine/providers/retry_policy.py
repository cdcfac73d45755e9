"""When a call is sent again: attempts with exponential backoff, and how long the pauses of a rate limit may be."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_exponential

from cassia_engine.providers.faults import Fault, FaultAction

log = logging.getLogger(__name__)

RUN_AGAIN = "run the same again later: it goes on where it stopped, and what was answered is not paid for twice"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long is waited; all but `attempts` and `jitter` in seconds.

    Attributes:
        attempts: at one call that has bad luck; a pause costs none.
        backoff, longest_backoff: before the second attempt, doubled before each further one up to the longest.
        pause, longest_pause: of all calls where the provider does not say how long, doubled for each further one
            without a success between, up to the longest.
        jitter: the share of a wait that is added to it at most, at random.
        max_wait: for pauses without any success between.
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
    max_wait: float = 900.0
    worth_saying: float = 10.0
    quiet: float = 10.0
    remind: float = 60.0

    def jittered(self, seconds: float) -> float:
        return seconds * (1 + self.jitter * random.random())


DEFAULTS = RetryPolicy()


def retrying(
    policy: RetryPolicy, sleep: Callable[[float], Awaitable[None]], tell: Callable[[RetryCallState], None]
) -> AsyncRetrying:
    """The policy for one call: again after a Fault to be retried, which is raised when no attempt is left.

    Args:
        tell: is called before each wait.
    """
    backoff = wait_exponential(multiplier=policy.backoff, max=policy.longest_backoff)

    def wait(state: RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        asked = fault.retry_after if isinstance(fault, Fault) else None
        return max(policy.jittered(backoff(state)), min(asked or 0.0, policy.longest_pause))

    return AsyncRetrying(
        retry=retry_if_exception(lambda error: isinstance(error, Fault) and error.action is FaultAction.RETRY),
        stop=stop_after_attempt(policy.attempts),
        wait=wait,
        sleep=sleep,
        before_sleep=tell,
        reraise=True,
    )


class RetryMessages:
    """Tells why calls wait for another attempt: one line for all of them, now and then."""

    def __init__(self, policy: RetryPolicy):
        self._policy = policy
        self._told: float | None = None

    def tell(self, state: RetryCallState, passing: bool) -> None:
        """Say that an attempt has failed; `passing` if others are answered, so that a first failure means little."""
        now = time.monotonic()
        if passing and state.attempt_number == 1:
            return
        if self._told is not None and now - self._told < self._policy.quiet:
            return
        self._told = now
        fault = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0.0
        attempt = f"attempt {state.attempt_number + 1} of {self._policy.attempts} follows in {seconds:.2g} s"
        log.warning("%s; %s", fault, attempt)
