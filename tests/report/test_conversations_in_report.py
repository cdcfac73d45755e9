"""The conversation with a model in the report, its calls, and what a run with a model says of itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from cassia_engine.conversation.rounds import NOT_ASKED
from cassia_engine.ontology import RELEASE
from cassia_engine.records import (
    SECOND,
    Adjudication,
    Cluster,
    ClusterResult,
    Conversation,
    Doubt,
    How,
    Outcome,
    Relation,
    Round,
    SetAside,
    TermMatch,
    from_json,
    to_json,
)
from cassia_engine.records.replies import Choice
from cassia_engine.report import answers, calls, dates, details, dialogue, facts, reply_points, review_flags, wording
from tests import conversations
from tests import factories as make
from tests.reading import Page
from tests.report.test_report import render

RUN = replace(make.MODEL_RUN, prompts="1", parameters=(("validator_involvement", "v1"), ("temperature", "0.0")))


def points(speaker: str, text: str) -> dict[str, list[str]]:
    """What is said, with each line as it reads."""
    held = conversations.held(**{"annotations" if speaker == "Annotator" else "validations": (text,)})
    turn = next(turn for turn in turns(held) if turn.speaker == speaker)
    return {point.heading: [reads(line) for line in point.lines] for point in turn.points}


def turns(
    conversation: Conversation, validated: bool | None = True, involvement: str = "v1"
) -> tuple[dialogue.Turn, ...]:
    return dialogue.turns(conversation, conversations.rounds(conversation, make.cluster(), validated, involvement))


def questions(text: str, involvement: str = "v1") -> tuple[reply_points.Line, ...]:
    """The lines of a validator's answers."""
    turn = next(
        t for t in turns(conversations.held(validations=(text,)), True, involvement) if t.speaker == "Validator"
    )
    return next(point.lines for point in turn.points if point.heading == "Questions")


def reads(line: reply_points.Line) -> str:
    first = (line.text, line.strong) if line.mark else (line.strong, line.text)
    return " ".join(filter(None, (*first, ", ".join(line.genes)))) + line.after


def spoken(conversation: Conversation, validated: bool | None = True) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(turn.speaker, turn.round, turn.notes) for turn in turns(conversation, validated)]


# --- replies in form


def test_annotation_reads_evidence_before_the_label_and_candidates_by_number() -> None:
    assert points("Annotator", conversations.claim()) == {
        "Evidence": ["GNLY, GZMB: cytotoxic lymphocyte", "KLRD1: natural killer cell"],
        "Against it": ["CD3D: T cell"],
        "Lineage": ["lymphocyte"],
        "Candidates": [
            "NK cell (in the ontology: natural killer cell) set apart by KLRD1, FGFBP2",
            "gamma-delta T cell",
        ],
        "Score": ["91 of 100: Strong cytotoxic genes."],
    }
    assert [p.heading for p in turns(conversations.held())[0].points if p.numbered] == ["Candidates"]


def test_annotation_says_what_is_seldom_there() -> None:
    found = points(
        "Annotator",
        conversations.claim(
            mixture=[{"cell_type": "platelet", "genes": ["PPBP", "PF4"]}],
            state="cycling",
            context_conflict="not a blood cell",
            possible_tissues=["liver", "spleen"],
            score=None,
        ),
    )
    assert found["Possible mixture"] == ["platelet by PPBP, PF4"]
    assert (found["State"], found["Conflict with context"]) == (["cycling"], ["not a blood cell"])
    assert (found["Possible tissues"], found["Score"]) == (["liver, spleen"], ["Strong cytotoxic genes."])


def test_verdict_reads_as_questions_with_answers_and_marks() -> None:
    text = conversations.verdict(better_type={"answer": "yes", "genes": ["GZMB"]}, too_specific={"answer": "perhaps"})
    assert [reads(line) for line in questions(text)][:4] == [
        "Do the strongest genes fit the claimed lineage? yes GNLY",
        "Do listed genes single out the first candidate? yes GNLY",
        "Does the first candidate claim more than the genes can show? no clear answer",
        "Does another type explain the list better? yes GZMB",
    ]
    marks = [line.mark for line in questions(text)]
    assert marks[:4] == ["passed", "passed", "unclear", "failed"]
    assert set(marks[4:]) == {"passed"}
    assert "Feedback" not in points("Validator", text)


def test_an_objection_that_did_not_count_is_no_failed_answer() -> None:
    lines = questions(
        conversations.verdict(better_type={"answer": "yes", "genes": ["CD19"]}, too_specific={"answer": "yes"})
    )
    assert [line.mark for line in lines][2:4] == ["unclear", "unclear"]
    assert reads(lines[2]).endswith("yes (no objection for a moderate validator)")
    assert reads(lines[3]).endswith("CD19 (not counted: too few of them are in the list)")


@pytest.mark.parametrize("speaker", ["Annotator", "Validator"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A natural killer cell.", {}),
        ("", {}),
        ('{"cell": "NK", "genes": ["GNLY", "GZMB"], "none": []}', {"Cell": ["NK"], "Genes": ["GNLY, GZMB"]}),
        ('{"a": [{"b": "c", "d": ["e"]}, {"b": 1}]}', {"A": ["c (e)", "1"]}),
        ('{"a": ' * 5000, {}),
        ('{"a": ' + "[" * 900 + "]" * 900 + "}", {}),
        ('{"n": ' + "9" * 5000 + "}", {}),
        ("[1, 2]", {}),
    ],
)
def test_other_replies_are_shown_as_they_are(speaker: str, text: str, expected: dict[str, Any]) -> None:
    if not text and speaker == "Validator":  # an empty text stands for a round that nobody judged
        spoke = [turn.speaker for turn in turns(conversations.held(validations=(text,)))]
        assert spoke == ["Annotator", "Checks in code", "Score and confidence"]
        return
    assert points(speaker, text) == expected


def test_reply_in_a_fence_is_read_like_any_other() -> None:
    assert points("Annotator", f"Here it is:\n```json\n{conversations.claim()}\n```") == points(
        "Annotator", conversations.claim()
    )


# --- turns


def test_turns_of_one_round() -> None:
    assert spoken(conversations.held()) == [
        ("Annotator", 1, ()),
        ("Checks in code", 1, ("1 of 2 passed",)),
        ("Validator", 1, ("agreed",)),
        ("Score and confidence", 0, ()),
    ]


def test_rounds_are_told_apart_and_say_why_they_came() -> None:
    held = conversations.held(
        annotations=(conversations.claim(),) * 3,
        checks=(conversations.CHECKS,) * 3,
        validations=(NOT_ASKED,) + (conversations.verdict(),) * 2,
    )
    found = turns(held)
    assert [turn.opens for turn in found if turn.opens] == [
        "Round 1 of 3",
        "Round 2 of 3: the checks sent the answer back",
        "Round 3 of 3: the validator had objections",
    ]
    assert [turn.notes for turn in found if turn.side == "validator"] == [("did not agree",), ("agreed",)]
    unasked = next(turn for turn in found if turn.side == "unasked")
    assert unasked.text == "The validator was not asked: what the checks found went back to the annotator."
    result = make.annotated(conversation=held, validated=True)
    assert dialogue.dialogue_summary(found, result) == "5 messages in 3 rounds; the validator agreed"


def test_second_opinion_and_adjudication_are_told() -> None:
    other = conversations.claim(candidates=[{"cell_type": "B cell", "cl_name": "B cell", "separating_genes": []}])
    choice = Choice("b", for_b=("KLRD1",), reason="KLRD1 is for NK cells.")
    held = conversations.held(
        annotations=(conversations.claim(), other),
        checks=(conversations.CHECKS,) * 2,
        validations=(),
        adjudication=json.dumps({"choice": "b"}),
        calls=(
            conversations.call(),
            conversations.call("second annotator", 2),
            conversations.call("adjudicator", 2),
        ),
    )
    first, second = conversations.rounds(held, make.cluster(), None)
    rounds = (first, replace(second, role=SECOND))
    found = Adjudication(Relation.DIFFERENT, chosen=1, a=2, b=1, choice=choice)
    result = make.annotated(conversation=held, rounds=rounds, adjudication=found, validated=None)
    spoken = dialogue.turns(held, rounds, found)
    assert [(turn.speaker, turn.side) for turn in spoken if turn.is_message] == [
        ("Annotator", "annotator"),
        ("Second annotator", "annotator"),
        ("Adjudicator", "validator"),
    ]
    assert [turn.opens for turn in spoken if turn.opens] == [
        "Round 1 of 2",
        "A second opinion, given without seeing the first answer",
    ]
    assert dialogue.dialogue_summary(spoken, result) == "3 messages in 2 rounds; a second opinion differed"
    told = "The other answer is B cell. The adjudicator chose the first: KLRD1 is for NK cells."
    assert review_flags.second_opinion(result) == told
    assert [(f.kind, f.detail) for f in review_flags.review_flags(result, "custom") if f.kind == "second_opinion"] == [
        ("second_opinion", told)
    ]
    taken = replace(result, adjudication=replace(found, chosen=2, choice=replace(choice, answer="a")))
    assert review_flags.second_opinion(taken).startswith(
        "The other answer is NK cell. The adjudicator chose the second"
    )
    agreed = replace(result, adjudication=Adjudication(Relation.NARROWER, chosen=1))
    assert review_flags.second_opinion(agreed) == "It agrees: B cell."
    assert not [f for f in review_flags.review_flags(agreed, "custom") if f.kind == "second_opinion"]


def test_a_second_opinion_that_is_missing_is_told() -> None:
    lost = make.annotated(doubts=(Doubt.LOW_SCORE,), validated=None, rounds=(Round(),))
    assert "no second opinion" in [flag.word for flag in review_flags.review_flags(lost, "custom")]
    assert "no verdict" in [f.word for f in review_flags.review_flags(make.annotated(validated=None), "custom")]


def test_verdict_that_did_not_agree_says_so() -> None:
    assert spoken(conversations.held(), validated=False)[2] == ("Validator", 1, ("did not agree",))


def test_repaired_refused_and_cut_off_replies_say_so() -> None:
    fence = conversations.call(repaired=["a code fence was taken off"])
    refused = conversations.call("validator", finish="refused", finish_reason="content_filter")
    held = conversations.held(validations=("No.",), calls=(fence, refused))
    assert spoken(held, None)[::2] == [
        ("Annotator", 1, ("repaired: a code fence was taken off",)),
        ("Validator", 1, ("refused (content_filter)",)),
    ]
    result = make.annotated(conversation=held, validated=None)
    assert dialogue.dialogue_summary(turns(held, None), result) == "2 messages in 1 round"


def test_formatter_speaks_after_the_reply_that_it_put_into_the_form() -> None:
    formatter = conversations.call("formatter", response=conversations.verdict())
    source = "GNLY says NK cell: it fits."
    held = conversations.held(
        validations=(source,), calls=(conversations.call(), conversations.call("validator"), formatter)
    )
    assert spoken(held)[2:4] == [
        ("Validator", 1, ()),
        ("Formatter", 1, ("to put the validator's reply into the form", "agreed")),
    ]


def test_formatter_that_adds_something_is_not_taken() -> None:
    formatter = conversations.call("formatter", response=conversations.verdict(own_type="B cell"))
    held = conversations.held(
        validations=("It fits.",), calls=(conversations.call(), conversations.call("validator"), formatter)
    )
    assert spoken(held, None)[3][2][1:] == ("not taken: it added 'B cell'",)


def test_call_of_the_last_conversation_counts() -> None:
    first = conversations.call(repaired=["commas were left out"])
    held = conversations.held(
        calls=(first, conversations.call(replicate=1), conversations.call("validator", replicate=1))
    )
    assert spoken(held)[0][2] == ()
    result = make.annotated(conversation=held)
    detail = Page(render([result])).detail("0")
    assert detail["conversations"] == 2
    assert "Annotator, round 1, conversation 2" in [call["who"] for call in detail["calls"]]


def test_texts_of_which_no_more_is_known_are_shown_as_they_are() -> None:
    """As in result files of earlier versions."""
    held = conversations.held(
        annotations=(conversations.claim(),) * 2,
        validations=(conversations.verdict(),) * 2,
        checks=(conversations.CHECKS,) * 2,
    )
    found = dialogue.turns(held)
    assert [turn.opens for turn in found if turn.opens] == ["Round 1 of 2", "Round 2 of 2"]
    assert [line.text for line in found[1].lines] == conversations.CHECKS.splitlines()
    assert not any(turn.notes for turn in found)
    assert [point.heading for point in found[2].points][:2] == ["Own type", "Lineage fits"]


def test_very_long_reply_is_cut_in_the_page_and_says_so() -> None:
    text = "x" * (dialogue.MOST_SHOWN + 1234)
    shown = turns(conversations.held(annotations=(text,)))[0].text
    assert shown.endswith("x\n[1,234 more characters are in the conversations' file]")


def test_reply_in_form_is_there_as_it_was_written_too() -> None:
    page = Page(
        render(
            [
                make.annotated(
                    conversation=conversations.held(calls=(conversations.call(response=conversations.claim()),))
                )
            ]
        )
    )
    said = page.detail("0")
    assert said["turns"][0]["text"] == said["requests"][0]["reply"] == conversations.claim()
    assert said["turns"][0]["points"]
    assert page.everything().count(conversations.claim()) == 1


# --- calls: unknown is not 0


def test_call_rows() -> None:
    strange = conversations.call(
        "validator", input_tokens=None, cost_usd=None, finish="length", finish_reason="max_tokens"
    )
    first, second = calls.rows(
        (conversations.call(sent={"max_tokens": 8192, "temperature": 0.0, "reasoning": "low"}), strange)
    )
    assert (first.who, first.model, first.tokens_in, first.cost, first.seconds) == (
        "Annotator, round 1",
        "some/model-1",
        "1,700",
        "$0.0095",
        "1.2",
    )
    assert (first.ended, first.sent) == ("complete", "at most 8,192 tokens, temperature 0, reasoning low")
    assert (second.tokens_in, second.cost, second.ended) == ("unknown", "unknown", "cut off (max_tokens)")
    assert second.sent == "at most 4,096 tokens, replies by a JSON schema"


def test_cost_says_where_it_is_from() -> None:
    mixed = (
        conversations.call(),
        conversations.call(cost_source="prices of 2026-11-20"),
        conversations.call(cost_usd=None, cost_source=""),
    )
    assert calls.cost_sources(mixed) == "the provider's own figure and calculated from prices of 2026-11-20"


@pytest.mark.parametrize(
    ("calls", "found"),
    [
        (
            [("2026-11-21T09:49:22+00:00", 22.0), ("2026-11-21T11:53:38.5+01:00", 1.0)],
            {
                "Answered": "21 November 2026, 09:49 to 10:53 UTC",
                "Time": "1 h 4 min from the first call to the last answer",
            },
        ),
        (
            [("2026-11-21T23:59:58+00:00", 1.5), ("2026-11-22T00:00:02+00:00", 1.0)],
            {
                "Answered": "21 November 2026, 23:59 to 22 November 2026, 00:00 UTC",
                "Time": "5.5 s from the first call to the last answer",
            },
        ),
        (
            [("2026-11-21T09:00:00+00:00", 0.25), ("yesterday", 1.0), ("2026-11-21T09:00:00+00:00", None)],
            {
                "Answered": "21 November 2026, 08:59 to 09:00 UTC",
                "Time": "0.2 s from the first call to the last answer",
            },
        ),
    ],
)
def test_run_says_when_it_was_answered(calls: list[tuple[str, float | None]], found: dict[str, str]) -> None:
    held = conversations.held(calls=tuple(conversations.call(at=at, seconds=seconds) for at, seconds in calls))
    assert dict(dates.facts([make.annotated(), make.annotated("1", 1, conversation=held)])) == found


def test_run_that_asked_nobody_has_the_date_of_its_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795253963")
    assert dict(dates.facts([make.annotated()])) == {"Date": "21 November 2026"}


@pytest.mark.parametrize("epoch", ["yesterday", "\u00b2", "1" * 40])
def test_a_date_that_is_none_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, epoch: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    assert list(dict(dates.facts([make.annotated()]))) == ["Date"]
    assert "SOURCE_DATE_EPOCH=" in caplog.text
    assert "is no time in seconds; the report has the date of today" in caplog.text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "less than 0.1 s"),
        (0.84, "0.8 s"),
        (59.4, "59 s"),
        (278.0, "4 min 38 s"),
        (7500.0, "2 h 5 min"),
        (90000.0, "1 day 1 h"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert wording.duration(seconds) == text


# --- the cluster


def test_cluster_says_what_was_set_aside_and_hints() -> None:
    aside = (SetAside("ribosomal", ("RPL3", "RPS6")), SetAside("cell cycle", ("CENPF",)))
    cluster = replace(make.cluster(), set_aside=aside, hints=("many cells may be cycling",), context="sorted cells")
    found = Page(render([make.annotated(cluster=cluster)])).detail("0")
    assert found["set_aside"] == [
        {"kind": "ribosomal", "genes": ["RPL3", "RPS6"]},
        {"kind": "cell cycle", "genes": ["CENPF"]},
    ]
    assert found["hints"] == ["Many cells may be cycling."]
    assert found["context"] == "sorted cells"


def test_cluster_says_the_rest_of_an_answer() -> None:
    answer = make.annotation(
        score_reason="strong genes",
        match=TermMatch(How.BROADER, "it is a kind of it"),
        top_explained=0.35,
        possible_tissues=("blood", "spleen"),
        context_conflict="markers of the liver",
    )
    found = Page(render([make.annotated(answer=answer)])).detail("0")
    said = found["answer"]
    assert said["score_reason"] == "Strong genes."
    assert said["placed"] == "a broader type: the label itself has no term: it is a kind of it"
    assert said["explained"] == "35% of the first 10 genes"
    assert said["possible_tissues"] == ["blood", "spleen"]
    assert said["path"][-1] == "natural killer cell"
    assert found["review_flags"][0]["word"] == "context conflict"
    assert found["review_flags"][0]["detail"] == (
        "The markers contradict what was said of the data: Markers of the liver."
    )


@pytest.mark.parametrize(
    ("match", "written", "text"),
    [
        (TermMatch(How.EXACT), "exact", ""),
        (TermMatch(How.ID), "id", ""),
        (TermMatch(), "", ""),
        (TermMatch(How.SYNONYM), "synonym", "a synonym of the label"),
        (
            TermMatch(How.EXACT, by_ontology_name=True),
            "exact (by the model's ontology name)",
            "(by the model's ontology name)",
        ),
        (TermMatch(How.MISS, "no: such name"), "miss: no: such name", "no term was found: no: such name"),
        (TermMatch(why="something else"), "something else", "something else"),
    ],
)
def test_place_in_the_ontology_in_words(match: TermMatch, written: str, text: str) -> None:
    assert answers.placed(match) == text
    assert match.text == written
    assert TermMatch.from_text(written) == from_json(TermMatch, to_json(match)) == match


def test_no_score_is_no_score_and_not_zero() -> None:
    page = Page(render([make.annotated(answer=make.annotation(score=None), score=None)]))
    assert page.row("0")["score"] is None


# --- reasons to look


def doubts(result: ClusterResult) -> list[str]:
    return [flag.detail for flag in review_flags.review_flags(result, "openrouter")]


def test_lost_verdict_and_disagreement_are_told_apart() -> None:
    lost = make.annotated(validated=None, reason="the validator's reply of round 1 was refused; no verdict")
    objections = ("Another type explains the list better: CD3D.", "Too specific.")
    against = make.annotated(validated=False, iterations=2, objections=objections)
    assert [c.kind for r in (lost, against) for c in review_flags.review_flags(r, "x")] == [
        "no_verdict",
        "not_validated",
    ]
    assert doubts(lost) == ["The validator's reply of round 1 was refused; no verdict."]
    assert doubts(against) == [
        "The validator did not agree with the answer in 2 rounds: Another type explains the list better: CD3D. "
        "And 1 more objection."
    ]


def test_repaired_reply_is_no_reason_to_look() -> None:
    held = conversations.held(
        calls=(conversations.call(repaired=["a code fence was taken off"]), conversations.call("validator"))
    )
    assert doubts(make.annotated(conversation=held)) == []


# --- the run


def run_facts(results: list[ClusterResult]) -> dict[str, str]:
    return dict(facts.facts(make.DATASET, replace(make.SELECTION, gene_filter="technical"), RUN, results))


def test_run_says_what_was_asked_for_and_what_went_out() -> None:
    warm = conversations.call("validator", sent={"max_tokens": 4096, "temperature": 0.0})
    aside = replace(make.cluster(), set_aside=(SetAside("ribosomal", ("RPL3", "RPS6")), SetAside("stress", ("FOS",))))
    found = run_facts(
        [make.annotated(cluster=aside, conversation=conversations.held(calls=(conversations.call(), warm)))]
    )
    assert found["Prompts"] == "version 1"
    assert found["Requested"] == "moderate validator (v1), temperature 0.0"
    assert found["Sent"] == "temperature 0 (1 call); at most 4,096 tokens; replies by a JSON schema (1 call)"
    assert found["Left out"] == "3 technical genes in 1 of 1 cluster: 2 ribosomal, 1 stress"
    assert "Answered by" not in found
    now = dict(facts.facts(make.DATASET, make.SELECTION, replace(RUN, prompts="2"), []))
    assert now["Requested"] == "second opinions where there is doubt (v1), temperature 0.0"
    assert found["Ontology"] == f"Cell Ontology {RELEASE}"
    same = replace(RUN, ontology=RELEASE)
    assert "Ontology" not in dict(facts.facts(make.DATASET, make.SELECTION, same, [])), "the knowledge names it"


def test_run_says_what_was_asked_for_and_not_sent_and_who_answered_in_its_place() -> None:
    held = conversations.held(calls=(conversations.call(model="some/model-1-2026"), conversations.call("validator")))
    found = run_facts([make.annotated(conversation=held)])
    assert found["Sent"].startswith("temperature was asked for and not sent; at most")
    assert found["Answered by"] == "some/model-1 (1 call), some/model-1-2026 (1 call)"


# --- whatever is said


def test_hostile_fields_are_all_in_the_page_as_text() -> None:
    text = "</script><script>alert(1)</script>\u202e"
    page = Page(render([make.annotated(conversation=conversations.hostile(text))]))
    named = text.replace("\u202e", "")
    found = page.everything()
    for letter in "ABCDEFGHIJKLMNOPQRSTUV":
        assert f"{letter} {named}" in found, letter
    assert "\u202e" not in found
    assert [a for a in page.all("script") if not a.get("type")] == [{}]


def test_broken_calls_break_nothing() -> None:
    odd: tuple[dict[str, Any], ...] = (
        {},
        {"role": None, "round": "1", "sent": [1], "repaired": "no", "finish": None},
        {"round": 1, "response": 5},
    )
    found = Page(render([make.annotated(conversation=conversations.held(calls=odd))])).detail("0")
    assert [call["cost"] for call in found["calls"]] == ["unknown"] * 3
    assert len(found["requests"]) == 3


def test_cluster_that_only_cost_calls_shows_them() -> None:
    lost = ClusterResult(
        Cluster("c", 0, 9, 9, (make.marker("A"),)),
        Outcome.FAILED,
        "no answer",
        conversation=Conversation(calls=(conversations.call(),)),
    )
    assert [call["who"] for call in Page(render([lost])).detail("c")["calls"]] == ["Annotator, round 1"]


def test_conversation_of_the_page_is_the_one_of_the_record() -> None:
    result = make.annotated(conversation=conversations.held())
    found = details.detail(result, RUN)
    assert json.loads(found.turns[0].text) == json.loads(conversations.claim())
    assert found.dialogue == "2 messages in 1 round; the validator agreed"


@pytest.mark.parametrize(("involvement", "mark"), [("v1", "unclear"), ("v0", "failed")])
def test_objection_is_marked_as_the_rule_counted_it(involvement: str, mark: str) -> None:
    """Also where the verdict disagrees for another reason. The moderate validator needs listed genes for it."""
    unlisted = {"answer": "yes", "genes": ["CD19"]}
    text = conversations.verdict(type_fits="no", better_type=unlisted, too_specific={"answer": "yes", "genes": []})
    marks = [line.mark for line in questions(text, involvement)]
    assert marks[:4] == ["passed", "failed", mark, mark]
    assert set(marks[4:]) == {"passed"}
