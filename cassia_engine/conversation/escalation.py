"""A stronger model where the answer of another one is in doubt."""

from __future__ import annotations

from msgspec.structs import replace

from cassia_engine.conversation.majority import NamedType, is_for
from cassia_engine.conversation.votes import Vote, ballot, numbered_calls, with_ballots
from cassia_engine.ontology import Ontology
from cassia_engine.records import Ballot, ClusterResult, Confidence


def alone(vote: Vote) -> ClusterResult:
    """The result of a single conversation, with its ballot."""
    return with_ballots(vote, [vote], (0,) if vote.result.annotation else (), None)


def is_in_doubt(result: ClusterResult) -> bool:
    """Whether a stronger model is to be asked: of all but answers of High confidence."""
    return result.annotation is None or result.annotation.confidence is not Confidence.HIGH


def escalated(first: ClusterResult, strong: Vote, ontology: Ontology) -> ClusterResult:
    """The result of a cluster whose first answer was in doubt: that of the stronger model, unless only the first
    has an answer.

    Args:
        first: with its ballots.
    """
    strong_stands = strong.result.annotation is not None or first.annotation is None
    stands = strong.result if strong_stands else first
    ballots = (*first.ballots, ballot(strong, escalated=True))
    own = tuple(numbered_calls(strong.result, len(ballots)))
    calls = (*first.conversation.calls, *own) if strong_stands else (*own, *first.conversation.calls)
    return replace(
        stands,
        reason=stands.reason if strong_stands else _without_answer(first, strong),
        conversation=replace(stands.conversation, calls=calls),
        usage=first.usage + strong.result.usage,
        ballots=tuple(_compared(one, stands, ontology) for one in ballots),
        agreement=None if strong_stands else first.agreement,
    )


def _without_answer(first: ClusterResult, strong: Vote) -> str:
    told = f"{strong.model} was asked as well and gave no answer: {strong.result.reason}"
    return f"{first.reason}; {told}" if first.reason else told


def _compared(one: Ballot, stands: ClusterResult, ontology: Ontology) -> Ballot:
    """A ballot with whether it is for the label that stands."""
    of = stands.annotation
    if of is None or not one.label:
        return replace(one, agrees=False)
    return replace(one, agrees=is_for(NamedType(one.label, one.cl_id), NamedType(of.label, of.cl_id), ontology))
