"""Values of a reply as plain ones: a text where a text was meant, a list where a list was meant, never an exception."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

MAX_TEXT = 2_000  # characters of a field
MAX_ITEMS = 50  # entries of a list

_SCORE = re.compile(r"\s*(\d{1,3}(?:\.\d{1,9})?)\s*(?:/\s*100|%)?\s*")
_YES_NO = re.compile(r"[\s\"'*_(]*(yes|no)[\s\"'*_)]*(?:$|[.,;:!(—–-](.*)|because\b(.*))", re.IGNORECASE | re.DOTALL)
_OPPOSITE = {"yes": re.compile(r"\bno\b", re.IGNORECASE), "no": re.compile(r"\byes\b", re.IGNORECASE)}


def text(value: Any) -> str:
    """A text on one line, without control, bidirectional and other invisible characters; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    value = value[: 2 * MAX_TEXT]
    if not value.isprintable():
        value = "".join(c for c in value if c.isprintable() or c.isspace())
    return " ".join(value.split())[:MAX_TEXT]


def texts(value: Any, separators: str = ",;\n") -> tuple[str, ...]:
    """The texts of a list. A single text is taken apart at the separators, never into letters."""
    if isinstance(value, str):
        value = re.split(f"[{separators}]", value[: MAX_ITEMS * MAX_TEXT])
    if isinstance(value, Mapping):
        value = list(value)
    found = (text(item) for item in value) if isinstance(value, list) else ()
    return _first(found)


def score(value: Any) -> float | None:
    """A number from 0 to 100, also as "85", "85%" or "85/100"; None for anything else."""
    if isinstance(value, str):
        match = _SCORE.fullmatch(value[:30])
        value = float(match[1]) if match else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if 0 <= value <= 100 else None


def yes_or_no(value: Any) -> bool | None:
    """True and False for a clear yes and no, such as "Yes, because ..."; None for anything else.

    "yes and no", "no doubt" and "yesterday" are none of them.
    """
    if isinstance(value, bool):
        return value
    match = _YES_NO.match(value[:MAX_TEXT]) if isinstance(value, str) else None
    if match is None:
        return None
    word = match[1].lower()
    return None if _OPPOSITE[word].search(match[2] or match[3] or "") else word == "yes"


def _first(found: Iterable[str]) -> tuple[str, ...]:
    """The first entries that say something, each once."""
    kept: dict[str, None] = {}
    for item in found:
        if item:
            kept[item] = None
            if len(kept) == MAX_ITEMS:
                break
    return tuple(kept)
