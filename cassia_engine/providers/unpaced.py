"""Calls that no rate is for: they wait for a batch."""

from __future__ import annotations

from cassia_engine.providers.faults import Fault
from cassia_engine.providers.rate_control import RateControl

PLACES = 10**9  # for all of them at once


class Unpaced(RateControl):
    """A rate control that lets every call out at once."""

    def wait(self, in_flight: int, tokens: float, now: float) -> float:
        return 0.0

    def sent(self, tokens: float, now: float) -> None:
        """Nothing is counted."""

    def answered(self, sent: float, now: float) -> None:
        """Nothing is learned."""

    def refused(self, fault: Fault, sent: float, now: float) -> None:
        """A batch has refused one of its calls: it goes into the next one."""
