"""When a second opinion is asked for, what becomes of it, and that conversations of earlier prompts are replayed."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cassia_engine.calibration import Calibration
from cassia_engine.conversation import Advisers, converse
from cassia_engine.errors import CallFailedError
from cassia_engine.ontology import Ontology, compare
from cassia_engine.prompts import Briefing
from cassia_engine.providers.chat import Chat, Finish
from cassia_engine.records import (
    SECOND,
    ClusterResult,
    Confidence,
    CrossCheck,
    Doubt,
    Outcome,
    Relation,
    from_json,
    to_json,
)
from cassia_engine.settings import AnnotateSettings
from tests.conversation.test_conversation import BRIEFING, Model, claim, verdict
from tests.factories import NK_GENES, cluster

NK, T_CELL, CD8 = "natural killer cell", "T cell", "CD8-positive, alpha-beta T cell"
CALIBRATION = Calibration("nothing", 0, 0, exact={"intercept": 1.0}, near={"intercept": 3.0, "second_differs": -3.0})
Script = Callable[[str, int, Chat], Any]


def of(cell_type: str, **changes: Any) -> dict[str, Any]:
    """An annotator's reply that names one type."""
    named = {"cell_type": cell_type, "cl_name": cell_type, "separating_genes": ["GNLY"]}
    said = {"candidates": [named], "sure": {"cell_type": cell_type, "cl_name": cell_type}, "lineage": "lymphocyte"}
    return claim(**{**said, **changes})


def choice(answer: str) -> dict[str, Any]:
    return {"for_a": ["GNLY"], "for_b": ["CCL4"], "reason": "GNLY is specific.", "choice": answer}


def script(first: list[Any], second: Any = None, adjudicator: Any = None, validator: list[Any] | None = None) -> Script:
    def reply(role: str, n: int, chat: Chat) -> Any:
        if role == "annotator":
            return first[min(n, len(first) - 1)]
        if role == "validator":
            said = validator or [verdict()]
            return said[min(n, len(said) - 1)]
        return {"second": second, "adjudicator": adjudicator}[role]

    return reply


def hold(
    said: Script, knows: str = NK, calibration: Calibration = CALIBRATION, **options: Any
) -> tuple[ClusterResult, str]:
    """The result and the roles that were asked; marker scoring says `knows`, "" for nothing."""
    ontology = Ontology.load()

    def check(of_cluster: Any, answer: Any) -> CrossCheck:
        cl_id = ontology.resolve(knows).cl_id if knows else ""
        relation = compare(ontology, answer.cl_id, cl_id) if answer and cl_id else Relation.UNKNOWN
        return CrossCheck(knows, cl_id, 80.0 if knows else None, relation)

    model = Model(said)
    briefing = dataclasses.replace(BRIEFING, involvement=options.get("validator_involvement", "v1"))
    how = AnnotateSettings(provider="custom", **options)
    advisers = Advisers(cross_check=check, calibration=calibration)
    result = asyncio.run(converse(cluster(), briefing, model, how, ontology, advisers=advisers))
    assert from_json(ClusterResult, to_json(result)) == result
    return result, model.roles


def label(result: ClusterResult) -> str:
    assert result.annotation
    return result.annotation.label


def test_an_answer_without_a_doubt_costs_one_call() -> None:
    result, roles = hold(script([of(NK)]))
    assert (roles, label(result), result.doubts, result.adjudication) == ("annotator", NK, (), None)
    assert (result.validated, result.iterations, result.reason) == (None, 1, "")
    assert result.cross_check == CrossCheck(NK, "CL:0000623", 80.0, Relation.SAME)
    assert result.annotation and result.annotation.confidence is Confidence.HIGH
    assert [reason.code for reason in result.confidence_reasons] == ["nothing_against"]


@pytest.mark.parametrize(
    ("intercept", "confidence", "limit"), [(0.0, Confidence.LOW, "75%"), (2.0, Confidence.MODERATE, "90%")]
)
def test_a_low_probability_alone_is_the_reason_of_the_confidence(
    intercept: float, confidence: Confidence, limit: str
) -> None:
    result, _ = hold(script([of(NK)]), calibration=Calibration("nothing", 0, 0, {}, {"intercept": intercept}))
    assert result.annotation and result.annotation.confidence is confidence
    assert result.confidence_reason == f"the calibrated probability is below {limit}"


@pytest.mark.parametrize(
    ("said", "knows", "doubts"),
    [
        (of(NK, score=64), NK, [Doubt.LOW_SCORE]),
        (of(NK, score="?"), NK, [Doubt.LOW_SCORE]),
        (of(NK), "platelet", [Doubt.MARKERS_DISAGREE]),
        (of(NK, evidence=[{"gene": "GNLY", "speaks_for": NK}]), NK, [Doubt.FAILED_CHECKS]),
        (of(NK, score=10), "platelet", [Doubt.LOW_SCORE, Doubt.MARKERS_DISAGREE]),
        (claim(lineage="unresolved", candidates=[]), NK, [Doubt.UNRESOLVED]),
    ],
)
def test_a_doubt_asks_for_a_second_opinion(said: Mapping[str, Any], knows: str, doubts: list[Doubt]) -> None:
    result, roles = hold(script([said], said), knows)
    assert (list(result.doubts), roles) == (doubts, "annotator second")
    assert result.adjudication and result.adjudication.relation is Relation.SAME
    assert [r.role for r in result.rounds] == ["annotator", SECOND]


@pytest.mark.parametrize("knows", [T_CELL, "lymphocyte", ""])
def test_marker_scoring_that_says_a_related_type_or_nothing_is_no_doubt(knows: str) -> None:
    assert hold(script([of(NK)]), knows)[1] == "annotator"


def test_without_marker_knowledge_the_rest_decides() -> None:
    model = Model(script([of(NK)]))
    result = asyncio.run(
        converse(cluster(), BRIEFING, model, AnnotateSettings(provider="custom"), Ontology.load(), advisers=Advisers())
    )
    assert (model.roles, result.cross_check) == ("annotator", None)


def test_the_second_annotator_sees_the_same_data_and_nothing_of_the_answer() -> None:
    model = Model(script([of(NK, score=10)], of(NK)))
    how = AnnotateSettings(provider="custom")
    asyncio.run(converse(cluster(), BRIEFING, model, how, Ontology.load(), advisers=Advisers(calibration=CALIBRATION)))
    (_, first, *_), (_, second, *_) = model.asked
    assert first.messages == second.messages
    assert first.system != second.system


def test_a_type_and_one_of_its_kinds_need_nobody_to_choose() -> None:
    result, roles = hold(script([of(T_CELL, score=10)], of(CD8)), T_CELL)
    assert (roles, label(result)) == ("annotator second", T_CELL)
    assert result.adjudication and result.adjudication.relation is Relation.NARROWER


@pytest.mark.parametrize(("answer", "stands", "number"), [("a", NK, 1), ("b", "platelet", 2), ("neither", NK, 1)])
def test_an_adjudicator_chooses_between_types_that_differ(answer: str, stands: str, number: int) -> None:
    """The answers are shown in alphabetical order: a is the natural killer cell, whoever said it."""
    result, roles = hold(script([of(NK, score=10)], of("platelet"), choice(answer)), "")
    assert (roles, label(result)) == ("annotator second adjudicator", stands)
    found = result.adjudication
    assert found and (found.a, found.b, found.chosen, found.agree) == (1, 2, number, False)
    assert result.conversation.adjudication and "GNLY is specific." in result.conversation.adjudication
    swapped, _ = hold(script([of("platelet", score=10)], of(NK), choice(answer)), "")
    assert swapped.adjudication and (swapped.adjudication.a, swapped.adjudication.b) == (2, 1)
    assert label(swapped) == (NK if answer == "a" else "platelet")


@pytest.mark.parametrize(
    ("knows", "stands"), [(NK, NK), ("lymphocyte", NK), ("platelet", "platelet"), ("", "platelet")]
)
def test_a_second_answer_needs_marker_scoring_to_take_the_place_of_a_type(knows: str, stands: str) -> None:
    result, _ = hold(script([of(NK, score=10)], of("platelet"), choice("b")), knows)
    assert label(result) == stands
    assert result.adjudication and result.adjudication.backed is (stands == "platelet")
    # What marker scoring says is compared with the answer that stands.
    assert result.cross_check and (result.cross_check.relation is Relation.SAME) is (knows == stands)


def test_what_the_adjudicator_sees_has_neither_scores_nor_authors() -> None:
    model = Model(script([of(NK, score=11, score_reason="so sure")], of("platelet"), choice("a")))
    how = AnnotateSettings(provider="custom")
    asyncio.run(converse(cluster(), BRIEFING, model, how, Ontology.load(), advisers=Advisers(calibration=CALIBRATION)))
    asked = model.asked[-1][1].messages[0].text
    assert asked.index("natural killer cell") < asked.index("platelet")
    assert "so sure" not in asked and "11" not in asked.partition("<answer_a>")[2] and "second" not in asked


def test_an_unresolved_answer_can_be_settled_by_a_second_one() -> None:
    nothing = claim(lineage="unresolved", candidates=[], score=0)
    result, roles = hold(script([nothing], of(NK), choice("a")))
    assert (roles, label(result)) == ("annotator second adjudicator", NK)
    kept, _ = hold(script([nothing], of(NK), choice("b")))
    assert label(kept) == "unresolved"


@pytest.mark.parametrize("lost", [("", Finish.REFUSED), "no JSON", CallFailedError("custom answered 500")])
def test_a_second_opinion_that_is_lost_leaves_the_answer(lost: Any) -> None:
    def said(role: str, n: int, chat: Chat) -> Any:
        return of(NK, score=10) if role == "annotator" else lost

    result, _ = hold(said)
    assert (result.outcome, label(result), result.adjudication) == (Outcome.ANNOTATED, NK, None)
    assert "the second annotator's reply of round 2" in result.reason
    assert result.rounds[1].failed and result.rounds[1].failed.role == SECOND


def test_an_adjudication_that_is_lost_leaves_the_first_answer() -> None:
    result, _ = hold(script([of(NK, score=10)], of("platelet"), ("", Finish.REFUSED)))
    assert label(result) == NK
    assert result.adjudication and (result.adjudication.choice, result.adjudication.chosen) == (None, 1)
    assert "the adjudicator's reply" in result.reason


def test_a_second_opinion_that_differs_lowers_the_confidence() -> None:
    result, _ = hold(script([of(NK, score=10)], of("platelet"), choice("a")))
    assert result.annotation and result.annotation.confidence is Confidence.LOW
    assert "second_differs" in [reason.code for reason in result.confidence_reasons]
    assert result.features["second_differs"] == 1.0


def test_a_second_model_is_asked_for_opinion_and_choice() -> None:
    first, second = Model(script([of(NK, score=10)])), Model(script([], of("platelet"), choice("a")))
    second.model = "other/model"
    advisers = Advisers(second=second, calibration=CALIBRATION)
    how = AnnotateSettings(provider="custom")
    asyncio.run(converse(cluster(), BRIEFING, first, how, Ontology.load(), advisers=advisers))
    assert (first.roles, second.roles) == ("annotator", "second adjudicator")


# --- strict ---


def test_a_strict_validator_reviews_every_answer_after_a_second_opinion() -> None:
    result, roles = hold(script([of(NK)], of(NK)), validator_involvement="v0")
    assert (roles, result.validated, result.doubts) == ("annotator second validator", True, (Doubt.ALWAYS,))
    chosen, roles = hold(
        script([of(NK)], of("platelet"), choice("b"), [verdict("platelet")]), "", validator_involvement="v0"
    )
    assert (roles, label(chosen), chosen.validated) == ("annotator second adjudicator validator", "platelet", True)
    assert chosen.conversation.validations[0] == "" and chosen.rounds[1].verdict
    assert [(call["role"], call["round"]) for call in chosen.conversation.calls][-1] == ("validator", 2)


def test_a_validators_call_is_of_the_round_that_it_judges() -> None:
    result, roles = hold(script([of(NK)], of(NK)), validator_involvement="v0")
    assert roles == "annotator second validator"
    assert [call["round"] for call in result.conversation.calls] == [1, 2, 1] and result.rounds[0].verdict


def test_a_lost_second_opinion_has_no_part_in_a_validators_longer_reply() -> None:
    def said(role: str, n: int, chat: Chat) -> Any:
        if role == "second":
            return CallFailedError("custom answered 500")
        if role == "validator" and n == 0:
            return '{"own_type": "natu', Finish.LENGTH
        return of(NK) if role == "annotator" else verdict()

    result, roles = hold(said, validator_involvement="v0")
    assert roles == "annotator second validator validator"
    assert (label(result), result.validated, "cut off" in result.reason) == (NK, True, False)


def test_objections_of_a_strict_validator_go_back_without_another_second_opinion() -> None:
    objects = verdict(T_CELL, better_type="yes")
    result, roles = hold(
        script([of(NK), of(T_CELL)], of(NK), None, [objects, verdict(T_CELL)]), T_CELL, validator_involvement="v0"
    )
    assert roles == "annotator second validator annotator validator"
    assert (label(result), result.validated) == (T_CELL, True)


def test_a_revision_does_not_make_an_answer_merely_broader() -> None:
    """What passed its checks is not given up for the type above it."""
    objects = verdict("lymphocyte", too_specific="yes")
    result, _ = hold(
        script([of(NK), of("lymphocyte")], of(NK), None, [objects, verdict("lymphocyte")]), validator_involvement="v0"
    )
    assert (label(result), result.validated) == (NK, False)
    assert "the validator agreed with the broader type of round 3, which does not replace it" in result.reason


# --- depth ---


def test_the_finer_type_stands_beside_the_answer() -> None:
    finest = {"cell_type": CD8, "cl_name": CD8, "separating_genes": ["GNLY"], "probability": 40}
    said = of(T_CELL, specific=finest, sure={"cell_type": "lymphocyte", "cl_name": "lymphocyte"})
    standard, _ = hold(script([said]), T_CELL)
    assert standard.annotation and standard.annotation.specific
    assert (label(standard), standard.annotation.specific.label) == (T_CELL, CD8)
    assert standard.annotation.specific.score == 40
    assert "not_sure" in [reason.code for reason in standard.confidence_reasons]


@pytest.mark.parametrize(("depth", "expected"), [("standard", T_CELL), ("fine", CD8)])
def test_depth_chooses_the_label(depth: str, expected: str) -> None:
    finest = {"cell_type": CD8, "cl_name": CD8, "separating_genes": ["GNLY"], "probability": 40}
    said = of(T_CELL, specific=finest)
    briefing = Briefing(BRIEFING.dataset, BRIEFING.selection, depth=depth)
    model = Model(script([said]))
    how = AnnotateSettings(provider="custom", depth=depth)
    result = asyncio.run(
        converse(cluster(), briefing, model, how, Ontology.load(), advisers=Advisers(calibration=CALIBRATION))
    )
    assert label(result) == expected
    assert f'"wanted_depth":"{depth}"' in model.asked[0][1].messages[0].text
    # What makes it probable is of the label: the annotator is sure of the broader type only, and names no finer one.
    standard = depth == "standard"
    assert ("sure" in result.features, "finer" in result.features) == (standard, standard)
    assert ("not_sure" in [reason.code for reason in result.confidence_reasons]) is not standard


def test_marker_scoring_is_compared_with_the_finer_label() -> None:
    finest = {"cell_type": CD8, "cl_name": CD8, "separating_genes": ["GNLY"], "probability": 40}
    briefing = Briefing(BRIEFING.dataset, BRIEFING.selection, depth="fine")
    known = CrossCheck(CD8, Ontology.load().find(CD8), 80.0, Relation.UNKNOWN)
    advisers = Advisers(cross_check=lambda *_: known, calibration=CALIBRATION)
    how = AnnotateSettings(provider="custom", depth="fine")
    model = Model(script([of(T_CELL, specific=finest)]))
    result = asyncio.run(converse(cluster(), briefing, model, how, Ontology.load(), advisers=advisers))
    assert result.cross_check and (label(result), result.cross_check.relation) == (CD8, Relation.SAME)


def test_broad_takes_the_lineage_of_the_answer() -> None:
    briefing = Briefing(BRIEFING.dataset, BRIEFING.selection, depth="broad")
    model = Model(script([of("effector memory CD8-positive, alpha-beta T cell")]))
    how = AnnotateSettings(provider="custom", depth="broad")
    result = asyncio.run(
        converse(cluster(), briefing, model, how, Ontology.load(), advisers=Advisers(calibration=CALIBRATION))
    )
    assert result.annotation and (result.annotation.label, result.annotation.cl_id) == (T_CELL, "CL:0000084")


@pytest.mark.parametrize("knows", [CD8, T_CELL])
def test_how_sure_a_broad_label_is_is_said_of_it(knows: str) -> None:
    """Marker scoring that names a kind of the lineage, and an annotator who is sure of one, say the same."""
    ontology = Ontology.load()
    known = CrossCheck(knows, ontology.find(knows), 80.0, Relation.UNKNOWN)
    advisers = Advisers(cross_check=lambda *_: known, calibration=CALIBRATION)
    found = {}
    for depth in ("standard", "broad"):
        briefing = Briefing(BRIEFING.dataset, BRIEFING.selection, depth=depth)
        model, how = Model(script([of(CD8)])), AnnotateSettings(provider="custom", depth=depth)
        found[depth] = asyncio.run(converse(cluster(), briefing, model, how, ontology, advisers=advisers))
    broad, standard = found["broad"], found["standard"]
    assert broad.annotation and standard.annotation
    assert broad.annotation.probability is None and broad.annotation.probability_near == pytest.approx(0.95, abs=0.01)
    assert standard.annotation.probability is not None
    assert broad.features["is_lineage"] == 1.0 and broad.features["kinds"] > standard.features["kinds"]
    assert broad.features["markers_same"] == 1.0 and broad.features["sure"] == 1.0
    assert [reason.code for reason in broad.confidence_reasons] == ["nothing_against"]
    # What marker scoring says, compared with the label that is shown.
    expected = Relation.SAME if knows == T_CELL else Relation.NARROWER
    assert broad.cross_check and broad.cross_check.relation is expected


def test_a_specific_type_of_another_lineage_is_not_shown_as_a_finer_one() -> None:
    other = {"cell_type": "platelet", "cl_name": "platelet", "separating_genes": [], "probability": 40}
    result, _ = hold(script([of(NK, specific=other)]))
    assert result.annotation and result.annotation.specific is None
    same, _ = hold(script([of(NK, specific={**other, "cell_type": "NK cells", "cl_name": ""})]))
    assert same.annotation and same.annotation.specific is None


@pytest.mark.parametrize(
    ("sure", "told"),
    [
        ("lymphocyte", ["the annotator is sure of a broader type only"]),
        (CD8, ["the annotator is sure of a finer type only"]),
        ("platelet", ["the annotator is sure of a type of another lineage only"]),
        (T_CELL, []),
    ],
)
def test_the_type_that_the_annotator_is_sure_of_is_compared_with_its_answer(sure: str, told: list[str]) -> None:
    result, _ = hold(script([of(T_CELL, sure={"cell_type": sure, "cl_name": sure})]), T_CELL)
    assert [reason.text for reason in result.confidence_reasons if reason.code == "not_sure"] == told


def test_an_empty_form_of_a_finer_type_names_none() -> None:
    empty = {"cell_type": "", "cl_name": "", "separating_genes": [], "probability": 0}
    result, _ = hold(script([of(NK, specific=empty, sure={"cell_type": "", "cl_name": ""})]), depth="fine")
    assert (label(result), result.annotation and result.annotation.specific) == (NK, None)
    listed, _ = hold(script([of(T_CELL, specific=[{**empty, "cell_type": CD8, "probability": 40}])]), T_CELL)
    assert listed.annotation and listed.annotation.specific and listed.annotation.specific.score == 40


def test_a_second_opinion_without_a_listed_gene_counts_for_nothing() -> None:
    result, roles = hold(script([of(NK, score=10)], of("platelet", evidence=[])))
    assert (roles, label(result), result.adjudication) == ("annotator second", NK, None)
    assert result.reason == "the second opinion names no type or no listed gene, and does not count"


def test_a_lineage_without_a_candidate_is_a_type_like_any_other() -> None:
    """A doubtful first answer is compared with it, and it needs marker scoring to take its place."""
    broad = of(NK, candidates=[], sure={})
    result, roles = hold(script([{**broad, "score": 10}], broad), "")
    assert (roles.split()[-2:], label(result)) == (["annotator", "second"], "lymphocyte")
    assert result.adjudication and result.adjudication.relation is Relation.SAME
    result, _ = hold(script([of(NK, score=10)], {**broad, "lineage": "platelet"}, choice("b")), NK)
    assert label(result) == NK
    assert result.adjudication and result.adjudication.relation is Relation.DIFFERENT
    assert result.adjudication.backed is False


def test_evidence_is_that_of_the_answer_that_stands() -> None:
    second = of("platelet", evidence=[{"gene": gene, "speaks_for": "platelet"} for gene in NK_GENES[3:7]])
    result, _ = hold(script([of(NK, score=10)], second, choice("b")), "")
    assert result.annotation and result.annotation.evidence_genes == NK_GENES[3:7]
