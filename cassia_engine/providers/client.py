"""Asks the model of an account: makes requests of chats, in the form that the model takes, and replies of answers."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from cassia_engine.callers import option
from cassia_engine.errors import CallFailedError, ModelGoneError, StoppedError
from cassia_engine.providers.accounts import Account
from cassia_engine.providers.adjusting import Adjustments, told
from cassia_engine.providers.allowance import NO_LIMITS, Limits
from cassia_engine.providers.attempts import Attempts
from cassia_engine.providers.chat import Call, Chat, Exchange, Receipt, Reply, Request
from cassia_engine.providers.dialects import DIALECTS, Reading
from cassia_engine.providers.faults import Fault
from cassia_engine.providers.limiter import CallLimiter
from cassia_engine.providers.prices import cost_of
from cassia_engine.providers.rate_control import RateControl
from cassia_engine.providers.retry_policy import DEFAULTS, RetryPolicy
from cassia_engine.providers.unpaced import PLACES, Unpaced
from cassia_engine.redaction import redacted

log = logging.getLogger(__name__)

_STOPPED = "nothing is sent any more: the run was told to stop"
_AS_TABLED = Adjustments()


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
        policy = replace(retry_policy, max_wait=limits.max_wait) if limits.max_wait else retry_policy
        self.limiter = limiter or CallLimiter(max_workers if paced else PLACES)
        most, allowances = self.limiter.places, limits.allowances()
        control = RateControl if paced else Unpaced
        self._lane = self.limiter.lane(
            control(policy, account.provider, most, allowances, limits.stagger * random.random())
        )
        self._adjustments = Adjustments()
        self._told: set[str] = set()
        self.spent = Spent()
        self._remembers_gone = gone is not None
        known_gone = (gone or {}).get((self._url, self.model), "")
        self._attempts = Attempts(account, exchange, self.limiter, self._lane, policy, halted, known_gone)

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
        return self._lane.rate.pause_left(self.limiter.clock.now())

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
                receipt, reading = await self._attempts.answer(call, most_tokens)
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

    def _failed(self, fault: Fault) -> CallFailedError:
        if not fault.gone:
            return CallFailedError(fault.what, code="call-failed")
        if self._remembers_gone:
            self._attempts.gone = self._attempts.gone or fault.what
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
