"""What is on record of batches, so that a later run goes on with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch on record whose answers are not all on record.

    Attributes:
        tag: names it before the provider has given it an id; 32 hexadecimal digits.
        id: "" where that is not known, since the answer to its creation had not come.
        keys: of all its lines, in their order.
        asked: when its creation was asked for, in seconds since 1970.
        left: keys of the lines without an answer on record.
    """

    tag: str
    id: str
    keys: tuple[str, ...]
    asked: float
    left: frozenset[str]


class BatchRecords(Protocol):
    """Where batches are on record, such as a journal. What is noted is on disk when the method returns."""

    def open_batches(self) -> list[OpenBatch]:
        """Those of earlier runs that are to be gone on with."""
        ...

    def knows_batch(self, id: str) -> bool:
        """Whether a batch of this id is on record, open or not."""
        ...

    def batch_asked(self, tag: str, keys: Sequence[str], asked: float) -> None:
        """The creation of a batch is about to be asked for."""
        ...

    def batch_created(self, tag: str, id: str) -> None: ...

    def batch_ended(self, tag: str) -> None:
        """All its answers are on record, or there are none."""
        ...
