"""How fast calls to one model of an account go out: by what the provider refuses, and by what the person allows.

Additive increase, multiplicative decrease: the first calls go out one after the other, up to as many as may be in
flight. Once a call is refused for its rate (429), fewer are in flight, and with each further episode of refusals fewer
still; between these they grow slowly. All calls share the pause that a refusal asks for. After it a single call probes,
and the others follow evenly spaced. Nothing here waits or reads a clock: the limiter asks, and does both.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from dataclasses import dataclass, field
from statistics import median

from cassia_engine.callers import argument
from cassia_engine.errors import TemporaryError
from cassia_engine.providers.allowance import Allowance
from cassia_engine.providers.faults import Fault
from cassia_engine.providers.retry_policy import RUN_AGAIN, RetryPolicy

log = logging.getLogger(__name__)

# Seconds between the first calls, until there are as many as may be in flight: refusals come sooner than answers, and
# no account likes a sudden start. Less, once one was answered.
FIRST_SPACING, NEXT_SPACING = 0.025, 0.005
DECREASE = 0.7
# No more often, as refusals come in bursts; but at once where the next one follows on hardly any call.
BETWEEN_DECREASES = 15.0  # seconds
# Without refusals the limit grows by one in each round of answers, or by this share of it with each, if that is less,
MOST_GROWTH = 0.03
# and by itself, ever faster, so that who was left with too little is so no longer: it is where it was after this time,
# or after that of some calls.
RECOVERY, LONGEST_RECOVERY, RECOVERY_CALLS = 30.0, 50.0, 12.0  # seconds, seconds, calls
# Calls go out a little faster than answers would let them, so that the limit is what holds them back.
PACE = 1.25
MOST_OF_A_PAUSE = 15.0  # seconds of it, in which the limit grows too
WINDOW = 60.0  # seconds over which the rate is taken that was not refused
NOT_REFUSED_AFTER = 1.0  # seconds; a probe that is still unanswered by then was let in
# A refused call often counts against the limit, so that what a refusal asks for is too short where calls are rare.
RARE_PAUSE = 1.5  # of the spacing of calls
LEAST = 0.01  # calls in flight: less than one is a call now and then
ENOUGH = 3  # calls from which a rate is taken; fewer are hardly any
LOOK_AGAIN = 5.0  # seconds, as the limit grows meanwhile


@dataclass(slots=True)
class RateControl:
    """The rate of calls to one model of an account.

    Attributes:
        who: the provider, for messages.
        most: calls in flight at most.
        allowances: the person's own limits of requests and tokens a minute.
        delay: seconds before the first call goes out.
        limit: calls in flight for now; below 1 it spaces single calls.
        held: whether the call that was last asked about waits for one of the allowances.
    """

    policy: RetryPolicy
    who: str
    most: int
    allowances: tuple[Allowance, ...] = ()
    delay: float = 0.0
    limit: float = field(init=False)
    held: bool = field(default=False, init=False)
    _refused_before: bool = False
    _until: float = 0.0
    _since: float | None = None
    _episodes: int = 0
    _probing: bool = False
    _probe: float | None = None
    _last_sent: float = -math.inf
    _n_sent: int = 0
    _last_decrease: float = -math.inf
    _asked: float | None = None
    _began: float | None = None
    _slowest_refusal: float = 0.0
    _let_in: deque[float] = field(default_factory=deque)
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=32))
    _refused_at: float = 0.0
    _grown_at: float = 0.0
    _said: bool = False
    _told: float = -math.inf

    def __post_init__(self) -> None:
        self.limit = float(self.most)

    def pause_left(self, now: float) -> float:
        """Seconds until the pause that the provider asked for is over, 0 without one."""
        return max(0.0, self._until - now)

    def wait(self, in_flight: int, tokens: float, now: float) -> float:
        """Seconds until a call of so many tokens may go out; 0 for now, infinity until another has ended."""
        self.held = False
        self._asked = now if self._asked is None else self._asked
        if left := max(self.pause_left(now), self._asked + self.delay - now):
            return left
        if self._probing and self._probe is not None:
            patience = max(NOT_REFUSED_AFTER, 2 * self._slowest_refusal)
            if (left := self._probe + patience - now) > 0:
                return left
            self._probing = False
        self._grow(now)
        if in_flight >= max(1.0, math.floor(self.limit)):
            return math.inf
        waits = [one.wait(tokens, now) for one in self.allowances]
        self.held = any(waits)
        return max(0.0, min(LOOK_AGAIN, self._last_sent + self._spacing - now), *waits)

    @property
    def _spacing(self) -> float:
        """Seconds between two calls."""
        if not self._refused_before or not self._seconds:
            return 0.0 if self._n_sent >= self.most else NEXT_SPACING if self._seconds else FIRST_SPACING
        return median(self._seconds) / (self.limit * PACE)

    def sent(self, tokens: float, now: float) -> None:
        """A call goes out, and may have so many tokens."""
        self._began = now if self._began is None else self._began
        self._last_sent = now
        self._n_sent += 1
        if self._probing:
            self._probe = now
        self._let_in.append(now)
        while now - self._let_in[0] > WINDOW:
            self._let_in.popleft()
        for one in self.allowances:
            one.take(tokens)

    def _grow(self, now: float) -> None:
        """Grow with the third power of the time since the last refusal."""
        if not self._refused_before:
            return
        lasting = max(RECOVERY, min(LONGEST_RECOVERY, RECOVERY_CALLS * self._spacing))
        before, after = ((at - self._refused_at) / lasting for at in (self._grown_at, now))
        self._grown_at = now
        growth = -math.log(DECREASE) * (after**3 - before**3)
        # No more than there may be: without a call for a while this grows beyond what a number can hold.
        self.limit = min(self.limit * math.exp(min(growth, math.log(self.most / self.limit))), float(self.most))

    def settle(self, expected: float, used: float) -> None:
        """A call that went out has used other tokens than it was expected to."""
        for one in self.allowances:
            one.settle(expected, used)

    def answered(self, sent: float, now: float) -> None:
        """A call that went out at the time `sent` has its answer."""
        self._since = None
        self._seconds.append(now - sent)
        if sent < self._until:
            return
        self._episodes = 0
        self._probing = False
        if self._refused_before:
            growth = min(1 / self.limit, MOST_GROWTH * self.limit)
            self.limit = min(self.limit + growth, float(self.most))

    def ended(self, sent: float) -> None:
        """A call has ended without an answer and without a refusal for its rate."""
        if sent >= self._until:
            self._probing = False

    def refused(self, fault: Fault, sent: float, now: float) -> None:
        """A call that went out at the time `sent` was refused for its rate: all pause for what the fault asks for.

        What was sent before a pause ended and is refused too belongs to the same episode.

        Raises:
            TemporaryError: the time for waiting without any answer is used up.
        """
        self._since = now if self._since is None else self._since
        self._slowest_refusal = max(self._slowest_refusal, now - sent)
        if sent in self._let_in:
            self._let_in.remove(sent)
        is_new = sent >= self._until
        if is_new:
            self._episodes += 1
            self._said = False
            self._decrease(now)
        elif not fault.retry_after:
            return
        seconds = self._pause(fault)
        self._until = max(self._until, now + self.policy.jittered(seconds))
        # In a long pause nothing is learned: the limit is not to have grown back by its end.
        self._refused_at = max(self._refused_at, self._until - MOST_OF_A_PAUSE)
        self._grown_at = max(self._grown_at, self._refused_at)
        self._probing, self._probe = True, None
        if self._until - self._since > self.policy.max_wait:
            raise TemporaryError(
                f"{fault.what}; nothing got through for {now - self._since:.0f} s, and a rate limit is waited for "
                f"at most {self.policy.max_wait:.0f} s ({argument('max_wait')} of a run); {RUN_AGAIN}",
                code="rate-limited",
            )
        self._say(seconds, self._since, now)

    def _decrease(self, now: float) -> None:
        lasting = median(self._seconds) if self._seconds else 0.0
        since = sum(sent >= self._refused_at for sent in self._let_in)
        again = self._refused_before and since < ENOUGH
        self._refused_before = True
        self._refused_at = self._grown_at = now
        if again or now - self._last_decrease >= max(BETWEEN_DECREASES, lasting):
            self._last_decrease = now
            self.limit *= DECREASE
        if self._began is not None and lasting and len(self._let_in) >= ENOUGH:
            # By Little's law: so many are in flight at the rate that was let in.
            rate = len(self._let_in) / min(WINDOW, max(lasting, now - self._began))
            self.limit = min(self.limit, rate * lasting)
        self.limit = max(self.limit, LEAST)

    def _pause(self, fault: Fault) -> float:
        if fault.retry_after:
            rare = RARE_PAUSE * self._spacing if self.limit < 1 else 0.0
            return min(max(fault.retry_after, rare), self.policy.longest_pause)
        doubled = self.policy.pause * 2.0 ** min(self._episodes - 1, 30)
        return float(min(doubled, self.policy.longest_pause))

    def _say(self, seconds: float, since: float, now: float) -> None:
        lasted = now + seconds - since
        # Many short ones are as long to wait for as a long one.
        again = lasted >= self.policy.worth_saying and now - self._told >= self.policy.remind
        if (seconds >= self.policy.worth_saying and not self._said) or again:
            self._said, self._told = True, now
            sofar = f"; nothing has got through for {now - since:.0f} s" if now - since >= 1 else ""
            log.warning("%s is at its rate limit: nothing is sent for %.3g s%s", self.who, seconds, sofar)
