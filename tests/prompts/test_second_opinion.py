"""A second opinion is blind, and who chooses between two answers does not know whose they are."""

from __future__ import annotations

import asyncio
import dataclasses
import difflib
import re
from typing import Any

import pytest

from cassia_engine import prompts
from cassia_engine.conversation import converse
from cassia_engine.ontology import Ontology
from cassia_engine.prompts import Briefing
from cassia_engine.providers.chat import Chat
from cassia_engine.records import Dataset
from cassia_engine.settings import AnnotateSettings
from tests.conversation.test_conversation import Model
from tests.factories import NK_GENES, PLATELET_GENES
from tests.prompts.material import (
    CLAIM,
    CLUSTER,
    DATASET,
    OTHER_CLAIM,
    adjudicator,
    annotator,
    blocks,
    briefing,
    read,
    second_annotator,
)

# Words of one answer that no data has.
MARKED: dict[str, Any] = {
    **CLAIM,
    "evidence": [{"gene": gene, "speaks_for": "wombat's argument"} for gene in NK_GENES[:4]],
    "state": "wombat state",
    "sure": {"cell_type": "wombat sure", "cl_name": ""},
    "specific": {"cell_type": "wombat specific", "cl_name": "", "separating_genes": [], "probability": 43},
    "context_conflict": "wombat conflict",
    "score": 13,
    "score_reason": "wombat reason",
}


@pytest.mark.parametrize(
    "brief", [briefing(), briefing(Dataset("x", "none", "mouse"), [NK_GENES, PLATELET_GENES], "v0")]
)
def test_the_second_annotator_differs_in_its_rules_only(brief: Briefing) -> None:
    first, second = annotator(brief=brief), second_annotator(brief=brief)
    assert dataclasses.replace(second, system=first.system) == first
    lines = list(difflib.ndiff(first.system.splitlines(), second.system.splitlines()))
    assert [line for line in lines if line.startswith("- ")] == [f"- {first.system.splitlines()[0]}"]
    role, rule = [line for line in lines if line.startswith("+ ")]
    assert role == "+ " + first.system.splitlines()[0].replace("Role: annotator", "Role: second annotator")
    assert re.match(r"\+ 8\. ", rule)


def held(first: dict[str, Any], second: dict[str, Any], choice: str = "a") -> dict[str, Chat]:
    """The requests of a conversation in which the second annotator is asked, by the first word of the role."""
    said = {
        "annotator": first,
        "second": second,
        "adjudicator": {"for_a": ["GNLY"], "for_b": [], "reason": "", "choice": choice},
    }
    model = Model(lambda role, n, chat: said[role])
    settings = AnnotateSettings(provider="custom")
    asyncio.run(converse(CLUSTER, briefing(), model, settings, Ontology.load()))
    assert model.roles == "annotator second adjudicator"
    return {role: chat for role, chat, *_ in model.asked}


def test_the_second_annotator_is_sent_nothing_of_the_first_answer() -> None:
    asked = held(MARKED, OTHER_CLAIM)
    assert asked["second"].messages == asked["annotator"].messages
    assert "wombat" not in str(asked["second"])


def test_the_adjudicator_is_sent_neither_score_nor_reasons_nor_author() -> None:
    chat = held(MARKED, OTHER_CLAIM)["adjudicator"]
    data = blocks(chat.messages[0])
    assert list(data) == ["dataset", "cluster_data", "answer_a", "answer_b"]
    assert data["answer_a"] == {
        "lineage": "lymphocyte",
        "candidates": [{"cell_type": "NK cell", "cl_name": "natural killer cell"}],
        "genes_for": list(NK_GENES[:4]),
        "genes_against": ["CCL4"],
        "mixture": [],
    }
    assert data["answer_b"] == {
        "lineage": "T cell",
        "candidates": [{"cell_type": "T cell", "cl_name": "T cell"}],
        "genes_for": ["CCL4"],
        "genes_against": [],
        "mixture": ["platelet"],
    }
    answers = chat.messages[0].text.partition("<answer_a>")[2]
    assert not re.search("wombat|argument|certain|annotator|second|score|13|31", answers)


def test_the_adjudicator_cannot_tell_who_answered_first() -> None:
    assert held(MARKED, OTHER_CLAIM)["adjudicator"] == held({**OTHER_CLAIM, "score": 13}, MARKED)["adjudicator"]


def test_the_adjudicator_sees_the_same_data_as_the_annotator() -> None:
    brief = briefing(DATASET, [NK_GENES, PLATELET_GENES])
    told, shown = (blocks(request(brief=brief).messages[0]) for request in (annotator, adjudicator))
    assert {name: shown[name] for name in told} == told
    assert list(shown) == [*told, "answer_a", "answer_b"]


def test_an_unresolved_answer_is_shown_as_one() -> None:
    unresolved = read({**CLAIM, "lineage": "unresolved", "candidates": [], "evidence": []})
    data = blocks(prompts.adjudicator(briefing(), CLUSTER, read(CLAIM), unresolved, max_tokens=9).messages[0])
    assert (data["answer_b"]["lineage"], data["answer_b"]["candidates"]) == ("unresolved", [])
