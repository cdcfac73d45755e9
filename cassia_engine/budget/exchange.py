"""The budget as an `Exchange` around another: a call goes out when its highest cost is reserved."""

from __future__ import annotations

from cassia_engine.budget.amounts import nano
from cassia_engine.budget.budget import Budget
from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.fast_json import parsed_json
from cassia_engine.providers.accounts import Account
from cassia_engine.providers.chat import Call, Exchange, Receipt
from cassia_engine.providers.dialects import DIALECTS
from cassia_engine.providers.dialects.most_tokens import most_tokens
from cassia_engine.providers.faults import Fault, FaultAction
from cassia_engine.providers.prices import Price, cost_of


def price_for(account: Account) -> Price:
    """The price of an account's model, without which nothing can be reserved.

    Raises:
        UsageError: it is not known.
    """
    if account.price is None:
        raise UsageError(
            f"{argument('max_cost')}: the price of {account.model} by {account.provider} is not known; give "
            f"{argument('price_in')} and {argument('price_out')} (US dollars per million tokens)",
            code="price-unknown",
        )
    return account.price


class Budgeted:
    """An `Exchange` around that of an account. What may have been paid counts as paid.

    Raises:
        UsageError: the price of the model is not known.
    """

    def __init__(self, budget: Budget, account: Account, inner: Exchange):
        self._budget = budget
        self._account = account
        self._price = price_for(account)
        self._inner = inner

    def find(self, call: Call) -> Receipt | None:
        """The answer that is on record, where the other exchange has any."""
        return self._inner.find(call)

    async def exchange(self, call: Call) -> Receipt:
        """The answer of the other exchange.

        Raises:
            Fault: there is none.
            BudgetError: the budget has no room for the call; nothing was sent.
            StoppedError: nothing is sent any more.
        """
        most = self._most(call)
        await self._budget.reserve(most)
        cost = most  # until it is known; also of a call that is given up
        try:
            receipt = await self._inner.exchange(call)
            cost = self._cost(call, receipt, most)
            return receipt
        except Fault as fault:
            cost = most if fault.may_be_paid else 0
            raise
        finally:
            self._budget.settle(most, cost)

    def void(self, call: Call) -> None:
        """Nothing to do: what an answer that is none has cost is spent all the same."""

    def _most(self, call: Call) -> int:
        """The most that a call can cost: no tokenizer makes more tokens of a text than it has bytes in UTF-8, and its
        JSON has no fewer; and a whole reply of the tokens that were asked for."""
        prompt, reply = len(call.request.payload), most_tokens(call.request.body)
        if reply is None or prompt > self._price.up_to:
            what = "has no limit of its reply" if reply is None else "may be too long for the prices that are known"
            # Only where requests are made otherwise than all are today; nothing is sent that cannot be capped.
            line = f"{self._account.model}: a request {what}, and {argument('max_cost')} cannot hold for it"
            raise Fault(line, FaultAction.FAIL_CALL, sent=False)
        written = max(self._price.input, self._price.cache_write)
        return nano((prompt * written + reply * self._price.output) / 1_000_000)

    def _cost(self, call: Call, receipt: Receipt, most: int) -> int:
        """What an answer has cost; `most` if that is not known."""
        try:
            data = parsed_json(receipt.body)
        except (ValueError, RecursionError):
            return most
        reading = DIALECTS[self._account.dialect].read(data, call.request.body)
        cost = cost_of(reading, self._price)[0] if reading else None
        return most if cost is None or not 0 <= cost < float("inf") else nano(cost)
