"""Requests to Google's generateContent and Bedrock's Converse, whose paths name the model, as the APIs read them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from tests.mock_provider.asked import Asked, Refused, asked_of, mapping, number, one_of, title_of
from tests.mock_provider.fields import BEDROCK, BEDROCK_CONFIG, GOOGLE, GOOGLE_CONFIG, UNKNOWN_FIELD

_MODELS = {
    GOOGLE: re.compile(r"/(?:models/([^/:]+)|(tunedModels/[^/:]+)):generateContent$"),
    BEDROCK: re.compile(r"/model/([^/]+)/converse$"),
}
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/[a-z0-9-]+/bedrock/aws4_request, "
    r"SignedHeaders=([a-z0-9;-]+), Signature=[0-9a-f]{64}"
)


def dialect_of_path(path: str) -> str | None:
    """The dialect that is spoken at a path as it was sent, percent-encoded; None if it is another's."""
    return next((dialect for dialect, pattern in _MODELS.items() if pattern.search(path)), None)


def model_of_path(dialect: str, path: str) -> str:
    """The model that a path names, "" where the body has it."""
    found = _MODELS[dialect].search(path) if dialect in _MODELS else None
    return unquote(next(filter(None, found.groups()))) if found else ""


def key_of_signature(headers: Mapping[str, str]) -> str:
    """The id of the key that signed a request, "" if none did; the signature itself is not looked at.

    Raises:
        Refused: a header that has to be signed is not.
    """
    found = _SIGNED.fullmatch(headers.get("Authorization", ""))
    if found is None:
        return ""
    needed = {"host", "x-amz-date", *(name.lower() for name in headers if name.lower().startswith("x-amz-security"))}
    if missing := needed - set(found[2].split(";")):
        raise Refused(f"{missing} must be a signed header", code="InvalidSignatureException", status=403)
    return found[1]


def present_of(body: Mapping[str, Any]) -> set[str]:
    """The fields that are set below the first level, as the table of what models refuse names them."""
    further = mapping(body, "additionalModelRequestFields")
    output = {f"outputConfig.{name}" for name in mapping(body, "outputConfig")}
    inner = {f"output_config.{name}" for name in mapping(further, "output_config")}
    return {*mapping(body, "generationConfig"), *mapping(body, "inferenceConfig"), *further, *output, *inner}


def read_google(body: Mapping[str, Any], flavour: str, headers: Mapping[str, str]) -> Asked:
    config = mapping(body, "generationConfig")
    _check_known(config, GOOGLE_CONFIG, GOOGLE)
    number(config, "temperature", 0, 2)
    limit = number(config, "maxOutputTokens", 1)
    kind, schema = config.get("responseMimeType"), config.get("responseJsonSchema")
    one_of("response_mime_type", kind, (None, "text/plain", "application/json"))
    if schema is not None and kind != "application/json":
        raise Refused(
            "Schema specified but response MIME type isn't JSON: set response_mime_type", "responseJsonSchema"
        )
    thinking = mapping(config, "thinkingConfig")
    one_of("thinking_level", thinking.get("thinkingLevel"), (None, "MINIMAL", "LOW", "MEDIUM", "HIGH"))
    if len({"thinkingLevel", "thinkingBudget"} & set(thinking)) > 1:
        raise Refused("You can only set only one of thinking budget and thinking level.", "thinkingConfig")
    turns = [(_role(turn), _parts(turn, "parts")) for turn in _listed(body, "contents")]
    if not turns or turns[-1][0] != "user":
        raise Refused("Please ensure that single turn requests end with a user role.", "contents")
    system = _parts(mapping(body, "systemInstruction"), "parts") if "systemInstruction" in body else ""
    return asked_of(GOOGLE, flavour, body, system, turns, limit, title_of(schema), kind == "application/json")


def _role(turn: Mapping[str, Any]) -> str:
    role = turn.get("role", "user")
    one_of("role", role, ("user", "model"))
    return "assistant" if role == "model" else "user"


def read_bedrock(body: Mapping[str, Any], flavour: str, headers: Mapping[str, str]) -> Asked:
    config = mapping(body, "inferenceConfig")
    _check_known(config, BEDROCK_CONFIG, BEDROCK)
    number(config, "temperature", 0, 1)
    limit = number(config, "maxTokens", 1)
    effort = mapping(mapping(body, "additionalModelRequestFields"), "output_config").get("effort")
    one_of("output_config.effort", effort, (None, "low", "medium", "high", "xhigh", "max"))
    title = ""
    form = mapping(mapping(body, "outputConfig"), "textFormat")
    if form:
        one_of("outputConfig.textFormat.type", form.get("type"), ("json_schema",))
        title = title_of(_schema(mapping(mapping(form, "structure"), "jsonSchema")))
    turns = []
    for turn in _listed(body, "messages"):
        one_of("role", turn.get("role"), ("user", "assistant"))
        turns.append((turn["role"], _parts(turn, "content")))
    if not turns or (turns[0][0], turns[-1][0]) != ("user", "user"):
        raise Refused("A conversation must start and end with a user message. Try again.", "messages")
    system = _parts(body, "system") if "system" in body else ""
    return asked_of(BEDROCK, flavour, body, system, turns, limit, title, bool(form))


def _schema(wanted: Mapping[str, Any]) -> Any:
    try:
        schema = json.loads(wanted["schema"])
    except (KeyError, TypeError, ValueError):
        raise Refused("outputConfig.textFormat.structure.jsonSchema.schema is no JSON schema", "outputConfig") from None
    # Objects are closed, as models of Anthropic want them.
    if isinstance(schema, dict) and schema.get("additionalProperties") is not False:
        raise Refused("For 'object' type, 'additionalProperties' must be explicitly set to false", "outputConfig")
    return schema


def _check_known(config: Mapping[str, Any], known: frozenset[str], flavour: str) -> None:
    if unknown := sorted(set(config) - known):
        raise Refused(UNKNOWN_FIELD[flavour].format(unknown[0]), unknown[0])


def _listed(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    listed = body.get(name)
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise Refused(f"{name}: expected a list of objects", name)
    return listed


def _parts(turn: Mapping[str, Any], name: str) -> str:
    """The texts of a turn's parts."""
    said = [part.get("text") for part in _listed(turn, name) if "cachePoint" not in part]
    texts = [text for text in said if isinstance(text, str) and text.strip()]
    if not texts or len(texts) < len(said):
        raise Refused(f"The text field in {name} is blank. Add text, and try again.", name)
    return "".join(texts)


CLOUDS: Mapping[str, Callable[[Mapping[str, Any], str, Mapping[str, str]], Asked]] = {
    GOOGLE: read_google,
    BEDROCK: read_bedrock,
}
