"""What came to the server: a JSON line for each event, on disk before the next thing happens."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Record:
    """Events, each with its number from 1:

    - "arrived": a call, before anything is done about it, with its token, upload, kind and index.
    - "stored": a chunk is on disk, and is about to be acknowledged.
    - "answered": status, or "dropped".
    """

    def __init__(self, folder: Path):
        self._path = folder / "record.jsonl"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._file = os.open(self._path, flags, 0o644)
        self._count = len(self.events())

    def add(self, event: str, **fields: Any) -> None:
        self._count += 1
        line = {
            "n": self._count,
            "event": event,
            **{name: value for name, value in fields.items() if value is not None},
        }
        os.write(self._file, json.dumps(line).encode() + b"\n")

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines()]

    def close(self) -> None:
        os.close(self._file)
