"""Calls to an account with limits: the rate control and the mock's limits on one virtual clock, without a socket."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from cassia_engine.providers.faults import Fault, FaultAction
from cassia_engine.providers.rate_control import RateControl
from tests.mock_provider.limits import Limits

REFUSED_WITHIN = 0.1  # seconds


@dataclass
class Server:
    """An account whose limits are `limits`; latencies vary around their median as those of a model do.

    Attributes:
        tokens: of a call.
        served: when a call was let in.
    """

    limits: Limits
    latency: float
    tokens: int = 1
    seed: int = 0
    refused: int = 0
    served: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def serve(self, now: float) -> tuple[float, float | None]:
        """Seconds until the answer, and what a refusal asks to wait."""
        if (headers := self.limits.take(self.tokens)) is not None:
            self.refused += 1
            return REFUSED_WITHIN, int(headers["retry-after-ms"]) / 1000
        self.served.append(now)
        return self.latency * self._random.lognormvariate(0, 0.4), None


@dataclass
class Task:
    """Calls that wait for one rate control."""

    rate: RateControl
    waiting: int
    in_flight: int = 0


class Simulation:
    """Time, and what is to happen."""

    def __init__(self) -> None:
        self.now = 0.0
        self._order = count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []

    def run(self, tasks: Sequence[Task], server: Server, expected: float | None = None) -> float:
        """Let all calls be answered; the seconds that it took. `expected`: tokens of a call before it is answered."""
        expected = server.tokens if expected is None else expected
        for task in tasks:
            self._start(task, server, expected)
        while self._events:
            self.now, _, do = heapq.heappop(self._events)
            do()
        return self.now

    def _after(self, seconds: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._order), do))

    def _start(self, task: Task, server: Server, expected: float) -> None:
        while task.waiting:
            if wait := task.rate.wait(task.in_flight, expected, self.now):
                if wait < math.inf:
                    self._after(wait, partial(self._start, task, server, expected))
                return
            task.waiting -= 1
            task.in_flight += 1
            task.rate.sent(expected, self.now)
            seconds, asked = server.serve(self.now)
            self._after(seconds, partial(self._end, task, server, expected, self.now, asked))

    def _end(self, task: Task, server: Server, expected: float, sent: float, asked: float | None) -> None:
        task.in_flight -= 1
        if asked is None:
            task.rate.settle(expected, server.tokens)
            task.rate.answered(sent, self.now)
        else:
            task.waiting += 1
            task.rate.settle(expected, 0)
            task.rate.refused(Fault("busy", FaultAction.BACK_OFF, 429, asked), sent, self.now)
        self._start(task, server, expected)
