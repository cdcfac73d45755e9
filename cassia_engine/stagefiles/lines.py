"""The lines of the files between the stages: read one by one as JSON, and checked to be what they should."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from cassia_engine.errors import UsageError
from cassia_engine.records import SCHEMA_VERSION, from_json
from cassia_engine.records.record import Record

_Kind = TypeVar("_Kind", bound=Record)


class ClusterFields(msgspec.Struct):
    """What is in every file, though a record may be made without it; so are those below."""

    set_aside: Raw
    hints: Raw


class AnnotationFields(msgspec.Struct):
    mixed_types: Raw
    evidence_genes: Raw
    conflicting_genes: Raw
    unsupported_genes: Raw
    possible_tissues: Raw


class ConversationFields(msgspec.Struct):
    annotations: Raw
    validations: Raw
    calls: Raw
    checks: Raw


class ResultFields(msgspec.Struct):
    cluster: ClusterFields
    votes: tuple[AnnotationFields, ...]
    conversation: ConversationFields
    usage: Raw
    correction: Raw


class ControlFields(msgspec.Struct):
    result: ResultFields


class ChunkFields(msgspec.Struct):
    siblings: Raw


class StatusFields(msgspec.Struct):
    typed: Raw
    parts: Raw
    calls: Raw
    cost_usd: Raw
    provider: Raw
    model: Raw


def read_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, one by one: a file of many clusters is never in memory as a whole.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        with open(path, "rb") as text:
            for line in text:
                yield line.removesuffix(b"\n")
    except FileNotFoundError:
        raise UsageError("no such file", path=path, code="file-not-found") from None
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror})", path=path, code="file-unreadable") from error


def json_object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    """The JSON object of a line.

    Raises:
        UsageError: it is none, or has a number that is NaN or infinite, which no file of ours has.
    """

    def refuse(constant: str) -> None:
        raise damaged(path, number, f"{constant} is no number")

    try:
        data = json.loads(line.decode(), parse_constant=refuse)
    except UnicodeDecodeError:
        what = "not a file made by cassia (it is not UTF-8 text)"
        raise UsageError(what, path=path, line=number, code="file-not-utf8") from None
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise UsageError(
            "not a file made by cassia (expected a JSON object)", path=path, line=number, code="file-not-json"
        )
    return data


def record(
    path: Path, number: int, kind: type[_Kind], line: bytes, fields: type[msgspec.Struct] | None = None
) -> _Kind:
    """The record of a line.

    Args:
        fields: those that must be there, though the record has a default for them.

    Raises:
        UsageError: it is none; says which value is at fault.
    """
    try:
        if fields:
            msgspec.json.decode(line, type=fields)
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Of an earlier version, or damaged. This is slower.
        data = json_object(path, number, line)
    try:
        found = from_json(kind, data)
        if fields:
            msgspec.json.decode(line, type=fields)
    except msgspec.DecodeError as error:
        raise damaged(path, number, error) from None
    return found


def dumps(data: Any) -> str:
    """A value as one line of JSON."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def damaged(path: Path, number: int | None, why: object) -> UsageError:
    """That a file is of the right kind, and cannot be read; why, in a few words."""
    words = str(why) if str(why).isprintable() else repr(str(why))  # names of fields are in it
    return UsageError(f"the file is damaged ({words}); make it again", path=path, line=number, code="file-damaged")


def check_kind(path: Path, data: Mapping[str, Any], kind: str, expected: str) -> None:
    """Make sure that the first line is that of a file of this kind and version.

    Raises:
        UsageError: it is another one.
    """
    if data.get("kind") != kind:
        raise UsageError(f"not a {expected} made by cassia", path=path, code="file-of-other-kind")
    if data.get("schema_version") != SCHEMA_VERSION:
        raise UsageError(
            f"format version {data.get('schema_version')}; this cassia reads {SCHEMA_VERSION}: "
            "make the file again with this version",
            path=path,
            code="file-version",
        )
