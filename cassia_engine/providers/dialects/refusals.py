"""Which parameter a refusal is about, and what it asks for instead: by its fields, else by its words.

Gateways and model servers put no more than words into such errors, so these are read; what they mean is tried once, and
a request that is refused again fails with the provider's own line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from cassia_engine.providers.dialects.json_access import string

_FIELDS = {
    "temperature": "temperature",
    "options.temperature": "temperature",
    "reasoning": "reasoning",
    "reasoning_effort": "reasoning",
    "thinking": "reasoning",
    "think": "reasoning",
    "output_config.effort": "reasoning",
    "effort": "reasoning",
    "response_format": "schema",
    "json_schema": "schema",
    "json_object": "schema",
    "output_config": "schema",
    "output_format": "schema",
    "format": "schema",
    "response_schema": "schema",
    "response_json_schema": "schema",
    "response_mime_type": "schema",
    "thinking_config": "reasoning",
    "thinking_level": "reasoning",
    "thinking_budget": "reasoning",
    "reasoning_config": "reasoning",
    "text_format": "schema",
    "structured_outputs": "schema",
    "max_tokens": "max_tokens",
    "max_completion_tokens": "max_tokens",
    "max_output_tokens": "max_tokens",
    "max_new_tokens": "max_tokens",
    "num_predict": "max_tokens",
}
# A field in quotes, or in front of a colon, or as what a model "does not support".
_NAMED = re.compile(
    r"[`'\"]([a-zA-Z_]+(?:\.[a-zA-Z_0-9]+)*)[`'\"]|^([a-z_]+(?:\.[a-z_0-9]+)*):"
    r"|(?:does not|do not|doesn't|don't) support (?:the )?(\w+(?:\.\w+)*)"
)
# Without any mark a word has to stand in a sentence that refuses it.
_REFUSES = re.compile(
    r"support|allow|accept|permit|deprecat|unavailable|unrecogni[sz]ed|unknown|unexpected|extra|invalid|only|must|cannot|exceed|enabled"
    r"|too (?:large|high|big)|非法|无效|不支持|范围|超过",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"(?<![a-z_])(temperature|reasoning_?effort|thinking|response_format|json[ _]schema|json mode|structured outputs?"
    r"|max_completion_tokens|max_tokens|max(?:imum)? (?:output |completion |new )?tokens)(?![a-z_])",
    re.IGNORECASE,
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BOUNDS = re.compile(r"\b(?:max|min)(?:Items|Length)\b")
_SYSTEM = re.compile(
    r"system (?:role|message|prompt|instruction)s?\b.{0,40}(?:not|n't|unsupported|disabled)"
    r"|(?:not|n't) support.{0,40}\bsystem\b|role.{0,20}\bsystem\b.{0,40}(?:not|n't|invalid|unsupported|unknown)"
    r"|(?:unknown|invalid|unsupported|unexpected).{0,20}role.{0,10}\bsystem\b"
    r"|roles must alternate|only user(?:,| and) .{0,20}roles are|developer instruction is not enabled",
    re.IGNORECASE,
)
_NO_HOST = re.compile(
    r"no (?:endpoints?|hosts?|providers?)\b.*\b(?:supports?|handles?) (?:all|the) .*parameters", re.IGNORECASE
)
_GRAMMAR = re.compile(r"grammar\b", re.IGNORECASE)
_ALLOWED = re.compile(
    r"\b(?:must be|one of|supported values|expected|use\b(?=.*instead))(.*)", re.IGNORECASE | re.DOTALL
)
_TAKES = r"[`'\"]?(?<![\d.,])(\d{1,3}(?:,\d{3})+|\d+)(?!\d|\.\d)"
_CONTEXT = re.compile(
    rf"context (?:length|window|size)\D{{0,40}}{_TAKES}|max_new_tokens`? must be <= {_TAKES}"
    rf"|context limit: \d+ \+ \d+ > {_TAKES}",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    rf"{_TAKES}\s*(?:tokens )?(?:in|from|of) (?:the )?(?:messages|prompt|input)"
    rf"|(?:has|have|passed|prompt (?:contains|is)) {_TAKES} (?:input|prompt)? ?tokens"
    rf"|given: {_TAKES} `?inputs|{_TAKES} of text input|context limit: {_TAKES} \+",
    re.IGNORECASE,
)
_LIMITS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\[\s*\d+\s*,\s*(\d+)\s*\]",
        rf"(?:maximum|limit|allowed)[^.\d]{{0,40}}? is {_TAKES}",
        rf"max_tokens > {_TAKES}",
        rf"(?:at most|up to|no more than|cannot exceed|must not exceed|less than or equal to|<=) (?:the )?{_TAKES}",
        rf"(?:max|limit|maximum)[^.\d]{{0,60}}? (?:is|of|:) {_TAKES}",
        rf"\d+ > {_TAKES}",
        rf"between \d+ and {_TAKES}",
    )
)


class Refusal(NamedTuple):
    """As the fields of `ApiError` with these names."""

    parameter: str = ""
    instead: str = ""
    limit: int = 0
    lasting: bool = True


def refusal(error: Mapping[str, Any], details: Mapping[str, Any], message: str) -> Refusal:
    """What an error's object refuses; nothing where it names no parameter that cassia sends."""
    place = details.get("loc")
    located = ".".join(part for part in place if isinstance(part, str)) if isinstance(place, list) else ""
    param = string(error.get("param"))
    named = (param, located.removeprefix("body."), *_names(message))
    found = next(filter(None, map(_known, named)), "") or _bare(message)
    if _SYSTEM.search(message) or (param.startswith("messages") and param.endswith("role")):
        return Refusal("system")
    if found in ("", "schema") and _BOUNDS.search(message):
        return Refusal("bounds")
    if found == "schema" or _GRAMMAR.search(message) or _NO_HOST.search(message):
        return Refusal("schema", _form(message))
    if found == "max_tokens" or _CONTEXT.search(message):
        return _tokens(message, named)
    return Refusal(found)


def _names(message: str) -> Iterator[str]:
    for match in _NAMED.finditer(message):
        yield next(filter(None, match.groups()))


def _bare(message: str) -> str:
    match = _BARE.search(message) if _REFUSES.search(message) else None
    return _of_words(match[1]) if match else ""


def _of_words(said: str) -> str:
    """Cassia's name of a parameter that is named in words: "maximum output tokens", "JSON mode"."""
    words = said.lower().replace("_", " ")
    if "tokens" in words:
        return "max_tokens"
    if words.startswith(("reasoning", "thinking")):
        return "reasoning"
    return "temperature" if words == "temperature" else "schema"


def _known(field: str) -> str:
    """Cassia's name of a field of a request, by its longest known beginning, or by its end.

    Such as output_config.format.schema and inferenceConfig.maxTokens.
    """
    steps = _HUMP.sub("_", field[:100]).lower().split(".")
    parts = (*(".".join(steps[:end]) for end in range(len(steps), 0, -1)), steps[-1])
    return next((_FIELDS[name] for name in parts if name in _FIELDS), "")


def _form(message: str) -> str:
    """The form in which a reply's shape may be demanded instead, "" for in none."""
    allowed = _ALLOWED.search(message)
    for form in ("json_schema", "json_object"):
        if allowed and form in allowed[1]:
            return form
    if "json_object" in message:
        return ""
    # The shape or its kind is refused, and not that one is demanded.
    return "json_object" if re.search(r"schema|grammar|\btype\b", message, re.IGNORECASE) else ""


def _tokens(message: str, named: Iterable[str]) -> Refusal:
    context, prompt = _CONTEXT.search(message), _PROMPT.search(message)
    if context:
        left = _number(context) - _number(prompt) if prompt else 0
        return Refusal("max_tokens", limit=max(left, 0), lasting=False) if left > 0 else Refusal()
    if limit := next(filter(None, (pattern.search(message) for pattern in _LIMITS)), None):
        return Refusal("max_tokens", limit=_number(limit))
    bare = _BARE.search(message)
    fields = [name for name in (*named, bare[1] if bare else "") if name in ("max_tokens", "max_completion_tokens")]
    other = "max_tokens" if fields[:1] == ["max_completion_tokens"] else "max_completion_tokens"
    return Refusal("max_tokens", other)


def _number(match: re.Match[str]) -> int:
    return int(next(filter(None, match.groups())).replace(",", "")[:12])
