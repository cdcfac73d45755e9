"""Genes that a second annotator wants to see: looked up once, shown to it and to the adjudicator, and kept."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cassia_engine.conversation import Advisers, converse
from cassia_engine.errors import CallFailedError, UsageError
from cassia_engine.evidence import GeneList
from cassia_engine.lookup import GeneTable, Lookup, gene_list
from cassia_engine.ontology import Ontology
from cassia_engine.providers.chat import Chat, Finish
from cassia_engine.records import (
    SECOND,
    Cluster,
    ClusterResult,
    Confidence,
    FoundRow,
    Marker,
    Outcome,
    from_json,
    to_json,
)
from cassia_engine.replies.shapes import ANNOTATION, OPINION
from cassia_engine.settings import AnnotateSettings
from tests.conversation.test_conversation import BRIEFING, SECRET_ID, Model, verdict
from tests.conversation.test_second_opinion import CALIBRATION, NK, choice, label, of
from tests.factories import cluster

NK_ID = "CL:0000623"
THIS, OTHER = SECRET_ID, "their other label"
FURTHER = (Marker("FCGR3A", log2fc=2.5, pct_in=0.5, pct_out=0.1), Marker("CD3D", log2fc=-1.5, pct_in=0.04, pct_out=0.4))
TABLE = GeneTable(
    [
        replace(cluster(THIS), markers=(*cluster(THIS).markers, *FURTHER)),
        Cluster(OTHER, 1, 2, 2, (Marker("CD3D", log2fc=3.0, pct_in=0.9, pct_out=0.2), Marker("CD3E", log2fc=2.0))),
    ]
)
Said = Callable[[str, int, Chat], Any]


def wanting(cell_type: str, *genes: str, **changes: Any) -> dict[str, Any]:
    return of(cell_type, wanted_genes=list(genes), **changes)


def said(second: list[Any], adjudicator: Any = None) -> Said:
    def reply(role: str, n: int, chat: Chat) -> Any:
        if role == "annotator":
            return of(NK, score=10)
        return adjudicator if role == "adjudicator" else second[min(n, len(second) - 1)]

    return reply


def hold(
    script: Said,
    most: int = 15,
    numbers: dict[str, int] | None = None,
    *,
    strict: bool = False,
    **brief: Any,
) -> tuple[ClusterResult, Model]:
    async def lookup(of_cluster: Cluster) -> Lookup:
        return Lookup(TABLE, of_cluster.id, most, numbers)

    involvement = "v0" if strict else "v1"
    model, how = Model(script), AnnotateSettings(provider="custom", validator_involvement=involvement)
    briefing = dataclasses.replace(BRIEFING, lookup_genes=most, involvement=involvement, **brief)
    advisers = Advisers(calibration=CALIBRATION, lookup=lookup)
    result = asyncio.run(converse(cluster(THIS), briefing, model, how, Ontology.load(), advisers=advisers))
    assert from_json(ClusterResult, to_json(result)) == result
    return result, model


def statistics(chat: Chat) -> dict[str, Any]:
    text = chat.messages[-1].text
    start, end = "<gene_statistics>\n", "\n</gene_statistics>"
    return dict(json.loads(text[text.index(start) + len(start) : text.index(end)]))


def test_wanted_genes_are_looked_up_and_the_second_annotator_is_asked_again() -> None:
    result, model = hold(said([wanting("platelet", "fcgr3a", "CD3D", "CD3E", "NOGENE"), of(NK)]))
    assert model.roles == "annotator second second"
    first, again = (chat for role, chat, *_ in model.asked if role == "second")
    assert (first.schema, again.schema) == (OPINION, ANNOTATION)
    assert again.messages[0] == first.messages[0] and len(again.messages) == 3
    shown = statistics(again)
    assert [row[:4] for row in shown["rows"]] == [
        ["FCGR3A", "this", 11, 2.5],
        ["CD3D", "this", 12, -1.5],
        ["CD3D", 2, 1, 3.0],
        ["CD3E", 2, 2, 2.0],
    ]
    assert (shown["no_row_for_this_cluster"], shown["not_in_the_table"]) == (["CD3E"], ["NOGENE"])
    found = result.rounds[1].looked_up
    assert found and found.asked == ("fcgr3a", "CD3D", "CD3E", "NOGENE")
    assert [row.gene for row in found.rows if row.cluster == THIS] == ["FCGR3A", "CD3D"]
    assert result.rounds[0].looked_up is None
    assert result.adjudication and result.adjudication.agree and label(result) == NK
    assert [(call["role"], call["round"]) for call in result.conversation.calls][1:] == [(SECOND, 2), (SECOND, 2)]


def test_who_wants_nothing_is_asked_once() -> None:
    result, model = hold(said([wanting(NK)]))
    assert (model.roles, result.rounds[1].looked_up) == ("annotator second", None)


def test_genes_are_not_offered_where_none_can_be_looked_up() -> None:
    model = Model(said([wanting(NK, "CD3D")]))
    how = AnnotateSettings(provider="custom")
    asyncio.run(converse(cluster(), BRIEFING, model, how, Ontology.load(), advisers=Advisers(calibration=CALIBRATION)))
    assert model.roles == "annotator second"
    assert "wanted_genes" not in model.asked[1][1].system and model.asked[1][1].schema == ANNOTATION


def test_genes_of_which_the_table_says_nothing_cost_no_call() -> None:
    result, model = hold(said([wanting(NK, "NOGENE")]))
    assert model.roles == "annotator second"
    found = result.rounds[1].looked_up
    assert found and (found.missing, found.rows) == (("NOGENE",), ())


def test_more_genes_are_asked_for_once_only_and_not_too_many() -> None:
    wants = wanting(NK, "FCGR3A", "CD3D", "CD3E")
    result, model = hold(said([wants, wants]), most=2)
    assert model.roles == "annotator second second"
    found = result.rounds[1].looked_up
    assert found and (found.asked, found.left_out) == (("FCGR3A", "CD3D"), ("CD3E",))
    assert "up to 2 genes" in model.asked[1][1].system


@pytest.mark.parametrize("lost", [("", Finish.REFUSED), "no JSON", CallFailedError("custom answered 500")])
def test_where_the_second_reply_is_lost_the_first_one_counts(lost: Any) -> None:
    result, model = hold(said([wanting("platelet", "CD3D"), lost, lost], choice("a")))
    assert model.roles.startswith("annotator second second") and model.roles.endswith("adjudicator")
    assert result.outcome is Outcome.ANNOTATED and label(result) == NK
    assert result.adjudication and result.second_claim and result.second_claim.candidates[0].cell_type == "platelet"


def test_the_adjudicator_sees_the_statistics_too() -> None:
    _, model = hold(said([wanting("platelet", "CD3D"), of("platelet")], choice("a")))
    role, chat, *_ = model.asked[-1]
    assert role == "adjudicator" and statistics(chat)["rows"][0][:2] == ["CD3D", "this"]
    assert "gene_statistics" in chat.system
    _, plain = hold(said([wanting("platelet"), of("platelet")], choice("a")))
    assert "gene_statistics" not in str(plain.asked[-1][1])


def test_what_was_looked_up_may_be_cited() -> None:
    cited = [{"gene": gene, "speaks_for": NK} for gene in ("GNLY", "KLRD1", "FCGR3A")]
    result, _ = hold(said([wanting("platelet", "FCGR3A"), of(NK, evidence=cited)]))
    failed = {finding.code for finding in result.rounds[1].checks if not finding.passed}
    assert "evidence_listed" not in failed
    unseen, _ = hold(said([wanting(NK), of(NK)]))
    assert unseen.rounds[1].looked_up is None
    invented, _ = hold(said([wanting(NK, evidence=cited)]))
    assert "evidence_listed" in {finding.code for finding in invented.rounds[1].checks if not finding.passed}


def test_clusters_have_the_numbers_by_which_the_model_knows_them() -> None:
    _, model = hold(said([wanting(NK, "CD3E"), of(NK)]), numbers={THIS: 1, OTHER: 7})
    assert statistics(model.asked[2][1])["rows"][0][:2] == ["CD3E", 7]
    _, model = hold(said([wanting(NK, "CD3E"), of(NK)]), numbers={THIS: 1})
    assert statistics(model.asked[2][1])["rows"][0][:2] == ["CD3E", "another"]


def test_no_cluster_is_named_to_the_model() -> None:
    _, model = hold(said([wanting("platelet", "CD3D"), of("platelet")], choice("a")))
    sent = "\n".join(message.text for _, chat, *_ in model.asked for message in chat.messages)
    assert THIS not in sent and OTHER not in sent and '"CD3D",2' in sent


def test_a_table_that_cannot_be_read_ends_the_run() -> None:
    async def lookup(of_cluster: Cluster) -> Lookup:
        raise UsageError("it is gone")

    briefing = dataclasses.replace(BRIEFING, lookup_genes=15)
    advisers = Advisers(calibration=CALIBRATION, lookup=lookup)
    model, how = Model(said([wanting(NK, "CD3D")])), AnnotateSettings(provider="custom")
    with pytest.raises(UsageError, match="it is gone"):
        asyncio.run(converse(cluster(THIS), briefing, model, how, Ontology.load(), advisers=advisers))


def test_a_gene_that_is_down_is_no_evidence() -> None:
    cited = [{"gene": gene, "speaks_for": "x"} for gene in ("GNLY", "KLRD1", "NKG7", "FCGR3A", "CD3D")]
    result, _ = hold(said([wanting("platelet", "FCGR3A", "CD3D"), of("platelet", evidence=cited)], choice("b")))
    [found] = [one for one in result.rounds[1].checks if one.code == "evidence_up"]
    assert not found.passed and found.genes == ("CD3D",) and label(result) == "platelet"
    assert result.annotation and "CD3D" not in result.annotation.evidence_genes
    assert "FCGR3A" in result.annotation.evidence_genes and "CD3D" in result.annotation.conflicting_genes
    assert result.annotation.confidence is not Confidence.HIGH


def test_looked_up_genes_are_told_from_listed_ones() -> None:
    cited = [{"gene": gene, "speaks_for": "x"} for gene in ("FCGR3A",)]
    result, _ = hold(said([wanting("platelet", "FCGR3A", "CD3D"), of("platelet", evidence=cited)], choice("a")))
    texts = {one.code: one.text for one in result.rounds[1].checks}
    n = len(cluster(THIS).markers)
    assert texts["evidence_given"] == f"1 of the {n} listed genes and 2 looked up are given as evidence."
    assert texts["evidence_strong"].endswith("0 of the first 20.") and f"first {n} genes" in texts["top_explained"]
    assert "in the list or were looked up" in texts["evidence_listed"]
    plain = {one.code for one in result.rounds[0].checks}
    assert "evidence_up" not in plain


def test_what_was_said_before_the_statistics_stays_on_record() -> None:
    result, _ = hold(said([wanting("platelet", "CD3D"), ("I cannot help with that", Finish.REFUSED)], choice("a")))
    assert "platelet" in result.conversation.annotations[1]
    assert "what it had said before it saw the genes counts" in result.reason


def test_a_strict_validator_sees_the_statistics_of_the_answer_it_judges() -> None:
    def reply(role: str, n: int, chat: Chat) -> Any:
        if role == "annotator":
            return of(NK, score=10)
        if role == "second":
            return wanting("platelet", "FCGR3A") if n == 0 else of("platelet")
        return choice("b") if role == "adjudicator" else verdict("platelet")

    result, model = hold(reply, strict=True)
    role, chat, *_ = model.asked[-1]
    assert role == "validator" and statistics(chat)["rows"][0][:2] == ["FCGR3A", "this"]
    assert "gene_statistics" in chat.system and label(result) == "platelet"


def test_a_looked_up_gene_rules_nothing_out() -> None:
    """Genes among the first of the list do; a looked-up one, here one that is down, is none of them."""
    short = replace(cluster(THIS), markers=cluster(THIS).markers[:4])
    genes = gene_list(short, [FoundRow("MS4A1", THIS, 400, log2fc=-3.0)])
    listed = GeneList(replace(short, markers=(*short.markers, Marker("MS4A1"))))
    assert [found.gene for found in listed.ruling_out(NK_ID)] == ["MS4A1"]
    assert genes.ruling_out(NK_ID) == () and genes.down(["MS4A1"]) == ("MS4A1",)


@pytest.mark.parametrize(
    "lost",
    [
        [("I cannot help with that", Finish.REFUSED)],
        [(json.dumps(of("B cell")), Finish.REFUSED)],
        ["no JSON at all", "nor this"],
    ],
    ids=["refused", "readable, but refused", "unreadable"],
)
def test_a_lost_second_reply_leaves_no_trace_in_the_claim(lost: list[Any]) -> None:
    def reply(role: str, n: int, chat: Chat) -> Any:
        if role == "formatter":
            return lost[-1]
        return said([wanting("platelet", "CD3D"), lost[0]], choice("a"))(role, n, chat)

    result, _ = hold(reply)
    assert result.second_claim and result.second_claim.candidates[0].cell_type == "platelet"
    assert "platelet" in result.conversation.annotations[1] and "B cell" not in result.conversation.annotations[1]


def test_second_reply_and_adjudication_may_both_be_lost() -> None:
    refused = ("I cannot help with that", Finish.REFUSED)
    result, model = hold(said([wanting("platelet", "CD3D"), refused], refused))
    assert model.roles == "annotator second second adjudicator" and label(result) == NK
    assert result.outcome is Outcome.ANNOTATED


def test_what_is_said_of_a_looked_up_gene_is_no_claim_of_absence() -> None:
    against = [{"gene": "CD3D", "speaks_for": "T cell, not expressed here"}]
    second = of("platelet", conflicts=against, score_reason="CD3D is not expressed in this cluster")
    result, _ = hold(said([wanting("platelet", "FCGR3A", "CD3D"), second], choice("a")))
    assert {one.code: one.passed for one in result.rounds[1].checks}["no_absence_claimed"]
    of_another = of("platelet", score_reason="CD79A is not expressed in this cluster")
    result, _ = hold(said([wanting("platelet", "FCGR3A", "CD3D"), of_another], choice("a")))
    [found] = [one for one in result.rounds[1].checks if one.code == "no_absence_claimed"]
    assert not found.passed and f"list of {len(cluster(THIS).markers)} genes" in found.text


def test_fractions_that_are_hidden_are_not_looked_up() -> None:
    _, model = hold(said([wanting("platelet", "FCGR3A"), of(NK)]))
    assert "pct_in" in statistics(model.asked[2][1])["columns"]
    _, model = hold(said([wanting("platelet", "FCGR3A"), of(NK)]), with_fractions=False)
    assert statistics(model.asked[2][1])["columns"] == ["gene", "cluster", "rank", "log2fc"]


def test_who_revises_the_second_answer_sees_its_statistics() -> None:
    cited = [{"gene": gene, "speaks_for": "x"} for gene in ("GNLY", "KLRD1", "NKG7", "FCGR3A")]

    def reply(role: str, n: int, chat: Chat) -> Any:
        if role == "annotator":
            return of(NK, score=10) if n == 0 else of("platelet", evidence=cited)
        if role == "second":
            return wanting("platelet", "FCGR3A") if n == 0 else of("platelet", evidence=cited)
        objects = verdict(NK, better_type="yes", lineage_fits="no")
        return choice("b") if role == "adjudicator" else objects if n == 0 else verdict("platelet")

    result, model = hold(reply, strict=True)
    asked = [chat for role, chat, *_ in model.asked if role == "annotator"]
    assert len(asked) == 2 and statistics(asked[1])["rows"][0][:2] == ["FCGR3A", "this"]
    failed = {one.code for one in result.rounds[2].checks if not one.passed}
    assert "evidence_listed" not in failed


def test_broad_labels_are_compared_as_lineages() -> None:
    """CD4 and CD8 T cells are T cells: nobody need choose."""
    kinds = ("CD4-positive, alpha-beta T cell", "CD8-positive, alpha-beta T cell")

    def reply(role: str, n: int, chat: Chat) -> Any:
        return of(kinds[0], score=10) if role == "annotator" else choice("a") if role == "adjudicator" else of(kinds[1])

    _, standard = hold(reply)
    result, broad = hold(reply, depth="broad")
    assert (standard.roles, broad.roles) == ("annotator second adjudicator", "annotator second")
    assert result.adjudication and result.adjudication.agree and label(result) == "T cell"


REPLIES: st.SearchStrategy[Any] = st.sampled_from(
    [
        of(NK),
        of(NK, score=10),
        wanting("platelet", "FCGR3A", "CD3D"),
        wanting("platelet", "NOGENE"),
        of("platelet", evidence=[]),
        of("B cell", lineage="unresolved", candidates=[]),
        choice("a"),
        choice("b"),
        choice("neither"),
        verdict("platelet"),
        verdict(NK, better_type="yes"),
        ("", Finish.REFUSED),
        (json.dumps(of(NK))[:200], Finish.LENGTH),
        (json.dumps(of("B cell")), Finish.REFUSED),
        "I would rather not say.",
        CallFailedError("custom answered 400"),
    ]
)


@given(st.lists(REPLIES, min_size=24, max_size=24), st.booleans(), st.sampled_from(["broad", "standard", "fine"]))
def test_whatever_is_said_the_conversation_ends_with_an_outcome(replies: list[Any], strict: bool, depth: str) -> None:
    following = iter(replies)
    result, model = hold(lambda role, n, chat: next(following), strict=strict, depth=depth)
    assert result.outcome.is_failure == (result.annotation is None)
    assert result.reason or result.annotation
    second = [one for one in result.rounds if one.role == SECOND]
    assert len(second) <= 1 and all(one.looked_up is None for one in result.rounds if one.role != SECOND)
    if second and second[0].looked_up and not second[0].looked_up.rows:
        assert model.roles.count("second") <= 2  # asked, and asked for more tokens
