"""The time that waits are measured by."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds since some moment.

    Attributes:
        speed: how many of its seconds pass in one of the machine's; more than 1 in simulations only.
    """

    speed: float = 1.0

    def now(self) -> float:
        return time.monotonic() * self.speed

    def real(self, seconds: float) -> float:
        """How many of the machine's seconds that is."""
        return seconds / self.speed


CLOCK = Clock()
