"""Requests and tokens a minute, as buckets that fill up steadily."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """Holds at most `a_minute`, which is what comes in a minute."""

    a_minute: float
    left: float
    at: float

    def fill(self, now: float) -> None:
        self.left = min(self.a_minute, self.left + (now - self.at) * self.a_minute / 60)
        self.at = now

    def seconds_until(self, amount: float) -> float:
        return max(0.0, (min(amount, self.a_minute) - self.left) * 60 / self.a_minute)


class Limits:
    """Limits of an account; None is no limit.

    Args:
        rpm: requests a minute. Those that are refused count as well.
        tpm: tokens a minute, reserved as the prompt and the most that the reply may have.
        now: the time in seconds.
    """

    def __init__(self, rpm: float | None, tpm: float | None, now: Callable[[], float]):
        self._now = now
        given = {"requests": rpm, "tokens": tpm}
        self._buckets = {name: Bucket(limit, limit, now()) for name, limit in given.items() if limit}

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
