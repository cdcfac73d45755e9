"""Data for the page's scripts: plain, with nothing in it that cannot be seen, and packed small.

`dumps` is the one place where texts of others enter the data: the scripts put them into the page as text and nothing
else.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from msgspec import structs

from cassia_engine.records.record import Record
from cassia_engine.text import CONTROLS, OVERRIDES, SURROGATES

# Control characters, zero-width ones, overrides of the writing direction, and halves of surrogate pairs:
# they could make a text read as another one, so they are shown by their number.
# Joiners and soft hyphens stay: names and emoji have them.
_UNSEEN_CLASS = rf"{CONTROLS}{OVERRIDES}{SURROGATES}\u200b\u2060-\u2065\ufeff\ufffe\uffff"
_UNSEEN = re.compile(f"[{_UNSEEN_CLASS}]")
# The same in JSON: some control characters are escaped there; an escaped backslash escapes nothing after it.
_UNSEEN_IN_JSON = re.compile(rf"\\u00(?P<number>[01][0-9a-f])|\\(?P<letter>[bf])|\\.|[{_UNSEEN_CLASS}]")
_LETTERS = {"b": "0008", "f": "000C"}
LEVEL = 4  # half the time of 6, for a twentieth more bytes


def visible(text: str) -> str:
    """The text with each character that cannot be seen named, as in [U+202E]."""
    return text if text.isprintable() else _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def dumps(value: Any) -> str:
    """Compact JSON in which every text is visible; of a dataclass, fields that are as by default are left out."""
    text = _ENCODER.encode(value)
    if text.isprintable() and "\\u00" not in text and "\\b" not in text and "\\f" not in text:
        return text
    return _UNSEEN_IN_JSON.sub(_named, text)


def pack(value: Any) -> str:
    """Base64 of the zlib stream of the JSON, the same for the same value: what scripts/shared/unpack.js reads.

    An iterator is a list that is never in memory as a whole, also as the value of a mapping.
    """
    packer = zlib.compressobj(LEVEL)
    packed = [packer.compress(piece.encode("utf-8")) for piece in _pieces(value)]
    return base64.b64encode(b"".join((*packed, packer.flush()))).decode("ascii")


def _pieces(value: Any) -> Iterator[str]:
    """The JSON of a value in pieces."""
    if isinstance(value, Iterator):
        yield "["
        for number, item in enumerate(value):
            yield f",{dumps(item)}" if number else dumps(item)
        yield "]"
    elif isinstance(value, Mapping) and any(isinstance(item, Iterator) for item in value.values()):
        for number, (name, item) in enumerate(value.items()):
            yield f"{',' if number else '{'}{dumps(name)}:"
            yield from _pieces(item)
        yield "}"
    else:
        yield dumps(value)


def inline(value: Any) -> str:
    """JSON that can stand inside a script element: nothing in it ends the element."""
    return dumps(value).replace("<", "\\u003c")


def _named(found: re.Match[str]) -> str:
    if len(found[0]) == 1:
        return f"[U+{ord(found[0]):04X}]"
    number = found["number"] or _LETTERS.get(found["letter"] or "", "")
    # Tabs and line ends are seen.
    return found[0] if number in ("", "09", "0a", "0d") else f"[U+{number.upper():0>4}]"


def given(record: Any) -> dict[str, Any]:
    """The fields of a record or dataclass that are not as by default."""
    kind: Any = type(record)
    return {name: got for name, default in _fields(kind) if (got := getattr(record, name)) != default}


@cache
def _fields(kind: Any) -> tuple[tuple[str, Any], ...]:
    """The names of the fields, each with its default."""
    found: Iterable[Any]
    if issubclass(kind, Record):
        found = structs.fields(kind)
    elif is_dataclass(kind):
        found = fields(kind)
    else:
        raise TypeError(f"{kind} has no place in the data of a page")
    return tuple((field.name, field.default) for field in found)


# Nothing in the data is within itself: looking for that would take a sixth of the time.
_ENCODER = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False, default=given
)
