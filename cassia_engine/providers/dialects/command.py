"""What a program of the person's own reads and prints, as docs/command.md has it; `providers.program` runs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cassia_engine.fast_json import parsed_json
from cassia_engine.providers.chat import Chat, Finish
from cassia_engine.providers.dialects.dialect import ApiError, Reading, Traits, sent, system_text
from cassia_engine.providers.dialects.json_access import count, mapping, number, string, word
from cassia_engine.secret import Secret

VERSION = 1
# A reply of the model is JSON itself: only an object that has this name is read as more than the model's text.
MARK = "cassia_reply"
_FINISH = {"stop": Finish.STOP, "length": Finish.LENGTH, "refused": Finish.REFUSED}


class Command:
    """The dialect "command"."""

    name = "command"

    def url(self, base_url: str, model: str) -> str:
        return base_url

    def model_of(self, url: str, body: Mapping[str, Any]) -> str:
        return string(body.get("model"))

    def headers(self, key: Secret | None, url: str = "", payload: bytes = b"") -> dict[str, str]:
        return {}

    def body(self, chat: Chat, model: str, traits: Traits) -> tuple[dict[str, Any], dict[str, Any]]:
        body: dict[str, Any] = {
            "version": VERSION,
            "model": model,
            "system": system_text(chat, traits),
            "messages": [{"role": message.role, "text": message.text} for message in chat.messages],
            "max_tokens": traits.max_tokens_for(chat),
        }
        told = sent(chat, traits)
        body |= {name: told[name] for name in ("temperature", "reasoning") if name in told}
        if chat.schema is not None:
            body["schema"] = dict(chat.schema)
        return body, told

    def read(self, data: Any, body: Mapping[str, Any] | None = None) -> Reading | None:
        printed = string(mapping(data).get("stdout")).strip()
        told = envelope(printed)
        if not printed or (told is not None and not is_whole(told)):
            return None
        if told is None:
            return Reading(printed, Finish.STOP, "", "")
        reason = word(told.get("finish", "stop"))
        return Reading(
            text=string(told["text"]),
            finish=_FINISH.get(reason, Finish.OTHER),
            finish_reason=reason,
            model=word(told.get("model")),
            input_tokens=count(told.get("input_tokens")),
            output_tokens=count(told.get("output_tokens")),
            cost_usd=number(told.get("cost_usd")),
        )

    def api_error(self, data: Any, headers: Mapping[str, str] | None = None) -> ApiError | None:
        return None  # a program says by its exit code what is wrong


def envelope(printed: str) -> Mapping[str, Any] | None:
    """What was printed, if it is the object that has the reply as its "text"; None if it is the reply itself."""
    if MARK not in printed:
        return None
    try:
        found = parsed_json(printed)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and MARK in found else None


def is_whole(told: Mapping[str, Any]) -> bool:
    """Whether an envelope is of the version that is read here, and has a text."""
    return told[MARK] == VERSION and isinstance(told.get("text"), str)
