"""Results whose conversations stay in their file: those of a large sample are hundreds of megabytes.

Conversation and rounds are read again each time they are asked for, and those of the last cluster are kept. So who
needs them for several purposes takes them cluster by cluster.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from sys import intern
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import force_setattr

from cassia_engine.errors import UsageError
from cassia_engine.records import ClusterResult, Conversation, Round
from cassia_engine.records.record import Record
from cassia_engine.records.results import CALL_FACTS
from cassia_engine.stagefiles.lines import record

_LIGHT = tuple(name for name in ClusterResult.__struct_fields__ if name not in ("conversation", "rounds"))


class Place(NamedTuple):
    """Where the result of a cluster is: in its file the number of a line, of this the first byte and the size."""

    cluster: str
    path: Path
    number: int
    start: int
    size: int


class StoredResult(ClusterResult, frozen=True, kw_only=True):
    """A result as it was read; its conversation and rounds are read from the place when they are asked for.

    That raises UsageError if the file is not as it was. `to_json` does not have them: it is for `whole`.
    """

    place: Place
    facts: tuple[Mapping[str, Any], ...]

    @property  # type: ignore[misc]
    def conversation(self) -> Conversation:
        return _conversation(self.place)

    @property  # type: ignore[misc]
    def rounds(self) -> tuple[Round, ...]:
        return _rounds(self.place)

    @property
    def conversation_json(self) -> str:
        return str(memoryview(_again(_Json, self.place).conversation), "utf-8")

    @property
    def call_facts(self) -> tuple[Mapping[str, Any], ...]:
        return self.facts

    def __eq__(self, other: object) -> bool:
        """By all that a result says, wherever it is."""
        whole = other.whole() if isinstance(other, StoredResult) else other
        return self.whole() == whole

    def whole(self) -> ClusterResult:
        """The same in memory."""
        light = {name: getattr(self, name) for name in _LIGHT}
        return ClusterResult(**light, conversation=self.conversation, rounds=self.rounds)


class _Cluster(Record, frozen=True, forbid_unknown_fields=False):
    id: str


class _Conversation(Record, frozen=True, forbid_unknown_fields=False):
    cluster: _Cluster
    conversation: Conversation


class _Rounds(Record, frozen=True, forbid_unknown_fields=False):
    cluster: _Cluster
    rounds: tuple[Round, ...] = ()


class _Json(Record, frozen=True, forbid_unknown_fields=False):
    cluster: _Cluster
    conversation: msgspec.Raw


_Part = TypeVar("_Part", _Conversation, _Rounds, _Json)


def stored(result: ClusterResult, place: Place) -> StoredResult:
    """The result without what stays at its place; names of genes are in memory once for all clusters."""
    for marker in result.cluster.markers:
        force_setattr(marker, "gene", intern(marker.gene))
    light = {name: getattr(result, name) for name in _LIGHT}
    return StoredResult(**light, place=place, facts=tuple(map(_facts, result.conversation.calls)))


def _facts(call: Mapping[str, Any]) -> dict[str, Any]:
    """Of a call what is said of all calls together; what was sent is the same for most and in memory once."""
    found = {name: call[name] for name in CALL_FACTS if name in call}
    return {**found, "sent": _sent(json.dumps(call["sent"]))} if "sent" in call else found


@lru_cache(maxsize=64)
def _sent(text: str) -> Any:
    return json.loads(text)


@lru_cache(maxsize=1)
def _conversation(place: Place) -> Conversation:
    return _again(_Conversation, place).conversation


@lru_cache(maxsize=1)
def _rounds(place: Place) -> tuple[Round, ...]:
    return _again(_Rounds, place).rounds


def _again(kind: type[_Part], place: Place) -> _Part:
    try:
        found = record(place.path, place.number, kind, _line(place))
    except UsageError:
        found = None
    if found is None or found.cluster.id != place.cluster:
        raise UsageError("the file was changed while it was read; collect again", path=place.path, code="file-changed")
    return found


@lru_cache(maxsize=1)
def _line(place: Place) -> bytes:
    try:
        with open(place.path, "rb") as text:
            text.seek(place.start)
            return text.read(place.size)
    except OSError as error:
        raise UsageError(
            f"cannot be read again ({error.strerror})", path=place.path, code="file-unreadable-again"
        ) from error
