"""What a sample's journal holds: an index of where things are, so that the answers stay on disk."""

from __future__ import annotations

import logging
import os
from collections import Counter
from pathlib import Path
from typing import Any

from cassia_engine.journal.batches import OF_BATCHES, Batches
from cassia_engine.journal.folders import file_error, journal_files
from cassia_engine.journal.lines import Kind, Line, fields_of, parsed, scan
from cassia_engine.journal.places import Place, PlaceIndex

log = logging.getLogger(__name__)

# These say how a call that was sent has ended.
ENDS = frozenset((Kind.REPLY, Kind.REJECTED, Kind.FAULT))


_MALFORMED = (
    "no cassia has written this line (its checksum is right, what it says is not); it and others of its kind do not "
    "count, and what they answered is asked for again"
)


class Index:
    """Replies and rejections by key.

    Attributes:
        unanswered: calls that were about to be sent, and of whose end nothing is known.
        damaged: lines that could not be read and were skipped.
        batches: batches of calls.
        gone: models that their provider did not serve, by URL and name, with what it said.
    """

    def __init__(self) -> None:
        self.batches = Batches()
        self._files: list[Path] = []
        self._replies = PlaceIndex()
        self._rejected: dict[bytes, Place] = {}
        self._malformed = 0
        self.unanswered = 0
        self.damaged = 0
        self.gone: dict[tuple[str, str], str] = {}

    @property
    def replies(self) -> int:
        """How many calls have an answer."""
        return len(self._replies)

    def add_file(self, path: Path) -> int:
        """The number of a file whose lines will be added."""
        self._files.append(path)
        return len(self._files) - 1

    def add(self, file: int, line: Line) -> None:
        """Add a line of kind reply or rejected; of several replies of a call the first counts."""
        place = Place(file, line.offset, len(line.raw), line.crc)
        if line.kind is Kind.REJECTED:
            self._rejected[line.key] = place
        else:
            self._replies.add(line.key, place)

    def has_reply(self, key: bytes) -> bool:
        return key in self._replies

    def reply(self, key: bytes) -> dict[str, Any] | None:
        """The fields of the reply that counts, None if there is none."""
        while place := self._replies.first(key):
            if fields := self._fields(key, place):
                return fields
            self.drop(key, place.crc)
        return None

    def rejected(self, key: bytes) -> dict[str, Any] | None:
        """The fields of the rejection, None if there is none."""
        place = self._rejected.get(key)
        return self._fields(key, place) if place else None

    def current(self, key: bytes) -> int | None:
        """The checksum of the reply that counts."""
        place = self._replies.first(key)
        return place.crc if place else None

    def drop(self, key: bytes, crc: int) -> None:
        """Forget a reply; the next one counts."""
        self._replies.drop(key, crc)

    def _fields(self, key: bytes, place: Place) -> dict[str, Any] | None:
        """What a line says; None if somebody has changed its file meanwhile."""
        path = self._files[place.file]
        try:
            with open(path, "rb", buffering=0) as file:
                raw = os.pread(file.fileno(), place.length, place.offset)
        except OSError as error:
            raise file_error(error, path, "read") from error
        found = parsed(raw)
        if found.kind is None or found.key != key or found.crc != place.crc:
            log.warning("%s: changed since it was read; an answer that it held counts as not recorded", path)
            return None
        fields = fields_of(raw, found.kind)
        if fields is None:
            if not self._malformed:
                log.warning("%s, byte %d: %s", path, place.offset, _MALFORMED)
            self._malformed += 1
        return fields


def read_folder(folder: Path) -> Index:
    """The index of all files of a sample's folder; an empty one where there is no folder.

    Damaged lines are skipped, with one warning.

    Raises:
        UsageError: a file is of another version of the format, or may not be read.
        TemporaryError: the file system fails.
    """
    index, voids, bad = Index(), set[tuple[bytes, int]](), list[str]()
    for path in journal_files(folder):
        number, pending = index.add_file(path), Counter[bytes]()
        try:
            for line in scan(path):
                if not _take(index, number, line, voids, pending):
                    bad.append(f"{path}, line {line.number}")
        except OSError as error:
            raise file_error(error, path, "read") from error
        index.unanswered += sum(count for count in pending.values() if count > 0)
    for key, crc in voids:
        index.drop(key, crc)
    index.damaged = len(bad)
    if bad:
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        log.warning("%s%s: damaged, skipped; an answer that was there is asked for again", bad[0], more)
    return index


def _take(index: Index, file: int, line: Line, voids: set[tuple[bytes, int]], pending: Counter[bytes]) -> bool:
    """Note what a line says; False if it is damaged."""
    if line.kind in (Kind.REPLY, Kind.REJECTED):
        index.add(file, line)
    elif line.kind is Kind.VOID:
        # Applied at the end: the reply may be in the file of another task, which is read later.
        fields = fields_of(line.raw, Kind.VOID)
        if fields is None:
            return False
        voids.add((line.key, int(fields["reply"], 16)))
    elif line.kind in OF_BATCHES:
        fields = fields_of(line.raw, line.kind)
        if fields is None:
            return False
        index.batches.take(line.kind, fields)
    elif line.kind is Kind.FAULT and b'"gone":' in line.raw:
        fields = fields_of(line.raw, Kind.FAULT)
        if fields is None:
            return False
        index.gone[fields["url"], fields["gone"]] = fields["message"]
    if line.kind is Kind.INTENT:
        pending[line.key] += 1
    elif line.kind in ENDS:
        pending[line.key] -= 1
    return line.kind is not None
