"""JSON just as the standard library reads and writes it, in a fifth of the time: msgspec does it, but for the few texts
and numbers that it treats in another way.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

# DEL is escaped by json alone; floats under 1e-4 have an exponent there; null may stand for a NaN, which json refuses.
_WRITTEN_OTHERWISE = (b"\x7f", b"0.0000", b":null", b"[null", b",null")

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


def ascii_json(data: Any, sort_keys: bool = False) -> bytes:
    """An object as json.dumps(data, separators=(",", ":"), allow_nan=False, default=dict) writes it, in ASCII.

    Requests are written so, on the wire, in the journal and for its keys. Numbers in it are under 1e16.

    Raises:
        ValueError: there is a NaN or an infinity in it.
    """
    try:
        raw = (_encode_sorted if sort_keys else _encode)(data)
    except (UnicodeEncodeError, OverflowError):
        raw = b"\x7f"  # half a surrogate pair, or a number of more than 64 bits: json writes them
    if raw.isascii() and not any(other in raw for other in _WRITTEN_OTHERWISE):
        return raw
    return (_dumps_sorted if sort_keys else _dumps)(data).encode("ascii")
