"""What people and files give becomes data in a named block, which no text in it can close or leave.

Everything here is total: any text gives a block that parses back to that text, cleaned and capped.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from cassia_engine.fast_json import rows_json
from cassia_engine.text import CONTROLS, INVISIBLE, SURROGATES

CUT = " [cut here: the text goes on]"
UNREADABLE = "(unreadable name)"

_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# Controls but the line feed, and what is not seen: zero-width and bidi characters, selectors, tags, lone surrogates.
_UNSEEN = re.compile(rf"[\t\r{CONTROLS}{INVISIBLE}{SURROGATES}\u2028\u2029\U000e0000-\U000e0fff]")
# Made once: json.dumps makes one a call.
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_GENE = re.compile(r"[A-Za-z0-9._/()+:|*@-]{1,64}")


def clean(text: str, longest: int) -> str:
    """A text without characters that steer a display or cannot be seen, and with a mark where it was cut."""
    if len(text) <= longest and text.isascii() and text.isprintable():
        return text.strip()
    # A book is not cleaned for the sake of its first page.
    raw = text[: 4 * longest].replace("\t", " ")
    seen = _UNSEEN.sub("", _LINE_ENDS.sub("\n", raw)).strip()
    return seen[:longest] + CUT if len(text) > 4 * longest or len(seen) > longest else seen


def gene_name(name: str) -> str:
    """The name, or UNREADABLE in place of what is no gene's name."""
    return name if _GENE.fullmatch(name) else UNREADABLE


def number(value: float | None, digits: int = 2) -> float | None:
    """A statistic with as many decimals as tell something; None is unknown."""
    return round(value, digits) if value is not None and math.isfinite(value) else None


def block(name: str, data: Any) -> str:
    """The data as JSON between lines of its own: a line a field, and a line a row of a list of rows."""
    return f"<{name}>\n{escaped(_lines(data))}\n</{name}>"


def escaped(text: str) -> str:
    """The text with <, > and & as JSON's escapes, so that it opens and closes no block."""
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")


def _lines(data: Any) -> str:
    if isinstance(data, Mapping) and data:
        return "{\n" + ",\n".join(f"{_dumps(name)}:{_rows(value)}" for name, value in data.items()) + "\n}"
    return _rows(data)


def _rows(data: Any) -> str:
    if isinstance(data, list) and data and isinstance(data[0], (list, dict)):
        return rows_json(data) or "[\n" + ",\n".join(map(_dumps, data)) + "\n]"
    return _dumps(data)
