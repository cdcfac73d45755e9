"""Values of a reply as plain ones: a text where a text was meant, a list where a list was meant, never an exception."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from cassia_engine.text import one_line

MAX_TEXT = 2_000  # characters of a field
MAX_ITEMS = 50  # entries of a list

_SCORE = re.compile(
    r"\s*(?:(?:score|confidence)\s*[:=]|about|approximately|[~≈])?\s*(\d{1,3}(?:\.\d{1,9})?)"
    r"\s*(?:(?:/|out of|of)\s*100|%|per ?cent|points?)?\s*(?:[(:;,–—-][^\d]*)?",
    re.IGNORECASE,
)
_OF_TEN = re.compile(r"\s*(\d{1,2}(?:\.\d)?)\s*(?:/|out of)\s*10\s*", re.IGNORECASE)
_YES, _NO = "yes", "no"
# Other words for them, which mean so only where they stand alone.
_ALONE: Mapping[str, str] = {
    **dict.fromkeys(("y", "true", "t", "1", "✓", "✔", "✅", "☑", "correct", "agree", "agreed"), _YES),
    **dict.fromkeys(("是", "oui", "ja", "sí"), _YES),
    **dict.fromkeys(("n", "false", "f", "0", "✗", "✘", "❌", "☒", "incorrect", "disagree", "disagreed"), _NO),
    **dict.fromkeys(("否", "non", "nein"), _NO),
}
_LEAD = re.compile(r"[\s\"'*_(`✓✔✅☑✗✘❌☒]*(?:(?:the|my) answer(?: is)?\s*:?|answer\s*:)?\s*", re.IGNORECASE)
_YES_NO = re.compile(r"[\"'*_(]*(yes|no)[\s\"'*_)`]*(?:$|[.,;:!(—–-](.*)|because\b(.*))", re.IGNORECASE | re.DOTALL)
_OPPOSITE = {_YES: re.compile(r"\bno\b", re.IGNORECASE), _NO: re.compile(r"\byes\b", re.IGNORECASE)}


def text(value: Any) -> str:
    """A text on one line, without control, bidirectional and other invisible characters; "" for what is no text.

    A list of one text counts as that text.
    """
    if not isinstance(value, str):
        value = _only(value)
        if not isinstance(value, str):
            return ""
    return one_line(value) if len(value) <= MAX_TEXT else one_line(value[: 2 * MAX_TEXT])[:MAX_TEXT]


def texts(value: Any, separators: str = ",;\n") -> tuple[str, ...]:
    """The texts of a list. A single text is taken apart at the separators, never into letters."""
    if isinstance(value, str):
        value = re.split(f"[{separators}]", value[: MAX_ITEMS * MAX_TEXT])
    if isinstance(value, Mapping):
        value = list(value)
    found = (text(item) for item in value) if isinstance(value, list) else ()
    return _first(found)


def score(value: Any) -> float | None:
    """A number from 0 to 100, also as "85", "85%", "85/100", "8.5/10" or 0.85; None for anything else."""
    value = _only(value)
    if isinstance(value, Mapping):
        value = next((value[name] for name in ("value", "score", "answer") if name in value), None)
    if isinstance(value, str):
        value = _number(value.strip(" *_`")[:60])
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if 0 < value < 1:
        value = round(100 * value, 6)  # a share: nobody means less than one of a hundred
    return float(value) if 0 <= value <= 100 else None


def _number(said: str) -> float | None:
    if match := _OF_TEN.fullmatch(said):
        return 10 * float(match[1])
    return float(match[1]) if (match := _SCORE.fullmatch(said)) else None


def yes_or_no(value: Any) -> bool | None:
    """True and False for a clear yes and no, such as "Yes, because ...", true, 1 or "Y"; None for anything else.

    "yes and no", "no doubt", "yesterday" and "n/a" are none of them.
    """
    value = _only(value)
    if isinstance(value, bool):
        return value
    said = f"{value:g}" if isinstance(value, (int, float)) else value[:MAX_TEXT] if isinstance(value, str) else ""
    if alone := _ALONE.get(said.strip(" \t\r\n\"'*_`.!").casefold()):
        return alone == _YES
    lead = _LEAD.match(said)
    match = _YES_NO.match(said, lead.end() if lead else 0)
    if match is None:
        return None
    word = match[1].lower()
    return None if _OPPOSITE[word].search(match[2] or match[3] or "") else word == "yes"


def _only(value: Any) -> Any:
    """The value of a list of one, else what is given."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _first(found: Iterable[str]) -> tuple[str, ...]:
    """The first entries that say something, each once."""
    kept: dict[str, None] = {}
    for item in found:
        if item:
            kept[item] = None
            if len(kept) == MAX_ITEMS:
                break
    return tuple(kept)
