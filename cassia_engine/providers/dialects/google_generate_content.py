"""Google's generateContent, of the Gemini API: the model is named in the URL, and the key is sent in a header only."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from cassia_engine.providers.chat import Chat, Finish
from cassia_engine.providers.dialects import api_errors
from cassia_engine.providers.dialects.dialect import ApiError, Reading, Traits, sent, system_text
from cassia_engine.providers.dialects.json_access import count, first, mapping, string, word
from cassia_engine.secret import Secret

VERSION = "v1beta"
_REFUSED = ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR")
_FINISH = {"STOP": Finish.STOP, "MAX_TOKENS": Finish.LENGTH, **dict.fromkeys(_REFUSED, Finish.REFUSED)}
# Models up to 2.5 take a number of tokens, those after them a level. The numbers are Google's own for these words.
_BUDGETS = {"low": 1024, "medium": 8192, "high": 24576}
_THINKING: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "level": lambda effort: {"thinkingLevel": effort.upper()},
    "budget": lambda effort: {"thinkingBudget": _BUDGETS[effort]},
}


class GoogleGenerateContent:
    """The dialect "google-generate-content"."""

    name = "google-generate-content"

    def url(self, base_url: str, model: str) -> str:
        root = re.sub(r"/(?:openai|models(?:/.*)?)$", "", base_url)
        versioned = root if re.search(r"/v\d[^/]*(?:/|$)", root) else f"{root}/{VERSION}"
        # A tuned model has a collection of its own in its name.
        path = model if "/" in model else f"models/{model}"
        return f"{versioned}/{quote(path, safe='/')}:generateContent"

    def model_of(self, url: str, body: Mapping[str, Any]) -> str:
        """The model that a request asks."""
        found = re.search(r"/(?:models/([^/]+)|(\w+/[^/]+)):generateContent$", url)
        return unquote(found[1] or found[2]) if found else ""

    def headers(self, key: Secret | None, url: str = "", payload: bytes = b"") -> dict[str, str]:
        return {"x-goog-api-key": key.reveal()} if key else {}

    def body(self, chat: Chat, model: str, traits: Traits) -> tuple[dict[str, Any], dict[str, Any]]:
        temperature, effort = traits.temperature_for(chat), traits.effort_for(chat)
        text = system_text(chat, traits)
        turns = [_turn(message.role, message.text) for message in chat.messages]
        if not traits.system:
            turns[0] = _turn("user", f"{text}\n\n{chat.messages[0].text}")
        body: dict[str, Any] = {"systemInstruction": {"parts": [{"text": text}]}} if traits.system else {}
        config: dict[str, Any] = {"maxOutputTokens": traits.max_tokens_for(chat)}
        if temperature is not None:
            config["temperature"] = temperature
        if effort is not None:
            config["thinkingConfig"] = _THINKING[traits.reasoning](effort)
        body |= {"contents": turns, "generationConfig": config | _format(chat, traits)}
        return body, sent(chat, traits)

    def read(self, data: Any, body: Mapping[str, Any] | None = None) -> Reading | None:
        answer = mapping(data)
        candidate, feedback = first(answer.get("candidates")), mapping(answer.get("promptFeedback"))
        text, reason = _text(candidate), word(candidate.get("finishReason"))
        blocked = word(feedback.get("blockReason"))
        if blocked and not candidate:
            text, finish, reason = string(feedback.get("blockReasonMessage")), Finish.REFUSED, f"prompt: {blocked}"
        else:
            finish = _FINISH.get(reason, Finish.OTHER)
        if not (text or reason):
            return None
        told = text or (string(candidate.get("finishMessage")) if finish is Finish.REFUSED else "")
        return Reading(told, finish, reason, word(answer.get("modelVersion")), **_usage(answer))

    def api_error(self, data: Any, headers: Mapping[str, str] | None = None) -> ApiError | None:
        return api_errors.find(data)


def _turn(role: str, text: str) -> dict[str, Any]:
    return {"role": "model" if role == "assistant" else "user", "parts": [{"text": text}]}


def _format(chat: Chat, traits: Traits) -> dict[str, Any]:
    """How the reply's shape is demanded."""
    form = traits.schema_form(chat)
    shape = {"responseJsonSchema": traits.schema_for(chat)} if form == "json_schema" else {}
    return {"responseMimeType": "application/json", **shape} if form else {}


def _text(candidate: Mapping[str, Any]) -> str:
    """The text of an answer, without what the model thought."""
    parts = mapping(candidate.get("content")).get("parts")
    told = map(mapping, parts) if isinstance(parts, list) else ()
    return "".join(string(part.get("text")) for part in told if part.get("thought") is not True)


def _usage(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Tokens; Google leaves out a count of 0, and counts thoughts apart from the text."""
    usage = mapping(answer.get("usageMetadata"))
    prompt, thoughts = count(usage.get("promptTokenCount")), count(usage.get("thoughtsTokenCount"))
    text = count(usage.get("candidatesTokenCount"))
    known = prompt is not None or text is not None
    return {
        "input_tokens": prompt,
        "output_tokens": (text or 0) + (thoughts or 0) if known else None,
        "cached_tokens": count(usage.get("cachedContentTokenCount")),
        "reasoning_tokens": thoughts,
    }
