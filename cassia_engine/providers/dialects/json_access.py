"""Fields of JSON of any shape, each as the type that was asked for or as none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from cassia_engine.text import one_line

_MOST_TOKENS = 10**12


def mapping(value: Any) -> Mapping[str, Any]:
    """An object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """The entries of a list, as objects; none for anything else."""
    return list(map(mapping, value)) if isinstance(value, list) else []


def first(value: Any) -> Mapping[str, Any]:
    """The first of a list if it is an object; an empty one for anything else."""
    return mapping(value[0]) if isinstance(value, list) and value else {}


def string(value: Any) -> str:
    """A text; "" for anything else. Half a surrogate pair, which JSON can hold and UTF-8 cannot, is replaced."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def word(value: Any) -> str:
    """A text of one short line."""
    return beginning(string(value), 80)


def beginning(text: str, most: int) -> str:
    """The beginning of a text, on one line."""
    return one_line(text[: 10 * most])[:most].strip()


def count(value: Any) -> int | None:
    """A number of tokens; None for what is none, such as a negative one or a flag."""
    amount = number(value)
    return None if amount is None or amount > _MOST_TOKENS else int(amount)


def number(value: Any) -> float | None:
    """A finite number of at least 0; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # Whole numbers of JSON have no limit, those of a float have.
    return float(value) if 0 <= value <= 1e300 and math.isfinite(value) else None


def total(*counts: int | None) -> int | None:
    """Their sum, where None after the first adds nothing; None if the first is."""
    return None if counts[0] is None else sum(part or 0 for part in counts)


def joined(content: Any) -> str:
    """The text of a message: as it is, or the text parts of a list of parts, put together."""
    if not isinstance(content, list):
        return string(content)
    return "".join(string(part) if isinstance(part, str) else _part(mapping(part)) for part in content)


def _part(part: Mapping[str, Any]) -> str:
    return string(part.get("text")) if part.get("type") in ("text", "output_text") else ""
