"""Reading replies: whatever came, a claim, a verdict or a reason why not; never an exception, never a completion."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cassia_engine.providers.chat import Finish
from cassia_engine.records.replies import Choice, Claim, Verdict
from cassia_engine.replies import (
    Unreadable,
    invented,
    is_unresolved,
    read_adjudication,
    read_annotation,
    read_validation,
)
from cassia_engine.replies.reading import MAX_CHARS
from cassia_engine.replies.shapes import ANNOTATION, QUESTIONS, VALIDATION

STOP = Finish.STOP
CLAIM: dict[str, Any] = {
    "evidence": [{"gene": "CD79A", "speaks_for": "B cell"}, {"gene": "MS4A1", "speaks_for": "B cell"}],
    "conflicts": [{"gene": "CD3D", "speaks_for": "T cell"}],
    "lineage": "lymphocyte",
    "candidates": [{"cell_type": "B cell", "cl_name": "B cell", "separating_genes": ["CD79A", "CD19"]}],
    "sure": {"cell_type": "B cell", "cl_name": "B cell"},
    "specific": {
        "cell_type": "naive B cell",
        "cl_name": "naive B cell",
        "separating_genes": ["MS4A1"],
        "probability": 55,
    },
    "mixture": [{"cell_type": "T cell", "genes": ["CD3D", "CD3E"]}],
    "state": "",
    "context_conflict": "",
    "possible_tissues": ["blood"],
    "score": 85,
    "score_reason": "CD79A is specific.",
}
VERDICT: dict[str, Any] = {
    "own_type": "B cell",
    **{question: {"answer": "yes", "genes": ["CD79A"]} for question in QUESTIONS},
    "feedback": "",
    "score": 80,
    "score_reason": "CD79A fits.",
}


def claim(text: str, finish: Finish = STOP) -> Claim:
    found = read_annotation(text, finish)
    assert isinstance(found, Claim), found
    return found


def claim_of(**changes: Any) -> Claim:
    return claim(json.dumps({**CLAIM, **changes}))


def unreadable(text: str, finish: Finish = STOP) -> str:
    found = read_annotation(text, finish)
    assert isinstance(found, Unreadable), found
    return found.reason


def verdict_of(**changes: Any) -> Verdict | Unreadable:
    return read_validation(json.dumps({**VERDICT, **changes}), STOP)


def test_the_examples_have_the_shapes() -> None:
    assert list(CLAIM) == ANNOTATION["required"]
    assert list(VERDICT) == VALIDATION["required"]


def test_a_claim_is_read_whole() -> None:
    found = claim_of()
    assert [c.gene for c in found.evidence] == ["CD79A", "MS4A1"]
    assert found.candidates[0].separating_genes == ("CD79A", "CD19")
    assert found.mixture[0].genes == ("CD3D", "CD3E")
    assert (found.lineage, found.score, found.repaired) == ("lymphocyte", 85.0, ())
    assert "score" not in found.for_validator()


# --- where the object lies ---

WHOLE = json.dumps(CLAIM)


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (f"```json\r\n{WHOLE}\r\n```", "a code fence was taken off"),
        (f"Here it is:\n{WHOLE}\nI hope it helps {{a lot}}.", "text around the JSON was left out"),
        (f'{{"properties": {{"candidates": 1}}}}\n{WHOLE}', "it was not one object of strict JSON"),
        (f"{WHOLE}\n{WHOLE}", "it was not one object of strict JSON"),
        (f"[{WHOLE}]", "text around the JSON was left out"),
        (f'{{"cassia_annotation": {WHOLE}}}', "it was not one object of strict JSON"),
        (WHOLE.replace("]", ",]").replace("}", " , }"), "commas before a closing bracket were left out"),
        (WHOLE.replace('"state"', '/* "a": {, */ "state"'), "comments were left out"),
        (WHOLE.replace('"state"', '// it\'s a state\n"state"'), "comments were left out"),
        (str(CLAIM), "single quotes were read as double ones"),
        (str({**CLAIM, "state": None}), "Python's words were read as JSON's"),
        (WHOLE.replace('"', "“", 1), "typographic quotes were read as plain ones"),
        (json.dumps(WHOLE), "it was not one object of strict JSON"),
        (f'<tool_call>{{"name": "answer", "arguments": {WHOLE}}}</tool_call>', "text around the JSON was left out"),
        (json.dumps({"name": "answer", "arguments": WHOLE}), "it was not one object of strict JSON"),
        (
            "\n".join(f"{name}: {json.dumps(value)}" for name, value in CLAIM.items()),
            "lines of names and values were read as an object",
        ),
        (
            "\n".join(f"**{name}**: {value}" for name, value in CLAIM.items()),
            "lines of names and values were read as an object",
        ),
        (WHOLE.replace("CD79A is specific.", "CD79A\nis specific."), "it was not one object of strict JSON"),
    ],
)
def test_odd_replies_are_repaired_and_say_so(text: str, how: str) -> None:
    found = claim(text)
    assert how in found.repaired
    assert (found.lineage, found.evidence, found.mixture) == (
        "lymphocyte",
        claim_of().evidence,
        claim_of().mixture,
    )
    for finish in set(Finish) - {STOP}:
        unreadable(text, finish)


@pytest.mark.parametrize("finish", list(Finish))
def test_strict_json_needs_no_repair(finish: Finish) -> None:
    assert claim(f"\n {WHOLE}\r\n", finish).repaired == ()


def test_apostrophes_inside_single_quotes_survive() -> None:
    assert claim(str({**CLAIM, "state": 'a T cell\'s "help"'})).state == 'a T cell\'s "help"'


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \ufeff\0",
        "null",
        "3",
        '"x"',
        "[]",
        "{}",
        "<!DOCTYPE html><html><script>{}</script></html>",
        "\ufffd\ufffd\u0000{\u0000",
        "[" * 100_000,
        "{" * 100_000,
        '{"a":' * 20_000,
        '{"candidates":' * 7_000 + "1" + "}" * 7_000,
        '{"a":"' + '\\"' * 45_000 + "}",
        "{'a':'" + "\\'" * 45_000 + "}",
        "{" + "," * 90_000 + "}",
        "{" + "/*" * 45_000 + "}",
        "x" * 8_000_000,
        " " * 8_000_000,
        json.dumps({**CLAIM, "state": "x" * MAX_CHARS}),
        '{"cell": "B cell"}',
        '{"candidates": [], "lineage": ""}',
        '{"candidates": null, "lineage": "T cell"}',
        WHOLE + json.dumps({**CLAIM, "lineage": "other"}),
        WHOLE[:-1] + ', "lineage": "other"}',
    ],
    ids=lambda text: f"{text[:12]!r} x {len(text)}",
)
def test_no_claim_is_unreadable_with_a_reason(text: str) -> None:
    assert unreadable(text)
    assert isinstance(read_validation(text, STOP), Unreadable)


@settings(deadline=None)
@given(st.integers(1, len(WHOLE) - 1))
def test_what_was_cut_off_is_never_completed(length: int) -> None:
    for finish in (Finish.STOP, Finish.LENGTH):
        assert unreadable(WHOLE[:length], finish)


# --- the values ---


def test_a_text_where_a_list_was_meant_is_taken_apart_at_commas() -> None:
    found = claim_of(evidence="CD79A, MS4A1; CD19", possible_tissues="blood, lymph node")
    assert [c.gene for c in found.evidence] == ["CD79A", "MS4A1", "CD19"]
    assert found.possible_tissues == ("blood", "lymph node")


def test_names_of_types_keep_their_commas() -> None:
    found = claim_of(candidates="CD8-positive, alpha-beta T cell; natural killer cell")
    assert [c.cell_type for c in found.candidates] == ["CD8-positive, alpha-beta T cell", "natural killer cell"]


@pytest.mark.parametrize(
    "evidence", [["CD79A"], {"CD79A": "B cell"}, {"gene": "CD79A"}, "CD79A", [{"gene": "CD79A", "x": 1}, 3, None]]
)
def test_other_forms_of_evidence(evidence: Any) -> None:
    assert [c.gene for c in claim_of(evidence=evidence).evidence] == ["CD79A"]


@pytest.mark.parametrize("nothing", [None, 3, True, 1.5, {}, [], [[]], [None], {"a": {"b": []}}])
def test_missing_optional_fields_are_empty(nothing: Any) -> None:
    optional = ("evidence", "conflicts", "state", "context_conflict", "score_reason")
    found = claim_of(**dict.fromkeys(optional, nothing), mixture=[], possible_tissues=[])
    assert {c.gene for c in (*found.evidence, *found.conflicts)} <= {"a"}
    assert (found.state, found.context_conflict, found.score_reason) == ("", "", "")
    short = claim('{"candidates": ["B cell"]}')
    assert (short.candidates[0].cell_type, short.lineage, short.score) == ("B cell", "", None)


@pytest.mark.parametrize(
    ("given", "score"),
    [
        (0, 0.0),
        (100, 100.0),
        (87.5, 87.5),
        ("85", 85.0),
        ("85/100", 85.0),
        ("85 %", 85.0),
        (-1, None),
        (101, None),
        (True, None),
        (None, None),
        ("high", None),
        ("8e1", None),
        ([85], 85.0),
        ({"value": 85}, 85.0),
        ("85 out of 100", 85.0),
        ("85 percent", 85.0),
        ("**85**", 85.0),
        ("~85", 85.0),
        ("85 (high)", 85.0),
        ("Score: 85", 85.0),
        ("8.5/10", 85.0),
        (0.85, 85.0),
        ("0.85", 85.0),
        ("80-90", None),
        ("85 of 200", None),
        ({"high": 85}, None),
    ],
)
def test_scores(given: Any, score: float | None) -> None:
    assert claim_of(score=given).score == score


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000], ids=lambda n: n[:9])
def test_numbers_that_are_none(number: str) -> None:
    assert claim(f'{{"candidates": ["B cell"], "score": {number}}}').score is None


def test_invisible_characters_and_lone_surrogates_are_left_out() -> None:
    found = claim('{"candidates": ["B\\u202e ce\\u0000ll\\ud800\\n\\t(naive)"], "state": "\\u200bx\\u2028y"}')
    assert found.candidates[0].cell_type == "B cell (naive)"
    assert found.state == "x y"


def test_texts_and_lists_are_capped() -> None:
    found = claim_of(state="x" * 5000, evidence=[f"G{n}" for n in range(90)], possible_tissues="a," * 900)
    assert len(found.state) == 2000
    assert len(found.evidence) == 50
    assert found.possible_tissues == ("a",)


def test_keys_in_another_spelling_and_under_the_names_of_other_tools() -> None:
    assert claim('{"Candidates": ["B cell"], "Score Reason": "x"}').score_reason == "x"
    found = claim('{"main_cell_type": "B cell", "sub_cell_types": ["naive B cell"]}')
    assert (found.lineage, found.candidates[0].cell_type) == ("B cell", "naive B cell")


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


SPELLINGS = {
    "camelCase": camel,
    "PascalCase": lambda name: camel(name)[0].upper() + camel(name)[1:],
    "kebab-case": lambda name: name.replace("_", "-"),
    "Title Case": lambda name: name.replace("_", " ").title(),
    "Sentence case": lambda name: name.replace("_", " ").capitalize(),
    "UPPER_CASE": str.upper,
    "squashed": lambda name: name.replace("_", ""),
    "bold": lambda name: f"**{name}**",
    "colon": lambda name: f"{name}:",
}


def renamed(value: Any, spell: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {spell(name): renamed(item, spell) for name, item in value.items()}
    return [renamed(item, spell) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_keys_in_any_spelling_at_any_depth(spelling: str) -> None:
    texts = [json.dumps(renamed(said, SPELLINGS[spelling])) for said in (CLAIM, VERDICT)]
    assert claim(texts[0]) == claim_of()
    assert read_validation(texts[1], STOP) == verdict_of()


def test_keys_of_other_tools() -> None:
    said = {
        "mainCellType": "B cell",
        "subCellTypes": ["naive B cell"],
        "supportingGenes": ["CD79A"],
        "mixedCellTypes": [],
    }
    found = claim(json.dumps(said))
    assert (found.lineage, found.candidates[0].cell_type, found.evidence[0].gene) == ("B cell", "naive B cell", "CD79A")
    entry = {"cellType": "B cell", "supportingGenes": ["CD79A"]}
    assert claim_of(candidates=[entry]).candidates[0].separating_genes == ("CD79A",)
    assert claim_of(evidence=[{"symbol": "CD79A", "reason": "B cell"}]).evidence[0].speaks_for == "B cell"


B, PLASMA = {"cell_type": "B cell", "separating_genes": ["CD79A"]}, {"cell_type": "plasma cell"}


@pytest.mark.parametrize(
    "candidates",
    [
        [B, PLASMA],
        [[B, PLASMA]],
        [[B], [PLASMA]],
        [B, PLASMA, B],
        {"candidates": [B, PLASMA]},
        {"list": [B, PLASMA]},
        {"1": B, "2": PLASMA},
        {"first": B, "second": PLASMA},
        {"candidate_1": B, "candidate_2": PLASMA},
        {"primary": B, "alternatives": [PLASMA]},
        {"B cell": {"separating_genes": ["CD79A"]}, "plasma cell": {}},
        {"B cell": ["CD79A"], "plasma cell": []},
        [{"candidate": B}, {"candidate": PLASMA}],
        [{"cellType": "B cell", "separatingGenes": ["CD79A"]}, "plasma cell"],
    ],
)
def test_nested_candidates_are_read_in_their_order(candidates: Any) -> None:
    found = claim_of(candidates=candidates).candidates
    assert [c.cell_type for c in found] == ["B cell", "plasma cell"]
    assert found[0].separating_genes == ("CD79A",)


@pytest.mark.parametrize("where", ["questions", "answers", "Questions"])
def test_answers_put_together_in_a_field(where: str) -> None:
    answers = {question: VERDICT[question] for question in QUESTIONS}
    others = {name: value for name, value in VERDICT.items() if name not in QUESTIONS}
    assert read_validation(json.dumps({**others, where: answers}), STOP) == verdict_of()
    listed = [{"question": question, **answer} for question, answer in answers.items()]
    assert read_validation(json.dumps({**others, where: listed}), STOP) == verdict_of()


@pytest.mark.parametrize("lineage", ["unresolved", "Unresolved", " unknown. ", "Unknown cell type"])
def test_unresolved_needs_no_candidates(lineage: str) -> None:
    assert is_unresolved(claim(json.dumps({"lineage": lineage, "candidates": []})))
    assert is_unresolved(claim(json.dumps({"lineage": lineage})))


def test_nothing_to_say_is_empty() -> None:
    found = claim_of(state="None", context_conflict="N/A", possible_tissues=["none"])
    assert (found.state, found.context_conflict, found.possible_tissues) == ("", "", ())


# --- verdicts ---


@pytest.mark.parametrize(
    ("said", "yes"),
    [
        ("yes", True),
        (" Yes. ", True),
        ("YES", True),
        ("**yes**", True),
        ("yes, because CD79A is there", True),
        ("Yes because of CD79A", True),
        ("no: CD3D is not in the list", False),
        ("No (not in the list)", False),
        (True, True),
        (False, False),
        ("yes and no", None),
        ("yes/no", None),
        ("yes, no", None),
        ("no doubt", None),
        ("yesterday", None),
        ("not sure", None),
        ("none", None),
        ("cannot be given a yes", None),
        ("cannot be given VALIDATION PASSED", None),
        ("", None),
        (None, None),
        (1, True),
        (0, False),
        (2, None),
        (["yes"], True),
        (["yes", "no"], None),
        ("Y", True),
        ("n", False),
        ("n/a", None),
        ("N.A.", None),
        ("True", True),
        ("false", False),
        ("✓", True),
        ("❌", False),
        ("✅ Yes", True),
        ("agree", True),
        ("Incorrect.", False),
        ("true enough", None),
        ("The answer is no", False),
        ("Answer: yes", True),
        ("`yes`", True),
    ],
)
def test_yes_and_no(said: Any, yes: bool | None) -> None:
    for answer in (said, {"answer": said, "genes": ["CD79A"]}):
        found = verdict_of(type_fits=answer)
        assert isinstance(found, Verdict)
        assert found.answers["type_fits"].yes is yes


def test_a_verdict_without_answers_is_unreadable() -> None:
    found = verdict_of(**dict.fromkeys(QUESTIONS, "VALIDATION PASSED"))
    assert isinstance(found, Unreadable)
    assert "none of the questions" in found.reason
    assert isinstance(read_validation("VALIDATION PASSED", STOP), Unreadable)
    assert isinstance(read_validation(WHOLE, STOP), Unreadable)


def test_an_answer_left_out_is_no_answer() -> None:
    short = {name: value for name, value in VERDICT.items() if name != "better_type"}
    found = read_validation(json.dumps(short), STOP)
    assert isinstance(found, Verdict)
    assert found.answers["better_type"].yes is None


# --- the same said in other ways ---


def each_answer(write: Callable[[str, dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda said: {name: write(name, value) if name in QUESTIONS else value for name, value in said.items()}


def together(name: str, write: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """A verdict whose answers lie in a field of their own."""

    def change(said: dict[str, Any]) -> Any:
        answers = {question: said[question] for question in QUESTIONS if question in said}
        others = {key: value for key, value in said.items() if key not in answers}
        return {**others, name: write(answers)} if answers else said

    return change


def written(change: Callable[[dict[str, Any]], Any]) -> Callable[[str], str]:
    return lambda text: json.dumps(change(json.loads(text)))


DRAFT = '{"candidates": ["neuron"], "type_fits": "no"}'
REWRITTEN: dict[str, Callable[[str], str]] = {
    # names of fields
    "1. name": written(lambda said: {f"{n}. {key}": value for n, (key, value) in enumerate(said.items(), 1)}),
    "1_name": written(lambda said: {f"{n}_{key}": value for n, (key, value) in enumerate(said.items(), 1)}),
    "q1_name": written(lambda said: {f"q{n}_{key}": value for n, (key, value) in enumerate(said.items(), 1)}),
    "name?": written(lambda said: {f"{key}?": value for key, value in said.items()}),
    "confidence": written(lambda said: {"confidence" if key == "score" else key: v for key, v in said.items()}),
    "names without quotes": lambda text: re.sub(r'"([a-z_]+)":', r"\1:", text),
    # answers
    "true": written(each_answer(lambda name, value: {**value, "answer": True})),
    "1": written(each_answer(lambda name, value: {**value, "answer": 1})),
    "list": written(each_answer(lambda name, value: [value["answer"], value["genes"]])),
    "list of one": written(each_answer(lambda name, value: {**value, "answer": [value["answer"]]})),
    "object": written(each_answer(lambda name, value: {**value, "answer": {"value": value["answer"]}})),
    "its own name": written(each_answer(lambda name, value: {name: value["answer"], "genes": value["genes"]})),
    "decision": written(each_answer(lambda name, value: {"decision": value["answer"], "genes": value["genes"]})),
    "genes in text": written(each_answer(lambda name, value: f"Yes: {', '.join(value['genes'])} say so.")),
    "reason": written(each_answer(lambda name, value: {"answer": "yes", "reason": "It has CD79A."})),
    "validation": written(together("validation", lambda answers: answers)),
    "checks": written(together("checks", lambda answers: [{"question": n, **value} for n, value in answers.items()])),
    "ids": written(together("evaluation", lambda answers: [{"id": n, **value} for n, value in answers.items()])),
    "singles": written(together("questions", lambda answers: [{n: value} for n, value in answers.items()])),
    "numbers": written(
        together("results", lambda answers: {str(len(n)) + n: {"question": n, **v} for n, v in answers.items()})
    ),
    # values
    "texts in lists": written(lambda said: {k: [v] if isinstance(v, str) else v for k, v in said.items()}),
    "JSON in texts": written(
        lambda said: {k: json.dumps(v) if isinstance(v, (list, dict)) else v for k, v in said.items()}
    ),
    "null": written(lambda said: {k: None if v == "" else v for k, v in said.items()}),
    "none": written(lambda said: {k: "None" if v == "" else v for k, v in said.items()}),
    "no conflict": written(lambda said: {k: "No conflicts found." if v == "" else v for k, v in said.items()}),
    "score in words": written(lambda said: {**said, "score": f"{said['score']} out of 100"}),
    "score as a share": written(lambda said: {**said, "score": said["score"] / 100}),
    "equal names": lambda text: f'{text[:-1]}, "score": {json.loads(text)["score"]}}}',
    # what lies around
    "thinking": lambda text: f"<thinking>Perhaps {DRAFT}?</thinking>\n{text}",
    "reasoning": lambda text: f"<reasoning>{DRAFT}</reasoning>{text}",
    "THINK": lambda text: f"[THINK]{DRAFT}[/THINK]{text}",
    "number sign": lambda text: text.replace("{", "{ # B cells\n", 1),
    "wide spaces": lambda text: json.dumps(json.loads(text), indent=1).replace("\n ", "\n\u00a0"),
    "wide signs": lambda text: text.replace('", "', '"，"').replace('": ', '"：'),
    "two commas": lambda text: text.replace(', "', ',, "', 1),
    "text in text": lambda text: json.dumps(json.dumps(text)),
    "fence in text": lambda text: json.dumps({"response": f"```json\n{text}\n```"}),
    "schema": written(lambda said: {"type": "object", "properties": said}),
    "tags": lambda text: "\n".join(f"<{k}>{json.dumps(v)}</{k}>" for k, v in json.loads(text).items()),
    "headings": lambda text: "\n".join(f"## {k}\n{json.dumps(v)}\n" for k, v in json.loads(text).items()),
}


@pytest.mark.parametrize("way", REWRITTEN)
def test_the_same_said_in_another_way(way: str) -> None:
    verdict = read_validation(REWRITTEN[way](json.dumps(VERDICT)), STOP)
    assert isinstance(verdict, Verdict), verdict
    assert replace(verdict, repaired=()) == verdict_of()
    assert replace(claim(REWRITTEN[way](WHOLE)), repaired=()) == claim_of()


@pytest.mark.parametrize(
    "nothing", ["None", "n/a", "No conflicts.", "none identified", "no conflicting genes", "-", None, False]
)
def test_no_gene_where_there_is_none(nothing: Any) -> None:
    for conflicts in (nothing, [nothing], [{"gene": nothing, "speaks_for": "N/A"}]):
        found = claim_of(conflicts=conflicts, mixture=[{"cell_type": nothing, "genes": []}])
        assert (found.conflicts, found.mixture) == ((), ())
    assert claim_of(conflicts=["no CD3D"]).conflicts[0].gene == "no CD3D"
    assert claim_of(mixture=[{"cell_type": "none", "genes": ["CD3D"]}]).mixture != ()


@pytest.mark.parametrize(
    "evidence",
    [
        [{"genes": ["CD79A", "MS4A1"], "speaks_for": "B cell"}],
        [{"gene": ["CD79A", "MS4A1"], "speaks_for": "B cell"}],
        {"B cell": ["CD79A", "MS4A1"]},
        [["CD79A", "B cell"], ["MS4A1", "B cell"]],
        {"CD79A": "B cell", "MS4A1": "B cell"},
        '[{"gene": "CD79A", "speaks_for": "B cell"}, {"gene": "MS4A1", "speaks_for": "B cell"}]',
    ],
)
def test_genes_together_with_what_they_speak_for(evidence: Any) -> None:
    assert claim_of(evidence=evidence).evidence == claim_of().evidence


@pytest.mark.parametrize(
    "label",
    [
        *("**B cell**", "<b>B cell</b>", "`B cell`", "1. B cell", "#1 B cell", '"B cell"', "B cell.", "- B cell"),
        *("B cell (90%)", "B cell (confidence: high)", "B cell (CL:0000236)", "**B cell** [CL:0000236]", "_B cell_"),
    ],
)
def test_types_in_markup(label: str) -> None:
    found = claim_of(lineage=label, candidates=[{"cell_type": label, "cl_name": label}])
    assert found.lineage == found.candidates[0].cell_type == found.candidates[0].cl_name == "B cell"
    verdict = verdict_of(own_type=label)
    assert isinstance(verdict, Verdict)
    assert verdict.own_type == "B cell"


@pytest.mark.parametrize(
    "label", ["CD4+ T cell", "B cell (naive)", "pDC", "Müller's cell", "T cell, CD8+", "B-1 B cell"]
)
def test_signs_of_a_name_stay(label: str) -> None:
    assert claim_of(lineage=label).lineage == label


# --- anything ---


def words_of(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from words_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from words_of(item)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(["yes", "no"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.text(), st.sampled_from(Finish))
def test_no_text_raises(text: str, finish: Finish) -> None:
    assert isinstance(read_annotation(text, finish), Claim | Unreadable)
    assert isinstance(read_validation(text, finish), Verdict | Unreadable)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*CLAIM, *VERDICT]), JSON), st.sampled_from(Finish))
def test_no_json_raises_and_nothing_is_invented(fields: dict[str, Any], finish: Finish) -> None:
    source = "\n".join("".join(c for c in word if c.isprintable() or c.isspace()) for word in words_of(fields))
    text = json.dumps(fields)
    for found in (read_annotation(text, finish), read_validation(text, finish)):
        if not isinstance(found, Unreadable):
            assert invented(found, source) == ""


@settings(deadline=None)
@given(
    st.sampled_from([WHOLE, json.dumps(VERDICT), str(CLAIM), f"```json\n{WHOLE}\n```"]),
    st.lists(
        st.tuples(st.integers(0, 700), st.integers(0, 5), st.text("{}[]\",:'\\/*\n CD79", max_size=4)), max_size=5
    ),
)
def test_no_mutated_reply_raises_and_nothing_is_invented(text: str, changes: list[tuple[int, int, str]]) -> None:
    for at, length, other in changes:
        text = text[:at] + other + text[at + length :]
    # Escapes may be undone and comments left out, so the characters between the letters do not count.
    source = "".join(filter(str.isalnum, text))
    for found in (read_annotation(text, STOP), read_validation(text, STOP)):
        if isinstance(found, Claim):
            for gene in found.evidence:
                assert "".join(filter(str.isalnum, gene.gene)) in source
            for candidate in found.candidates:
                assert "".join(filter(str.isalnum, candidate.cell_type)) in source


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ('{"for_a": ["CD3D"], "for_b": [], "reason": "CD3D.", "choice": "a"}', "a"),
        ('{"choice": "A"}', "a"),
        ('{"choice": "Answer B: it has MS4A1."}', "b"),
        ('{"choice": "answer_a"}', "a"),
        ('{"choice": "The answer is b"}', "b"),
        ('{"choice": "option: a"}', "a"),
        ('{"choice": "neither"}', ""),
        ('{"choice": "None."}', ""),
        ("choice: b\nfor_b: MS4A1\nreason: it has MS4A1", "b"),
        ('```json\n{"choice": "b",}\n```', "b"),
    ],
)
def test_choices_however_they_are_written(said: str, answer: str) -> None:
    read = read_adjudication(said, Finish.STOP)
    assert isinstance(read, Choice) and read.answer == answer


@pytest.mark.parametrize(
    "said",
    [
        "",
        "a",
        '{"choice": "a or b"}',
        '{"choice": "B cell"}',
        '{"choice": "B-cell"}',
        '{"choice": "A T cell"}',
        '{"choice": "b lymphocyte"}',
        '{"choice": 3}',
        "{}",
        "[1]",
    ],
)
def test_what_chooses_nothing_is_no_choice(said: str) -> None:
    assert isinstance(read_adjudication(said, Finish.STOP), Unreadable)
