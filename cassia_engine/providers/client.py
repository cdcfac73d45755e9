"""Asks the model of an account: builds requests, sends them by the retry policy, reads the answers."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from cassia_engine.callers import option
from cassia_engine.errors import (
    AccountError,
    CallFailedError,
    CassiaError,
    ModelGoneError,
    StoppedError,
    TemporaryError,
)
from cassia_engine.fast_json import parsed_json
from cassia_engine.providers.accounts import Account
from cassia_engine.providers.adjusting import Adjustments, told
from cassia_engine.providers.allowance import NO_LIMITS, Limits
from cassia_engine.providers.chat import CHARACTERS_A_TOKEN, Call, Chat, Exchange, Finish, Receipt, Reply, Request
from cassia_engine.providers.dialects import DIALECTS, Reading
from cassia_engine.providers.dialects.prompt_cut import prompt_cut
from cassia_engine.providers.faults import Fault, FaultAction, classify
from cassia_engine.providers.limiter import CallLimiter
from cassia_engine.providers.prices import cost_of
from cassia_engine.providers.rate_control import RateControl
from cassia_engine.providers.retry_policy import DEFAULTS, RUN_AGAIN, RetryMessages, RetryPolicy, retrying
from cassia_engine.providers.unpaced import PLACES, Unpaced
from cassia_engine.redaction import redacted

log = logging.getLogger(__name__)

_STOPPED = "nothing is sent any more: the run was told to stop"
_AS_TABLED = Adjustments()
_Answer = tuple[Receipt, Reading]


class Spent(NamedTuple):
    """Tokens of prompts and replies, and what they cost; None where a price is not known."""

    tokens: int = 0
    cost_usd: float | None = 0.0

    def plus(self, input_tokens: int | None, output_tokens: int | None, cost_usd: float | None) -> Spent:
        both = None if self.cost_usd is None or cost_usd is None else self.cost_usd + cost_usd
        return Spent(self.tokens + (input_tokens or 0) + (output_tokens or 0), both)


class Client:
    """A `ChatModel` over an exchange. It belongs to one event loop.

    Attributes:
        model: the account's name of the model.
        limiter: the places for its calls in flight.
        spent: on answers that were not on record.
    """

    def __init__(
        self,
        account: Account,
        exchange: Exchange,
        *,
        max_workers: int,
        retry_policy: RetryPolicy = DEFAULTS,
        halted: Callable[[], str] = lambda: "",
        limiter: CallLimiter | None = None,
        limits: Limits = NO_LIMITS,
        paced: bool = True,
        gone: Mapping[tuple[str, str], str] | None = None,
    ):
        """
        Args:
            exchange: makes one attempt at a call.
            max_workers: calls in flight at once; waiting ones do not count.
            retry_policy: how long is waited, and how often a call is sent.
            limiter: that of another client of the same account, whose places are shared; one of its own else.
            limits: the person's own.
            paced: calls go out as fast as the provider lets them in; else all at once, to wait for a batch.
            halted: asked before each sending; what it says, if anything, ends the run as an AccountError.
            gone: models that are not served, by URL and name, with what was said: they, and one that turns out to be
                so, are asked nothing more. None asks them all the same, each time.
        """
        self.model = account.model
        self._account = account
        self._dialect = DIALECTS[account.dialect]
        # As it is recorded and shown; the transport has its own. Some gateways have the key in the path.
        self._url = redacted(self._dialect.url(account.base_url, account.model), account.key)
        self._exchange = exchange
        self._policy = replace(retry_policy, max_wait=limits.max_wait) if limits.max_wait else retry_policy
        self._halted = halted
        self.limiter = limiter or CallLimiter(max_workers if paced else PLACES)
        self._clock = self.limiter.clock
        most, allowances = self.limiter.places, limits.allowances()
        control = RateControl if paced else Unpaced
        self._lane = self.limiter.lane(
            control(self._policy, account.provider, most, allowances, limits.stagger * random.random())
        )
        self._retry_messages = RetryMessages(self._policy)
        self._adjustments = Adjustments()
        self._told: set[str] = set()
        self._under_way: dict[tuple[bytes, int, int], asyncio.Future[_Answer]] = {}
        self._answered = 0.0
        self.spent = Spent()
        self._remembers_gone = gone is not None
        self._gone = (gone or {}).get((self._url, self.model), "")

    @property
    def in_flight(self) -> int:
        return self._lane.taken

    @property
    def held(self) -> bool:
        """Whether calls wait for a limit that the person has set."""
        return bool(self._lane.queue) and self._lane.rate.held

    @property
    def pause_left(self) -> float:
        """Seconds until calls may go out again, where its rate limit is reached; 0 if they may."""
        return self._lane.rate.pause_left(self._clock.now())

    def stop(self) -> None:
        """Send nothing any more: who waits gets StoppedError, what is in flight goes on. For the loop's thread only."""
        self.limiter.close(lambda: StoppedError(_STOPPED, code="run-stopped"))

    async def chat(self, chat: Chat, replicate: int = 0, ordinal: int = 0) -> Reply:
        """The reply of the model; see `ChatModel`. What is refused for a parameter goes out once more without it."""
        room = 0  # tokens that this prompt leaves of the context, 0 if that is not known
        while True:
            made = self._adjustments.limited(room)
            body, sent = self._body(chat, made)
            most_tokens = min(filter(None, (chat.max_tokens, made.most_tokens)))
            call = Call(Request(self._dialect.name, self._url, body), replicate, ordinal)
            try:
                receipt, reading = await self._once(call, most_tokens)
            except Fault as fault:
                failed = fault
            else:
                self._tell_unsent(chat, sent)
                plain = made == _AS_TABLED or self._body(chat, _AS_TABLED)[0] == body
                return self._reply(call, receipt, reading, sent, {} if plain else made.written)
            changed = made.after(failed, self._account.traits)
            if changed is None or self._body(chat, changed)[0] == body:
                raise self._failed(failed)
            if failed.lasting:
                self._adopt(failed)
            else:
                room = changed.most_tokens
                self._tell(failed.what, "prompts that leave less room are asked for shorter replies")

    def _check_served(self) -> None:
        if self._gone and self._remembers_gone:
            raise Fault(self._gone, FaultAction.FAIL_CALL, gone=True)

    def _failed(self, fault: Fault) -> CallFailedError:
        if not fault.gone:
            return CallFailedError(fault.what, code="call-failed")
        self._gone = self._gone or fault.what
        if self._remembers_gone:
            self._tell(fault.what, f"nothing more is asked of {self.model} in this run")
        return ModelGoneError(fault.what, code="model-gone")

    def _body(self, chat: Chat, adjustments: Adjustments) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._dialect.body(chat, self.model, adjustments.applied(self._account.traits))

    def _adopt(self, failed: Fault) -> None:
        """Ask in another form from here on. Others may have learned the same meanwhile."""
        before = self._adjustments
        after = before.after(failed, self._account.traits)
        if after is not None:
            self._adjustments = after
            self._tell(failed.what, f"from here on it is asked {told(before, after, failed.parameter)}")

    def _tell(self, what: str, then: str) -> None:
        """Say it once."""
        if then not in self._told:
            self._told.add(then)
            log.warning("%s; %s", what, then)

    def _tell_unsent(self, chat: Chat, sent: Mapping[str, Any]) -> None:
        """Say once which parameters that the person asked for are not sent, since the model does not take them."""
        for name, value in (("temperature", chat.temperature), ("reasoning", chat.reasoning)):
            if value is not None and name not in sent and name not in self._adjustments.dropped:
                self._tell(option(name, value), f"it is not sent: {self.model} does not take it")

    def _reply(
        self, call: Call, receipt: Receipt, reading: Reading, sent: dict[str, Any], adjusted: dict[str, Any]
    ) -> Reply:
        cost, source = cost_of(reading, self._account.price, receipt.batch)
        if not receipt.recorded:
            self.spent = self.spent.plus(reading.input_tokens, reading.output_tokens, cost)
        return Reply(
            text=reading.text,
            finish=reading.finish,
            finish_reason=reading.finish_reason,
            model=reading.model,
            call=call,
            receipt=receipt,
            input_tokens=reading.input_tokens,
            output_tokens=reading.output_tokens,
            cached_tokens=reading.cached_tokens,
            reasoning_tokens=reading.reasoning_tokens,
            cost_usd=cost,
            cost_source=source,
            sent=sent,
            adjusted=adjusted,
        )

    async def _once(self, call: Call, most_tokens: int) -> _Answer:
        """The answer; an equal call under way is waited for, so that nothing is paid for twice."""
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

    async def _persist(self, call: Call, most_tokens: int) -> _Answer:
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
            self.limiter.close(lambda: ending(text, code=code))
            raise
        raise self._verdict(last, began)

    async def _attempts(self, call: Call, most_tokens: int, began: float) -> _Answer:
        """The answer of the first attempt, for which no policy is set up as most need no other, or of a further one."""
        try:
            return await self._unhurried(call, most_tokens)
        except Fault as fault:
            if fault.action is not FaultAction.RETRY:
                raise
            failed = [fault]

        async def attempt() -> _Answer:
            if failed:
                raise failed.pop()
            return await self._unhurried(call, most_tokens)

        policy = retrying(
            self._policy, self.limiter.sleep, lambda state: self._retry_messages.tell(state, self._answered >= began)
        )
        return await policy(attempt)

    def _verdict(self, fault: Fault, began: float) -> CassiaError:
        """What the last attempt's fault means for the call, or for the run, which then sends nothing any more."""
        if fault.action is FaultAction.ABORT_RUN:
            self.limiter.close(lambda: AccountError(fault.what, code="account-refused"))
            return AccountError(fault.what, code="account-refused")
        if fault.action is FaultAction.FAIL_CALL:
            return fault
        tries = f"{self._policy.attempts} attempts in {self._clock.now() - began:.0f} s"
        if self._answered >= began:
            return CallFailedError(f"{fault.what}; given up after {tries}", code="call-given-up")
        text = f"{fault.what}; it answered no call during {tries}; {RUN_AGAIN}"
        self.limiter.close(lambda: TemporaryError(text, code="provider-down"))
        return TemporaryError(text, code="provider-down")

    async def _unhurried(self, call: Call, most_tokens: int) -> _Answer:
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

    def _recorded(self, call: Call) -> _Answer | None:
        """The answer that is on record. One that is none is voided: what it says may be over since."""
        self.limiter.check()
        while (receipt := self._exchange.find(call)) is not None:
            found = self._read(call, receipt)
            if not isinstance(found, Fault):
                return receipt, found
            self._exchange.void(call)
        return None

    async def _send(self, call: Call, sent: float, tokens: float) -> _Answer:
        self.limiter.check()
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
