"""JSON just as the standard library reads and writes it, in a fifth of the time: msgspec does it, but for the few texts
and numbers that it treats in another way.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec

_LEAST, _MOST = 1e-4, 1e16  # floats between them have no exponent
_PLAIN = (str, int, bool, type(None))

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder(enc_hook=dict).encode
_encode_sorted = msgspec.json.Encoder(enc_hook=dict, order="deterministic").encode
_dumps = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=dict).encode
_dumps_sorted = json.JSONEncoder(separators=(",", ":"), allow_nan=False, sort_keys=True, default=dict).encode


def parsed_json(text: str | bytes) -> Any:
    """What json.loads reads.

    Raises:
        ValueError, RecursionError: it is no JSON.
    """
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return json.loads(text)  # takes halves of surrogate pairs, NaN and 1e999 too


def ascii_json(data: Mapping[str, Any], sort_keys: bool = False) -> bytes:
    """An object as json.dumps(data, separators=(",", ":"), allow_nan=False, default=dict) writes it, in ASCII.

    Requests are written so, on the wire, in the journal and for its keys.

    Raises:
        ValueError: there is a NaN or an infinity in it.
    """
    if not _has_odd_float(data.values()):
        with contextlib.suppress(UnicodeEncodeError, OverflowError):  # half a surrogate pair; more than 64 bits
            raw = (_encode_sorted if sort_keys else _encode)(data)
            if raw.isascii() and b"\x7f" not in raw:
                return raw
    return (_dumps_sorted if sort_keys else _dumps)(data).encode("ascii")


def rows_json(rows: Sequence[Any]) -> str:
    """Lists of texts and numbers, a line each, as json.dumps(..., ensure_ascii=False, separators=(",", ":")) does it.

    "" for other rows, and where msgspec may write something else.
    """
    if not all(type(row) is list for row in rows) or _has_odd_float(chain.from_iterable(rows)):
        return ""
    try:
        whole = _encode(rows).decode()
    except (UnicodeEncodeError, OverflowError):
        return ""
    lines = whole[1:-1].replace("],[", "],\n[")
    return f"[\n{lines}\n]" if lines.count("\n") == len(rows) - 1 else ""  # a text may hold such brackets too


def _has_odd_float(values: Iterable[Any]) -> bool:
    """Whether there is a float, however deep, that msgspec writes in another way, such as 0.00001 for 1e-05."""
    for value in values:
        kind = type(value)
        if kind in _PLAIN:
            continue
        if kind is float:
            if value and not _LEAST <= abs(value) < _MOST:
                return True
        elif _has_odd_float(value.values() if hasattr(value, "values") else value):
            return True
    return False
