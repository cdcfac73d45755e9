"""What a person allows a minute: requests, or tokens, that come in evenly."""

from __future__ import annotations

from dataclasses import dataclass

BURST = 2.0  # seconds of it that may go out at once, or one call where that is less
TINY = 1e-6  # of that, which arithmetic may lose


@dataclass(frozen=True, slots=True)
class Limits:
    """What calls to a model are held to; None for no limit of one's own.

    Attributes:
        rpm: requests a minute.
        tpm: tokens a minute: those of the prompt and the most that the reply may have, until it is there.
        max_wait: seconds of waiting for a rate limit without any answer, after which the run ends.
        stagger: seconds within which the first call goes out, at random: tasks that start together spread.
    """

    rpm: float | None = None
    tpm: float | None = None
    max_wait: float | None = None
    stagger: float = 0.0

    def allowances(self) -> tuple[Allowance, ...]:
        requests = (Allowance(self.rpm),) if self.rpm else ()
        return requests + ((Allowance(self.tpm, of_tokens=True),) if self.tpm else ())


NO_LIMITS = Limits()


@dataclass(slots=True)
class Allowance:
    """A limit a minute.

    Args:
        a_minute: so much of it.
        of_tokens: of tokens; else of requests, of which a call is one.
    """

    a_minute: float
    of_tokens: bool = False
    _left: float = 0.0
    _at: float | None = None

    def wait(self, tokens: float, now: float) -> float:
        """Seconds until a call of so many tokens may go out, 0 for now."""
        amount = tokens if self.of_tokens else 1.0
        # A call that is larger than what may go out at once waits for all of it, and leaves a debt.
        most = max(self.a_minute * BURST / 60, 1.0)
        if self._at is None:
            self._left = most
        else:
            self._left = min(most, self._left + (now - self._at) * self.a_minute / 60)
        self._at = now
        missing = min(amount, most) - self._left
        return missing * 60 / self.a_minute if missing > TINY * most else 0.0

    def take(self, tokens: float) -> None:
        self._left -= tokens if self.of_tokens else 1.0

    def settle(self, expected: float, used: float) -> None:
        """Give back what was expected and not used; more than that is owed."""
        if self.of_tokens:
            self._left += expected - used
