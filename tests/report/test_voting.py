"""Votes and escalations, as the report, the methods text and the end of a run tell them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from cassia_engine.outputs.publish import closing_lines, status
from cassia_engine.records import Ballot, ClusterResult, Merged, Outcome, Usage
from cassia_engine.report import details, facts, methods, review_flags, voting
from cassia_engine.report.calls import rows
from tests import conversations
from tests import factories as make

NK = "natural killer cell"
RUN = replace(make.MODEL_RUN, model="cheap", parameters=(("escalate_to", "strong"),))


def ballot(model: str, cost: float | None = 0.1, **changes: Any) -> Ballot:
    return Ballot(model, 0, Outcome.ANNOTATED, label=NK, usage=Usage(1, 10, 10, cost), agrees=True, **changes)


def cluster(id: str, cost: float | None, *ballots: Ballot) -> ClusterResult:
    return make.annotated(id, int(id), usage=Usage(2, 20, 20, cost), ballots=ballots, validated=None)


def escalated(id: str, cost: float | None, of_strong: float | None) -> ClusterResult:
    return cluster(id, cost, ballot("cheap"), ballot("strong", of_strong, escalated=True))


def settled(id: str, cost: float | None = 0.1) -> ClusterResult:
    return cluster(id, cost, ballot("cheap"))


@pytest.mark.parametrize(
    ("results", "line"),
    [
        # 4 clusters at 1 USD each, less 1.1 and 3 times 0.1 that were spent.
        (
            [escalated("0", 1.1, 1.0), *map(settled, "123")],
            "1 of 4 clusters escalated to strong; that saved about 2.6 USD: for all of them it would have cost 4 USD "
            "(at its mean of 1 USD a cluster), and 1.4 USD were spent",
        ),
        (
            [escalated("0", 1.1, 1.0), escalated("1", 1.1, 1.0)],
            "2 of 2 clusters escalated to strong; that cost about 0.2 USD more: for all of them it would have cost 2 "
            "USD (at its mean of 1 USD a cluster), and 2.2 USD were spent",
        ),
        (
            [settled("0")],
            "0 of 1 cluster escalated to strong; what that saved is unknown, as the stronger model was not asked",
        ),
        (
            [escalated("0", None, None), settled("1")],
            "1 of 2 clusters escalated to strong; what that saved is unknown, as what calls cost is not known",
        ),
        (
            [escalated("0", 1.1, 1.0), settled("1", None)],
            "1 of 2 clusters escalated to strong; what that saved is unknown, as what calls cost is not known",
        ),
    ],
)
def test_the_end_says_what_escalation_saved(results: list[ClusterResult], line: str) -> None:
    assert voting.escalation(RUN, results) == line
    merged = Merged(make.DATASET, make.SELECTION, tuple(results), (RUN,) * len(results))
    assert line in closing_lines(merged)
    assert status(merged).summary.endswith(f" {line}.")
    assert ("Escalated", line) in facts.facts(make.DATASET, make.SELECTION, RUN, results)


def test_clusters_that_were_not_asked_about_do_not_count() -> None:
    results = [escalated("0", 1.1, 1.0), make.unannotated("1", 1, Outcome.NO_MARKERS)]
    assert voting.escalation(RUN, results).startswith("1 of 1 cluster escalated")
    assert voting.escalation(make.MODEL_RUN, results) == ""


def test_votes_stand_in_the_view_of_a_cluster_and_in_the_methods() -> None:
    votes = (ballot("a"), ballot("b"), replace(ballot("c"), label="", outcome=Outcome.REFUSED, agrees=False))
    talk = conversations.held(calls=tuple(conversations.call(vote=vote, replicate=0) for vote in (1, 2, 3)))
    result = make.annotated(ballots=votes, agreement=0.6667, conversation=talk)
    found = details.detail(result, make.MODEL_RUN)
    assert found.answer
    assert found.answer.votes == f"2 of 3 votes for the label: {NK} (a); {NK} (b); refused (c)"
    assert found.conversations == 3
    assert [row.who for row in found.calls] == [f"Annotator, round 1, vote {vote}" for vote in (1, 2, 3)]
    text = " ".join(methods.methods(make.DATASET, make.SELECTION, make.MODEL_RUN, [result]))
    assert "3 conversations were held on each cluster" in text and "more than half of them name" in text


def test_further_conversations_of_a_vote_are_numbered_within_it() -> None:
    calls = [conversations.call(vote=2, replicate=number) for number in (1000, 1001)]
    assert [row.who for row in rows(calls)] == [
        "Annotator, round 1, vote 2",
        "Annotator, round 1, vote 2, conversation 2",
    ]


@pytest.mark.parametrize(
    ("label", "cl_id", "flagged"),
    [
        ("monocyte", "CL:0000576", True),
        ("CD8-positive, alpha-beta T cell", "CL:0000625", True),
        ("lymphocyte", "CL:0000542", False),  # broader
        ("unresolved", "", False),
        ("", "", False),  # no answer
    ],
)
def test_votes_for_another_type_call_for_review(label: str, cl_id: str, flagged: bool) -> None:
    other = replace(ballot("b"), label=label, cl_id=cl_id, agrees=False)
    result = make.annotated(ballots=(ballot("a"), other, ballot("c")), agreement=0.6667)
    flags = [(flag.kind, flag.word) for flag in review_flags.review_flags(result, "custom")]
    assert (flags == [("votes", "votes differ")]) is flagged and len(flags) == flagged
    # A stronger model's answer stands whatever the one before it was.
    escalated = replace(result, agreement=None)
    assert review_flags.review_flags(escalated, "custom") == ()


def test_of_a_single_conversation_nothing_is_said_of_votes() -> None:
    result = make.annotated()
    assert (voting.votes_words(result), voting.agreement_words(result)) == ("", "")
    assert list(voting.methods(make.MODEL_RUN, [result])) == []
