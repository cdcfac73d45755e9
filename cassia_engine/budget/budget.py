"""A task's part of a budget: what it has claimed, what its calls may cost, and what they have cost."""

from __future__ import annotations

import asyncio
import logging
import random

from cassia_engine.budget.amounts import dollars, in_dollars
from cassia_engine.budget.ledger import Ledger, Totals
from cassia_engine.callers import argument
from cassia_engine.errors import BudgetError, CassiaError, StoppedError

log = logging.getLogger(__name__)

# More is claimed than the next call needs, so that most calls touch no file: this share of what nobody has claimed.
_SHARE = 100
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0  # seconds between two looks at what others have given back


class Budget:
    """Reserves before a call is sent and settles after it. It belongs to one event loop.

    At no time have all tasks together reserved and spent more than the cap; but for replies that cost more than was
    reserved for them, which is said. What a killed task had reserved counts as spent.

    Args:
        ledger: shared by all tasks of the budget.
        cap: what they may spend together.
        longest_call: seconds after which a call of any task has ended. What a task has reserved for longer is not
            waited for any more.
    """

    def __init__(self, ledger: Ledger, cap: int, longest_call: float):
        self._ledger = ledger
        self._cap = cap
        self._longest_call = longest_call
        self._open = 0
        self._spent = 0
        self._waiting = 0
        self._changed = asyncio.Event()
        self._ended: CassiaError | None = None
        self._over_said = False

    @property
    def cap(self) -> float:
        """US dollars that all tasks may spend together."""
        return in_dollars(self._cap)

    @property
    def spent(self) -> float:
        """US dollars that all tasks have spent together, as far as others have said it by now. Calls whose cost is not
        known count with the most that they may have cost."""
        return in_dollars(self._spent_by_all(self._ledger.totals()))

    @property
    def words(self) -> tuple[str, str]:
        """`spent` and `cap` as a person reads them."""
        return dollars(self._spent_by_all(self._ledger.totals())), dollars(self._cap)

    async def reserve(self, amount: int) -> None:
        """Set aside what a call may cost; wait for it where calls under way may turn out to be cheaper.

        Raises:
            BudgetError: the cap leaves no room for it.
            StoppedError: nothing is sent any more.
            UsageError, TemporaryError: the ledger cannot be read or written.
        """
        pause = _FIRST_PAUSE
        while not self._take(amount):
            self._check_room(amount)
            # Who waits keeps nothing that another task could use.
            self._give_back(share=False)
            await self._change(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def settle(self, reserved: int, cost: int) -> None:
        """A call has ended, for which so much was reserved, and cost so much. Where the ledger cannot be written, its
        answer is not lost for that: what ends the run is raised at the next call."""
        self._open -= reserved
        self._spent += cost
        try:
            if self._left < 0:
                self._say_over(reserved, cost)
                self._ledger.change(lambda totals: -self._left, self._spent)
            elif not self._waiting:
                self._give_back()
        except CassiaError as error:
            self._ended = self._ended or error
        self._changed.set()

    def stop(self) -> None:
        """Let nobody wait any more; calls under way go on."""
        self._ended = self._ended or StoppedError("nothing is sent any more", code="budget-stopped")
        self._changed.set()

    def close(self) -> None:
        """Give back all that is not spent, and say what is. What cannot be given back stays reserved."""
        try:
            self._give_back(share=False)
        except CassiaError as error:
            left = dollars(max(0, self._left))
            log.warning("%s; %s of %s, which are not spent, count as spent", error, left, argument("max_cost"))

    @property
    def _left(self) -> int:
        """What is claimed and neither spent nor reserved."""
        return self._ledger.own.claimed - self._spent - self._open

    def _take(self, amount: int) -> bool:
        if self._ended:
            raise self._ended
        if self._left < amount:
            self._ledger.change(lambda totals: self._claim(amount, totals), self._spent)
        if self._left < amount:
            return False
        self._open += amount
        return True

    def _claim(self, amount: int, totals: Totals) -> int | None:
        free, lacking = self._cap - totals.claimed, amount - self._left
        return max(lacking, free // _SHARE) if lacking <= free else None

    def _give_back(self, share: bool = True) -> None:
        """Give back what is left, but a share of what nobody has claimed, and say what is spent; less than that share
        is not worth an entry."""

        def surplus(totals: Totals) -> int | None:
            kept = max(0, self._cap - totals.claimed) // _SHARE if share else 0
            more, unsaid = max(0, self._left - kept), self._spent - self._ledger.own.spent
            return -more if more or unsaid > kept else None

        self._ledger.change(surplus, self._spent)

    def _check_room(self, amount: int) -> None:
        """Make sure that waiting may help.

        Raises:
            BudgetError: nothing that is reserved can be given back any more, or not enough.
        """
        totals = self._ledger.totals()
        spent = self._spent_by_all(totals)
        if spent + amount <= self._cap:
            lacking, free = amount - self._left, self._cap - totals.claimed + self._open
            if lacking <= free or lacking <= free + self._ledger.reserved_elsewhere(self._longest_call):
                return
        lost = totals.claimed - self._ledger.own.claimed - (totals.spent - self._ledger.own.spent)
        held = f", up to {dollars(lost)} is held for calls whose end is not known" if lost > 0 else ""
        self._ended = BudgetError(
            f"{argument('max_cost')} of {dollars(self._cap)} is reached: {dollars(spent)} is spent{held}, and the next "
            f"call may cost up to {dollars(amount)}; with a higher {argument('max_cost')} the same run goes on from "
            "here",
            code="budget-reached",
        )
        self._changed.set()
        raise self._ended

    def _spent_by_all(self, totals: Totals) -> int:
        return totals.spent + self._spent - self._ledger.own.spent

    async def _change(self, seconds: float) -> None:
        """Wait until a call of this task has ended, so many seconds at most."""
        self._changed.clear()
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
        finally:
            self._waiting -= 1

    def _say_over(self, reserved: int, cost: int) -> None:
        if not self._over_said:
            self._over_said = True
            log.warning(
                "a reply cost %s, more than the %s that was reserved for it: such replies can take a run beyond %s",
                dollars(cost),
                dollars(reserved),
                argument("max_cost"),
            )
