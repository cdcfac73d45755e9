"""Anthropic's messages, by version 2023-06-01, which takes a key in x-api-key and a temperature where a model does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cassia_engine.providers.chat import Chat, Finish, Message
from cassia_engine.providers.dialects import api_errors
from cassia_engine.providers.dialects.dialect import ApiError, Reading, Traits, sent, system_text
from cassia_engine.providers.dialects.json_access import count, joined, mapping, string, total, word
from cassia_engine.secret import Secret

VERSION = "2023-06-01"
_MARK = {"cache_control": {"type": "ephemeral"}}
_FINISH = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "refusal": Finish.REFUSED,
}


class AnthropicMessages:
    """The dialect "anthropic-messages"."""

    name = "anthropic-messages"

    def url(self, base_url: str, model: str) -> str:
        return f"{base_url.removesuffix('/messages').removesuffix('/v1')}/v1/messages"

    def model_of(self, url: str, body: Mapping[str, Any]) -> str:
        return string(body.get("model"))

    def headers(self, key: Secret | None, url: str = "", payload: bytes = b"") -> dict[str, str]:
        return {"anthropic-version": VERSION, **({"x-api-key": key.reveal()} if key else {})}

    def body(self, chat: Chat, model: str, traits: Traits) -> tuple[dict[str, Any], dict[str, Any]]:
        temperature, effort = traits.temperature_for(chat), traits.effort_for(chat)
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": traits.max_tokens_for(chat),
            "system": [_stable(chat, traits)],
        }
        body["messages"] = [{"role": message.role, "content": _content(message, traits)} for message in chat.messages]
        if temperature is not None:
            body["temperature"] = min(temperature, 1.0)
        if effort is not None:
            body["thinking"] = {"type": "adaptive"}
        if config := _output_config(chat, traits, effort):
            body["output_config"] = config
        told = sent(chat, traits)
        return body, told | ({"temperature": body["temperature"]} if temperature is not None else {})

    def read(self, data: Any, body: Mapping[str, Any] | None = None) -> Reading | None:
        answer = mapping(data)
        content, reason = answer.get("content"), word(answer.get("stop_reason"))
        text = joined(content)
        if not isinstance(content, (list, str)) or not (text or reason):
            return None
        details = mapping(answer.get("stop_details"))
        category, explanation = word(details.get("category")), string(details.get("explanation"))
        return Reading(
            text=text or explanation,
            finish=_FINISH.get(reason, Finish.OTHER),
            finish_reason=f"{reason} ({category})" if category else reason,
            model=word(answer.get("model")),
            **_usage(answer),
        )

    def api_error(self, data: Any, headers: Mapping[str, str] | None = None) -> ApiError | None:
        return api_errors.find(data)


def _stable(chat: Chat, traits: Traits) -> dict[str, Any]:
    return {"type": "text", "text": system_text(chat, traits), **(_MARK if traits.cache else {})}


def _content(message: Message, traits: Traits) -> str | list[dict[str, Any]]:
    stable, rest = traits.split(message)
    if not stable:
        return rest
    return [{"type": "text", "text": stable, **_MARK}, {"type": "text", "text": rest}]


def _output_config(chat: Chat, traits: Traits, effort: str | None) -> dict[str, Any]:
    config: dict[str, Any] = {} if effort is None else {"effort": effort}
    if traits.schema_form(chat) == "output_config" and chat.schema is not None:
        config["format"] = {"type": "json_schema", "schema": traits.schema_for(chat)}
    return config


def _usage(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Tokens; Anthropic's `input_tokens` leaves out what was read from a cache or written to it."""
    usage = mapping(answer.get("usage"))
    written, cached = count(usage.get("cache_creation_input_tokens")), count(usage.get("cache_read_input_tokens"))
    return {
        "input_tokens": total(count(usage.get("input_tokens")), written, cached),
        "output_tokens": count(usage.get("output_tokens")),
        "cached_tokens": cached,
        "cache_written_tokens": written,
        "reasoning_tokens": count(mapping(usage.get("output_tokens_details")).get("thinking_tokens")),
    }
