"""One answer of several votes on a cluster: the deepest type that most of them are for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cassia_engine.conversation.consensus import merged
from cassia_engine.conversation.escalation import alone, escalated, is_in_doubt
from cassia_engine.conversation.majority import Majority, NamedType, find_majority, is_for
from cassia_engine.conversation.votes import Vote
from cassia_engine.ontology import Ontology, Relation
from cassia_engine.ontology.relations import at_or_above
from cassia_engine.records import (
    CellType,
    ClusterResult,
    Confidence,
    ConfidenceReason,
    CrossCheck,
    Outcome,
    Usage,
    from_json,
    to_json,
)
from tests import factories as make

ONTOLOGY = Ontology.load()
CD4, CD8, T_CELL = "CD4-positive, alpha-beta T cell", "CD8-positive, alpha-beta T cell", "T cell"
NK, MONOCYTE, FIBROBLAST = "natural killer cell", "monocyte", "fibroblast"
UNRESOLVED = "unresolved"
# Close to each other, and of several lineages, so that there is a majority now and then.
LABELS = [
    CD4,
    CD8,
    T_CELL,
    NK,
    "B cell",
    "plasma cell",
    MONOCYTE,
    FIBROBLAST,
    "malignant cell",
    "cell",
    UNRESOLVED,
    "x",
]


def named(label: str) -> NamedType:
    return NamedType(label, "" if label in (UNRESOLVED, "x", "y") else ONTOLOGY.find(label))


def majority(labels: Sequence[str]) -> Majority | None:
    return find_majority([named(label) for label in labels], ONTOLOGY)


@pytest.mark.parametrize(
    ("labels", "label", "agreeing"),
    [
        ([CD4, CD4, CD8], CD4, 2),
        ([CD4, CD8], "mature alpha-beta T cell", 2),
        ([CD4, CD4, T_CELL], CD4, 2),
        ([CD4, T_CELL, T_CELL], T_CELL, 3),
        ([CD4, "B cell", NK], "lymphocyte", 3),
        ([CD4, MONOCYTE, T_CELL], T_CELL, 2),
        (["plasma cell", "B cell"], "B cell", 2),
        (["plasma cell", "plasma cell"], "plasma cell", 2),
        ([T_CELL], T_CELL, 1),
        ([UNRESOLVED, UNRESOLVED, T_CELL], UNRESOLVED, 2),
        (["x", "X ", FIBROBLAST], "X ", 2),
        (["malignant cell", "malignant cell", "B cell"], "malignant cell", 2),
    ],
)
def test_the_deepest_type_of_most_votes_is_the_label(labels: list[str], label: str, agreeing: int) -> None:
    found = majority(labels)
    assert found and (found.label, len(found.agreeing)) == (label, agreeing)
    assert found.cl_id == ("" if label in (UNRESOLVED, "X ") else ONTOLOGY.find(label))


@pytest.mark.parametrize(
    "labels",
    [
        [T_CELL, FIBROBLAST],  # a tie: half is no majority
        [T_CELL, FIBROBLAST, "hepatocyte"],  # what they have in common says nothing
        ["astrocyte", "neuron"],  # neural cell is above the lineages
        ["smooth muscle cell", "pericyte"],  # contractile cell is a function
        ["cell", "cell"],
        [T_CELL, UNRESOLVED],
        ["x", "y"],
    ],
)
def test_votes_that_say_nothing_together_have_no_majority(labels: list[str]) -> None:
    assert majority(labels) is None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(LABELS), min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_the_order_of_votes_has_no_say(labels: list[str], order: Any) -> None:
    found, shuffled = majority(labels), list(labels)
    order.shuffle(shuffled)
    again = majority(shuffled)
    assert (found and (found.label, found.cl_id, len(found.named), len(found.agreeing))) == (
        again and (again.label, again.cl_id, len(again.named), len(again.agreeing))
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(LABELS), min_size=1, max_size=7))
def test_a_majority_is_at_or_above_more_than_half_and_no_vote_names_a_deeper_one(labels: list[str]) -> None:
    votes, found = [named(label) for label in labels], majority(labels)
    if found is None:
        # No vote's own type has more than half of the votes; "cell" says nothing.
        own = [vote for vote in votes if vote.label != "cell"]
        assert all(2 * sum(is_for(other, vote, ONTOLOGY) for other in votes) <= len(votes) for vote in own)
        return
    label = NamedType(found.label, found.cl_id)
    assert 2 * len(found.agreeing) > len(votes)
    assert [is_for(vote, label, ONTOLOGY) for vote in votes] == [n in found.agreeing for n in range(len(votes))]
    deeper = [v for v in votes if found.cl_id in at_or_above(ONTOLOGY, v.cl_id) and v.cl_id != found.cl_id]
    assert all(2 * sum(is_for(other, vote, ONTOLOGY) for other in votes) <= len(votes) for vote in deeper)


def vote(label: str, model: str = "a", near: float | None = 0.8, **changes: Any) -> Vote:
    """A vote of a model for a type; `changes` are of its annotation."""
    of = named(label)
    values: dict[str, Any] = {
        "general_type": UNRESOLVED if label == UNRESOLVED else "lymphocyte",
        "detailed_types": () if label == UNRESOLVED else (CellType(label, of.cl_id, label, 90.0),),
        "cl_id": of.cl_id,
        "cl_label": label if of.cl_id else "",
        "probability": near,
        "probability_near": near,
    }
    annotation = make.annotation(**{**values, **changes})
    conversation = make.conversation(calls=({"model": model, "role": "annotator", "round": 1},))
    nothing = (ConfidenceReason("nothing_against", "no doubt"),)
    result = make.annotated(
        answer=annotation, conversation=conversation, validated=None, confidence_reasons=nothing, rounds=(),
        cross_check=CrossCheck(NK, "CL:0000623", 80.0, Relation.RELATED),
        usage=Usage(1, 100, 10, 0.5), decided_by=f"language model {model} (a hypothesis)", reason="",
    )  # fmt: skip
    return Vote(model, 0, result)


def failed(model: str = "f", outcome: Outcome = Outcome.REFUSED) -> Vote:
    result = make.unannotated("0", 0, outcome, "it refused")
    return Vote(model, 0, ClusterResult(make.cluster(), outcome, result.reason, usage=Usage(1, 100, 0, 0.5)))


def merge(*votes: Vote) -> ClusterResult:
    result = merged(votes, ONTOLOGY)
    assert from_json(ClusterResult, to_json(result)) == result
    assert result.usage == Usage(len(votes), 100 * len(votes), result.usage.output_tokens, 0.5 * len(votes))
    assert [(one.model, one.outcome) for one in result.ballots] == [(one.model, one.result.outcome) for one in votes]
    return result


def codes(result: ClusterResult) -> list[str]:
    return [reason.code for reason in result.confidence_reasons]


def test_the_most_probable_answer_stands_where_votes_agree() -> None:
    votes = [vote(NK, "a", 0.8), vote(NK, "b", 0.95, state="cycling"), vote(NK, "c", None)]
    result = merge(*votes)
    assert result.annotation and result.annotation == votes[1].result.annotation
    assert (result.agreement, result.annotation.confidence, codes(result)) == (1, "High", ["nothing_against"])
    assert result.decided_by == "3 of 3 votes; language model b (a hypothesis)"
    # Its own calls come last: the report takes the last one of a role and round as the reply that is shown.
    assert [(call["model"], call["vote"]) for call in result.conversation.calls] == [("a", 1), ("c", 3), ("b", 2)]
    assert [ballot.agrees for ballot in result.ballots] == [True, True, True]
    shuffled = merge(votes[2], votes[0], votes[1])
    assert shuffled.annotation == result.annotation


def test_a_vote_against_it_keeps_a_label_from_high_confidence() -> None:
    result = merge(vote(NK, "a"), vote(MONOCYTE, "b", 0.99), vote(NK, "c"))
    assert result.annotation and result.annotation.label == NK
    assert result.agreement == 0.6667
    assert result.annotation.confidence is Confidence.MODERATE
    assert codes(result) == ["votes_differ"]
    assert [ballot.agrees for ballot in result.ballots] == [True, False, True]
    assert [ballot.words for ballot in result.ballots] == [f"{NK} (a)", f"{MONOCYTE} (b)", f"{NK} (c)"]
    assert f"{MONOCYTE} (b)" in str(result.conversation.scoring)


def test_a_label_that_no_vote_names_has_what_two_votes_cite() -> None:
    one = vote(CD4, "a", 0.9, evidence_genes=("GZMB", "GNLY", "NKG7"), conflicting_genes=("PRF1",), state="cycling")
    other = vote(CD8, "b", 0.7, evidence_genes=("NKG7", "GNLY", "CST7"), conflicting_genes=("PRF1",))
    result = merge(one, other)
    answer = result.annotation
    assert answer and (answer.label, answer.cl_id) == ("mature alpha-beta T cell", ONTOLOGY.find(answer.label))
    assert (answer.evidence_genes, answer.conflicting_genes, answer.state) == (("GNLY", "NKG7"), ("PRF1",), "")
    assert (answer.general_type, answer.score, answer.probability, answer.probability_near) == (
        "T cell",
        None,
        None,
        None,
    )
    assert (result.agreement, answer.confidence, codes(result)) == (1, "Moderate", ["broader_than_votes"])
    assert result.reason == f"the label is the deepest type that 2 votes have in common: {CD4} (a); {CD8} (b)"
    assert result.cross_check and result.cross_check.relation is Relation.RELATED
    assert result.decided_by == "2 of 2 votes; language models (a hypothesis)"


def test_without_a_majority_a_cluster_is_unresolved_and_the_reason_names_the_votes() -> None:
    result = merge(vote(NK, "a"), vote("neuron", "b"), vote(FIBROBLAST, "c"), failed())
    assert (result.outcome, result.label, result.has_cell_type) == (Outcome.ANNOTATED, UNRESOLVED, False)
    told = f"{NK} (a); neuron (b); {FIBROBLAST} (c); refused (f)"
    assert result.reason == f"the votes have no majority: {told}"
    assert (result.agreement, codes(result)) == (None, ["no_majority"])


def test_most_votes_may_leave_it_unresolved() -> None:
    result = merge(vote(UNRESOLVED, "a"), vote(UNRESOLVED, "b"), vote(NK, "c"))
    assert (result.label, result.agreement) == (UNRESOLVED, 0.6667)


def test_a_conversation_without_an_answer_has_no_vote_and_lowers_the_agreement() -> None:
    result = merge(failed(), vote(NK, "b"))
    assert (result.label, result.agreement) == (NK, 0.5)
    assert result.annotation and result.annotation.confidence is Confidence.MODERATE


def test_a_cluster_without_any_answer_ends_as_its_first_conversation_did() -> None:
    result = merge(failed("a"), failed("b", Outcome.FAILED))
    assert (result.outcome, result.votes, result.agreement) == (Outcome.REFUSED, (), None)


@pytest.mark.parametrize(
    ("first", "asked"),
    [
        (vote(NK), False),
        (vote(NK, confidence=Confidence.MODERATE), True),
        (vote(UNRESOLVED, confidence=Confidence.LOW), True),
        (failed(), True),
    ],
)
def test_all_but_answers_of_high_confidence_are_in_doubt(first: Vote, asked: bool) -> None:
    assert is_in_doubt(alone(first)) is asked


def test_the_stronger_models_answer_stands() -> None:
    first = alone(vote(CD4, "cheap", confidence=Confidence.LOW))
    result = escalated(first, vote(T_CELL, "strong"), ONTOLOGY)
    assert (result.label, result.agreement, result.usage.cost_usd) == (T_CELL, None, 1.0)
    assert [(one.words, one.agrees) for one in result.ballots] == [
        (f"{CD4} (cheap)", True),
        (f"{T_CELL} (strong, escalated)", True),
    ]
    assert [(call["model"], call["vote"]) for call in result.conversation.calls] == [("cheap", 1), ("strong", 2)]
    assert from_json(ClusterResult, to_json(result)) == result


def test_the_first_answer_stands_where_the_stronger_model_has_none() -> None:
    first = merge(vote(NK, "a"), vote(MONOCYTE, "b"), vote(NK, "c"))
    result = escalated(first, failed("strong"), ONTOLOGY)
    assert (result.label, result.agreement) == (NK, first.agreement)
    assert result.reason == "strong was asked as well and gave no answer: it refused"
    assert [one.agrees for one in result.ballots] == [True, False, True, False]
    nobody = escalated(alone(failed("a", Outcome.FAILED)), failed("strong"), ONTOLOGY)
    assert (nobody.outcome, [one.escalated for one in nobody.ballots]) == (Outcome.REFUSED, [False, True])
