"""A request as understood, and what its readers share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.mock_provider.answers import ANNOTATION, OPINION, VALIDATION

TITLE = re.compile(f"{ANNOTATION}|{VALIDATION}|{OPINION}")


class Refused(Exception):
    """A request that is answered with an error.

    Args:
        param: the field at fault.
        code: OpenAI's word for it.
    """

    def __init__(self, message: str, param: str = "", code: str = "", status: int = 400):
        super().__init__(message)
        self.message, self.param, self.code, self.status = message, param, code, status


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as understood.

    Attributes:
        flavour: the dialect, or the vendor that speaks its own kind of OpenAI's.
        messages: (role, text) of the turns; the system text stands apart.
        title: title of the schema asked for, "" if it cannot be told.
        structured: whether the reply has to be JSON.
        cached, written: tokens of the prompt that are read from a cache, and written to it.
    """

    dialect: str
    flavour: str
    model: str
    system: str
    messages: tuple[tuple[str, str], ...]
    max_tokens: int | None
    title: str = ""
    structured: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)
    cached: int = 0
    written: int = 0


def asked_of(
    dialect: str,
    flavour: str,
    body: Mapping[str, Any],
    system: str,
    turns: Sequence[tuple[str, str]],
    limit: int | None,
    title: str,
    structured: bool,
) -> Asked:
    """Where the schema has no title, the system text names it, since then it holds the schema; where there is no system
    text either, its words are in the first message."""
    talk = tuple(turn for turn in turns if turn[0] in ("user", "assistant"))
    named = TITLE.search(system or talk[0][1]) if not title and (system or talk) else None
    return Asked(dialect, flavour, body["model"], system, talk, limit, named[0] if named else title, structured, body)


def title_of(schema: Any) -> str:
    title = schema.get("title", "") if isinstance(schema, dict) else ""
    return title if isinstance(title, str) else ""


def mapping(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise Refused(f"Invalid type for '{name}': expected an object", name, "invalid_type")
    return value or {}


def number(body: Mapping[str, Any], name: str, least: float, most: float = float("inf")) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise Refused(f"Invalid '{name}': expected a number from {least} to {most}", name, "invalid_value")
    return int(value)


def one_of(name: str, value: Any, known: Sequence[Any]) -> None:
    if value not in known:
        raise Refused(f"Invalid value: '{value}' for '{name}'.", name, "invalid_value")
