"""Who was asked what, what came back and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cassia_engine.providers.chat import Chat, ChatModel, Reply
from cassia_engine.records import Usage


class Log:
    """Asks, and keeps an account of every call that got a reply, in order.

    Whether a reply came from the journal is not kept: a run that was resumed writes what an uninterrupted one does.
    """

    def __init__(self, replicate: int, prompts: str):
        self._prompts = prompts
        self._replicate = replicate
        self._asked: list[tuple[str, Chat]] = []
        self._calls: list[dict[str, Any]] = []
        self.usage = Usage()

    @property
    def calls(self) -> tuple[dict[str, Any], ...]:
        return tuple(self._calls)

    async def ask(self, model: ChatModel, role: str, round: int, chat: Chat) -> Reply:
        """The reply of a model to `chat`, in the `round`th round, from 1.

        Raises:
            CallFailedError, AccountError, TemporaryError, StoppedError: as `ChatModel.chat`.
        """
        ordinal = self._asked.count((model.model, chat))
        self._asked.append((model.model, chat))
        reply = await model.chat(chat, self._replicate, ordinal)
        self.usage += Usage(1, reply.input_tokens, reply.output_tokens, reply.cost_usd, reply.cached_tokens)
        self._calls.append(_entry(role, round, reply, self._prompts))
        return reply

    def repaired(self, how: Sequence[str]) -> None:
        """Note what had to be done to read the last reply."""
        self._calls[-1]["repaired"] = list(how)


def writable(text: str) -> str:
    """The text with "?" for what UTF-8 cannot hold (halves of surrogate pairs)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def _entry(role: str, round: int, reply: Reply, version: str) -> dict[str, Any]:
    call, receipt = reply.call, reply.receipt
    adjusted = {"adjusted": dict(reply.adjusted)} if reply.adjusted else {}
    return {
        "role": role,
        "round": round,
        "ordinal": call.ordinal,
        "replicate": call.replicate,
        "prompts": version,
        "dialect": call.request.dialect,
        "url": call.request.url,
        "request": call.request.body,
        "response": writable(reply.text),
        "model": writable(reply.model),
        "finish": reply.finish.value,
        "finish_reason": writable(reply.finish_reason),
        "sent": dict(reply.sent),
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "cached_tokens": reply.cached_tokens,
        "reasoning_tokens": reply.reasoning_tokens,
        "cost_usd": reply.cost_usd,
        "cost_source": reply.cost_source,
        "at": receipt.at,
        "seconds": receipt.seconds,
        "repaired": [],
        **adjusted,
    }
