"""What became of a cluster: its outcome, with the annotation, the conversation and what it cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self

from msgspec import UNSET, UnsetType, field

from cassia_engine.records.annotations import Annotation, Correction
from cassia_engine.records.ballots import Ballot
from cassia_engine.records.clusters import Cluster
from cassia_engine.records.conversations import Conversation, FailedCall, Lookups, Usage
from cassia_engine.records.json_form import to_json
from cassia_engine.records.outcomes import ConfidenceReason, Outcome
from cassia_engine.records.record import Number, Record
from cassia_engine.records.replies import Claim
from cassia_engine.records.rounds import SECOND, Adjudication, CrossCheck, Doubt, Round
from cassia_engine.records.scoring import MarkerScoring

# What is said of the calls of all clusters together.
CALL_FACTS = ("model", "sent", "at", "seconds")


class ClusterResult(Record, frozen=True):
    """A cluster with its outcome; `votes` holds the answer (none if it failed), `ballots` what each vote came to.

    A `correction` leaves all else as it was: outcome, votes and conversation are what was answered. `scoring` is there
    where the offline annotator scored the markers, `rounds` where a model was asked. `objections` are what the
    validator had against the answer that stands, a sentence each; `confidence_reasons` say why a model's answer got
    its confidence and no more. `cross_check` is what marker scoring says beside a model, `doubts` why a second opinion
    was asked for, `adjudication` what came of it, and `features` what the probability of a model's answer follows from.

    `ballots` are there where several conversations were asked for; conversation, rounds and all that is said of them
    are then those of the vote that stands, but `calls` and `usage` are of all. `agreement` is the share (0 to 1) of the
    votes that are the label or a kind of it; None where votes were not merged, or have no majority.

    To hold all conversations again, `failed_calls` has the requests that got no answer, and `lookups` what was found of
    genes that were asked for; both are unset where there were none.
    """

    cluster: Cluster
    outcome: Outcome
    reason: str = ""
    votes: tuple[Annotation, ...] = ()
    score: Number | None = None
    validated: bool | None = None
    iterations: int = 0
    decided_by: str = ""
    conversation: Conversation = field(default_factory=Conversation)
    usage: Usage = field(default_factory=Usage)
    correction: Correction | None = None
    scoring: MarkerScoring | None = None
    objections: tuple[str, ...] = ()
    confidence_reasons: tuple[ConfidenceReason, ...] = ()
    rounds: tuple[Round, ...] = ()
    cross_check: CrossCheck | None = None
    doubts: tuple[Doubt, ...] = ()
    adjudication: Adjudication | None = None
    features: Mapping[str, Number] = field(default_factory=dict)
    ballots: tuple[Ballot, ...] = ()
    agreement: Number | None = None
    failed_calls: tuple[FailedCall, ...] | UnsetType = UNSET
    lookups: tuple[Lookups, ...] | UnsetType = UNSET

    @classmethod
    def unanswered(cls, cluster: Cluster, reason: str) -> Self:
        """Of a cluster that nobody annotated: it has no markers, or was not reached for this reason."""
        if not cluster.markers:
            return cls(cluster, Outcome.NO_MARKERS, cluster.no_markers_reason)
        return cls(cluster, Outcome.NOT_REACHED, reason)

    def whole(self) -> ClusterResult:
        """The same with all of it in memory."""
        return self

    @property
    def second_claim(self) -> Claim | None:
        """What the second annotator said; None where none was asked, or its reply was lost."""
        return next((r.claim for r in self.rounds if r.role == SECOND and r.claim), None)

    @property
    def call_facts(self) -> tuple[Mapping[str, Any], ...]:
        """Of each call at least what CALL_FACTS names, as far as it is known."""
        return self.conversation.calls

    @property
    def conversation_json(self) -> str:
        """The conversation's JSON form, as result files have it."""
        return json.dumps(to_json(self.conversation), ensure_ascii=False)

    @property
    def annotation(self) -> Annotation | None:
        """What was answered, corrected or not."""
        return self.votes[0] if self.votes else None

    @property
    def named_by_person(self) -> Correction | None:
        """The correction, where it says what the label is; None for none, and for a comment alone."""
        return self.correction if self.correction and self.correction.label else None

    @property
    def replaced(self) -> bool:
        """Whether a person's label stands in the place of an answer, whose evidence and score are then of another type.

        A person who gives the very label and term of the answer confirms it.
        """
        named, answer = self.named_by_person, self.annotation
        if named is None or answer is None:
            return False
        return (named.label.casefold(), named.cl_id) != (answer.label.casefold(), answer.cl_id)

    @property
    def standing(self) -> Annotation | None:
        """The annotation whose label stands: None where there is none, or a person's label has replaced it."""
        return None if self.replaced else self.annotation

    @property
    def label(self) -> str:
        """The cluster's label, by whomever; "unresolved" where the markers did not tell, "" where there is none."""
        named = self.named_by_person
        return named.label if named else self.annotation.label if self.annotation else ""

    @property
    def looked_up(self) -> bool:
        """Whether genes were looked up in the conversation."""
        return any(one.looked_up for one in self.rounds)

    @property
    def has_cell_type(self) -> bool:
        """Whether a type was named, by whomever; "unresolved" is a valid answer that names none."""
        return bool(self.named_by_person or (self.annotation and self.annotation.detailed_types))

    @property
    def failed(self) -> bool:
        """Whether it counts against --max_failed_clusters: a label by a person makes good what failed."""
        return self.outcome.is_failure and self.named_by_person is None

    @property
    def confidence_reason(self) -> str:
        """Why a model's answer got its confidence and no more, in words; "" where that is not known."""
        return "; ".join(reason.text for reason in self.confidence_reasons)
