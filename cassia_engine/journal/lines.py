"""A line of a journal: JSON, with a checksum in front by which damage is told from what was written.

    {"crc32":"1b0c9a77","kind":"cassia-journal","version":1,"cassia_version":"0.1.0"}
    {"crc32":"5d41402a","kind":"intent","key":"...","at":"..."}

The checksum is over the bytes behind it, the line's end aside. All is ASCII: other characters are escaped.
This form, and that of the first line, are kept by all versions, so that each can tell the others.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import zlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from cassia_engine.callers import option
from cassia_engine.errors import UsageError
from cassia_engine.fast_json import ascii_json
from cassia_engine.providers.chat import Call, Receipt
from cassia_engine.providers.faults import FaultAction

VERSION = 1
# No line is longer: an answer of 1 MiB (8 MB in older files), every character escaped, and its request.
LONGEST = 64 * 2**20

_SUM = re.compile(rb'\{"crc32":"([0-9a-f]{8})",')
_KEY = re.compile("[0-9a-f]{64}")
_CRC = slice(len('{"crc32":"'), len('{"crc32":"00000000'))
_ABOUT = re.compile(rb'"kind":"([a-z-]+)",(?:"key":"([0-9a-f]{64})"[,}])?')


class Kind(StrEnum):
    """What a line says of the call with its key."""

    HEADER = "cassia-journal"  # of no call: the first line
    INTENT = "intent"  # it is about to be sent
    REPLY = "reply"  # its answer
    REJECTED = "rejected"  # the provider does not take one of its parameters
    FAULT = "fault"  # there was no answer, for a known reason
    VOID = "void"  # one of its replies, named by its checksum, is no answer
    # These are of a batch of calls, and their key is that of the batch.
    BATCH = "batch"  # its creation is about to be asked for, with the keys of its calls
    BATCH_CREATED = "batch-created"  # the provider's id of it
    BATCH_ENDED = "batch-ended"  # all that came of it is on record


_CALL = ("dialect", "url", "body", "replicate", "ordinal")
_FIELDS: Mapping[Kind, Mapping[str, Any]] = {
    Kind.HEADER: {},
    Kind.INTENT: {"at": str},
    Kind.REPLY: {
        "at": str,
        "seconds": int | float,
        "response": str,
        "dialect": str,
        "url": str,
        "body": dict,
        "replicate": int,
        "ordinal": int,
    },
    Kind.REJECTED: {"parameter": str, "message": str, "class": str, "status": int | None},
    Kind.FAULT: {"class": str, "status": int | None},
    Kind.VOID: {"reply": str},
    Kind.BATCH: {"at": str, "keys": list},
    Kind.BATCH_CREATED: {"id": str},
    Kind.BATCH_ENDED: {},
}
# Of a rejection, where they are there: older files have none of them.
_LATER: Mapping[str, type] = {"instead": str, "limit": int, "lasting": bool}

_KINDS = {kind.value.encode(): kind for kind in Kind}


class Line(NamedTuple):
    """A line as read. Where it is damaged, `kind` is None and all behind it means nothing.

    Attributes:
        number: from 1.
        offset: of its first byte in the file.
        raw: its bytes, the end of line included if there is one.
        key: the call's, as 32 bytes.
        crc: the checksum, which names the line where another one speaks of it.
    """

    number: int
    offset: int
    raw: bytes
    kind: Kind | None = None
    key: bytes = b""
    crc: int = 0


def key_of(call: Call) -> str:
    """The key of a call: equal calls have equal ones. 64 hexadecimal digits."""
    request = call.request
    return _key(
        {
            "dialect": request.dialect,
            "url": request.url,
            "body": request.body,
            "replicate": call.replicate,
            "ordinal": call.ordinal,
        }
    )


def _key(parts: Mapping[str, Any]) -> str:
    return hashlib.sha256(ascii_json(parts, sort_keys=True)).hexdigest()


def header(cassia_version: str) -> bytes:
    """The first line of a file."""
    return _line({"kind": Kind.HEADER, "version": VERSION, "cassia_version": cassia_version})


def line(kind: Kind, key: str, **fields: Any) -> bytes:
    """A line about the call with this key."""
    return _line({"kind": kind, "key": key, **fields})


def reply_line(key: str, call: Call, receipt: Receipt, number: str) -> bytes:
    """The line of an answer. The body goes in as the text that it was sent as: to write it anew costs time.

    Args:
        number: makes the line, and so its checksum, unlike all others; a void names its reply by that.
    """
    request = call.request
    before = {"kind": Kind.REPLY, "key": key, "id": number, "at": receipt.at, "seconds": receipt.seconds}
    place = {"dialect": request.dialect, "url": request.url}
    batch = {"batch": True} if receipt.batch else {}
    after = {"replicate": call.replicate, "ordinal": call.ordinal, **batch, "response": receipt.body}
    rest = b'%b,"body":%b,%b' % (ascii_json({**before, **place})[1:-1], request.payload, ascii_json(after)[1:])
    return _checked(rest)


def written(raw: bytes, offset: int, kind: Kind, key: str) -> Line:
    """A line that was just made and written, as it would be read."""
    return Line(0, offset, raw, kind, bytes.fromhex(key), int(raw[_CRC], 16))


def parsed(raw: bytes, number: int = 0, offset: int = 0) -> Line:
    """A line with what it is about."""
    bad = Line(number, offset, raw)
    start = _SUM.match(raw)
    if start is None:
        return bad
    crc = int(start[1], 16)
    if zlib.crc32(memoryview(raw)[start.end() : len(raw) - raw.endswith(b"\n")]) != crc:
        return bad
    about = _ABOUT.match(raw, start.end())
    kind = _KINDS.get(about[1]) if about else None
    if about is None or kind is None or (about[2] is None) != (kind is Kind.HEADER):
        return bad
    return Line(number, offset, raw, kind, bytes.fromhex((about[2] or b"").decode()), crc)


def fields_of(raw: bytes, kind: Kind) -> dict[str, Any] | None:
    """All that a line with a right checksum says; None if its kind needs other fields, as no cassia has written it.

    A reply must be one to the very call that its key stands for.
    """
    try:
        fields: dict[str, Any] = json.loads(raw, object_pairs_hook=_once)
        return fields if _is_whole(fields, kind) else None
    except (ValueError, RecursionError):
        return None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands twice")
    return fields


def _is_whole(fields: Mapping[str, Any], kind: Kind) -> bool:
    if not all(isinstance(fields.get(name), types) for name, types in _FIELDS[kind].items()):
        return False
    if kind in (Kind.INTENT, Kind.REPLY, Kind.BATCH):
        datetime.fromisoformat(fields["at"])
    match kind:
        case Kind.REPLY:
            is_own = _key({name: fields[name] for name in _CALL}) == fields["key"]
            is_batch = isinstance(fields.get("batch", False), bool)  # older files do not say it
            return is_own and is_batch and math.isfinite(fields["seconds"]) and fields["seconds"] >= 0
        case Kind.REJECTED:
            later = all(isinstance(fields.get(name, kind()), kind) for name, kind in _LATER.items())
            return later and fields["class"] in tuple(FaultAction)
        case Kind.FAULT if "gone" in fields:
            return all(isinstance(fields.get(name), str) for name in ("gone", "url", "message"))
        case Kind.VOID:
            return bool(re.fullmatch("[0-9a-f]{8}", fields["reply"]))
        case Kind.BATCH:
            return all(isinstance(key, str) and _KEY.fullmatch(key) for key in fields["keys"])
        case _:
            return True


def scan(path: Path) -> Iterator[Line]:
    """The lines of a file but its header, damaged ones too; not a last one that was cut off by the end of its writer.

    Raises:
        UsageError: the file is of another version of the format.
        OSError: it cannot be read.
    """
    offset = 0
    with open(path, "rb") as file:
        for number, raw in enumerate(iter(lambda: file.readline(LONGEST), b""), 1):
            found = parsed(raw, number, offset)
            offset += len(raw)
            if found.kind is Kind.HEADER:
                _check_version(path, (fields_of(raw, Kind.HEADER) or {}).get("version"))
            elif found.kind or raw.endswith(b"\n") or len(raw) == LONGEST:
                yield found


def _check_version(path: Path, version: object) -> None:
    if version != VERSION:
        raise UsageError(
            f"a journal of format version {version}; this cassia reads {VERSION}: use the cassia that wrote it, or set "
            f"the recorded answers aside with {option('fresh', True)}",
            path=path,
            code="journal-version",
        )


def _line(fields: Mapping[str, Any]) -> bytes:
    return _checked(ascii_json(fields)[1:])


def _checked(rest: bytes) -> bytes:
    """A line of what follows its checksum."""
    return b'{"crc32":"%08x",%b\n' % (zlib.crc32(rest), rest)
