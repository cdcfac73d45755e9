"""Ollama's chat. It cuts a prompt that is too long without a word, unless it is told not to and knows how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cassia_engine.providers.chat import CHARACTERS_A_TOKEN, Chat, Finish
from cassia_engine.providers.dialects import api_errors
from cassia_engine.providers.dialects.dialect import ApiError, Reading, Traits, bearer, sent, system_text
from cassia_engine.providers.dialects.json_access import count, mapping, string, word
from cassia_engine.providers.dialects.prompt_cut import characters
from cassia_engine.secret import Secret

_LEAST_CONTEXT = 8192
LOOPED = "the model repeated itself until the server stopped it"
_FINISH = {"stop": Finish.STOP, "length": Finish.LENGTH}
_THINK: Mapping[str, Callable[[str], str | bool]] = {"think": str, "think_switch": bool}


class OllamaChat:
    """The dialect "ollama-chat"."""

    name = "ollama-chat"

    def url(self, base_url: str, model: str) -> str:
        root = base_url.removesuffix("/chat").removesuffix("/api").removesuffix("/v1")
        return f"{root}/api/chat"

    def model_of(self, url: str, body: Mapping[str, Any]) -> str:
        return string(body.get("model"))

    def headers(self, key: Secret | None, url: str = "", payload: bytes = b"") -> dict[str, str]:
        return bearer(key)

    def body(self, chat: Chat, model: str, traits: Traits) -> tuple[dict[str, Any], dict[str, Any]]:
        temperature, effort = traits.temperature_for(chat), traits.effort_for(chat)
        turns = [{"role": message.role, "content": message.text} for message in chat.messages]
        messages = [{"role": "system", "content": system_text(chat, traits)}, *turns]
        options: dict[str, Any] = {"num_ctx": _context(messages, traits.max_tokens_for(chat))}
        options["num_predict"] = traits.max_tokens_for(chat)
        if temperature is not None:
            options["temperature"] = temperature
        # From version 0.12.6 on these make a prompt that does not fit an error; older ones ignore them.
        body: dict[str, Any] = {
            "model": model,
            "messages": messages,
            "stream": False,
            "truncate": False,
            "shift": False,
        }
        body["options"] = options
        told = sent(chat, traits)
        if effort is not None:
            body["think"] = _THINK[traits.reasoning](effort)
            told["reasoning"] = effort if traits.reasoning == "think" else "on"
        if traits.schema_form(chat) == "format" and chat.schema is not None:
            body["format"] = traits.schema_for(chat)
        return body, told

    def read(self, data: Any, body: Mapping[str, Any] | None = None) -> Reading | None:
        answer = mapping(data)
        message, reason = answer.get("message"), word(answer.get("done_reason"))
        text = string(mapping(message).get("content"))
        if not isinstance(message, dict) or reason in ("load", "unload"):
            return None
        # From 30 equal tokens in a row on the server ends the reply, says that it is not done, and counts nothing.
        looped = answer.get("done") is False
        if not (text or reason or looped):
            return None
        prompt = count(answer.get("prompt_eval_count"))
        cut = _fills_context(prompt, mapping(body))
        return Reading(
            text=text,
            finish=Finish.PROMPT_CUT if cut else _FINISH.get(reason, Finish.OTHER),
            finish_reason=LOOPED if looped else reason,
            model=word(answer.get("model")),
            input_tokens=prompt,
            output_tokens=count(answer.get("eval_count")),
        )

    def api_error(self, data: Any, headers: Mapping[str, str] | None = None) -> ApiError | None:
        return api_errors.find(data)


def _context(body_messages: list[dict[str, str]], max_tokens: int) -> int:
    """The context to ask for, in tokens: a power of two that has room for prompt and reply."""
    need = int(characters({"messages": body_messages}) / CHARACTERS_A_TOKEN) + max_tokens
    return max(_LEAST_CONTEXT, 1 << (need - 1).bit_length())


def _fills_context(prompt: int | None, body: Mapping[str, Any]) -> bool:
    """Whether the prompt fills the context that was asked for, which has room for the reply too: so it was cut."""
    return prompt is not None and bool(body) and prompt >= body["options"]["num_ctx"]
