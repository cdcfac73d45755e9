"""The report: what it says of each kind of cluster, and that nothing written by others can act in it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cassia_engine import report
from cassia_engine.records import (
    CellType,
    Cluster,
    ClusterResult,
    Confidence,
    Conversation,
    Dataset,
    Marker,
    Outcome,
    RunInfo,
    Selection,
    SetAside,
    Usage,
)
from cassia_engine.report import look, markertable, talk, view, words
from tests import factories as make
from tests import talks

VOID = {"meta", "link", "input", "br"}
HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "</style><img src=x onerror=alert(3)>",
    "\"' onmouseover=alert(4) x='\"",
    "<a href='javascript:alert(5)'>free</a>",
    "<!-- ]]> {{ 7 * 7 }} {% raw %}",
    "\u202egnp.exe\u202c\u0000\u200b",
)


class Page(HTMLParser):
    """A report read back: its elements in order, its text, and the text of each element that has an id."""

    def __init__(self, html: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.text_of: dict[str, str] = {}
        self._open: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append((tag, dict(attrs).get("id") or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        # Cells and rows close themselves: go up to the element that this tag ends.
        while self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][0] in ("script", "style"):
            self.text_of[self._open[-1][0]] = data
            return
        self.text += data
        for _, name in self._open:
            if name:
                self.text_of[name] = self.text_of.get(name, "") + data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def with_class(self, name: str) -> list[dict[str, str | None]]:
        return [a for _, a in self.elements if name in (a.get("class") or "").split()]


def render(
    results: Sequence[ClusterResult],
    dataset: Dataset = make.DATASET,
    run: RunInfo = make.MODEL_RUN,
    selection: Selection = make.SELECTION,
) -> str:
    return report.render(dataset, selection, run, results)


def card_of(results: Sequence[ClusterResult], id: str) -> str:
    """The words of a cluster's card, white space made plain."""
    return " ".join(Page(render(results)).text_of[view.anchor(id)].split())


# --- the first screen


def test_headline_counts_types_and_looks() -> None:
    page = Page(render(make.mixed_bag()))
    assert page.text_of["headline"] == "6 of 10 clusters have a cell type. 8 need a look."


def test_unresolved_cluster_counts_as_no_cell_type_and_gets_a_look() -> None:
    results = [make.annotated("0", 0), make.unresolved("5", 1)]
    page = Page(render(results))
    assert page.text_of["headline"] == "1 of 2 clusters has a cell type. 1 needs a look."
    words = card_of(results, "5")
    assert "unresolved" in words
    assert "None of its 10 markers is known." in words
    assert "not judged" not in words


@pytest.mark.parametrize(
    ("n_typed", "n_all", "sentence"),
    [
        (0, 0, "The marker table has no clusters."),
        (1, 1, "The one cluster has a cell type."),
        (0, 1, "The one cluster has no cell type."),
        (0, 7, "None of 7 clusters has a cell type."),
        (1, 7, "1 of 7 clusters has a cell type."),
        (1000, 1000, "All 1,000 clusters have a cell type."),
    ],
)
def test_headline_in_every_number(n_typed: int, n_all: int, sentence: str) -> None:
    assert words.have_a_type(n_typed, n_all) == sentence


def test_all_well_is_said() -> None:
    page = Page(render([make.annotated("a"), make.annotated("b", 1)]))
    assert page.text_of["headline"] == "All 2 clusters have a cell type. None needs a look."
    assert "Nothing calls for a look" in page.text


def test_offline_says_first_that_no_model_was_asked() -> None:
    page = Page(render(make.mixed_bag(), run=make.OFFLINE_RUN))
    assert page.text_of["headline"].startswith("No language model was asked.")
    assert make.OFFLINE_RUN.notice in page.text_of["notice"]


def test_other_notices_do_not_claim_that_no_model_was_asked() -> None:
    run = RunInfo("", "", "", notice="No annotate task left a result.")
    page = Page(render([make.unannotated("0", 0, Outcome.NOT_REACHED)], run=run))
    assert "No language model was asked" not in page.text
    assert "No annotate task left a result." in page.text_of["notice"]


def test_worst_clusters_come_first_in_the_list() -> None:
    cards = view.page(make.DATASET, make.SELECTION, make.MODEL_RUN, make.mixed_bag(), {}).look
    assert [card.id for card in cards] == ["9", "7", "007", "7_0", "CD4 T", "3", "1", "2"]


def test_long_list_folds_and_loses_nobody() -> None:
    results = [make.unannotated(str(n), n) for n in range(30)]
    page = view.page(make.DATASET, make.SELECTION, make.MODEL_RUN, results, {})
    assert [c.id for c in (*page.look, *page.look_later)] == [str(n) for n in range(30)]
    assert len(page.look) == view.LISTED_AT_ONCE


def test_outcome_bar_adds_up_to_all_clusters() -> None:
    results = make.mixed_bag()
    segments = view.page(make.DATASET, make.SELECTION, make.MODEL_RUN, results, {}).segments
    assert [(s.word, s.count) for s in segments] == [
        ("clear", 2),
        ("with a warning", 4),
        ("no markers", 1),
        ("failed", 1),
        ("refused", 1),
        ("not reached", 1),
    ]
    assert [s.start for s in segments] == [0, 2, 6, 7, 8, 9]


def test_every_outcome_has_its_word_and_its_icon() -> None:
    html = render([make.annotated()])
    for outcome in set(Outcome) - {Outcome.ANNOTATED}:
        assert outcome.value in look.KINDS
        assert outcome in look.REMEDY
    assert all(f'id="i-{kind}"' in html for kind in look.KINDS)


# --- run facts: unknown is not 0


def facts(results: Sequence[ClusterResult]) -> dict[str, str]:
    return dict(words.usage_facts(results))


def test_usage_is_summed() -> None:
    found = facts([make.annotated(), make.annotated("1", 1)])
    assert found == {"Calls": "4", "Tokens": "3,600 in, 800 out", "Cost": "$0.022"}


def test_unknown_usage_is_unknown_not_zero() -> None:
    unknown = make.annotated("u", usage=Usage(3, None, None, None))
    assert facts([unknown]) == {"Calls": "3", "Tokens": "unknown in, unknown out", "Cost": "unknown"}
    assert facts([make.annotated(), unknown])["Cost"] == "at least $0.011 (unknown for 1 cluster)"


def test_offline_has_no_calls_and_no_cost_line() -> None:
    assert facts([make.annotated(usage=Usage())]) == {"Calls": "no calls"}


def test_clusters_not_reached_are_not_counted_and_that_is_said() -> None:
    assert facts(make.mixed_bag())["Calls"] == "12; 1 cluster not reached, not counted"


@pytest.mark.parametrize(
    ("value", "text"), [(0, "$0.00"), (0.00001, "less than $0.0001"), (0.0123, "$0.012"), (1234.5, "$1,234.50")]
)
def test_dollars(value: float, text: str) -> None:
    assert words.dollars(value) == text


def test_selection_is_said_in_words() -> None:
    assert words.selection_words(make.SELECTION) == (
        "Seurat table, up to 50 genes a cluster by avg_log2FC; adjusted p < 0.05, log2 fold change > 0.25, "
        "expressed in at least 10% of the cells inside or outside"
    )
    simplified = Selection("simplified", "given order", 50)
    assert words.selection_words(simplified).endswith("; no filter, the table has no statistics")


def test_made_with_is_shown_only_where_given() -> None:
    result = [make.annotated()]
    with_versions = report.render(make.DATASET, make.SELECTION, make.MODEL_RUN, result, {"Nextflow": "25.04.4"})
    assert "Nextflow 25.04.4" in Page(with_versions).text
    assert "Made with" not in Page(render(result)).text


# --- cards


def test_every_cluster_has_one_card_with_its_id_as_it_is() -> None:
    results = make.mixed_bag()
    page = Page(render(results))
    assert len(page.with_class("card")) == len(results)
    for result in results:
        assert result.cluster.id in page.text_of[view.anchor(result.cluster.id)]


@pytest.mark.parametrize("id", ["CD4 T", "7%2F0", "a/b?c#d", "é", '"><b>', "\u202e", "\ud800"])
def test_anchor_is_plain_ascii(id: str) -> None:
    assert re.fullmatch(r"cluster=[A-Za-z0-9_.~%-]+", view.anchor(id))


def test_anchors_of_different_ids_differ() -> None:
    ids = ["7", "07", "7 ", "7_0", "7%20", "CD4 T", "CD4%20T", "CD4+T"]
    assert len({view.anchor(id) for id in ids}) == len(ids)


def test_links_lead_to_elements_of_the_page() -> None:
    page = Page(render(make.mixed_bag()))
    ids = Counter(a["id"] for _, a in page.elements if a.get("id"))
    assert max(ids.values()) == 1
    for link in (*page.all("a"), *page.all("use")):
        assert (link["href"] or "").removeprefix("#") in ids


def test_failed_cluster_keeps_its_markers_not_judged() -> None:
    card = card_of(make.mixed_bag(), "9")
    assert "No annotation" in card
    assert "Markers, not judged" in card
    assert "The provider answered 503 to all 6 attempts." in card
    assert all(gene in card for gene in make.PLATELET_GENES)
    assert "Confidence" not in card


def test_cluster_without_markers_says_what_to_do() -> None:
    card = card_of(make.mixed_bag(), "2")
    assert "None of its 120 rows passes the filter. Loosen the thresholds" in card


def test_annotated_card_says_everything_there_is() -> None:
    answer = make.annotation(
        state="cycling",
        mixed_types=("platelet",),
        conflicting_genes=("NKG7",),
        unsupported_genes=("NCAM1",),
        confidence=Confidence.MODERATE,
    )
    card = card_of([make.annotated("x", answer=answer, validated=False, iterations=3)], "x")
    for text in (
        "natural killer cell",
        "lymphocyte",
        "CD8-positive, alpha-beta T cell",
        "CL:0000623",
        "cycling",
        "platelet",
        "Moderate",
        "91 of 100",
        "GNLY, GZMB, PRF1",
        "NCAM1 cited, not in the marker list",
        "The validator did not agree with the answer in 3 rounds",
        "Decided by",
        "$0.011",
    ):
        assert text in card


def test_few_conflicting_genes_that_a_validator_weighed_call_for_no_look() -> None:
    answer = make.annotation(conflicting_genes=("NKG7",))
    agreed, nobody = (make.annotated(answer=answer, validated=v) for v in (True, None))
    assert look.concerns(agreed, "openrouter") == ()
    assert [c.word for c in look.concerns(nobody, "openrouter")] == ["no verdict", "1 conflicting gene"]
    assert [c.word for c in look.concerns(nobody, "offline")] == ["1 conflicting gene"]
    assert "1 conflicting" in card_of([agreed], "0")


def test_many_conflicting_genes_call_for_a_look_whatever_the_validator_says() -> None:
    answer = make.annotation(conflicting_genes=("NKG7", "CCL4"))  # of three evidence genes
    found = look.concerns(make.annotated(answer=answer), "openrouter")
    assert [c.detail for c in found] == ["Against it: NKG7, CCL4."]


def test_all_well_claims_no_check_that_nobody_made() -> None:
    checked = Page(render([make.annotated()])).text
    unchecked = Page(render([make.annotated(validated=None)], run=make.OFFLINE_RUN)).text
    assert "passed its check" in checked
    assert "passed its check" not in unchecked
    assert "Nothing calls for a look" in unchecked


def test_marker_rows_mark_evidence_and_conflict() -> None:
    answer = make.annotation(conflicting_genes=("NKG7",))
    rows = view.page(make.DATASET, make.SELECTION, make.MODEL_RUN, [make.annotated(answer=answer)], {}).cards[0].markers
    marks = {row.gene: row.mark for row in rows if row.mark}
    assert marks == {"GNLY": "evidence", "GZMB": "evidence", "PRF1": "evidence", "NKG7": "conflicting"}
    assert [row.rank for row in rows] == list(range(1, 11))


def test_only_statistics_that_exist_have_a_column() -> None:
    scanpy = Cluster("0", 0, 9, 9, (Marker("A", log2fc=31.0, p_val_adj=0.0, score=9.5), Marker("B")))
    page = view.page(make.DATASET, make.SELECTION, make.MODEL_RUN, [make.annotated(cluster=scanpy)], {})
    assert page.columns == ("log2 FC", "test score", "adj. p")
    assert [row.cells for row in page.cards[0].markers] == [("31.00", "9.5", "0"), ("–", "–", "–")]
    assert page.bar_capped
    bare = Cluster("0", 0, 2, 2, (Marker("A"), Marker("B")))
    assert view.page(make.DATASET, make.SELECTION, make.MODEL_RUN, [make.annotated(cluster=bare)], {}).columns == ()


@pytest.mark.parametrize(
    ("value", "steps"), [(None, 0), (-1.0, 0), (0.001, 1), (2.5, 10), (5.0, 20), (30.9, 20), (float("inf"), 20)]
)
def test_bar_length(value: float | None, steps: int) -> None:
    assert markertable.bar(value, 5.0) == steps


def test_numbers_are_not_rounded_to_nothing() -> None:
    assert [words.share(v) for v in (0.0, 0.004, 0.5, 1.0, None)] == ["0%", "<1%", "50%", "100%", "–"]
    assert [words.p_value(v) for v in (0.0, 3e-9, 0.0123, None)] == ["0", "3e-09", "0.012", "–"]


def test_conversation_alternates_and_ends_with_the_scorer() -> None:
    held = Conversation(("a1", "a2"), ("v1",), formatting="{}", scoring="s")
    assert [(t.speaker, t.round, t.text) for t in talk.turns(held)] == [
        ("Annotator", 1, "a1"),
        ("Validator", 1, "v1"),
        ("Annotator", 2, "a2"),
        ("Formatter", 0, "{}"),
        ("Scorer", 0, "s"),
    ]


def test_messages_are_in_the_page_once_as_they_were_written() -> None:
    message = "  First line\n\tsecond <line> & more\n\n- item"
    html = render([make.annotated(conversation=make.conversation(annotations=(message,)))])
    assert Page(html).text.count(message) == 1


def test_annotation_of_a_refused_cluster_is_not_shown_as_its_answer() -> None:
    result = replace(make.annotated("r"), outcome=Outcome.REFUSED, reason="stopped half way")
    assert "natural killer cell" not in card_of([result], "r").replace(make.conversation().annotations[0], "")


# --- nothing acts but our own script


def structure(html: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(tag, tuple(attributes)) for tag, attributes in Page(html).elements]


def report_of(text: str) -> str:
    """A report with this text in every place where a stranger's text can stand."""
    markers = (make.marker(text, 1), make.marker("A", 2))
    answer = make.annotation(
        general_type=text,
        detailed_types=(CellType(text, text, text, 50.0),),
        cl_id=text,
        cl_label=text,
        mixed_types=(text,),
        state=text,
        evidence_genes=(text,),
        conflicting_genes=(text,),
        unsupported_genes=(text,),
        score_reason=text,
        cl_match=text,
        top_explained=0.3,
        possible_tissues=(text,),
        context_conflict=text,
    )
    aside = (SetAside(text, (text, "A")),)
    good = make.annotated(
        cluster=Cluster(text, 0, 9, 9, markers, context=text, set_aside=aside, hints=(text,)),
        reason=text,
        answer=answer,
        validated=False,
        decided_by=text,
        conversation=talks.hostile(text),
    )
    bad = ClusterResult(Cluster(text + "2", 1, 9, 9, markers), Outcome.FAILED, reason=text)
    run = RunInfo(text, text, text, text, text, text, ((text, text), ("temperature", text)))
    selection = Selection(text, text, 50)
    results = [good, bad, replace(good, cluster=Cluster(text + "3", 2, 9, 9, markers), conversation=talks.prose(text))]
    return report.render(Dataset(text, text, text, text), selection, run, results, {text: text})


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_makes_no_element_and_no_attribute(text: str) -> None:
    assert structure(report_of(text)) == structure(report_of("plain"))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(min_size=1).filter(str.strip))
def test_no_text_changes_the_structure(text: str) -> None:
    html = report_of(text)
    assert structure(html) == structure(report_of("plain"))
    html.encode("utf-8")


def test_unseen_characters_are_named() -> None:
    html = report_of("a\u202eb\x00c\ud800d\u200be")
    assert "a[U+202E]b[U+0000]c[U+D800]d[U+200B]e" in html
    assert not re.search("[\x00\u202e\u200b\ud800]", html)


def test_page_loads_nothing() -> None:
    page = Page(render(make.mixed_bag()))
    for tag, attributes in page.elements:
        assert not {"src", "srcset", "action", "data", "poster"} & attributes.keys()
        href = attributes.get("href")
        assert href is None or href.startswith("#") or (tag, href) == ("link", "data:,")
    assert "://" not in render(make.mixed_bag())
    assert not re.search(r"url\(|@import|image-set", page.text_of["style"])
    assert not re.search(r"fetch|XMLHttp|WebSocket|import\(|innerHTML|eval|insertAdjacent", page.text_of["script"])


def test_policy_lets_through_the_one_style_and_the_one_script_only() -> None:
    page = Page(report_of(HOSTILE[0]))
    policy = next(m["content"] or "" for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        assert len(page.all(tag)) == 1
        digest = base64.b64encode(hashlib.sha256(page.text_of[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    names = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name == "style"}


def test_same_input_gives_the_same_bytes() -> None:
    assert render(make.mixed_bag()) == render(make.mixed_bag())


def test_everything_is_called_a_hypothesis() -> None:
    assert "Everything here is a hypothesis for a biologist to check." in Page(render(make.mixed_bag())).text
