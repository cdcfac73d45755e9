"""Several conversations on a cluster: what each came to, and the calls of all of them in one result."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from cassia_engine.conversation.majority import NamedType
from cassia_engine.records import Annotation, Ballot, ClusterResult, Usage


@dataclass(frozen=True, slots=True)
class Vote:
    """What a model's conversation on a cluster, or the last of several that failed, came to.

    Attributes:
        replicate: number of that conversation.
        instead_of: the model in whose place this one was asked, "" for none.
    """

    model: str
    replicate: int
    result: ClusterResult
    instead_of: str = ""

    @property
    def annotation(self) -> Annotation:
        """Its answer; only of a vote that has one."""
        assert self.result.annotation
        return self.result.annotation

    @property
    def type(self) -> NamedType:
        """What it is for; only of a vote that has an answer."""
        return NamedType(self.annotation.label, self.annotation.cl_id)

    def changed(self, **fields: Any) -> Vote:
        """The vote with these fields of its result changed."""
        return Vote(self.model, self.replicate, replace(self.result, **fields), self.instead_of)

    def told(self, line: str, annotation: Annotation, **fields: Any) -> Vote:
        """The vote with this annotation, and a line on it beneath what is said of its score."""
        held = self.result.conversation
        scoring = "\n".join(filter(None, (held.scoring, line)))
        conversation = replace(held, formatting=annotation.text, scoring=scoring)
        return self.changed(votes=(annotation,), conversation=conversation, **fields)

    def is_of(self, other: Vote) -> bool:
        """Whether both are of the same conversation."""
        return (self.model, self.replicate) == (other.model, other.replicate)


def with_ballots(
    standing: Vote, votes: Sequence[Vote], agreeing: Collection[int], agreement: float | None
) -> ClusterResult:
    """The result that stands, with the ballots of all votes; calls and usage are of all, its own calls last.

    Args:
        agreeing: the places of the votes that are for its label.
    """
    last = sorted(enumerate(votes, 1), key=lambda pair: pair[1].is_of(standing))
    calls = tuple(call for number, vote in last for call in numbered_calls(vote.result, number))
    return replace(
        standing.result,
        conversation=replace(standing.result.conversation, calls=calls),
        usage=sum((vote.result.usage for vote in votes), start=Usage()),
        ballots=tuple(ballot(vote, agrees=place in agreeing) for place, vote in enumerate(votes)),
        agreement=agreement,
    )


def numbered_calls(result: ClusterResult, number: int) -> Iterable[Mapping[str, Any]]:
    """The calls of a vote, with its number (from 1) among those of the cluster."""
    return ({**call, "vote": number} for call in result.conversation.calls)


def ballot(vote: Vote, agrees: bool = False, escalated: bool = False) -> Ballot:
    """What a vote came to."""
    result, of = vote.result, vote.result.annotation
    asked = Ballot(vote.model, vote.replicate, result.outcome, result.reason, usage=result.usage)
    asked = replace(asked, agrees=agrees, escalated=escalated, instead_of=vote.instead_of)
    if of is None:
        return asked
    return replace(
        asked,
        label=of.label,
        cl_id=of.cl_id,
        cl_label=of.cl_label,
        score=of.score,
        confidence=of.confidence,
        probability=of.probability,
        probability_near=of.probability_near,
    )


def in_words(votes: Iterable[Vote]) -> str:
    """The answers with who gave them: "T cell (model-a); refused (model-b)"."""
    return "; ".join(ballot(vote).words for vote in votes)
