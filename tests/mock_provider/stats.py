"""What was asked and paid, and what twice."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class Stats:
    """Counts since the start or the last reset.

    Attributes:
        completed: answers that went out whole.
        repeats: requests whose body had been answered before, so that it was paid for twice. A further replicate or
            ordinal has the same body as the first, and counts here too.
        unanswered: the client had gone before the answer did.
        batches, batch_lines: that were created, and what was in them; `calls` are the single ones alone.
        cost_usd: by the prices of bodies.py, which are halved in a batch.
    """

    calls: int = 0
    completed: int = 0
    repeats: int = 0
    unanswered: int = 0
    in_flight: int = 0
    peak_in_flight: int = 0
    held: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    connections: int = 0
    batches: int = 0
    batch_lines: int = 0
    cost_usd: float = 0.0
    by_status: Counter[str] = field(default_factory=Counter)
    by_fault: Counter[str] = field(default_factory=Counter)
    asked: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)

    def arrive(self, body: str) -> int:
        """The number of a call that came, from 1."""
        self.calls += 1
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        self.asked.add(body)
        self.repeats += body in self.answered
        return self.calls

    def leave(self, body: str, status: int | None, paid: bool) -> None:
        """A call has ended; `status` is None if the client did not wait, 0 if this end closed the connection."""
        self.in_flight -= 1
        if status is None:
            self.unanswered += 1
            return
        self.by_status[str(status)] += 1
        if paid:
            self.completed += 1
            self.answered.add(body)

    def work(self, body: str, paid: bool) -> None:
        """A line of a batch was worked on."""
        self.asked.add(body)
        self.repeats += body in self.answered
        if paid:
            self.completed += 1
            self.answered.add(body)

    def to_json(self) -> dict[str, Any]:
        plain = ("calls", "completed", "repeats", "unanswered", "in_flight", "peak_in_flight", "held", "connections")
        of_batches = ("batches", "batch_lines", "cost_usd")
        return {
            **{name: getattr(self, name) for name in (*plain, *of_batches)},
            "by_status": dict(self.by_status),
            "by_fault": dict(self.by_fault),
            "tokens": {"input": self.input_tokens, "output": self.output_tokens},
            "bodies": len(self.asked),
        }


class Log:
    """A line for each call that has ended, on disk before the next thing happens. No key is in it.

    "began" is when the whole request was there, "ended" when it was answered or given up, in seconds since 1970.
    """

    def __init__(self, path: Path | None):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._file = None if path is None else os.open(path, flags, 0o644)

    def write(self, number: int, body: str, status: int | None, fault: str | None, began: float, ended: float) -> None:
        if self._file is None:
            return
        line = {"n": number, "body": body, "status": status, "fault": fault, "began": began, "ended": ended}
        os.write(self._file, json.dumps(line).encode() + b"\n")

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
