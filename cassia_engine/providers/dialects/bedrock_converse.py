"""Amazon Bedrock's Converse: the model is named in the URL; a key of the service is sent, one of AWS signs instead."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from cassia_engine.providers.chat import Chat, Finish, Message
from cassia_engine.providers.dialects import api_errors
from cassia_engine.providers.dialects.dialect import ApiError, Reading, Traits, bearer, sent, system_text
from cassia_engine.providers.dialects.json_access import count, mapping, string, total, word
from cassia_engine.providers.dialects.per_schema import once_per_schema
from cassia_engine.providers.dialects.sigv4 import signed_headers
from cassia_engine.secret import AwsKeys, Secret

_SERVICE = "bedrock"
_MARK = {"cachePoint": {"type": "default"}}
_FINISH = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "guardrail_intervened": Finish.REFUSED,
    "content_filtered": Finish.REFUSED,
    "refusal": Finish.REFUSED,
}
# What Converse has no field of its own for goes to the model as its maker calls it.
_REASONING: Mapping[str, Callable[[str], dict[str, Any]]] = {
    "adaptive": lambda effort: {"thinking": {"type": "adaptive"}, "output_config": {"effort": effort}},
    "effort": lambda effort: {"reasoning_effort": effort},
    "object": lambda effort: {"reasoning": {"effort": effort}},
    "config": lambda effort: {"reasoning_config": effort},
}


class BedrockConverse:
    """The dialect "bedrock-converse"."""

    name = "bedrock-converse"

    def url(self, base_url: str, model: str) -> str:
        root = re.sub(r"/model(?:/.*)?$", "", base_url)
        # A model may be named by an ARN, whose colons and slashes belong to the one segment.
        return f"{root}/model/{quote(model, safe='')}/converse"

    def model_of(self, url: str, body: Mapping[str, Any]) -> str:
        """The model that a request asks."""
        found = re.search(r"/model/([^/]+)/converse$", url)
        return unquote(found[1]) if found else ""

    def headers(self, key: Secret | None, url: str = "", payload: bytes = b"") -> dict[str, str]:
        if isinstance(key, AwsKeys):
            return signed_headers(key.current(), url, payload, _SERVICE, datetime.now(UTC))
        return bearer(key)

    def body(self, chat: Chat, model: str, traits: Traits) -> tuple[dict[str, Any], dict[str, Any]]:
        temperature, effort = traits.temperature_for(chat), traits.effort_for(chat)
        text, told = system_text(chat, traits), sent(chat, traits)
        contents = [_content(message, traits) for message in chat.messages]
        body: dict[str, Any] = {}
        if traits.system:
            body["system"] = [{"text": text}, *([_MARK] if traits.cache else [])]
        else:
            contents[0][0] = {"text": f"{text}\n\n{contents[0][0]['text']}"}
        body["messages"] = [
            {"role": message.role, "content": content} for message, content in zip(chat.messages, contents, strict=True)
        ]
        body["inferenceConfig"] = {"maxTokens": traits.max_tokens_for(chat)}
        if temperature is not None:
            body["inferenceConfig"]["temperature"] = told["temperature"] = min(temperature, 1.0)
        if effort is not None:
            body["additionalModelRequestFields"] = _REASONING[traits.reasoning](effort)
        return body | _format(chat, traits), told

    def read(self, data: Any, body: Mapping[str, Any] | None = None) -> Reading | None:
        answer = mapping(data)
        content = mapping(mapping(answer.get("output")).get("message")).get("content")
        reason = word(answer.get("stopReason"))
        if not isinstance(content, list):
            return None
        # Of other parts, such as reasoningContent, none has a text of its own.
        text = "".join(string(part.get("text")) for part in map(mapping, content))
        if not (text or reason):
            return None
        return Reading(text, _FINISH.get(reason, Finish.OTHER), reason, "", **_usage(answer))

    def api_error(self, data: Any, headers: Mapping[str, str] | None = None) -> ApiError | None:
        return api_errors.find_of_aws(data, headers or {})


def _content(message: Message, traits: Traits) -> list[dict[str, Any]]:
    stable, rest = traits.split(message)
    return [{"text": stable}, _MARK, {"text": rest}] if stable else [{"text": rest}]


def _format(chat: Chat, traits: Traits) -> dict[str, Any]:
    """How the reply's shape is demanded; Converse takes the schema as text."""
    if traits.schema_form(chat) != "text_format" or chat.schema is None:
        return {}
    named = {"name": chat.schema.get("title", "reply"), "schema": _written(traits.schema_for(chat))}
    return {"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": named}}}}


@once_per_schema
def _written(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, ensure_ascii=False, separators=(",", ":"))


def _usage(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Tokens; `inputTokens` leaves out what was read from a cache or written to it."""
    usage = mapping(answer.get("usage"))
    written, cached = count(usage.get("cacheWriteInputTokens")), count(usage.get("cacheReadInputTokens"))
    return {
        "input_tokens": total(count(usage.get("inputTokens")), written, cached),
        "output_tokens": count(usage.get("outputTokens")),
        "cached_tokens": cached,
        "cache_written_tokens": written,
    }
