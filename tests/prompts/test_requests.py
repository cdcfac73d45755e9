"""What the requests hold: all that is known of a cluster, and what of an answer each role is to see."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from cassia_engine import prompts
from cassia_engine.prompts import EARLIER, Briefing
from cassia_engine.prompts.data_blocks import UNREADABLE
from cassia_engine.records import Dataset, Marker, Selection, SetAside
from cassia_engine.replies.shapes import ADJUDICATION, ANNOTATION, VALIDATION
from cassia_engine.settings import DEPTHS
from tests.factories import NK_GENES, PLATELET_GENES, SELECTION, cluster
from tests.prompts.material import (
    CLAIM,
    CLUSTER,
    DATASET,
    FINDINGS,
    OTHER_CLAIM,
    adjudicator,
    annotator,
    blocks,
    briefing,
    read,
    second_annotator,
    validator,
)


def test_all_that_is_known_of_a_cluster_is_sent() -> None:
    data = blocks(annotator().messages[0])
    assert data["dataset"] == {
        "tissue": "peripheral blood",
        "species": "human",
        "additional_info": "sorted for life",
        "ranked_by": "avg_log2FC",
        "wanted_depth": "standard",
    }
    told = data["cluster_data"]
    assert told["columns"] == ["gene", "log2fc", "pct_in", "pct_out"]
    assert told["markers"][:2] == [["GNLY", 6.0, 0.97, 0.08], ["GZMB", 3.0, 0.96, 0.08]]
    assert [row[0] for row in told["markers"]] == list(NK_GENES)
    assert told["set_aside"] == {"ribosomal": ["RPS24", "RPL3"]}
    assert told["hints"] == list(CLUSTER.hints)
    assert told["context"] == CLUSTER.context


def told_markers(*markers: Marker) -> dict[str, Any]:
    data: dict[str, Any] = blocks(annotator(replace(CLUSTER, markers=markers)).messages[0])["cluster_data"]
    return data


def test_a_table_without_statistics_gives_names() -> None:
    told = told_markers(Marker("CD3D"), Marker("CD3E", p_val_adj=0.01))
    assert told["markers"] == ["CD3D", "CD3E"]
    assert "columns" not in told


def test_unknown_statistics_are_null_and_scores_stand_in_for_fold_changes() -> None:
    told = told_markers(Marker("CD3D", log2fc=float("nan"), score=12.345), Marker("CD3E", score=3.0))
    assert told["columns"] == ["gene", "log2fc", "score"]
    assert told["markers"] == [["CD3D", None, 12.35], ["CD3E", None, 3.0]]


def test_scores_are_left_out_where_there_are_fold_changes() -> None:
    assert told_markers(Marker("CD3D", log2fc=2.0, score=12.0))["columns"] == ["gene", "log2fc"]


def test_of_genes_set_aside_the_first_ten_of_a_kind_are_named() -> None:
    ribosomal = ("not a gene", *(f"RPL{number}" for number in range(3, 20)))
    aside = (SetAside("ribosomal", ribosomal), SetAside("cell cycle", ribosomal[1:11]))
    data = blocks(annotator(replace(CLUSTER, set_aside=aside)).messages[0])
    assert data["cluster_data"]["set_aside"] == {
        "ribosomal": [UNREADABLE, *ribosomal[1:10], "and 8 more"],
        "cell cycle": list(ribosomal[1:11]),
    }


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_wanted_depth_is_sent_and_explained(depth: str) -> None:
    brief = dataclasses.replace(briefing(), depth=depth)
    for request in (annotator, second_annotator, adjudicator, validator):
        chat = request(brief=brief)
        assert blocks(chat.messages[0])["dataset"]["wanted_depth"] == depth
        assert f'"{depth}": ' in chat.system
        assert chat.system == request().system


@pytest.mark.parametrize("tissue", ["none", "None", " NONE ", ""])
def test_without_a_tissue_possible_ones_are_asked_for(tissue: str) -> None:
    for request in (annotator, second_annotator):
        message = request(brief=briefing(replace(DATASET, tissue=tissue))).messages[0]
        assert blocks(message)["dataset"]["tissue"] == "none"
        assert "possible_tissues" in message.text.splitlines()[-1]
        assert "possible_tissues" not in request().messages[0].text


def test_fractions_of_cells_can_be_left_out() -> None:
    hidden = dataclasses.replace(briefing(), with_fractions=False)
    for make in (annotator, second_annotator, adjudicator, validator):
        assert '"columns":["gene","log2fc","pct_in","pct_out"]' in make(brief=briefing()).messages[-1].text
        assert '"columns":["gene","log2fc"]' in make(brief=hidden).messages[-1].text


def test_siblings_are_sent_without_ids_and_alike_for_all_clusters() -> None:
    brief = briefing(siblings=[NK_GENES[:3], (), PLATELET_GENES])
    first, second = (annotator(c, brief).messages[0].text for c in (CLUSTER, cluster("8", PLATELET_GENES)))
    assert first.startswith(brief.head) and second.startswith(brief.head)
    assert blocks(annotator(CLUSTER, brief).messages[0])["other_clusters"] == [list(NK_GENES[:3]), list(PLATELET_GENES)]


@pytest.mark.parametrize("siblings", [(), [(), ()], [NK_GENES, ()]])
def test_without_other_clusters_there_is_no_block_of_them(siblings: Sequence[tuple[str, ...]]) -> None:
    assert "other_clusters" not in blocks(annotator(brief=briefing(siblings=siblings)).messages[0])


def test_selection_names_the_ranking() -> None:
    given_order = Briefing(DATASET, Selection("simplified", "given order", 50))
    assert blocks(annotator(brief=given_order).messages[0])["dataset"]["ranked_by"] == "given order"
    assert '"given order"' in annotator().system


def test_rules_are_the_same_for_all_data() -> None:
    other = briefing(Dataset("x", "none", "mouse"), [NK_GENES, PLATELET_GENES])
    for request in (annotator, second_annotator, adjudicator, validator):
        assert request().system == request(cluster("1", PLATELET_GENES), other).system


def test_a_revision_goes_on_from_the_earlier_messages() -> None:
    first = annotator()
    second = prompts.revision(first, "one", ["GNLX is not in the list."], "Look at KLRD1.")
    third = prompts.revision(second, "two", [], "")
    assert third.messages[:3] == second.messages and second.messages[0] == first.messages[0]
    assert [message.role for message in third.messages] == ["user", "assistant", "user", "assistant", "user"]
    assert second.messages[1].text == "one"
    assert blocks(second.messages[2])["feedback"] == {
        "checks": ["GNLX is not in the list."],
        "reviewer": "Look at KLRD1.",
    }
    assert (third.system, third.schema, third.max_tokens) == (first.system, ANNOTATION, first.max_tokens)


def test_what_was_asked_for_goes_with_every_request() -> None:
    asked: dict[str, Any] = {"max_tokens": 321, "temperature": 0.5, "reasoning": "low"}
    chats = [
        prompts.annotator(briefing(), CLUSTER, **asked),
        prompts.second_annotator(briefing(), CLUSTER, **asked),
        prompts.adjudicator(briefing(), CLUSTER, read(CLAIM), read(OTHER_CLAIM), **asked),
        prompts.validator(briefing(), CLUSTER, CLAIM, [], **asked),
        prompts.formatter("x", VALIDATION, **asked),
    ]
    assert [chat.schema for chat in chats] == [ANNOTATION, ANNOTATION, ADJUDICATION, VALIDATION, VALIDATION]
    for chat in [*chats, prompts.revision(chats[0], "x", [], "")]:
        assert (chat.max_tokens, chat.temperature, chat.reasoning) == (321, 0.5, "low")


# --- what the validator sees ---


def test_the_validator_sees_neither_score_nor_arguments() -> None:
    message = validator(claim=read(CLAIM).for_validator()).messages[0]
    hidden = ("score", "score_reason", "sure", "specific", "possible_tissues")
    assert blocks(message)["claim"] == {
        **{name: value for name, value in CLAIM.items() if name not in hidden},
        "evidence": ["GNLY"],
        "conflicts": ["CCL4"],
    }
    assert blocks(message)["findings"] == FINDINGS
    assert not re.search("argument|certain|quite sure|43|97", message.text.partition("<claim>")[2])


def test_validators_differ_in_their_stance_only() -> None:
    moderate, strict = (validator(brief=briefing(involvement=name)) for name in ("v1", "v0"))
    assert moderate.messages == strict.messages
    lines = zip(moderate.system.splitlines(), strict.system.splitlines(), strict=True)
    [(one, other)] = [pair for pair in lines if pair[0] != pair[1]]
    assert "moderate" in one and "strict" in other


# --- prompts of version 1 ---


def test_prompts_of_version_1_name_no_depth_and_count_genes_set_aside() -> None:
    brief = Briefing(DATASET, SELECTION, depth="fine", version=EARLIER)
    assert annotator(brief=brief) == annotator(brief=dataclasses.replace(brief, depth="standard"))
    for request in (annotator, validator):
        data = blocks(request(brief=brief).messages[0])
        assert list(data["dataset"]) == ["tissue", "species", "additional_info", "ranked_by"]
        assert data["cluster_data"]["set_aside"] == {"ribosomal": 2}
        assert "wanted" not in request(brief=brief).system
