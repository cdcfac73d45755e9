"""The attempts at calls to one model: by the retry policy, at the model's rate, one answer for equal calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from cassia_engine.errors import AccountError, CallFailedError, CassiaError, TemporaryError
from cassia_engine.fast_json import parsed_json
from cassia_engine.providers.accounts import Account
from cassia_engine.providers.chat import CHARACTERS_A_TOKEN, Call, Exchange, Finish, Receipt
from cassia_engine.providers.dialects import DIALECTS, Reading
from cassia_engine.providers.dialects.prompt_cut import prompt_cut
from cassia_engine.providers.faults import Fault, FaultAction, classify
from cassia_engine.providers.limiter import CallLimiter, Lane
from cassia_engine.providers.retry_policy import RUN_AGAIN, RetryMessages, RetryPolicy, retrying

Answer = tuple[Receipt, Reading]


class Attempts:
    """Makes attempts at calls until there is an answer, or none to be had. It belongs to one event loop.

    Attributes:
        gone: what was said of the model where it is not served, "" else; nothing is sent any more then.
    """

    def __init__(
        self,
        account: Account,
        exchange: Exchange,
        limiter: CallLimiter,
        lane: Lane,
        policy: RetryPolicy,
        halted: Callable[[], str],
        gone: str,
    ):
        """
        Args:
            exchange: makes one attempt at a call.
            lane: of the model, among those of `limiter`.
            halted: asked before each sending; what it says, if anything, ends the run as an AccountError.
        """
        self.gone = gone
        self._account, self._dialect = account, DIALECTS[account.dialect]
        self._exchange, self._policy, self._halted = exchange, policy, halted
        self._limiter, self._lane, self._clock = limiter, lane, limiter.clock
        self._retry_messages = RetryMessages(policy)
        self._under_way: dict[tuple[bytes, int, int], asyncio.Future[Answer]] = {}
        self._answered = 0.0

    async def answer(self, call: Call, most_tokens: int) -> Answer:
        """The answer; an equal call under way is waited for, so that nothing is paid for twice.

        Args:
            most_tokens: that the reply may have.

        Raises:
            Fault: there is none, by the call's own fault; its action is FAIL_CALL.
            CassiaError: there is none, by another.
        """
        key = (call.request.payload, call.replicate, call.ordinal)
        while (other := self._under_way.get(key)) is not None:
            try:
                receipt, reading = await asyncio.shield(other)
            except asyncio.CancelledError:
                if not other.cancelled() or _is_cancelled():
                    raise
            else:
                return replace(receipt, recorded=True), reading
        mine = self._under_way[key] = asyncio.get_running_loop().create_future()
        try:
            answer = await self._persist(call, most_tokens)
        except Exception as error:
            mine.set_exception(error)
            mine.exception()  # Nobody else may be waiting for it.
            raise
        else:
            mine.set_result(answer)
            return answer
        finally:
            mine.cancel()
            del self._under_way[key]

    async def _persist(self, call: Call, most_tokens: int) -> Answer:
        """The answer, after as many attempts as the policy has.

        Raises:
            Fault: with action FAIL_CALL.
        """
        began = self._clock.now()
        try:
            return await self._attempts(call, most_tokens, began)
        except Fault as fault:
            last = fault
        except (AccountError, TemporaryError) as error:
            ending, text, code = type(error), str(error), error.code
            self._limiter.close(lambda: ending(text, code=code))
            raise
        raise self._verdict(last, began)

    async def _attempts(self, call: Call, most_tokens: int, began: float) -> Answer:
        """The answer of the first attempt, for which no policy is set up as most need no other, or of a further one."""
        try:
            return await self._unhurried(call, most_tokens)
        except Fault as fault:
            if fault.action is not FaultAction.RETRY:
                raise
            failed = [fault]

        async def attempt() -> Answer:
            if failed:
                raise failed.pop()
            return await self._unhurried(call, most_tokens)

        policy = retrying(
            self._policy, self._limiter.sleep, lambda state: self._retry_messages.tell(state, self._answered >= began)
        )
        return await policy(attempt)

    def _verdict(self, fault: Fault, began: float) -> CassiaError:
        """What the last attempt's fault means for the call, or for the run, which then sends nothing any more."""
        if fault.action is FaultAction.ABORT_RUN:
            self._limiter.close(lambda: AccountError(fault.what, code="account-refused"))
            return AccountError(fault.what, code="account-refused")
        if fault.action is FaultAction.FAIL_CALL:
            return fault
        tries = f"{self._policy.attempts} attempts in {self._clock.now() - began:.0f} s"
        if self._answered >= began:
            return CallFailedError(f"{fault.what}; given up after {tries}", code="call-given-up")
        text = f"{fault.what}; it answered no call during {tries}; {RUN_AGAIN}"
        self._limiter.close(lambda: TemporaryError(text, code="provider-down"))
        return TemporaryError(text, code="provider-down")

    async def _unhurried(self, call: Call, most_tokens: int) -> Answer:
        """One attempt, repeated after each refusal for its rate; `most_tokens` are those that the reply may have."""
        tokens = len(call.request.payload) / CHARACTERS_A_TOKEN + most_tokens
        while True:
            if (found := self._recorded(call)) is not None:
                return found
            self._check_served()
            sent = await self._lane.take(tokens)
            try:
                return await self._send(call, sent, tokens)
            except Fault as fault:
                self._lane.rate.settle(tokens, 0.0)
                if fault.action is FaultAction.FAIL_CALL:
                    self._answered = self._clock.now()  # It is not down.
                if fault.action is not FaultAction.BACK_OFF:
                    self._lane.rate.ended(sent)
                    raise
                self._lane.rate.refused(fault, sent, self._clock.now())
            finally:
                self._lane.give()

    def _check_served(self) -> None:
        if self.gone:
            raise Fault(self.gone, FaultAction.FAIL_CALL, gone=True)

    def _recorded(self, call: Call) -> Answer | None:
        """The answer that is on record. One that is none is voided: what it says may be over since."""
        self._limiter.check()
        while (receipt := self._exchange.find(call)) is not None:
            found = self._read(call, receipt)
            if not isinstance(found, Fault):
                return receipt, found
            self._exchange.void(call)
        return None

    async def _send(self, call: Call, sent: float, tokens: float) -> Answer:
        self._limiter.check()
        self._check_served()
        if reason := self._halted():
            raise AccountError(reason, code="account-halted")
        receipt = await self._exchange.exchange(call)
        found = self._read(call, receipt)
        if isinstance(found, Fault):
            self._exchange.void(call)
            raise found
        self._answered = self._clock.now()
        self._lane.rate.answered(sent, self._answered)
        if found.input_tokens is not None and found.output_tokens is not None:
            self._lane.rate.settle(tokens, found.input_tokens + found.output_tokens)
        return receipt, found

    def _read(self, call: Call, receipt: Receipt) -> Reading | Fault:
        """What an answer of status 200 says, or the fault that it is."""
        try:
            data = parsed_json(receipt.body)
        except (ValueError, RecursionError):
            start = receipt.body[:1000]
            return classify(200, {}, None, f"no JSON, but {start}" if start.strip() else "an empty body", self._account)
        if (api_error := self._dialect.api_error(data)) is not None:
            return classify(200, {}, api_error, "", self._account)
        if (reading := self._dialect.read(data, call.request.body)) is not None:
            cut = prompt_cut(reading.input_tokens, call.request.body, own_server=self._account.streams)
            return replace(reading, finish=Finish.PROMPT_CUT) if cut else reading
        if not receipt.recorded:
            self._answered = self._clock.now()
        return classify(200, {}, None, "there is no answer in it", self._account)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
