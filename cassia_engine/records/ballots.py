"""What each conversation on a cluster came to, where several were held on it."""

from __future__ import annotations

from cassia_engine.records.conversations import Usage
from cassia_engine.records.outcomes import Confidence, Outcome
from cassia_engine.records.record import Number, Record

# The conversations of a model's n-th vote have replicate numbers from n times this on, so that further
# conversations of one vote (`max_retries`, `retry_failed`) are never those of another.
REPLICATES_OF_A_VOTE = 1000


class Ballot(Record, frozen=True):
    """A vote on a cluster, or what a stronger model answered where the first answer was in doubt.

    Attributes:
        model: who was asked.
        replicate: number of the conversation that counts, as its calls have it.
        outcome: `annotated`, or why there is no answer, with the `reason`.
        label, cl_id, cl_label: the answer, and its Cell Ontology term; "unresolved" where the markers did not tell, ""
            where there is no answer.
        score: 0 to 100, the model's own.
        confidence, probability, probability_near: of this answer alone, as of an annotation.
        agrees: whether the cluster's label is this answer, or broader; both may be "unresolved".
        escalated: whether a stronger model was asked because the answer before was in doubt.
        instead_of: the model that was asked first and refused, or is not served, so that this one was asked; "" for
            none.
        usage: what the vote cost, conversations that failed included.
    """

    model: str
    replicate: int
    outcome: Outcome
    reason: str = ""
    label: str = ""
    cl_id: str = ""
    cl_label: str = ""
    score: Number | None = None
    confidence: Confidence | None = None
    probability: Number | None = None
    probability_near: Number | None = None
    agrees: bool = False
    escalated: bool = False
    instead_of: str = ""
    usage: Usage = Usage()

    @property
    def words(self) -> str:
        """The answer with who gave it: "T cell (model-a)", "refused (model-b, escalated)", "T cell (model-c in place of
        model-a)"."""
        who = f"{self.model}, escalated" if self.escalated else self.model
        who += f" in place of {self.instead_of}" if self.instead_of else ""
        return f"{self.label or self.outcome.value} ({who})"
