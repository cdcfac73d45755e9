"""What a request's body says to the model, in any dialect: for what counts its characters, and for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cassia_engine.providers.dialects.json_access import mappings, string

_SYSTEM = ("system", "systemInstruction")
_TURNS = ("messages", "contents")


def turns_of(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(role, text) of each turn, the system's first."""
    for name in _SYSTEM:
        if name in body:
            yield "system", _text(body[name])
    for name in _TURNS:
        for turn in mappings(body.get(name)):
            yield string(turn.get("role")), _text(turn)


def rest_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body without its turns."""
    return {name: value for name, value in body.items() if name not in (*_SYSTEM, *_TURNS)}


def _text(content: Any) -> str:
    """A text, or those of the parts that stand as they are, as "content", "parts" or "text"."""
    if isinstance(content, Mapping):
        content = content.get("content", content.get("parts", content.get("text")))
    if isinstance(content, list):
        return "".join(string(part.get("text")) for part in mappings(content) if "text" in part)
    return string(content)
