"""How often one address may give a wrong token.

A right token is taken however many wrong ones came from its address: others behind the same address may poll, and no
number of guesses finds one of 2^256.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

AT_ONCE = 10
A_MINUTE = 10.0
_MOST = 10_000  # addresses; the one that was wrong longest ago is forgotten first


class Throttle:
    """A token bucket for each address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # how many are left, and when that was so

    def take(self, address: str) -> bool:
        """Count one; False if there were too many."""
        now = self._clock()
        left, at = self._left.pop(address, (float(AT_ONCE), now))
        left = min(AT_ONCE, left + (now - at) * A_MINUTE / 60)
        allowed = left >= 1
        self._left[address] = (left - 1 if allowed else left, now)
        if len(self._left) > _MOST:
            self._left.popitem(last=False)
        return allowed
