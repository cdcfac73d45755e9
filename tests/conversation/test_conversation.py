"""The conversation on a cluster by prompts of version 1, over a scripted model: what is the same by those of today, and
what is recorded. Such conversations are replayed from journals, and the strict review of today is its validator."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cassia_engine.calibration import Calibration
from cassia_engine.conversation import Advisers, converse
from cassia_engine.conversation.machine import TRANSITIONS, Event, State
from cassia_engine.errors import AccountError, CallFailedError, CassiaError, StoppedError, TemporaryError
from cassia_engine.ontology import Ontology
from cassia_engine.prompts import EARLIER, Briefing
from cassia_engine.providers.chat import Call, Chat, Finish, Receipt, Reply, Request
from cassia_engine.records import (
    Cluster,
    ClusterResult,
    Confidence,
    ConfidenceReason,
    How,
    Outcome,
    Ruling,
    SetAside,
    TermMatch,
    Usage,
    from_json,
    to_json,
)
from cassia_engine.replies.shapes import QUESTIONS
from cassia_engine.report.dialogue import turns
from cassia_engine.settings import AnnotateSettings
from tests.factories import DATASET, NK_GENES, SELECTION, cluster

SECRET_ID = "the authors' own label"
BRIEFING = Briefing(DATASET, SELECTION)
# Without failed checks a score of 80 and more makes an answer near, in nine of ten.
CALIBRATION = Calibration(
    "nothing", 0, 0, exact={"score": 0.1}, near={"intercept": -17.8, "score": 25.0, "failed_checks": -6.0}
)


def claim(**changes: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "evidence": [{"gene": gene, "speaks_for": "cytotoxicity"} for gene in NK_GENES[:6]],
        "conflicts": [{"gene": "CCL4", "speaks_for": "T cell"}],
        "lineage": "innate lymphoid cell",
        "candidates": [
            {"cell_type": "natural killer cell", "cl_name": "natural killer cell", "separating_genes": ["KLRD1"]},
            {
                "cell_type": "CD8 T cell",
                "cl_name": "CD8-positive, alpha-beta T cell",
                "separating_genes": ["CCL4"],
            },
        ],
        "mixture": [],
        "state": "cytotoxic",
        "context_conflict": "",
        "possible_tissues": [],
        "score": 95,
        "score_reason": "GNLY and KLRD1 are specific.",
    }
    return {**said, **changes}


AGREES = {"lineage_fits": "yes", "type_fits": "yes"}


def verdict(own_type: str = "natural killer cell", score: int = 88, **answers: Any) -> dict[str, Any]:
    given = {**dict.fromkeys(QUESTIONS, "no"), **AGREES, **answers}
    return {
        "own_type": own_type,
        **{q: a if isinstance(a, dict) else {"answer": a, "genes": ["GNLY", "NKG7"]} for q, a in given.items()},
        "feedback": "Look at CCL4 again.",
        "score": score,
        "score_reason": "GNLY and NKG7 fit.",
    }


DISAGREES = verdict(better_type="yes")
Said = Mapping[str, Any] | str | tuple[str, Finish] | CassiaError
Script = Callable[[str, int, Chat], Said]


class Model:
    """A scripted model: `script` gets the role, how often it was asked, and the chat."""

    model = "some/model-1"

    def __init__(self, script: Script, recorded: bool = False, **reply: Any):
        self.script, self.recorded, self.reply = script, recorded, reply
        self.asked: list[tuple[str, Chat, int, int]] = []

    async def chat(self, chat: Chat, replicate: int = 0, ordinal: int = 0) -> Reply:
        role = chat.system.split()[1].strip(".")
        said = self.script(role, sum(role == other for other, *_ in self.asked), chat)
        self.asked.append((role, chat, replicate, ordinal))
        if isinstance(said, CassiaError):
            raise said
        text, finish = said if isinstance(said, tuple) else (said, Finish.STOP)
        body = {"system": chat.system, "max_tokens": chat.max_tokens}
        call = Call(Request("openai", "http://127.0.0.1/v1", body), replicate, ordinal)
        return Reply(
            text if isinstance(text, str) else json.dumps(text),
            finish,
            finish.value,
            "some/model-1-2026",
            call,
            Receipt("{}", "2026-11-21T09:00:00Z", 1.5, self.recorded),
            **{
                "input_tokens": 1000,
                "output_tokens": chat.max_tokens if finish is Finish.LENGTH else 200,
                "cost_usd": 0.01,
                "cost_source": "provider",
                **self.reply,
            },
        )

    @property
    def roles(self) -> str:
        return " ".join(role for role, *_ in self.asked)


def script(annotator: list[Any], validator: list[Any] | None = None, formatter: list[Any] | None = None) -> Script:
    """Replies in their order, by role; the last one again and again."""
    said: dict[str, list[Any]] = {
        "annotator": annotator,
        "validator": validator or [verdict()],
        "formatter": formatter or [],
    }
    return lambda role, n, chat: said[role][min(n, len(said[role]) - 1)]


def hold(model: Model, a_cluster: Cluster | None = None, replicate: int = 0, **options: Any) -> ClusterResult:
    asked = replace(a_cluster or cluster(), id=SECRET_ID)
    briefing = dataclasses.replace(BRIEFING, involvement=options.get("validator_involvement", "v1"), version=EARLIER)
    how = AnnotateSettings(provider="custom", **options)
    advisers = Advisers(calibration=CALIBRATION)
    return asyncio.run(converse(asked, briefing, model, how, Ontology.load(), replicate, advisers))


# --- the machine ---


def test_every_state_is_reached_and_leads_to_the_end() -> None:
    reached, ends = {State.ANNOTATE}, {State.DONE}
    for _ in State:
        reached |= {after for (before, _), after in TRANSITIONS.items() if before in reached}
        ends |= {before for (before, _), after in TRANSITIONS.items() if after in ends}
    assert reached == ends == set(State)
    assert not any(state is State.DONE for state, _ in TRANSITIONS)
    assert {event for _, event in TRANSITIONS} == set(Event)


WILD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(
        [
            claim(),
            claim(evidence=[]),
            claim(lineage="unresolved", candidates=[]),
            claim(lineage="", candidates=[{"cell_type": "unknown"}]),
            claim(mixture=[{"cell_type": "B cell", "genes": ["GNLY"]}]),
            verdict(),
            DISAGREES,
            ("", Finish.REFUSED),
            (json.dumps(claim())[:200], Finish.LENGTH),
            ("{", Finish.OTHER),
            "I would rather not say.",
            "",
            CallFailedError("custom answered 400"),
        ]
    ),
    st.text(max_size=30),
)


@settings(deadline=None)
@given(
    st.lists(WILD, min_size=1, max_size=8),
    st.lists(WILD, min_size=1, max_size=8),
    st.lists(WILD, min_size=1, max_size=3),
    st.integers(1, 3),
)
def test_whatever_is_said_the_conversation_ends_with_an_outcome(
    annotator: list[Any], validator: list[Any], formatter: list[Any], rounds: int
) -> None:
    model = Model(script(annotator, validator, formatter))
    result = hold(model, max_rounds=rounds)
    # At most asked, asked for more, and formatted; for each of two roles.
    assert len(model.asked) <= 6 * rounds
    assert result.outcome.is_failure == (result.annotation is None)
    assert result.reason or result.validated
    if result.annotation and result.validated is False:
        assert result.annotation.confidence is Confidence.LOW
    if result.annotation:
        assert result.has_cell_type == (result.annotation.general_type != "unresolved")
    json.dumps(to_json(result), ensure_ascii=False).encode()


def test_a_normal_conversation_costs_two_calls() -> None:
    model = Model(script([claim()]))
    result = hold(model)
    assert model.roles == "annotator validator"
    assert (result.outcome, result.reason, result.validated) == (Outcome.ANNOTATED, "", True)
    assert (result.iterations, result.score) == (1, 95.0)
    answer = result.annotation
    assert answer is not None
    assert answer.general_type == "innate lymphoid cell"
    assert [t.label for t in answer.detailed_types] == ["natural killer cell", "CD8 T cell"]
    assert (answer.cl_id, answer.cl_label, answer.match.text) == ("CL:0000623", "natural killer cell", "exact")
    assert (answer.confidence, answer.score) == (Confidence.HIGH, 95.0)
    assert answer.evidence_genes == NK_GENES[:6]
    assert answer.conflicting_genes == ("CCL4",)
    assert answer.unsupported_genes == answer.mixed_types == ()
    assert answer.state == "cytotoxic"
    assert answer.score_reason == "GNLY and KLRD1 are specific."
    assert answer.top_explained == 0.7
    assert "hypothesis" in result.decided_by
    assert "some/model-1" in result.decided_by


def test_no_chat_holds_the_cluster_id() -> None:
    model = Model(script([claim()], [DISAGREES]))
    hold(model)
    assert not any(SECRET_ID in str(chat) for _, chat, _, _ in model.asked)


def test_a_claim_with_an_unlisted_gene_goes_back_before_the_validator_is_asked() -> None:
    wrong = claim(evidence=[{"gene": "CD3D", "speaks_for": "T cell"}, *claim()["evidence"]])
    model = Model(script([wrong, claim()]))
    result = hold(model)
    assert model.roles == "annotator annotator validator"
    assert "CD3D is not in the list of 10 genes" in model.asked[1][1].messages[-1].text
    assert (result.validated, result.iterations) == (True, 2)
    assert result.conversation.validations[0].startswith("(The validator was not asked")
    assert "[NO]" in result.conversation.checks[0]
    assert "[NO]" not in result.conversation.checks[1]


MARKUP: dict[str, Callable[[str], str]] = {
    "bold": lambda gene: f"**{gene}**",
    "code": lambda gene: f"`{gene}`",
    "plus": lambda gene: f"{gene}+",
    "remark": lambda gene: f"{gene} (a marker)",
    "slash": lambda gene: f"{gene}/X",
    "colon": lambda gene: f"{gene}: cytotoxicity",
    "number": lambda gene: f"1. {gene}",
    "high": lambda gene: f"{gene} high",
    "html": lambda gene: f"<i>{gene}</i>",
}


def with_genes(said: Any, write: Callable[[str], str], key: str = "") -> Any:
    if isinstance(said, dict):
        return {name: with_genes(value, write, name) for name, value in said.items()}
    if isinstance(said, list):
        return [with_genes(value, write, key) for value in said]
    return write(said) if key in ("gene", "genes", "separating_genes") else said


@pytest.mark.parametrize("markup", MARKUP)
def test_genes_with_markup_cost_no_round(markup: str) -> None:
    replies = [with_genes(said, MARKUP[markup]) for said in (claim(), verdict())]
    model = Model(script([replies[0]], [replies[1]]))
    result = hold(model)
    plain = hold(Model(script([claim()])))
    assert model.roles == "annotator validator"
    assert result.annotation == plain.annotation
    assert result.annotation is not None and result.annotation.confidence is Confidence.HIGH
    assert '"evidence":["GNLY","GZMB"' in model.asked[1][1].messages[-1].text


def test_a_gene_cited_twice_is_shown_once() -> None:
    twice = [{"gene": gene, "speaks_for": "x"} for gene in ("GNLY", "**GNLY**", "GZMB", "GNLY (granulysin)")]
    model = Model(script([claim(evidence=twice)]))
    hold(model, max_rounds=1)
    assert '"evidence":["GNLY","GZMB"]' in model.asked[1][1].messages[-1].text


def test_in_the_last_round_the_validator_is_asked_whatever_was_found() -> None:
    wrong = claim(evidence=[{"gene": "CD3D", "speaks_for": "T cell"}, *claim()["evidence"]])
    model = Model(script([wrong]))
    result = hold(model, max_rounds=2)
    assert model.roles == "annotator annotator validator"
    answer = result.annotation
    assert answer is not None
    assert answer.unsupported_genes == ("CD3D",)
    assert "CD3D" not in answer.evidence_genes
    assert (result.validated, "failed_checks") == (True, result.confidence_reasons[0].code)


def test_by_earlier_prompts_the_last_answer_is_reviewed_though_one_before_has_fewer_faults() -> None:
    unlisted = [{"gene": "CD3D", "speaks_for": "T cell"}, *claim()["evidence"]]
    weak = [{"cell_type": "platelet", "genes": []}]
    model = Model(script([claim(evidence=unlisted), claim(evidence=unlisted, mixture=weak, state="resting")]))
    hold(model, max_rounds=2)
    assert model.roles == "annotator annotator validator"
    assert "resting" in model.asked[-1][1].messages[0].text


def test_objections_go_back_to_the_annotator() -> None:
    model = Model(script([claim(), claim(score=70)], [DISAGREES, verdict()]))
    result = hold(model)
    assert model.roles == "annotator validator annotator validator"
    feedback = model.asked[2][1].messages[-1].text
    assert "Another type explains the list better than the first candidate: GNLY, NKG7." in feedback
    assert "Look at CCL4 again." in feedback
    assert (result.validated, result.iterations) == (True, 2)


@pytest.mark.parametrize(("rounds", "words"), [(1, "1 round:"), (3, "3 rounds:")])
def test_failed_validations_never_look_like_success(rounds: int, words: str) -> None:
    model = Model(script([claim()], [verdict(better_type="yes", score=99)]))
    result = hold(model, max_rounds=rounds)
    assert len(model.asked) == 2 * rounds
    assert result.outcome is Outcome.ANNOTATED
    assert result.validated is False
    assert result.annotation is not None
    assert result.annotation.confidence is Confidence.LOW
    assert f"not validated after {words}" in result.reason
    [objection] = result.objections
    assert objection.startswith("Another type explains the list better") and objection.rstrip(".") in result.reason
    assert result.confidence_reasons == (ConfidenceReason("not_agreed", "the validator did not agree"),)
    assert f"Confidence Low: {result.confidence_reason}.\nObjection: {objection}" in (result.conversation.scoring or "")


def test_equal_requests_are_counted() -> None:
    model = Model(script([claim()], [DISAGREES]))
    result = hold(model, replicate=2)
    assert [(role, ordinal) for role, _, _, ordinal in model.asked if role == "validator"] == [
        ("validator", 0),
        ("validator", 1),
        ("validator", 2),
    ]
    assert {replicate for _, _, replicate, _ in model.asked} == {2}
    assert [call["ordinal"] for call in result.conversation.calls] == [0, 0, 0, 1, 0, 2]


def test_of_claims_that_were_not_validated_the_best_is_kept() -> None:
    other = claim(candidates=[{"cell_type": "T cell", "cl_name": "T cell", "separating_genes": ["CCL4"]}])
    all_wrong = verdict(better_type="yes", type_fits="no", lineage_fits="no")
    model = Model(script([claim(), other], [DISAGREES, all_wrong]))
    result = hold(model, max_rounds=2)
    assert result.annotation is not None
    assert result.annotation.detailed_types[0].label == "natural killer cell"
    assert "the annotation is that of round 1" in result.reason


def test_of_equally_good_claims_the_latest_is_kept() -> None:
    other = claim(candidates=[{"cell_type": "T cell", "cl_name": "T cell", "separating_genes": ["CCL4"]}])
    same = [verdict(better_type="yes"), verdict("T cell", better_type="yes")]
    result = hold(Model(script([claim(), other], same)), max_rounds=2)
    assert result.annotation is not None
    assert result.annotation.detailed_types[0].label == "T cell"


# --- replies that cannot be read ---


def test_an_unreadable_reply_is_formatted_once() -> None:
    prose = "It is a natural killer cell, an innate lymphoid cell; " + json.dumps(claim())[:-20]
    model = Model(script([prose], formatter=[claim(conflicts=[])]))
    result = hold(model)
    assert model.roles == "annotator formatter validator"
    assert model.asked[1][1].schema == model.asked[0][1].schema
    assert result.validated is True
    assert result.conversation.annotations == (prose,)


def test_a_formatter_that_adds_something_is_not_believed() -> None:
    model = Model(script(["It is a natural killer cell."], formatter=[claim()]))
    result = hold(model)
    assert model.roles == "annotator formatter"
    assert (result.outcome, result.votes) == (Outcome.UNPARSED, ())
    assert "formatter added" in result.reason


def test_a_reply_that_stays_unreadable_is_unparsed() -> None:
    result = hold(Model(script(["I would rather not say."], formatter=["Nor would I."])))
    assert result.outcome is Outcome.UNPARSED
    assert "no JSON object" in result.reason
    assert result.usage.calls == 2
    assert result.conversation.annotations == ("I would rather not say.",)


@pytest.mark.parametrize("text", ["", "\ufeff \r\n", "x" * 8_000_000])
def test_hopeless_replies_are_not_formatted(text: str) -> None:
    model = Model(script([text]))
    assert hold(model).outcome is Outcome.UNPARSED
    assert model.roles == "annotator"


def test_a_cut_reply_is_asked_for_again_with_twice_the_tokens() -> None:
    cut = (json.dumps(claim())[:300], Finish.LENGTH)
    model = Model(script([cut, claim()]))
    result = hold(model)
    assert model.roles == "annotator annotator validator"
    assert [chat.max_tokens for _, chat, _, _ in model.asked] == [4096, 8192, 4096]
    assert (result.outcome, result.iterations, result.usage.calls) == (Outcome.ANNOTATED, 1, 3)
    assert result.conversation.annotations == (json.dumps(claim()),)


def test_a_reply_that_is_cut_twice_is_truncated() -> None:
    model = Model(script([(json.dumps(claim())[:300], Finish.LENGTH)]))
    result = hold(model)
    assert model.roles == "annotator annotator"
    assert (result.outcome, result.votes) == (Outcome.TRUNCATED, ())
    assert "8,192 tokens" in result.reason


def test_a_full_context_is_told_as_counted_and_no_more_is_asked_for() -> None:
    cut = (json.dumps(claim())[:300], Finish.LENGTH)
    model = Model(script([cut]), output_tokens=288, input_tokens=3808)
    result = hold(model)
    assert model.roles == "annotator"
    assert result.outcome is Outcome.TRUNCATED
    assert result.reason == (
        "cut off after 288 tokens: the context is full (the prompt has 3,808); "
        "give the server or model a longer context"
    )


@pytest.mark.parametrize("unit", ["CD3D, ", '{"gene": "CD3D", "speaks_for": "T cell"}, ', "\n", "a"])
def test_a_reply_that_repeats_itself_is_not_asked_for_again(unit: str) -> None:
    model = Model(script([('{"evidence": [' + unit * 40, Finish.LENGTH)]))
    result = hold(model)
    assert model.roles == "annotator"
    assert (result.outcome, result.reason) == (
        Outcome.TRUNCATED,
        "cut off at 4,096 tokens, where the model only repeated itself",
    )


def test_a_model_that_gives_fewer_tokens_is_not_asked_twice_for_them() -> None:
    cut = (json.dumps(claim())[:300], Finish.LENGTH)
    model = Model(script([cut]), output_tokens=2048, sent={"max_tokens": 2048})
    result = hold(model)
    assert model.roles == "annotator"
    assert result.reason == "cut off at 2,048 tokens, the most that the model gives"


def test_an_answer_to_half_a_prompt_is_none() -> None:
    result = hold(Model(script([(json.dumps(claim()), Finish.PROMPT_CUT)]), input_tokens=4096))
    assert (result.outcome, result.votes) == (Outcome.FAILED, ())
    assert "the server cut the prompt to 4,096 tokens" in result.reason


def test_a_model_that_gives_no_more_tokens_has_truncated_its_reply() -> None:
    replies = [(json.dumps(claim())[:300], Finish.LENGTH), CallFailedError("custom answered 400: max_tokens")]
    result = hold(Model(script(replies)))
    assert result.outcome is Outcome.TRUNCATED
    assert "4,096 tokens; asked for more: custom answered 400" in result.reason


def test_a_whole_object_at_the_end_of_the_tokens_is_taken() -> None:
    model = Model(script([(json.dumps(claim()), Finish.LENGTH)]))
    assert hold(model).validated is True
    assert model.roles == "annotator validator"


def test_a_reply_that_ended_oddly_is_not_repaired() -> None:
    model = Model(script([("```\n" + json.dumps(claim()) + "\n```", Finish.OTHER)]))
    result = hold(model)
    assert model.roles == "annotator"
    assert result.outcome is Outcome.UNPARSED
    assert "'other'" in result.reason


def test_a_repaired_reply_says_so() -> None:
    result = hold(Model(script(["```json\r\n" + json.dumps(claim()) + "\r\n```"])))
    assert result.conversation.calls[0]["repaired"] == ["a code fence was taken off"]
    assert result.conversation.calls[1]["repaired"] == []
    assert "Repaired: a code fence was taken off." in (result.conversation.scoring or "")


@pytest.mark.parametrize("words", ["", "I cannot help with viruses."])
def test_a_refusal_is_an_outcome(words: str) -> None:
    model = Model(script([(words, Finish.REFUSED)]))
    result = hold(model)
    assert model.roles == "annotator"
    assert (result.outcome, result.validated) == (Outcome.REFUSED, None)
    assert "'refused'" in result.reason
    assert words in result.reason
    assert result.conversation.annotations == ((words,) if words else ())
    assert result.usage.calls == 1


def test_a_failed_call_is_an_outcome() -> None:
    result = hold(Model(script([CallFailedError("custom answered 404: no such model")])))
    assert (result.outcome, result.reason) == (Outcome.FAILED, "custom answered 404: no such model")
    assert result.usage == Usage()
    assert result.decided_by == ""


@pytest.mark.parametrize("error", [AccountError("no credit"), TemporaryError("down"), StoppedError("stopped")])
@pytest.mark.parametrize("role", ["annotator", "validator"])
def test_what_ends_the_run_is_raised(error: CassiaError, role: str) -> None:
    replies = [error] if role == "annotator" else [claim()]
    with pytest.raises(type(error)):
        hold(Model(script(replies, [error])))


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (("", Finish.REFUSED), "was refused"),
        (("{", Finish.LENGTH), "was cut off"),
        ("No.", "could not be read"),
        (CallFailedError("custom answered 413"), "did not come (custom answered 413)"),
    ],
)
def test_an_annotation_stands_without_its_validation(reply: Said, words: str) -> None:
    result = hold(Model(script([claim()], [reply], formatter=["No."])))
    assert (result.outcome, result.validated, result.score) == (Outcome.ANNOTATED, None, 95.0)
    assert f"the validator's reply of round 1 {words}" in result.reason
    assert result.annotation is not None
    assert result.annotation.score_reason == "GNLY and KLRD1 are specific."


def test_an_annotation_stands_when_its_revision_is_lost() -> None:
    result = hold(Model(script([claim(), ("", Finish.REFUSED)], [DISAGREES])))
    assert (result.outcome, result.validated, result.iterations) == (Outcome.ANNOTATED, False, 2)
    assert "annotator's reply of round 2 was refused" in result.reason
    assert result.annotation is not None
    assert result.annotation.confidence is Confidence.LOW


# --- answers of other kinds ---


def test_unresolved_is_an_answer() -> None:
    unsure = claim(lineage="Unresolved", candidates=[], evidence=[], score=0, score_reason="Only GNLY is specific.")
    result = hold(Model(script([unsure], [verdict("unresolved")])))
    assert (result.outcome, result.validated, result.has_cell_type) == (Outcome.ANNOTATED, True, False)
    assert result.annotation is not None
    assert result.annotation.general_type == "unresolved"
    assert result.annotation.confidence is Confidence.LOW
    assert result.reason == "the markers do not tell the type: Only GNLY is specific."


def test_a_lineage_without_candidates_is_the_answer_in_the_end() -> None:
    model = Model(script([claim(lineage="T cell", candidates=[])], [verdict("T cell")]))
    result = hold(model)
    assert model.roles == "annotator annotator annotator validator"
    assert result.annotation is not None
    assert [t.label for t in result.annotation.detailed_types] == ["T cell"]


def test_a_mixture_names_the_answer_and_its_partners() -> None:
    mixture = [
        {"cell_type": "platelet", "genes": ["CCL4", "SPON2"]},
        {"cell_type": "B cell", "genes": ["MS4A1", "CCL4"]},
    ]
    result = hold(Model(script([claim(mixture=mixture)])), max_rounds=1)
    assert result.annotation is not None
    assert result.annotation.mixed_types == ("natural killer cell", "platelet")
    assert result.annotation.unsupported_genes == ("MS4A1",)


def test_the_same_type_is_listed_once() -> None:
    twice = [{"cell_type": name, "cl_name": ""} for name in ("NK cells", "natural killer cell")]
    result = hold(Model(script([claim(candidates=twice)])))
    assert result.annotation is not None
    assert [t.label for t in result.annotation.detailed_types] == ["NK cells"]
    assert "failed_checks" in [reason.code for reason in result.confidence_reasons]


def test_the_ontology_name_places_a_label_that_has_no_place() -> None:
    odd = [{"cell_type": "zzyzx thing", "cl_name": "natural killer cell", "separating_genes": []}]
    result = hold(Model(script([claim(candidates=odd)])))
    assert result.annotation is not None
    assert result.annotation.cl_id == "CL:0000623"
    assert result.annotation.match == TermMatch(How.EXACT, by_ontology_name=True)


def test_without_any_score_none_is_invented() -> None:
    replies = script([claim(score="high")], [{**verdict(), "score": -1}])
    result = hold(Model(replies))
    assert result.score is None
    assert result.annotation is not None
    assert "No readable score" in result.annotation.score_reason
    assert "no_score" in [reason.code for reason in result.confidence_reasons]


def test_genes_that_were_set_aside_are_not_invented_ones() -> None:
    asked = replace(cluster(), set_aside=(SetAside("ribosomal", ("RPS27",)),))
    said = claim(evidence=[{"gene": "RPS27", "speaks_for": "nothing"}, *claim()["evidence"]])
    result = hold(Model(script([said])), asked)
    assert result.annotation is not None
    assert result.annotation.unsupported_genes == ()
    assert result.iterations == 1


# --- the validator's stance ---


@pytest.mark.parametrize(
    ("answers", "v1", "v0"),
    [
        ({}, True, True),
        ({"too_specific": "yes"}, True, False),
        ({"lineage_fits": "no"}, False, False),
        ({"type_fits": "no, because"}, False, False),
        ({"type_fits": "perhaps"}, False, False),
        ({"better_type": {"answer": "yes", "genes": []}}, True, False),
        ({"missed_conflict": {"answer": "yes", "genes": ["CD3D"]}}, True, False),
        ({"missed_conflict": {"answer": "yes", "genes": ["gnly"]}}, False, False),
        ({"better_type": {"answer": "yes: GNLY marks a T cell"}}, False, False),
        (
            {"better_type": {"answer": "yes", "genes": [], "reason": "Was it a T cell? The Rest is unclear."}},
            True,
            False,
        ),
        ({"better_type": {"answer": "yes", "genes": [], "reason": "NKG7 is high"}}, False, False),
        ({"missed_mixture": {"answer": "yes", "genes": ["GNLY"]}}, True, False),
        ({"missed_mixture": {"answer": "yes", "genes": ["GNLY", "PRF1"]}}, False, False),
        ({"own_type": "lymphocyte"}, True, True),
        ({"own_type": "hepatocyte"}, False, False),
        ({"own_type": "CD8-positive, alpha-beta T cell"}, True, False),
        ({"own_type": "unresolved"}, True, True),
    ],
)
def test_code_decides_from_the_answers(answers: dict[str, Any], v1: bool, v0: bool) -> None:
    for involvement, agreed in (("v1", v1), ("v0", v0)):
        replies = script([claim()], [verdict(**answers)])
        result = hold(Model(replies), validator_involvement=involvement, max_rounds=1)
        assert result.validated is agreed, involvement


@pytest.mark.parametrize(
    ("score", "sure"),
    [(80, Confidence.HIGH), (79, Confidence.MODERATE), (76, Confidence.MODERATE), (74, Confidence.LOW)],
)
def test_confidence_follows_the_annotators_score(score: int, sure: Confidence) -> None:
    result = hold(Model(script([claim(score=score)], [verdict(score=99)])))
    assert result.annotation is not None
    assert result.annotation.confidence is sure


# --- verdicts that are none ---


def of_type(cell_type: str, lineage: str = "leukocyte") -> dict[str, Any]:
    return claim(lineage=lineage, candidates=[{"cell_type": cell_type, "cl_name": "", "separating_genes": ["GNLY"]}])


@pytest.mark.parametrize(
    "said",
    [
        of_type("AIF1"),
        of_type("**GNLY**"),
        of_type("GNLY+ cells"),
        of_type("natural killer cell", lineage="AIF1"),
        of_type("natural killer cell", lineage="..."),
        of_type("<cell type>"),
        of_type("string"),
        of_type("N/A"),
        of_type("CD3D^high"),
        of_type("NKG7-positive"),
        of_type("NKG7hi cells"),
        of_type("1. GNLY"),
        of_type("ENSG00000167286"),
        of_type("gene expression"),
        of_type("most specific cell type"),
        claim(evidence=[]),
        claim(evidence=[{"gene": "CD3D", "speaks_for": "T cell"}, {"gene": "CD3E", "speaks_for": "T cell"}]),
    ],
)
def test_no_agreement_makes_nonsense_validated(said: Any) -> None:
    model = Model(script([said], [verdict("unresolved", score=100)]))
    result = hold(model)
    assert model.roles.startswith("annotator annotator"), "it goes back"
    assert result.validated is False
    assert result.annotation is not None
    assert result.annotation.confidence is Confidence.LOW
    assert "not validated after 3 rounds: " in result.reason
    assert hold(Model(script([said, claim()]))).validated is True


@pytest.mark.parametrize(
    "label", ["pDC", "SST", "NK", "Treg", "MAIT", "CD8 T cell", "cDC2", "B", "T", "CD4+ T cells", "NKT"]
)
def test_names_of_types_that_look_like_genes_are_types(label: str) -> None:
    findings = hold(Model(script([of_type(label)])), max_rounds=1).conversation.checks[0]
    assert "[yes] The lineage and every candidate name a type." in findings


@pytest.mark.parametrize("label", ["qwertz", "B cell or something", "transitional thing"])
def test_a_type_that_nobody_knows_is_not_sure(label: str) -> None:
    result = hold(Model(script([of_type(label)], [verdict(label, score=100)])))
    assert result.annotation is not None
    assert (result.validated, result.annotation.confidence) == (True, Confidence.MODERATE)
    assert "no_term" in [reason.code for reason in result.confidence_reasons]
    assert hold(Model(script([of_type(label)], [verdict("unresolved", score=100)]))).validated is False


@pytest.mark.parametrize("label", ["I don't know", "???", "Cannot determine", "none of the above", "{}", "[]"])
def test_words_for_no_type_are_no_type(label: str) -> None:
    model = Model(script([of_type(label), claim()]))
    result = hold(model)
    assert model.roles == "annotator annotator validator"
    assert result.annotation is not None
    assert result.annotation.detailed_types[0].label == "natural killer cell"


@pytest.mark.parametrize("blank", ["...", "<lineage>", "string", "Cell type"])
def test_the_form_sent_back_is_no_answer(blank: str) -> None:
    form = claim(
        evidence=[{"gene": "...", "speaks_for": "..."}],
        lineage=blank,
        candidates=[{"cell_type": blank, "cl_name": blank, "separating_genes": ["..."]}],
        score_reason="...",
    )
    model = Model(script([form], [verdict("unresolved")]))
    result = hold(model)
    assert model.roles == "annotator annotator annotator"
    assert (result.outcome, result.votes) == (Outcome.UNPARSED, ())
    assert "repeats the form" in result.reason
    assert hold(Model(script([form, claim()]))).validated is True
    assert hold(Model(script([claim(), form], [DISAGREES])), max_rounds=2).outcome is Outcome.ANNOTATED


def test_nothing_of_the_form_is_quoted_as_a_reason() -> None:
    unsure = claim(lineage="unresolved", candidates=[], evidence=[], context_conflict="...", score_reason="...")
    result = hold(Model(script([unsure], [verdict("unresolved")])))
    assert result.reason == "the markers do not tell the type: no reason was given"
    assert result.annotation is not None
    assert result.annotation.context_conflict == ""


@pytest.mark.parametrize("genes", [["GNLY"], [], ["CD3D"]])
def test_yes_to_every_question_agrees_with_nothing(genes: list[str]) -> None:
    everything: dict[str, Any] = {key: {"answer": "yes", "genes": genes} for key in QUESTIONS}
    result = hold(Model(script([claim()], [verdict(**everything)])))
    assert result.validated is False
    assert result.annotation is not None
    assert result.annotation.confidence is Confidence.LOW


def test_an_objection_without_a_listed_gene_is_shown_and_not_counted() -> None:
    result = hold(Model(script([claim()], [verdict(better_type={"answer": "yes", "genes": ["CD3D"]})])))
    assert result.validated is True
    assert result.annotation is not None
    assert result.annotation.unsupported_genes == ("CD3D",)
    line = "Another type explains the list better than the first candidate: CD3D is not in the list of 10 genes."
    assert f"Not counted: {line}" in (result.conversation.scoring or "")


@pytest.mark.parametrize(("involvement", "agreed"), [("v1", True), ("v0", False)])
def test_report_marks_objections_as_they_were_judged(involvement: str, agreed: bool) -> None:
    unbacked = {"answer": "yes", "genes": []}
    model = Model(script([claim()], [verdict(better_type=unbacked, too_specific=unbacked)]))
    result = hold(model, validator_involvement=involvement)
    assert result.validated is agreed
    marks = [
        line.mark
        for turn in turns(result.conversation, result.rounds)
        for point in turn.points
        if point.heading == "Questions"
        for line in point.lines
    ]
    assert len(marks) == len(QUESTIONS) * result.iterations
    assert ("failed" in marks) is not agreed


# --- what is recorded ---


def test_every_call_is_recorded_in_order() -> None:
    result = hold(Model(script([claim()]), sent={"temperature": 0.0}), temperature=0.0)
    assert [(c["role"], c["round"]) for c in result.conversation.calls] == [("annotator", 1), ("validator", 1)]
    first = result.conversation.calls[0]
    assert first["response"] == json.dumps(claim())
    assert first["request"]["max_tokens"] == 4096
    assert (first["finish"], first["model"], first["seconds"]) == ("stop", "some/model-1-2026", 1.5)
    assert first["sent"] == {"temperature": 0.0}
    assert result.usage == Usage(2, 2000, 400, 0.02, None)
    conversation = result.conversation
    assert len(conversation.annotations) == len(conversation.checks) == len(conversation.validations) == 1
    [kept] = result.rounds
    assert kept.claim and kept.verdict and kept.judgement and kept.judgement.agreed and not kept.failed
    assert all(check.passed for check in kept.checks)
    assert set(kept.rulings.values()) == {Ruling.AGREES}
    assert json.loads(conversation.formatting or "")["cl_id"] == "CL:0000623"
    assert "Confidence High" in (conversation.scoring or "")
    assert from_json(ClusterResult, json.loads(json.dumps(to_json(result)))) == result


def test_unknown_costs_stay_unknown() -> None:
    result = hold(Model(script([claim()]), cost_usd=None, input_tokens=None))
    assert result.usage == Usage(2, None, 400, None, None)


def test_a_replayed_conversation_is_written_the_same() -> None:
    replies = script([claim(), claim(score=70)], [DISAGREES, verdict()])
    asked, replayed = (hold(Model(replies, recorded=recorded)) for recorded in (False, True))
    assert asked == replayed


def test_halves_of_surrogate_pairs_do_not_reach_the_files() -> None:
    said = json.dumps(claim(state="odd \ud83d state")).replace("GNLY and", "GNLY \ud83d and")
    result = hold(Model(script([said])))
    json.dumps(to_json(result), ensure_ascii=False).encode()  # halves of pairs have no UTF-8
    assert result.annotation and result.annotation.state.isprintable()


def test_the_settings_go_into_every_chat() -> None:
    model = Model(script([claim()]))
    hold(model, reasoning="high", temperature=0.5)
    assert {(chat.reasoning, chat.temperature, chat.max_tokens) for _, chat, _, _ in model.asked} == {
        ("high", 0.5, 16384)
    }
