"""The texts of prompts: what every role is told, how long it is, and that it changes with its version only."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import pytest
from msgspec.structs import replace

from cassia_engine import prompts
from cassia_engine.prompts import EARLIER, VERSION, Briefing
from cassia_engine.providers.chat import Chat
from cassia_engine.records import Cluster, Marker
from cassia_engine.replies.questions import VALIDATOR_QUESTIONS
from cassia_engine.replies.shapes import ADJUDICATION, ANNOTATION, OPINION, QUESTIONS, VALIDATION
from scripts.make_prompts_doc import DEFAULT_OUTPUT, REVIEW, parts, render
from tests.factories import NK_GENES, PLATELET_GENES, cluster
from tests.prompts.material import (
    CLUSTER,
    DATASET,
    adjudicator,
    annotator,
    briefing,
    conversation,
    conversation_before,
    second_annotator,
    validator,
    with_lookup,
)

# The digest of what is sent, by version. Another text is another version, but while a version is not yet released: then
# its digest is renewed.
DIGESTS = {"1": "6701524cf7a6618f", "2": "7df3ef020f923347"}
# Characters a token, and the most tokens of a request with fifty genes and of the data in it, both estimated.
A_TOKEN, MOST, MOST_DATA = 3.5, 2850, 900


def test_roles_are_told_in_the_first_line() -> None:
    roles = [re.match(r"Role: ([a-z ]+)\. ", chat.system) for chat in conversation()]
    named = ["annotator", "second annotator", "adjudicator", "validator", "annotator", *["formatter"] * 3]
    named += ["second annotator", "second annotator", "adjudicator", "validator"]
    assert [role and role[1] for role in roles] == named


@pytest.mark.parametrize(
    ("chat", "schema"),
    [
        (annotator(), ANNOTATION),
        (second_annotator(), ANNOTATION),
        (adjudicator(), ADJUDICATION),
        (validator(), VALIDATION),
        (with_lookup()[0], OPINION),
    ],
)
def test_every_field_is_explained_in_its_order(chat: Chat, schema: dict[str, Any]) -> None:
    shape = json.loads(next(line for line in chat.system.splitlines() if line.startswith("{")))
    assert list(shape) == list(schema["properties"])
    explained = [name for names in re.findall(r"^- ([\w, ]+):", chat.system, re.M) for name in names.split(", ")]
    fields = [name for name in shape if name not in QUESTIONS]
    assert [name for name in explained if name in fields] == fields
    if schema is VALIDATION:
        assert [name for name in explained if name in QUESTIONS] == list(QUESTIONS)


def test_shapes_of_repairs_are_those_of_the_reply_wanted() -> None:
    for schema in (ANNOTATION, ADJUDICATION, VALIDATION):
        system = prompts.formatter("x", schema).system
        assert json.loads(next(line for line in system.splitlines() if line.startswith("{"))).keys() == set(
            schema["properties"]
        )


def test_texts_neither_flatter_nor_threaten_nor_give_examples_with_genes() -> None:
    texts = "\n".join(chat.system for chat in [*conversation(), validator(brief=briefing(involvement="v0"))])
    words = r"expert|professor|world|reward|\$\d|tip |fired|penal|important|careful|step by step|think|reasoning"
    assert re.findall(words, texts, re.I) == []
    # Words in capitals are names of genes, but for these and for CD4 in the name of a type.
    assert set(re.findall(r"\b[A-Z][A-Z0-9]+\b", texts.replace("CD4-positive T cell", ""))) <= {"JSON", "RNA"}


def test_a_normal_request_is_short() -> None:
    fifty = cluster("1", [f"GENE{number}" for number in range(50)])
    for request in (annotator, second_annotator, adjudicator, validator):
        chat = request(fifty)
        characters = len(chat.system) + len(chat.messages[0].text) + len(json.dumps(chat.schema))
        assert characters / A_TOKEN < MOST
        assert len(chat.messages[0].text) / A_TOKEN < MOST_DATA


@pytest.mark.parametrize(("version", "requests"), [(EARLIER, conversation_before), (VERSION, conversation)])
def test_what_is_sent_changes_with_its_version_only(
    version: str, requests: Callable[[Briefing, Cluster], list[Chat]]
) -> None:
    plain = dataclasses.replace(briefing(), version=version)
    blind = briefing(replace(DATASET, tissue="none"), [NK_GENES, PLATELET_GENES], "v0")
    blind = dataclasses.replace(blind, version=version)
    names = Cluster("1", 0, 5, 5, (Marker("CD3D"), Marker("not a gene")))
    chats = [*requests(plain, CLUSTER), *requests(blind, CLUSTER), *requests(blind, names)]
    # Of a message role and text: what is marked for caches changes no text.
    sent = [(system, [turn[:2] for turn in turns], *more) for system, turns, *more in map(astuple, chats)]
    digest = hashlib.sha256(json.dumps(sent).encode()).hexdigest()[:16]
    assert DIGESTS.get(version) == digest, (
        f"a new prompts.VERSION, or while {version} is not released its digest: {digest}"
    )


def test_questions_that_agree_with_yes_come_first() -> None:
    expected = [question.expected for question in VALIDATOR_QUESTIONS.values()]
    assert expected == sorted(expected, reverse=True)


def test_the_page_shows_what_is_sent() -> None:
    page = DEFAULT_OUTPUT.read_text(encoding="utf-8")
    assert page == render(page), "run scripts/make_prompts_doc.py"
    assert sorted(re.findall(r"<!-- made: ([a-z ]+) -->", page)) == sorted(parts())
    assert set(QUESTIONS) <= set(REVIEW), "its example answers every question"
