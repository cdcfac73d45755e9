"""Which clusters a person must look at, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Review:
    """A cluster that needs review, with its worst reason.

    Attributes:
        cluster: its id.
        kind: the kind of reason, one of `report.look.KINDS`, such as "mixture".
        word: the same in words, as the report shows it: "possible mixture", "2 conflicting genes".
    """

    cluster: str
    kind: str
    word: str

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)
