"""What a journal holds and what it cost, for people. Reads every line; runs use the index of `reading`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from cassia_engine.journal.folders import file_error, journal_files, sample_of
from cassia_engine.journal.lines import Kind, Line, fields_of, scan
from cassia_engine.journal.reading import ENDS
from cassia_engine.providers.dialects import DIALECTS, Reading
from cassia_engine.providers.prices import cost_of, price_of
from cassia_engine.providers.table import provider_at


@dataclass(slots=True)
class Summary:
    """Counts of a folder, or of several.

    Attributes:
        aside: it was set aside, and no run reads it.
        unanswered: calls of whose end nothing is known; those under way are among them.
        input_tokens, output_tokens, cost_usd: sums of what is known; None if nothing is.
        without_tokens, without_cost: replies that the sums lack, because theirs are unknown.
        first, last: times (ISO 8601, UTC) of the first and the last line that tells one, "" if none does.
        size: in bytes.
    """

    sample: str
    aside: bool = False
    files: int = 0
    replies: int = 0
    unanswered: int = 0
    void: int = 0
    faults: int = 0
    rejected: int = 0
    damaged: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    without_tokens: int = 0
    cost_usd: float | None = None
    without_cost: int = 0
    first: str = ""
    last: str = ""
    size: int = 0
    _pending: Counter[bytes] = field(default_factory=Counter, repr=False)

    def take(self, line: Line) -> None:
        """Count a line."""
        told = fields_of(line.raw, line.kind) if line.kind else None
        if line.kind is None or told is None:
            self.damaged += 1
            return
        name = _COUNTED.get(line.kind)
        if name:
            setattr(self, name, getattr(self, name) + 1)
        self._pending[line.key] += 1 if line.kind is Kind.INTENT else -1 if line.kind in ENDS else 0
        at = told.get("at")
        if at:
            self.first, self.last = min(self.first or at, at), max(self.last, at)
        if line.kind is Kind.REPLY:
            self._pay(told)

    def end_file(self, size: int) -> None:
        """What follows is of another file: a call is answered in the file that has its intent."""
        self.files += 1
        self.size += size
        self.unanswered += sum(count for count in self._pending.values() if count > 0)
        self._pending.clear()

    def add(self, other: Summary) -> None:
        """Count what `other` has counted."""
        for name in _SUMS:
            setattr(self, name, _sum(getattr(self, name), getattr(other, name)))
        self.first = min(filter(None, (self.first, other.first)), default="")
        self.last = max(self.last, other.last)

    def _pay(self, told: Mapping[str, Any]) -> None:
        reading = _reading(told)
        cost = _cost(told, reading) if reading else None
        counts = (reading.input_tokens, reading.output_tokens) if reading else (None, None)
        self.input_tokens = _sum(self.input_tokens, counts[0])
        self.output_tokens = _sum(self.output_tokens, counts[1])
        self.without_tokens += None in counts
        self.cost_usd = _sum(self.cost_usd, cost)
        self.without_cost += cost is None


_COUNTED = {Kind.REPLY: "replies", Kind.VOID: "void", Kind.FAULT: "faults", Kind.REJECTED: "rejected"}
COLUMNS = tuple(column.name for column in fields(Summary) if not column.name.startswith("_"))
_SUMS = tuple(name for name in COLUMNS if name not in ("sample", "aside", "first", "last"))


def summary_of(folder: Path) -> Summary:
    """What the folder of a sample holds.

    Raises:
        UsageError: it cannot be read, or a file is of another version of the format.
        TemporaryError: the file system fails.
    """
    found = Summary(*sample_of(folder))
    for path in journal_files(folder):
        try:
            for line in scan(path):
                found.take(line)
            found.end_file(path.stat().st_size)
        except OSError as error:
            raise file_error(error, path, "read") from error
    return found


def total(parts: Iterable[Summary]) -> Summary:
    """All of them together, under the name "total"."""
    whole = Summary("total")
    for part in parts:
        whole.add(part)
    return whole


def _sum(left: Any, right: Any) -> Any:
    return left if right is None else right if left is None else left + right


def _reading(told: Mapping[str, Any]) -> Reading | None:
    dialect = DIALECTS.get(told["dialect"])
    try:
        data = json.loads(told["response"])
    except (ValueError, RecursionError):
        return None
    return dialect.read(data, told["body"]) if dialect else None


def _cost(told: Mapping[str, Any], reading: Reading) -> float | None:
    # A provider that was asked at another address than its own is not known here.
    url = told["url"]
    dialect = DIALECTS[told["dialect"]]
    price = price_of(provider_at(url), dialect.model_of(url, told["body"]))
    return cost_of(reading, price, told.get("batch", False))[0]
