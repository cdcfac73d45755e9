"""Requests and tokens a minute, as buckets that fill up steadily."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """`a_minute` comes in a minute, and it holds what comes in `seconds`; it is full at first."""

    a_minute: float
    seconds: float
    at: float
    left: float = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.most

    @property
    def most(self) -> float:
        return self.a_minute * self.seconds / 60

    def fill(self, now: float) -> None:
        self.left = min(self.most, self.left + (now - self.at) * self.a_minute / 60)
        self.at = now

    def seconds_until(self, amount: float) -> float:
        return max(0.0, (min(amount, self.most) - self.left) * 60 / self.a_minute)


class Limits:
    """Limits of an account; None is no limit.

    Args:
        rpm: requests a minute. Those that are refused count as well.
        tpm: tokens a minute, reserved as the prompt and the most that the reply may have.
        now: the time in seconds.
        seconds: how long a burst may last that uses all that came before.
    """

    def __init__(self, rpm: float | None, tpm: float | None, now: Callable[[], float], seconds: float = 60.0):
        self._now = now
        given = {"requests": rpm, "tokens": tpm}
        self._buckets = {name: Bucket(limit, seconds, now()) for name, limit in given.items() if limit}

    def take(self, tokens: int) -> dict[str, str] | None:
        """None if a request may pass, else the headers of its refusal."""
        wanted = {"requests": 1, "tokens": tokens}
        waits = {}
        for name, bucket in self._buckets.items():
            bucket.fill(self._now())
            waits[name] = bucket.seconds_until(wanted[name])
        refused = max(waits.values(), default=0.0) > 0
        for name, bucket in self._buckets.items():
            if name == "requests" or not refused:
                bucket.left = max(0.0, bucket.left - wanted[name])
        return self._headers(waits) if refused else None

    def _headers(self, waits: dict[str, float]) -> dict[str, str]:
        longest = max(waits.values())
        headers = {"retry-after": str(math.ceil(longest)), "retry-after-ms": str(math.ceil(longest * 1000))}
        for name, bucket in self._buckets.items():
            headers[f"x-ratelimit-limit-{name}"] = f"{bucket.a_minute:.0f}"
            headers[f"x-ratelimit-remaining-{name}"] = f"{bucket.left:.0f}"
            headers[f"x-ratelimit-reset-{name}"] = f"{waits[name]:.3f}s"
        return headers
