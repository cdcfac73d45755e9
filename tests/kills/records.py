"""What a journal says, read without the engine, and set against what the mock was asked."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ENDS = ("reply", "rejected", "fault")
# What a request to a server of one's own has besides, and the journal leaves out: how the answer is to come.
STREAMED = {"stream": True, "stream_options": {"include_usage": True}}


@dataclass
class Recorded:
    """What is on disk.

    Attributes:
        replies: hash of the request, as the mock's log has it, by key.
        open_intents: how often a call was sent whose end is not known, by key.
    """

    replies: dict[str, str] = field(default_factory=dict)
    open_intents: Counter[str] = field(default_factory=Counter)

    @property
    def unanswered(self) -> int:
        return self.open_intents.total()


def read_journal(folder: Path) -> Recorded:
    """All files of a journal, of all samples; torn lines are passed over."""
    found = Recorded()
    for path in sorted(folder.glob("*/*.jsonl")):
        pending: Counter[str] = Counter()
        for line in _lines(path):
            if line["kind"] == "intent":
                pending[line["key"]] += 1
            elif line["kind"] in ENDS:
                pending[line["key"]] -= 1
            if line["kind"] == "reply":
                found.replies[line["key"]] = hash_of(line["url"], line["body"])
        found.open_intents += pending
    return found


def newest(folder: Path) -> Path:
    """The file that was begun last."""
    return max(folder.glob("*/*.jsonl"), key=lambda path: path.name)


def hash_of(url: str, body: Any) -> str:
    """The mock's name for a request."""
    raw = json.dumps({**body, **STREAMED}, separators=(",", ":")).encode()
    return hashlib.sha256(urlsplit(url).path.encode() + b"\0" + raw).hexdigest()


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for raw in path.read_bytes().splitlines():
        try:
            line = json.loads(raw)
        except ValueError:
            continue
        yield line
