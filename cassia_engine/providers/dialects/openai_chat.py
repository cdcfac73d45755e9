"""OpenAI's chat completions, which OpenRouter, Groq, Mistral, DeepSeek and many servers speak too.

What they differ in is in the table of quirks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from cassia_engine.providers.chat import Chat, Finish
from cassia_engine.providers.dialects import api_errors
from cassia_engine.providers.dialects.dialect import ApiError, Reading, Traits, bearer, sent, system_text
from cassia_engine.providers.dialects.json_access import count, first, joined, mapping, number, string, word
from cassia_engine.secret import Secret

_FINISH = {
    **dict.fromkeys(("stop", "STOP", "eos", "eos_token", "end_turn", "stop_sequence"), Finish.STOP),
    **dict.fromkeys(("length", "max_tokens", "MAX_TOKENS"), Finish.LENGTH),
    "model_length": Finish.LENGTH,
    "content_filter": Finish.REFUSED,
}
# What Mistral and DeepSeek say of a reply that they could not finish: it is no answer.
_BROKEN_OFF = ("error", "insufficient_system_resource")
# OpenRouter tells the model's own word too, which knows of refusals where its translation says "stop".
_NATIVE = {
    **dict.fromkeys(("refusal", "content_filter", "SAFETY", "PROHIBITED_CONTENT", "RECITATION"), Finish.REFUSED),
    **dict.fromkeys(("max_tokens", "MAX_TOKENS", "model_context_window_exceeded"), Finish.LENGTH),
}
_REASONING: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "effort": lambda effort: {"reasoning_effort": effort},
    "object": lambda effort: {"reasoning": {"effort": effort}},
}


class OpenAIChat:
    """The dialect "openai-chat"."""

    name = "openai-chat"

    def url(self, base_url: str, model: str) -> str:
        return f"{base_url.removesuffix('/chat/completions')}/chat/completions"

    def model_of(self, url: str, body: Mapping[str, Any]) -> str:
        return string(body.get("model"))

    def headers(self, key: Secret | None, url: str = "", payload: bytes = b"") -> dict[str, str]:
        return bearer(key)

    def body(self, chat: Chat, model: str, traits: Traits) -> tuple[dict[str, Any], dict[str, Any]]:
        temperature, effort = traits.temperature_for(chat), traits.effort_for(chat)
        body: dict[str, Any] = {"model": model, "messages": _messages(chat, traits)}
        if traits.max_tokens:
            body[traits.max_tokens] = traits.max_tokens_for(chat)
        if temperature is not None:
            body["temperature"] = temperature
        if effort is not None:
            body |= _REASONING[traits.reasoning](effort)
        if traits.cache_key:
            body["prompt_cache_key"] = _cache_key(chat.system)
        return body | _format(chat, traits), sent(chat, traits)

    def read(self, data: Any, body: Mapping[str, Any] | None = None) -> Reading | None:
        answer = mapping(data)
        choice = first(answer.get("choices"))
        message = mapping(choice.get("message"))
        text, refusal = joined(message.get("content")), string(message.get("refusal"))
        word_given, native = word(choice.get("finish_reason")), word(choice.get("native_finish_reason"))
        if word_given in _BROKEN_OFF or not (text or refusal or word_given):
            return None
        finish = Finish.REFUSED if refusal else _NATIVE.get(native, _FINISH.get(word_given, Finish.OTHER))
        reason = word_given if native in ("", word_given) else f"{word_given} ({native})"
        if not (text or refusal) and finish is Finish.STOP and _reasoned(message):
            finish, reason = Finish.OTHER, f"{word_given}, all text is reasoning: check the server's reasoning parser"
        return Reading(
            text or refusal, finish, "refusal" if refusal else reason, word(answer.get("model")), **_usage(answer)
        )

    def api_error(self, data: Any, headers: Mapping[str, str] | None = None) -> ApiError | None:
        return api_errors.find(data)


def _reasoned(message: Mapping[str, Any]) -> bool:
    return any(string(message.get(name)).strip() for name in ("reasoning_content", "reasoning"))


@lru_cache(maxsize=32)  # A run has a few such texts.
def _cache_key(stable: str) -> str:
    """The same for all requests that begin with this text."""
    return f"cassia-{hashlib.sha256(stable.encode('utf-8', 'replace')).hexdigest()[:16]}"


def _messages(chat: Chat, traits: Traits) -> list[dict[str, Any]]:
    text = system_text(chat, traits)
    turns: list[dict[str, Any]] = [
        {"role": message.role, "content": _content(*traits.split(message))} for message in chat.messages
    ]
    if not traits.system:
        return [{"role": "user", "content": f"{text}\n\n{chat.messages[0].text}"}, *turns[1:]]
    return [{"role": "system", "content": _content(text, "") if traits.cache else text}, *turns]


def _content(stable: str, rest: str) -> str | list[dict[str, Any]]:
    """A text, or where a part of it is marked to be cached, its parts."""
    if not stable:
        return rest
    marked = {"type": "text", "text": stable, "cache_control": {"type": "ephemeral"}}
    return [marked, {"type": "text", "text": rest}] if rest else [marked]


def _format(chat: Chat, traits: Traits) -> dict[str, Any]:
    """How the reply's shape is demanded, with the fields that go with it."""
    kind = traits.schema_form(chat)
    if kind == "json_object":
        return {"response_format": {"type": kind}}
    if kind != "json_schema" or chat.schema is None:
        return {}
    named = {"name": chat.schema.get("title", "reply"), "strict": True, "schema": traits.schema_for(chat)}
    further = json.loads(traits.with_schema) if traits.with_schema else {}
    return {"response_format": {"type": kind, "json_schema": named}, **further}


def _usage(answer: Mapping[str, Any]) -> dict[str, Any]:
    usage = mapping(answer.get("usage"))
    prompt, completion = mapping(usage.get("prompt_tokens_details")), mapping(usage.get("completion_tokens_details"))
    # DeepSeek's own name for it.
    cached = prompt.get("cached_tokens", usage.get("prompt_cache_hit_tokens"))
    return {
        "input_tokens": count(usage.get("prompt_tokens")),
        "output_tokens": count(usage.get("completion_tokens")),
        "cached_tokens": count(cached),
        "cache_written_tokens": count(prompt.get("cache_write_tokens")),
        "reasoning_tokens": count(completion.get("reasoning_tokens")),
        "cost_usd": number(usage.get("cost")),
    }
