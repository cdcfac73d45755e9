"""Errors in bodies, in all the forms that providers give them; one reader for all dialects.

{"error": {"message", "type", "param", "code"}}                          OpenAI, Groq
{"error": {"code": 402, "message", "metadata": {"reason", "raw"}}}       OpenRouter, also in a choice
{"type": "error", "error": {"type", "message", "details": {"error_code"}}}   Anthropic
{"error": "text"}                                                        Ollama, which may wrap another in it
{"object": "error", "message", "type", "param", "code"}, {"detail": [{"loc", "msg"}]}    Mistral, vLLM
{"error": {"code": 429, "status", "message", "details": [{"reason"}, {"violations": [{"quotaId"}]}, {"retryDelay"}]}}
                                                                         Google, in a list where it streams
{"message"} or {"Message"}, its kind in the header x-amzn-errortype      Amazon Bedrock
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cassia_engine.providers.dialects.dialect import ApiError
from cassia_engine.providers.dialects.json_access import beginning, first, mapping, mappings, number, string, word
from cassia_engine.providers.dialects.refusals import refusal

_MESSAGE = 300
_LOOPED = re.compile(r"token repeat limit", re.IGNORECASE)
# What some say with status 400 and in words alone, and the code that others have for it.
_IN_WORDS = (
    (_LOOPED, "token_repeat_limit"),
    (
        re.compile(
            r"(?:incorrect|invalid) api key|\bapi key (?:is )?(?:not valid|not found|expired|invalid)"
            r"|make sure your api key is valid|bearer token has expired",
            re.I,
        ),
        "invalid_api_key",
    ),
    # Bedrock's quota of a day has the same kind as its quota of a minute.
    (re.compile(r"too many tokens per day", re.I), "tokens_perday"),
    (re.compile(r"credit balance is too low", re.I), "credit_balance_exhausted"),
)
_ANSWERS = ("choices", "content", "done", "candidates", "output")


def find(data: Any) -> ApiError | None:
    """The error that a parsed body tells of, None if it tells of none."""
    return _find(data, 0)


def find_of_aws(data: Any, headers: Mapping[str, str]) -> ApiError | None:
    """The error that a parsed body of AWS tells of, its kind by the headers: ThrottlingException:http://..."""
    body = mapping(data)
    kind = word(headers.get("x-amzn-errortype")) or word(body.get("__type")).rpartition("#")[2]
    message = string(body.get("message")) or string(body.get("Message"))
    found = find({**body, "message": message} if message else data)
    kind = kind.partition(":")[0]
    if not kind:
        return found
    return replace(found, kind=kind) if found else ApiError(kind=kind)


def _find(data: Any, depth: int) -> ApiError | None:
    body = mapping(data) or first(data)
    error = _error(body)
    if error is None:
        return None
    message, details = _message(error, depth)
    metadata = mapping(error.get("metadata"))
    code = next((code for words, code in _IN_WORDS if words.search(message)), error.get("code"))
    return ApiError(
        status=_status(code) or _status(error.get("status")) or _status(error.get("status_code")),
        code=_code(
            metadata.get("reason"),
            mapping(error.get("details")).get("error_code"),
            code,
            metadata.get("error_type"),
            *_reasons(error),
        ),
        kind=word(error.get("type")) or word(error.get("status")),
        message=message,
        **refusal(error, details, message)._asdict(),
        retry_after=_retry_after(error, metadata),
    )


def _error(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The object that describes the error, None if there is no error."""
    inner = body.get("error") or first(body.get("choices")).get("error")
    if isinstance(inner, str):
        return {**body, "message": inner}
    if isinstance(inner, dict):
        return inner
    marked = "error" in (body.get("object"), body.get("type"))
    if marked or not body.keys().isdisjoint(_ANSWERS):
        return body if marked else None
    return body if any(isinstance(body.get(name), (str, list)) for name in ("message", "detail")) else None


def _message(error: Mapping[str, Any], depth: int) -> tuple[str, Mapping[str, Any]]:
    """What a person reads, and the first of the details if there are any."""
    message = error.get("message", error.get("detail"))
    details = first(message) or first(mapping(message).get("detail")) or first(error.get("detail"))
    text = string(message) or string(mapping(message).get("detail")) or string(details.get("msg"))
    wrapped = _wrapped(text, depth)
    raw = _wrapped(string(mapping(error.get("metadata")).get("raw")), depth)
    parts = [beginning(part, _MESSAGE) for part in (wrapped or text, raw) if part]
    return beginning(": ".join(dict.fromkeys(parts)), _MESSAGE), details


def _wrapped(text: str, depth: int) -> str:
    """The message of an error that another one quotes as JSON; the text itself if it is none."""
    if not text.lstrip().startswith(("{", "[")) or depth > 2:
        return text
    try:
        inner = _find(json.loads(text), depth + 1)
    except (ValueError, RecursionError):
        inner = None
    return inner.message if inner and inner.message else text


def _status(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[1-5]\d\d", value, re.ASCII):
        value = int(value)
    status = number(value)
    return int(status) if status is not None and 100 <= status < 600 else None


def _code(*places: Any) -> str:
    """The first that is a word; a number is a status."""
    return next((text for text in map(word, places) if text and not text.isdigit()), "")


def _reasons(error: Mapping[str, Any]) -> Iterator[Any]:
    """What Google's details give as a reason: the quota that is used up, first the one of a day, else a word."""
    entries = mappings(error.get("details"))
    quotas = [word(one.get("quotaId")) for entry in entries for one in mappings(entry.get("violations"))]
    yield from (quota for quota in quotas if "perday" in quota.lower())
    yield from (entry.get("reason") for entry in entries)


def _retry_after(error: Mapping[str, Any], metadata: Mapping[str, Any]) -> float | None:
    delays = [entry.get("retryDelay") for entry in mappings(error.get("details"))]
    places = (error.get("retry_after"), metadata.get("retry_after"), metadata.get("retry_after_seconds"), *delays)
    return next(filter(lambda seconds: seconds is not None, map(_seconds, places)), None)


def _seconds(value: Any) -> float | None:
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9})?s?", value, re.ASCII):
        return float(value.removesuffix("s"))
    return number(value)
