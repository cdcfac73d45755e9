"""Data for the page's scripts: plain, with nothing in it that cannot be seen, and packed small.

`plain` is the one place where texts of others are made visible before they enter the data; the scripts put them into
the page as text and nothing else.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any

# Control characters, zero-width ones, overrides of the writing direction, and halves of surrogate pairs:
# they could make a text read as another one, so they are shown by their number.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
_HALF = re.compile("[\ud800-\udfff]")
LEVEL = 6


class Raw(str):
    """A text that goes into the data as it is: the id of a cluster, by which others know it."""

    __slots__ = ()


def visible(text: str) -> str:
    """The text with each character that cannot be seen named, as in [U+202E]."""
    return text if text.isprintable() else _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def plain(value: Any) -> Any:
    """A value as JSON takes it, texts visible; of a dataclass, fields that are as by default are left out."""
    if isinstance(value, str):
        return value if isinstance(value, Raw) else visible(value.value if isinstance(value, StrEnum) else value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(got) for f in _fields(type(value)) if (got := getattr(value, f.name)) != f.default}
    if isinstance(value, Mapping):
        return {plain(name): plain(item) for name, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return value


def dumps(value: Any) -> str:
    """Compact JSON. Halves of surrogate pairs, which UTF-8 cannot hold, are escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text if text.isascii() else _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def pack(value: Any) -> str:
    """Base64 of the zlib stream of the JSON, the same for the same value: what scripts/unpack.js reads."""
    return base64.b64encode(zlib.compress(dumps(value).encode("utf-8"), LEVEL)).decode("ascii")


def inline(value: Any) -> str:
    """JSON that can stand inside a script element: nothing in it ends the element."""
    return dumps(value).replace("<", "\\u003c")


@cache
def _fields(kind: type) -> tuple[Field[Any], ...]:
    return fields(kind)
