"""What a request asks. The real APIs refuse what they do not know, and so does this, in their words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.mock_provider.asked import Asked, Refused, asked_of, mapping, number, one_of, title_of
from tests.mock_provider.clouds import CLOUDS, dialect_of_path, model_of_path, present_of
from tests.mock_provider.fields import (
    ANTHROPIC,
    DEEPSEEK,
    FIELDS,
    GROQ,
    MISTRAL,
    OLLAMA,
    OLLAMA_OPTIONS,
    OPENAI,
    OPENROUTER,
    REFUSALS,
    REFUSES,
    REFUSES_IN_WORDS,
    UNKNOWN_FIELD,
    UNKNOWN_STATUS,
)

ENDINGS = {"/chat/completions": OPENAI, "/v1/messages": ANTHROPIC, "/api/chat": OLLAMA}
_STARTS = {"/api/": OPENROUTER, "/openai/": GROQ, "/mistral/": MISTRAL, "/chat/": DEEPSEEK}
_SCHEMA_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def dialect_of(path: str) -> tuple[str, str] | None:
    """(dialect, flavour) by the end and the beginning of a path as it was sent; None if nothing is there."""
    dialect = dialect_of_path(path) or next((name for ending, name in ENDINGS.items() if path.endswith(ending)), None)
    if dialect != OPENAI:
        return (dialect, dialect) if dialect else None
    flavour = next((name for start, name in _STARTS.items() if path.startswith(start)), OPENAI)
    return dialect, flavour


def read_request(dialect: str, flavour: str, raw: bytes, headers: Mapping[str, str], path: str = "") -> Asked:
    """The request of a body.

    Raises:
        Refused: the real API would not take it.
    """
    if not headers.get("Content-Type", "").startswith("application/json"):
        raise Refused("Content-Type must be application/json", status=415)
    try:
        body = json.loads(raw, parse_constant=_no_constant)
    except ValueError:
        raise Refused("We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise Refused("The body must be a JSON object")
    _check_fields(body, flavour)
    if model := model_of_path(dialect, path):
        body["model"] = model
    _check_model(body, flavour)
    return _READERS[dialect](body, flavour, headers)


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _check_fields(body: Mapping[str, Any], flavour: str) -> None:
    unknown = sorted(set(body) - FIELDS[flavour])
    if unknown:
        status = UNKNOWN_STATUS.get(flavour, 400)
        raise Refused(UNKNOWN_FIELD[flavour].format(unknown[0]), unknown[0], "unknown_parameter", status)
    if body.get("stream") and flavour == ANTHROPIC:
        raise Refused("The mock does not stream here: set 'stream' to false", "stream", "unsupported_value")


def _check_model(body: Mapping[str, Any], flavour: str) -> None:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise Refused("you must provide a model parameter", "model", "missing_required_parameter")
    present = _present(body)
    for word, refused in REFUSALS.items():
        found = sorted(present & refused) if word in model else []
        if found:
            words = REFUSES_IN_WORDS.get((flavour, found[0]), REFUSES[flavour])
            raise Refused(words.format(found[0], found[0]), found[0], "unsupported_parameter")


def _present(body: Mapping[str, Any]) -> set[str]:
    """The fields that are set, those of Ollama's options under their own names."""
    inner = {f"output_config.{name}" for name in mapping(body, "output_config")}
    return (
        {name for name, value in body.items() if value is not None}
        | inner
        | set(mapping(body, "options"))
        | present_of(body)
    )


def _openai(body: Mapping[str, Any], flavour: str, headers: Mapping[str, str]) -> Asked:
    turns = _turns(body, ("system", "developer", "user", "assistant"))
    number(body, "temperature", 0, 2)
    limit = number(body, "max_completion_tokens", 1) or number(body, "max_tokens", 1)
    system = "\n".join(text for role, text in turns if role in ("system", "developer"))
    form = mapping(body, "response_format")
    if flavour == DEEPSEEK and form.get("type") == "json_schema":
        raise Refused("This response_format type is unavailable now")
    title, structured = _openai_title(form, turns)
    return asked_of(OPENAI, flavour, body, system, turns, limit, title, structured)


def _openai_title(form: Mapping[str, Any], turns: Sequence[tuple[str, str]]) -> tuple[str, bool]:
    kind = form.get("type", "text")
    if kind == "json_object" and not any("json" in text.casefold() for _, text in turns):
        raise Refused("'messages' must contain the word 'json' in some form", "messages")
    if kind != "json_schema":
        one_of("response_format.type", kind, ("text", "json_object"))
        return "", kind == "json_object"
    wanted = mapping(form, "json_schema")
    name = wanted.get("name")
    if not isinstance(name, str) or not _SCHEMA_NAME.fullmatch(name):
        raise Refused("Missing or invalid parameter: 'response_format.json_schema.name'.", "response_format")
    if set(wanted) - {"name", "strict", "schema", "description"} or not mapping(wanted, "schema"):
        raise Refused("Invalid parameter: 'response_format.json_schema'.", "response_format")
    _check_schema(wanted["schema"], "response_format") if wanted.get("strict") else None
    return name, True


def _check_schema(schema: Any, param: str) -> None:
    """Strict structured output: every object closed, every field required."""
    if isinstance(schema, list):
        for item in schema:
            _check_schema(item, param)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object":
        fields = set(schema.get("properties", {}))
        if schema.get("additionalProperties") is not False or set(schema.get("required", ())) != fields:
            raise Refused(f"Invalid schema for {param}: 'additionalProperties' must be false, all required", param)
    for value in schema.values():
        _check_schema(value, param)


def _anthropic(body: Mapping[str, Any], flavour: str, headers: Mapping[str, str]) -> Asked:
    version = headers.get("anthropic-version", "")
    if not version:
        raise Refused("anthropic-version: header is required")
    if "max_tokens" not in body:
        raise Refused("max_tokens: Field required", "max_tokens")
    if version >= "2026-10-21" and "temperature" in body:
        raise Refused("`temperature` is not supported in this version of the API.", "temperature")
    turns = _turns(body, ("user", "assistant"))
    if turns[0][0] != "user":
        raise Refused('messages: first message must use the "user" role', "messages")
    number(body, "temperature", 0, 1)
    config = mapping(body, "output_config")
    if set(config) - {"effort", "format"}:
        raise Refused("output_config: Extra inputs are not permitted", "output_config")
    one_of("output_config.effort", config.get("effort"), (None, "low", "medium", "high", "xhigh", "max"))
    one_of("thinking.type", mapping(body, "thinking").get("type"), (None, "adaptive", "enabled", "disabled"))
    form = mapping(config, "format")
    if form and (form.get("type") != "json_schema" or set(form) != {"type", "schema"}):
        raise Refused("output_config.format: Input should be a json_schema with a schema", "output_config.format")
    _check_schema(form.get("schema"), "output_config.format")
    system = _content(body.get("system", "-"), "system")
    limit = number(body, "max_tokens", 1)
    return asked_of(ANTHROPIC, flavour, body, system, turns, limit, title_of(form.get("schema")), bool(form))


def _ollama(body: Mapping[str, Any], flavour: str, headers: Mapping[str, str]) -> Asked:
    turns = _turns(body, ("system", "user", "assistant"))
    options = mapping(body, "options")
    unknown = sorted(set(options) - OLLAMA_OPTIONS)
    if unknown:
        raise Refused(f'invalid option provided: "{unknown[0]}"', unknown[0])
    form = body.get("format", "")
    if not (form in ("", "json") or isinstance(form, dict)):
        raise Refused('invalid format: expected "json" or a JSON schema', "format")
    one_of("think", body.get("think"), (None, True, False, "low", "medium", "high"))
    limit = number(options, "num_predict", 1)
    system = "\n".join(text for role, text in turns if role == "system")
    return asked_of(OLLAMA, flavour, body, system, turns, limit, title_of(form), bool(form))


_READERS: Mapping[str, Callable[[Mapping[str, Any], str, Mapping[str, str]], Asked]] = {
    OPENAI: _openai,
    ANTHROPIC: _anthropic,
    OLLAMA: _ollama,
    **CLOUDS,
}


def _turns(body: Mapping[str, Any], roles: Sequence[str]) -> list[tuple[str, str]]:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refused("Missing required parameter: 'messages'.", "messages", "missing_required_parameter")
    turns = []
    for place, message in enumerate(messages):
        where = f"messages.{place}"
        if not isinstance(message, dict) or set(message) - {"role", "content", "name"}:
            raise Refused(f"{where}: unknown fields", "messages")
        one_of(f"{where}.role", message.get("role"), roles)
        turns.append((message["role"], _content(message.get("content"), where)))
    if turns[-1][0] != "user":
        raise Refused("This model does not support assistant message prefill.", "messages")
    return turns


def _content(content: Any, where: str) -> str:
    """Text, or blocks of text, which may be marked for caching."""
    blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
    texts = []
    for block in blocks:
        plain = isinstance(block, dict) and not set(block) - {"type", "text", "cache_control"}
        if not plain or block.get("type") != "text" or not isinstance(block.get("text"), str) or not block["text"]:
            raise Refused(f"{where}: text content blocks must be non-empty", "messages")
        texts.append(block["text"])
    return "".join(texts)
