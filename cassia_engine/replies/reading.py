"""The JSON object in a reply, whatever surrounds it. Nothing that was cut off is ever completed.

Strict JSON comes first. Repairs are tried only on a reply that finished by itself, and are named in words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cassia_engine.providers.chat import Finish
from cassia_engine.replies.keys import key
from cassia_engine.replies.lines import fields_of_lines

MAX_CHARS = 100_000  # of a reply: some ten times the longest one asked for
_MOST_QUOTED = 3  # JSON strings in each other
_END_OF_THOUGHT = re.compile(
    r"</\w{0,9}:?(?:think|thinking|thought|thoughts|reasoning|reflection|scratchpad)>|\[/THINK\]"
)
_MAX_STARTS = 200  # braces at which an object is looked for

Fits = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a reply cannot be read, in words; `hopeless` if nobody could make sense of it."""

    reason: str
    hopeless: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """An object as it stood in a reply, its keys normalised, and what had to be repaired to read it."""

    fields: Mapping[str, Any]
    repaired: tuple[str, ...] = ()


def read_object(text: str, finish: Finish, fits: Fits) -> Found | Unreadable:
    """The one object in `text` that has the wanted shape; never an exception.

    Args:
        finish: how the reply ended; only one that ended by itself is repaired.
        fits: whether an object, its keys normalised, has the shape.
    """
    if not text.strip("\ufeff\0 \t\r\n"):
        return Unreadable("the reply is empty", hopeless=True)
    if len(text) > MAX_CHARS:
        return Unreadable(f"the reply has {len(text):,} characters, more than {MAX_CHARS:,}", hopeless=True)
    try:
        return _strict(text, fits) or _repaired(text, finish, fits)
    except RecursionError:
        return Unreadable("the reply is nested too deeply")


def _strict(text: str, fits: Fits) -> Found | None:
    try:
        fields = _keys(_STRICT.decode(text))
    except ValueError:
        return None
    return Found(fields) if fields is not None and fits(fields) else None


def _repaired(text: str, finish: Finish, fits: Fits) -> Found | Unreadable:
    if finish is not Finish.STOP:
        return Unreadable("the reply is not a whole JSON object of the shape asked for, and did not end by itself")
    text = _quoted(text)
    thought = _END_OF_THOUGHT.split(text)[-1]
    for piece in dict.fromkeys((thought, text)):
        found = _found_in(piece, fits)
        if found is not None:
            return found
    lines = _keys(fields_of_lines(text))
    if lines is not None and fits(lines):
        return Found(lines, ("lines of names and values were read as an object",))
    return Unreadable("the reply holds no JSON object of the shape asked for")


def _found_in(text: str, fits: Fits) -> Found | Unreadable | None:
    """The answer in a text; None if there is none, Unreadable if there are several."""
    for repaired, how in ((text, ()), _repairs(text)):
        blocks = _blocks(repaired)
        whole = [fields for fields in map(_keys, blocks) if fields is not None and fits(fields)]
        fitting = whole or [fields for fields in map(_unwrapped(fits), blocks) if fields is not None]
        if any(fields != fitting[0] for fields in fitting):
            return Unreadable(f"the reply holds {len(fitting)} answers that differ")
        if fitting:
            return Found(fitting[0], (_surroundings(text), *how))
    return None


def _blocks(text: str) -> list[Any]:
    """Every JSON object in the text that does not lie in another one."""
    found: list[Any] = []
    at = text.find("{")
    for _ in range(_MAX_STARTS):
        if at < 0:
            break
        try:
            value, end = _LENIENT.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            found.append(value)
        at = text.find("{", end)
    return found


def _unwrapped(fits: Fits) -> Callable[[Any], dict[str, Any] | None]:
    """The object that fits: a value itself, or the only one in it ({"name": "x", "arguments": {...}})."""

    def unwrap(value: Any, depth: int = 3) -> dict[str, Any] | None:
        fields = _keys(value)
        if fields is not None and fits(fields):
            return fields
        # The schema itself, sent back, has fields of these names too, and says nothing.
        inside = [v for k, v in value.items() if not _is_schema(k, v)] if isinstance(value, dict) else value
        if not isinstance(inside, list) or not depth:
            return None
        objects = [item if isinstance(item, (dict, list)) else _object_in(item) for item in inside]
        found = [one for one in (unwrap(item, depth - 1) for item in objects if item) if one is not None]
        return found[0] if found and all(one == found[0] for one in found) else None

    return unwrap


def _is_schema(name: str, value: Any) -> bool:
    """Whether a field is the list of a schema's fields, which say of what type they are."""
    if name != "properties":
        return False
    return not isinstance(value, dict) or any(isinstance(v, dict) and "type" in v for v in value.values())


def _object_in(value: Any) -> Any:
    """The object that a text holds as JSON, in a code fence or not; None if it holds none."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "```")):
        return None
    try:
        return _LENIENT.raw_decode(value, max(value.find("{"), 0))[0]
    except ValueError:
        return None


def _quoted(text: str) -> str:
    """The text of a reply that is one JSON string, of which it may be another; else the reply as it is."""
    for _ in range(_MOST_QUOTED):
        bare = text.strip("\ufeff\0 \t\r\n")
        if not bare.startswith('"'):
            break
        try:
            value = _LENIENT.decode(bare)
        except ValueError:
            break
        if not isinstance(value, str):
            break
        text = value
    return text


def _surroundings(text: str) -> str:
    if "```" in text:
        return "a code fence was taken off"
    bare = text.strip("\ufeff\0 \t\r\n")
    if bare.startswith("{") and bare.endswith("}"):
        return "it was not one object of strict JSON"
    return "text around the JSON was left out"


def _keys(value: Any) -> dict[str, Any] | None:
    return {key(name): item for name, item in value.items()} if isinstance(value, dict) else None


# A string is taken to its end, or to the end of the text, so that no position is looked at twice.
_DOUBLE = r'"(?:[^"\\]++|\\.)*+(?:"|\Z)'
_ODD = re.compile(
    _DOUBLE
    + r"|[“„”][^\"“”„\n]*+[\"”“]|'(?:[^'\\]++|\\.)*+(?:'|\Z)"
    + r"|//[^\n]*|(?<!\S)#[^\n]*|/\*.*?(?:\*/|\Z)|\b(?:True|False|None|undefined)\b"
    + r"|(?<![\w.])[A-Za-z_][\w-]{0,60}+(?=\s{0,9}[:：])|[，：]|[\u00a0\u200b\u2028\u2029\u3000\ufeff]+",
    re.DOTALL,
)
_COMMA = re.compile(_DOUBLE + r"|,(?=\s*[},\]])", re.DOTALL)
_WIDE = {"，": ",", "：": ":"}
_WORDS = {"True": "true", "False": "false", "None": "null", "undefined": "null"}


def _repairs(text: str) -> tuple[str, tuple[str, ...]]:
    """The text from its first to its last brace as JSON, and what was done to it."""
    inner = text[text.find("{") : text.rfind("}") + 1]
    how: dict[str, None] = {}

    def repair(match: re.Match[str]) -> str:
        token = match[0]
        if token[0] == '"':
            return token
        if token[0] in "“„”":
            how["typographic quotes were read as plain ones"] = None
            return f'"{token[1:-1]}"'
        if token[0] == "'":
            how["single quotes were read as double ones"] = None
            return '"' + token[1:].removesuffix("'").replace("\\'", "'").replace('"', '\\"') + '"'
        if token[0] in "/#":
            how["comments were left out"] = None
            return " "
        if token in _WIDE:
            how["full-width signs were read as plain ones"] = None
            return _WIDE[token]
        if token.isspace() or token[0] in "\u200b\ufeff":
            return " "
        if token not in _WORDS:
            how["names without quotes were read as names"] = None
            return f'"{token}"'
        how["Python's words were read as JSON's"] = None
        return _WORDS[token]

    def drop(match: re.Match[str]) -> str:
        if match[0][0] == '"':
            return match[0]
        how["commas before a closing bracket were left out"] = None
        return ""

    repaired = _COMMA.sub(drop, _ODD.sub(repair, inner))
    return repaired, tuple(how)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if found.setdefault(name, value) != value:
            raise ValueError("a key stands twice")
    return found


def _integer(digits: str) -> float:
    # Python refuses to read integers of thousands of digits, and nobody means them.
    return int(digits) if len(digits) < 16 else float(digits)


def _strict_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_STRICT = json.JSONDecoder(object_pairs_hook=_once, parse_int=_integer, parse_constant=_strict_constant)
_LENIENT = json.JSONDecoder(object_pairs_hook=_once, parse_int=_integer, parse_constant=lambda name: None, strict=False)
