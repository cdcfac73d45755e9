"""Asks a model in a role, and reads the reply: as it came, with more tokens, or as a formatter put it into the form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from cassia_engine import prompts
from cassia_engine.conversation import cut
from cassia_engine.conversation.log import Log
from cassia_engine.conversation.machine import Event
from cassia_engine.errors import CallFailedError
from cassia_engine.providers.chat import Chat, ChatModel, Finish, Reply
from cassia_engine.records import FailedReply, Outcome
from cassia_engine.records.replies import Said
from cassia_engine.replies import Unreadable, invented, reply_values

Read = Said | Unreadable
FORMATTER = "formatter"


@dataclass(frozen=True, slots=True)
class Role:
    """Who is asked: the shape and the reader of the reply."""

    name: str
    schema: Mapping[str, Any]
    read: Callable[[str, Finish], Read]


class Heard(NamedTuple):
    """What came back.

    Attributes:
        text: the reply as it came, "" if there is none or it is the formatter's.
        read: what could be read of it, taken or not; None if nothing could be.
        event: CUT, UNREADABLE or LOST; None where `read` is taken.
    """

    text: str
    read: Said | None
    event: Event | None


class Asking:
    """The requests of a conversation, one at a time; `failed` is the reply that was lost last."""

    def __init__(self, log: Log, temperature: float | None, max_tokens: int, version: str):
        """
        Args:
            version: of the prompts.
        """
        self._log, self._temperature, self._max_tokens, self._version = log, temperature, max_tokens, version
        self._role: Role | None = None
        self._model: ChatModel | None = None
        self._round = 0
        self._chat: Chat | None = None
        self._reply = self._unreadable = self._cut_at = ""
        self.failed: FailedReply | None = None

    @property
    def role(self) -> Role:
        """Who was asked last."""
        assert self._role
        return self._role

    async def ask(self, role: Role, chat: Chat, model: ChatModel, round: int) -> Heard:
        """Ask a model in the `round`th round, from 1, and read the reply."""
        self._role, self._model, self._round = role, model, round
        return await self._ask(chat)

    async def extend(self) -> Heard:
        """Ask the same again, with twice the tokens."""
        assert self._chat
        heard = await self._ask(replace(self._chat, max_tokens=2 * self._max_tokens))
        if heard.event is Event.LOST and self.failed and self.failed.outcome is Outcome.FAILED:
            # Some models do not give that many tokens; what is known of the reply is that it was too long.
            return self.fail(Outcome.TRUNCATED, f"{self._cut_at}; asked for more: {self.failed.reason}")
        return heard

    async def format(self) -> Heard:
        """Have the formatter put the reply into the form; it may add nothing."""
        chat = prompts.formatter(
            self._reply,
            self.role.schema,
            max_tokens=self._max_tokens,
            temperature=self._temperature,
            version=self._version,
        )
        reply = await self._call(FORMATTER, chat)
        if reply is None:
            return Heard("", None, Event.LOST)
        read = self.role.read(reply.text, reply.finish)
        known = None if isinstance(read, Unreadable) else read
        added = "" if known is None else invented(known, self._reply)
        if reply.finish is Finish.REFUSED:
            return self.fail(Outcome.UNPARSED, f"{self._unreadable}; the formatter refused", added, known)
        if added:
            read = Unreadable(f"the formatter added {added!r}, which the reply does not say")
        if isinstance(read, Unreadable):
            why = f"{self._unreadable}; the formatter did not help: {read.reason}"
            return self.fail(Outcome.UNPARSED, why, added, known)
        return self._take("", read)

    def fail(self, what: Outcome, reason: str, added: str = "", read: Said | None = None, text: str = "") -> Heard:
        """Note that the reply is lost, and why."""
        self.failed = FailedReply(self.role.name, self._round, what, reason, added)
        return Heard(text, read, Event.LOST)

    async def _ask(self, chat: Chat) -> Heard:
        extended = chat.max_tokens > self._max_tokens
        self._chat = chat
        reply = await self._call(self.role.name, chat)
        if reply is None:
            return Heard("", None, Event.LOST)
        self._reply = text = reply.text
        read = self.role.read(text, reply.finish)
        known = None if isinstance(read, Unreadable) else read
        if reply.finish is Finish.REFUSED:
            why = reply_values.text(text)[:300] or "without a word"
            return self.fail(
                Outcome.REFUSED, f"the provider ended it with {reply.finish_reason!r}: {why}", "", known, text
            )
        if reply.finish is Finish.PROMPT_CUT:
            return self.fail(Outcome.FAILED, cut.told_of_prompt(reply), "", known, text)
        if not isinstance(read, Unreadable):
            return self._take(text, read)
        self._unreadable = read.reason
        if reply.finish is Finish.LENGTH:
            return self._cut_off(reply, chat, extended)
        if reply.finish is Finish.STOP and not read.hopeless:
            return Heard(text, None, Event.UNREADABLE)
        ended = "" if reply.finish is Finish.STOP else f" (it ended with {reply.finish_reason or 'no reason'!r})"
        return self.fail(Outcome.UNPARSED, read.reason + ended, text=text)

    def _cut_off(self, reply: Reply, chat: Chat, extended: bool) -> Heard:
        """More tokens are asked for once, where there can be more of them and they would help."""
        self._cut_at = cut.told_of_limit(reply, chat)
        if cut.context_is_full(reply, chat):
            why = cut.told_of_context(reply)
        elif cut.repeats_itself(reply.text):
            why = f"{self._cut_at}, where the model only repeated itself"
        elif cut.limit(reply, chat) < chat.max_tokens:
            why = f"{self._cut_at}, the most that the model gives"
        elif extended:
            why = f"{self._cut_at}, after {self._max_tokens:,} before"
        else:
            return Heard(reply.text, None, Event.CUT)
        return self.fail(Outcome.TRUNCATED, why, text=reply.text)

    async def _call(self, name: str, chat: Chat) -> Reply | None:
        """The reply, or None if there is none."""
        try:
            assert self._model
            return await self._log.ask(self._model, name, self._round, chat)
        except CallFailedError as error:
            self.fail(Outcome.FAILED, str(error))
            return None

    def _take(self, text: str, read: Said) -> Heard:
        self._log.repaired(read.repaired)
        return Heard(text, read, None)
