"""What a reply or a prompt that was cut means, told by what was really counted."""

from __future__ import annotations

import re

from cassia_engine.callers import option
from cassia_engine.providers.chat import Chat, Reply

# A reply that reached its limit has at least this share of the tokens that it was given.
_NEARLY_ALL = 0.95
_CONTEXT_WORDS = ("context_window", "model_length")
_TAIL = 1500  # characters at the end of a reply in which repetition is looked for
_REPEATED = re.compile(r"(\S.{0,59}?|\s)\1{14,}.{0,60}\Z", re.DOTALL)


def limit(reply: Reply, chat: Chat) -> int:
    """The most tokens that the reply could have, as it was really sent: a model may give fewer than were asked for."""
    given = reply.sent.get("max_tokens")
    return given if isinstance(given, int) else chat.max_tokens


def tokens(reply: Reply) -> int | None:
    """Tokens of the reply, reasoning included also where the provider counts it apart; None if they are unknown."""
    if reply.output_tokens is None:
        return None
    apart = reply.reasoning_tokens or 0
    return reply.output_tokens + (apart if apart > reply.output_tokens else 0)


def context_is_full(reply: Reply, chat: Chat) -> bool:
    """Whether a reply that was cut off ended at the end of the context, before the tokens that it was given."""
    counted = tokens(reply)
    short = counted is not None and 0 < counted < _NEARLY_ALL * limit(reply, chat)
    return short or any(word in reply.finish_reason for word in _CONTEXT_WORDS)


def repeats_itself(text: str) -> bool:
    """Whether a reply ends in the same few words again and again: more tokens would bring more of them."""
    return bool(_REPEATED.search(text[-_TAIL:]))


def told_of_context(reply: Reply) -> str:
    """One line on a context that is full, with what was counted."""
    counted, prompt = tokens(reply), reply.input_tokens
    after = f" after {counted:,} tokens" if counted is not None else ""
    beside = f" (the prompt has {prompt:,})" if prompt is not None else ""
    return f"cut off{after}: the context is full{beside}; give the server or model a longer context"


def told_of_limit(reply: Reply, chat: Chat) -> str:
    """One line on a reply that used up its tokens."""
    counted = tokens(reply)
    return f"cut off at {limit(reply, chat) if counted is None else counted:,} tokens"


def told_of_prompt(reply: Reply) -> str:
    """One line on a prompt that was cut, with what helps."""
    prompt = reply.input_tokens or 0
    remedy = "give the server or model a longer context"
    if reply.call.request.dialect == "openai-chat":
        remedy += f"; for Ollama use {option('provider', 'ollama')}, which asks for one, with its address without /v1"
    return f"the server cut the prompt to {prompt:,} tokens, so the model did not read all of it; {remedy}"
