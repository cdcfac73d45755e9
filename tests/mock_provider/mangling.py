"""Replies of other shapes than asked, as language models write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

DEPTH = 3000


def mangle(how: str, text: str) -> str | None:
    """The reply changed as named; None is null where a text belongs."""
    return _TEXTS[how](text)


def _fields(change: Callable[[Any], Any]) -> Callable[[str], str]:
    """Every field of the reply changed; what is no JSON object stays as it is."""

    def changed(text: str) -> str:
        try:
            said = json.loads(text)
        except ValueError:
            return text
        return json.dumps({name: change(value) for name, value in said.items()})

    return changed


def _string_for_list(value: Any) -> Any:
    return ", ".join(map(_word, value)) if isinstance(value, list) else value


def _word(item: Any) -> str:
    return str(next(iter(item.values()), "")) if isinstance(item, dict) else str(item)


def _hostile(value: Any) -> Any:
    return "<script>alert(\"1\")</script>=cmd|' /C calc'!A0\u202e" if isinstance(value, str) else value


_TEXTS: Mapping[str, Callable[[str], str | None]] = {
    "": lambda text: text,
    "half": lambda text: text[: len(text) // 2],
    "fenced": lambda text: f"```json\r\n{text}\r\n```\r\n",
    "prose": lambda text: f"Here is the annotation you asked for:\n\n{text}\n\nTell me if you need more.",
    "two_blocks": lambda text: f"```json\n{{}}\n```\nOn second thought:\n```json\n{text}\n```",
    "trailing_comma": lambda text: text.replace("]", ",]").replace("}", ",}").replace("[,]", "[]").replace("{,}", "{}"),
    "string_for_list": _fields(_string_for_list),
    "list_for_string": _fields(lambda value: [value] if isinstance(value, str) else value),
    "numbers": _fields(lambda value: 7),
    "deep": lambda text: '{"evidence": ' + "[" * DEPTH + "]" * DEPTH + "}",
    "nan": _fields(lambda value: float("nan") if isinstance(value, int) else value),
    "null_fields": _fields(lambda value: None),
    "null_text": lambda text: "null",
    "empty_text": lambda text: "",
    "html_text": lambda text: "<html><body><h1>Sorry</h1></body></html>",
    "verdict_words": lambda text: (
        "The label cannot be given VALIDATION PASSED. It would be wrong to say FINAL ANNOTATION."
    ),
    "control_characters": lambda text: f"\x00\x1b[31m{text}\x07\u202e",
    "hostile": _fields(_hostile),
}
