"""The batches of calls that a journal knows: which are to be gone on with, and under which id."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from cassia_engine.journal.lines import Kind
from cassia_engine.providers.batches.records import OpenBatch

OF_BATCHES = frozenset((Kind.BATCH, Kind.BATCH_CREATED, Kind.BATCH_ENDED))
_TAG = 32  # hexadecimal digits


def key_of_tag(tag: str) -> str:
    """The key of a batch's lines: as long as that of a call."""
    return f"{tag:0<64}"


class Batches:
    """Batches by tag."""

    def __init__(self) -> None:
        self._asked: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._ids: dict[str, str] = {}
        self._known: set[str] = set()
        self._ended: set[str] = set()

    def take(self, kind: Kind, fields: Mapping[str, Any]) -> None:
        """Note what a line says; those of a batch may be in several files, and come in any order."""
        tag = fields["key"][:_TAG]
        match kind:
            case Kind.BATCH:
                self._asked[tag] = datetime.fromisoformat(fields["at"]).timestamp(), tuple(fields["keys"])
            case Kind.BATCH_CREATED:
                self._ids[tag] = fields["id"]
                self._known.add(fields["id"])
            case Kind.BATCH_ENDED:
                self._ended.add(tag)
                self._asked.pop(tag, None)

    def knows(self, id: str) -> bool:
        return id in self._known

    def opened(self, is_answered: Callable[[bytes], bool]) -> list[OpenBatch]:
        """Those that have not ended, and have calls that are not answered; the earliest first."""
        found = []
        for tag, (asked, keys) in self._asked.items():
            left = frozenset(key for key in keys if not is_answered(bytes.fromhex(key)))
            if left and tag not in self._ended:
                found.append(OpenBatch(tag, self._ids.get(tag, ""), keys, asked, left))
        return sorted(found, key=lambda one: one.asked)
