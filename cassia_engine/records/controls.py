"""What was answered of controls: whether a model says of lists that are no cluster that they are none."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Self

from cassia_engine.records.clusters import ControlKind
from cassia_engine.records.outcomes import HIGH_SCORE, Confidence
from cassia_engine.records.record import Record
from cassia_engine.records.results import ClusterResult

LOW_SCORE = 50  # of 100: who reads a lower one is warned


class ControlOutcome(StrEnum):
    """What an answer to a control is worth."""

    UNRESOLVED = "unresolved"
    MIXTURE = "mixture"  # two types at least
    LOW = "low"  # named, with a score under LOW_SCORE
    NAMED = "named"
    CONFIDENT = "confident"  # named, with High confidence or a score of at least HIGH_SCORE
    LOST = "lost"  # there is no answer


class ControlResult(Record, frozen=True, omit_defaults=True):
    """A control with what was answered.

    Attributes:
        partners_found: of a blend that was told to be a mixture, how many of its clusters (0 to 2) have a type, as
            the same model named them, of the lineage of one that it names here; None where that is not known. It is
            known once the results of a sample are merged, and no file has it.
    """

    kind: ControlKind
    of: tuple[str, ...]
    result: ClusterResult
    partners_found: int | None = None

    @property
    def outcome(self) -> ControlOutcome:
        said = self.result.annotation
        if said is None:
            return ControlOutcome.LOST
        if not said.detailed_types:
            return ControlOutcome.UNRESOLVED
        if self.kind is ControlKind.BLEND and len(said.mixed_types) > 1:
            return ControlOutcome.MIXTURE
        if said.confidence is Confidence.HIGH or (said.score is not None and said.score >= HIGH_SCORE):
            return ControlOutcome.CONFIDENT
        return ControlOutcome.LOW if said.score is not None and said.score < LOW_SCORE else ControlOutcome.NAMED


class ControlCounts(Record, frozen=True, forbid_unknown_fields=False):
    """How many controls of a sample were asked about, and what was answered.

    Attributes:
        random, blends: those that have an answer.
        unresolved, low, confident: random lists by `ControlOutcome`; the others were named.
        mixtures, blends_unresolved: blends by the same.
        lost: controls of either kind without an answer.
    """

    random: int = 0
    unresolved: int = 0
    low: int = 0
    confident: int = 0
    blends: int = 0
    mixtures: int = 0
    blends_unresolved: int = 0
    lost: int = 0

    @classmethod
    def of(cls, controls: Sequence[ControlResult]) -> Self:
        """The counts of a sample's controls."""
        found = [(one.kind, one.outcome) for one in controls]
        answered = [kind for kind, outcome in found if outcome is not ControlOutcome.LOST]
        return cls(
            random=answered.count(ControlKind.RANDOM),
            unresolved=found.count((ControlKind.RANDOM, ControlOutcome.UNRESOLVED)),
            low=found.count((ControlKind.RANDOM, ControlOutcome.LOW)),
            confident=found.count((ControlKind.RANDOM, ControlOutcome.CONFIDENT)),
            blends=answered.count(ControlKind.BLEND),
            mixtures=found.count((ControlKind.BLEND, ControlOutcome.MIXTURE)),
            blends_unresolved=found.count((ControlKind.BLEND, ControlOutcome.UNRESOLVED)),
            lost=len(found) - len(answered),
        )

    @property
    def caught(self) -> int:
        """Random lists that were left unresolved, or named with a score under LOW_SCORE."""
        return self.unresolved + self.low

    @property
    def missed(self) -> int:
        """Random lists that were named with a higher score, and blends that were taken for one type."""
        return self.random - self.caught + self.blends - self.mixtures - self.blends_unresolved

    def __add__(self, other: ControlCounts) -> ControlCounts:
        return ControlCounts(*(getattr(self, n) + getattr(other, n) for n in self.__struct_fields__))
