"""What became of a cluster, and how sure its annotation is."""

from __future__ import annotations

from enum import StrEnum

from cassia_engine.records.record import Record


class Outcome(StrEnum):
    """What became of a cluster. Nothing is ever called "Unknown" to hide a failure."""

    ANNOTATED = "annotated"
    NO_MARKERS = "no_markers"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    UNPARSED = "unparsed"
    FAILED = "failed"
    NOT_REACHED = "not_reached"

    @property
    def is_failure(self) -> bool:
        """Whether the cluster has no annotation though it has markers."""
        return self not in (Outcome.ANNOTATED, Outcome.NO_MARKERS)


HIGH_SCORE = 75  # of 100: a lower score is told as a reason for a lower confidence; whoever annotates
TOP_GENES = 20  # the first genes of a cluster, of which an answer should explain a part


class Confidence(StrEnum):
    """How sure an annotation is: a band of its probability to be right, where that is calibrated."""

    HIGH = "High"
    MODERATE = "Moderate"
    LOW = "Low"


class ConfidenceReason(Record, frozen=True):
    """A reason why a confidence is what it is: a name for it, "" in an earlier result file, and its words."""

    code: str
    text: str
