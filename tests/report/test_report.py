"""The report: what it says of each kind of cluster, and that nothing written by others can act in it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cassia_engine import report
from cassia_engine.records import (
    CalibrationBasis,
    CellType,
    Cluster,
    ClusterResult,
    Confidence,
    ConfidenceReason,
    Conversation,
    Dataset,
    How,
    Marker,
    Outcome,
    RunInfo,
    Selection,
    SetAside,
    TermMatch,
    Usage,
)
from cassia_engine.report import answers, dialogue, markertable, review_flags, rows, view, wording
from cassia_engine.report.methods import OF_SOFTWARE
from tests import conversations
from tests import factories as make
from tests.reading import Page, texts_of

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "</style><img src=x onerror=alert(3)>",
    "\"' onmouseover=alert(4) x='\"",
    "<a href='javascript:alert(5)'>free</a>",
    "<!-- ]]> {{ 7 * 7 }} {% raw %}",
    "\u202egnp.exe\u202c\u0000\u200b",
)


def render(
    results: Sequence[ClusterResult],
    dataset: Dataset = make.DATASET,
    run: RunInfo = make.MODEL_RUN,
    selection: Selection = make.SELECTION,
) -> str:
    return report.render(dataset, selection, run, results)


def said_of(results: Sequence[ClusterResult], id: str) -> str:
    """All that the report's data say of a cluster beside its markers, a text a line, white space made plain."""
    page = Page(render(results))
    return "\n".join(" ".join(text.split()) for text in texts_of([page.row(id), page.detail(id)]))


# --- the first screen


def test_headline_counts_types_and_looks() -> None:
    page = Page(render(make.mixed_bag()))
    assert page.text_of["headline"] == "6 of 10 clusters have a cell type. 8 need review."


def test_unresolved_cluster_counts_as_no_cell_type_and_gets_a_look() -> None:
    results = [make.annotated("0", 0), make.unresolved("5", 1)]
    page = Page(render(results))
    assert page.text_of["headline"] == "1 of 2 clusters has a cell type. 1 needs review."
    row = page.row("5")
    assert (row["title"], row["outcome"], row["not_judged"]) == ("unresolved", "annotated", [])
    assert "None of its 10 markers is known." in said_of(results, "5")


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
    assert wording.have_a_type(n_typed, n_all) == sentence


def test_all_well_is_said() -> None:
    page = Page(render([make.annotated("a"), make.annotated("b", 1)]))
    assert page.text_of["headline"] == "All 2 clusters have a cell type. None needs review."
    assert "Nothing needs review" in page.text


def test_offline_says_first_that_no_model_was_asked() -> None:
    page = Page(render(make.mixed_bag(), run=make.OFFLINE_RUN))
    assert page.text_of["headline"].startswith("No language model was asked.")
    assert page.text_of["notice"] == "Warning: the tissue 'x' is not in the tissue table."
    calm = Page(render([make.annotated()], run=make.OFFLINE_RUN))
    assert calm.text_of["headline"].endswith("The one cluster has a cell type. See the warning.")
    assert "Nothing needs review" not in calm.text
    alone = Page(render(make.mixed_bag(), run=replace(make.OFFLINE_RUN, warnings=())))
    assert alone.text_of["headline"].startswith("No language model was asked.") and "notice" not in alone.text_of


def test_other_notices_do_not_claim_that_no_model_was_asked() -> None:
    run = RunInfo("", "", "", notice="No annotate task left a result.")
    page = Page(render([make.unannotated("0", 0, Outcome.NOT_REACHED)], run=run))
    assert "No language model was asked" not in page.text
    assert "No annotate task left a result." in page.text_of["notice"]


def test_worst_clusters_come_first_in_the_list() -> None:
    listed = view.page(make.DATASET, make.SELECTION, make.MODEL_RUN, make.mixed_bag(), {}).flagged
    assert [row.id for row in listed] == ["9", "7", "007", "7_0", "CD4 T", "3", "1", "2"]


def test_long_list_folds_and_loses_nobody() -> None:
    results = [make.unannotated(str(n), n) for n in range(30)]
    page = view.page(make.DATASET, make.SELECTION, make.MODEL_RUN, results, {})
    assert [c.id for c in (*page.flagged, *page.flagged_later)] == [str(n) for n in range(30)]
    assert len(page.flagged) == view.LISTED_AT_ONCE


def test_many_cell_types_are_counted_and_those_left_out_are_said() -> None:
    answers = [make.annotation(general_type=f"type {n % 130}", detailed_types=()) for n in range(300)]
    results = [make.annotated(str(n), n, answer=answer) for n, answer in enumerate(answers)]
    page = view.page(make.DATASET, make.SELECTION, make.MODEL_RUN, results, {})
    assert (len(page.groups), len(page.groups_later), page.n_groups) == (20, 80, 130)
    assert (page.groups[0].title, [row.id for row in page.groups[0].rows]) == ("type 0", ["0", "130", "260"])
    assert "30 more cell types in the table of clusters." in Page(render(results)).text


def test_outcome_bar_adds_up_to_all_clusters() -> None:
    results = make.mixed_bag()
    segments = view.page(make.DATASET, make.SELECTION, make.MODEL_RUN, results, {}).segments
    assert [(s.word, s.count) for s in segments] == [
        ("clear", 2),
        ("in doubt", 4),
        ("no markers", 1),
        ("failed", 1),
        ("refused", 1),
        ("not reached", 1),
    ]
    assert [s.start for s in segments] == [0, 2, 6, 7, 8, 9]


def test_every_outcome_has_its_word_and_its_icon() -> None:
    html = render([make.annotated()])
    for outcome in set(Outcome) - {Outcome.ANNOTATED}:
        assert outcome.value in review_flags.KINDS
        assert outcome in review_flags.REMEDY
    assert all(f'id="i-{kind}"' in html for kind in review_flags.KINDS)


# --- run facts: unknown is not 0


def facts(results: Sequence[ClusterResult]) -> dict[str, str]:
    return dict(wording.usage_facts(results))


def test_usage_is_summed() -> None:
    found = facts([make.annotated(), make.annotated("1", 1)])
    assert found == {"Calls": "4", "Tokens": "3,600 in, 800 out", "Cost": "$0.022"}


def test_tokens_from_a_cache_are_told() -> None:
    usage = Usage(3, 4500, 700, 0.01, 3000)
    cached = make.annotated("c", usage=usage)
    found = facts([make.annotated(), cached])
    assert found["Tokens"] == "6,300 in (3,000 of them from the provider's cache), 1,100 out"
    assert usage.words == "3 calls, 4,500 tokens in (3,000 of them cached), 700 out, cost 0.01 USD"


def test_unknown_usage_is_unknown_not_zero() -> None:
    unknown = make.annotated("u", usage=Usage(3, None, None, None))
    assert facts([unknown]) == {"Calls": "3", "Tokens": "unknown in, unknown out", "Cost": "unknown"}
    assert facts([make.annotated(), unknown])["Cost"] == "at least $0.011 (unknown for 1 cluster)"


def test_the_line_of_a_run_says_that_its_cost_is_unknown() -> None:
    unknown = make.annotated("u", usage=Usage(3, None, None, None))
    assert "some/model-1 by openrouter, 3 calls, cost unknown" in Page(render([unknown])).text


def test_probabilities_are_told_in_words() -> None:
    found = answers.chance(make.annotation(probability=0.39, probability_near=0.8))
    assert found == "39% exact, 80% if a broader or narrower type counts as right"
    broad = answers.chance(make.annotation(probability=None, probability_near=0.8))
    assert broad == "80% if a broader or narrower type counts as right"


def test_reliability_is_told_as_predicted_and_observed() -> None:
    basis = CalibrationBasis("some/model-1", 80, 2, reliability=((0.59, 0.68), (0.72, 0.78)))
    found = wording.reliability(replace(make.MODEL_RUN, calibration=basis))
    assert found == "held-out labels, predicted and observed: 59% and 68%, 72% and 78%"


def test_offline_has_no_calls_and_no_cost_line() -> None:
    assert facts([make.annotated(usage=Usage())]) == {"Calls": "no calls"}


def test_clusters_not_reached_are_not_counted_and_that_is_said() -> None:
    assert facts(make.mixed_bag())["Calls"] == "12; 1 cluster not reached, not counted"


@pytest.mark.parametrize(
    ("value", "text"), [(0, "$0.00"), (0.00001, "less than $0.0001"), (0.0123, "$0.012"), (1234.5, "$1,234.50")]
)
def test_dollars(value: float, text: str) -> None:
    assert wording.dollars(value) == text


def test_selection_is_said_in_words() -> None:
    assert wording.selection_words(make.SELECTION) == (
        "Seurat table, up to 50 genes per cluster by avg_log2FC; adjusted p < 0.05, log2 fold change > 0.25, "
        "expressed in at least 10% of the cells inside or outside"
    )
    simplified = Selection("simplified", "given order", 50)
    assert wording.selection_words(simplified).endswith("; no filter, the table has no statistics")


def test_made_with_is_shown_only_where_given() -> None:
    result = [make.annotated()]
    with_versions = report.render(make.DATASET, make.SELECTION, make.MODEL_RUN, result, {"Nextflow": "25.04.4"})
    assert "Nextflow 25.04.4" in Page(with_versions).text
    assert "Made with" not in Page(render(result)).text


# --- clusters


def test_every_cluster_has_one_row_with_its_id_as_it_is() -> None:
    results = make.mixed_bag()
    page = Page(render(results))
    assert [row["id"] for row in page.rows] == [result.cluster.id for result in results]
    assert [row["anchor"] for row in page.rows] == [rows.anchor(result.cluster.id) for result in results]


def test_id_with_unseen_characters_is_shown_by_name_and_known_as_it_is() -> None:
    ids = ["\u202e", "[U+202E]", "__proto__", "\ud800"]
    page = Page(render([make.annotated(id, n) for n, id in enumerate(ids)]))
    assert [row["id"] for row in page.rows] == ["[U+202E]", "[U+202E]", "__proto__", "[U+D800]"]
    assert [row.get("key_id", row["id"]) for row in page.rows] == ids


@pytest.mark.parametrize("id", ["CD4 T", "7%2F0", "a/b?c#d", "é", '"><b>', "\u202e", "\ud800"])
def test_anchor_is_plain_ascii(id: str) -> None:
    assert re.fullmatch(r"cluster=[A-Za-z0-9_.~%-]+", rows.anchor(id))


def test_anchors_of_different_ids_differ() -> None:
    ids = ["7", "07", "7 ", "7_0", "7%20", "CD4 T", "CD4%20T", "CD4+T"]
    assert len({rows.anchor(id) for id in ids}) == len(ids)


def test_links_lead_to_elements_or_clusters_of_the_page() -> None:
    page = Page(render(make.mixed_bag()))
    ids = Counter(a["id"] for _, a in page.elements if a.get("id"))
    assert max(ids.values()) == 1
    known = {*ids, *(row["anchor"] for row in page.rows)}
    for link in (*page.all("a"), *page.all("use")):
        assert (link["href"] or "").removeprefix("#") in known


def test_failed_cluster_keeps_its_markers_not_judged() -> None:
    page = Page(render(make.mixed_bag()))
    row, detail = page.row("9"), page.detail("9")
    assert (row["title"], row["outcome"], row["confidence"], row["score"]) == ("No annotation", "failed", "", None)
    assert row["not_judged"] == list(make.PLATELET_GENES)
    assert "answer" not in detail
    assert detail["review_flags"][0]["detail"] == "The provider answered 503 to all 6 attempts."
    assert [marker["gene"] for marker in page.markers("9")] == list(make.PLATELET_GENES)


def test_cost_of_a_cluster_has_the_digits_of_the_summary() -> None:
    usage = Usage(calls=2, input_tokens=1800, output_tokens=400, cost_usd=0.005434 + 0.010868)
    results = [make.annotated("0", usage=usage), make.annotated("1", 1, usage=replace(usage, cost_usd=None))]
    page = Page(render(results))
    assert usage.cost_usd != 0.016302
    assert [page.row(id)["cost"] for id in "01"] == [0.016302, None]


def test_cluster_without_markers_says_what_to_do() -> None:
    found = Page(render(make.mixed_bag())).detail("2")["review_flags"][0]
    assert found["detail"] == "None of its 120 rows passes the filter."
    assert found["remedy"].startswith("Loosen the thresholds")


def test_data_of_a_cluster_say_everything_there_is() -> None:
    answer = make.annotation(
        state="cycling",
        mixed_types=("platelet",),
        conflicting_genes=("NKG7",),
        unsupported_genes=("NCAM1",),
        confidence=Confidence.MODERATE,
    )
    results = [make.annotated("x", answer=answer, validated=False, iterations=3)]
    row = Page(render(results)).row("x")
    assert row["evidence"] == ["GNLY", "GZMB", "PRF1"]
    assert (row["score"], row["pips"], row["decided_by"], row["cost"]) == (91, 2, "model", 0.011)
    said = said_of(results, "x")
    for text in (
        "natural killer cell",
        "lymphocyte",
        "CD8-positive, alpha-beta T cell",
        "CL:0000623",
        "cycling",
        "platelet",
        "Moderate",
        "NKG7",
        "NCAM1",
        "Cited, but not in the marker list: NCAM1.",
        "The validator did not agree with the answer in 3 rounds",
        "$0.011",
        "innate lymphoid cell",
    ):
        assert text in said


def test_few_conflicting_genes_that_were_weighed_call_for_no_look() -> None:
    sure = make.annotation(conflicting_genes=("NKG7",))
    answer = make.annotation(conflicting_genes=("NKG7",), confidence=Confidence.MODERATE)
    agreed, nobody = (make.annotated(answer=answer, validated=v) for v in (True, None))
    assert review_flags.review_flags(agreed, "openrouter") == ()
    assert review_flags.review_flags(make.annotated(answer=sure, validated=None), "offline") == ()
    assert [c.word for c in review_flags.review_flags(nobody, "openrouter")] == ["no verdict", "1 conflicting gene"]
    assert [c.word for c in review_flags.review_flags(nobody, "offline")] == ["1 conflicting gene"]
    assert Page(render([agreed])).row("0")["conflicting"] == ["NKG7"]


def test_many_conflicting_genes_call_for_a_look_whatever_the_validator_says() -> None:
    answer = make.annotation(conflicting_genes=("NKG7", "CCL4"))  # of three evidence genes
    found = review_flags.review_flags(make.annotated(answer=answer), "openrouter")
    assert [c.detail for c in found] == ["Against it: NKG7, CCL4."]


def test_low_confidence_says_by_what_rule() -> None:
    answer = make.annotation(confidence=Confidence.LOW, score=38.0)
    told = make.annotated(answer=answer, confidence_reasons=(ConfidenceReason("low_score", "the score is under 50"),))
    assert [c.detail for c in review_flags.review_flags(told, "openrouter")] == ["The score is under 50."]
    scored = make.annotated(answer=answer, conversation=make.conversation(scoring="Score 38 of 100, confidence Low."))
    [flag] = review_flags.review_flags(scored, "offline")
    assert flag.detail == "By the written rule, from its score, checks and evidence."


def test_all_well_claims_no_check_that_nobody_made() -> None:
    checked = Page(render([make.annotated()])).text
    offline = replace(make.OFFLINE_RUN, warnings=())
    unchecked = Page(render([make.annotated(validated=None)], run=offline)).text
    assert "passed its check" in checked
    assert "passed its check" not in unchecked
    assert "Nothing needs review" in unchecked


def test_only_statistics_that_exist_have_a_column() -> None:
    scanpy = Cluster("0", 0, 9, 9, (Marker("A", log2fc=31.0, p_val_adj=0.0, score=9.5), Marker("B")))
    page = Page(render([make.annotated(cluster=scanpy)]))
    assert [column["heading"] for column in page.data["columns"]] == ["log2 FC", "test score", "adj. p"]
    assert page.data["has"] == {"fc": True, "pct": False}
    assert page.markers("0") == [
        {"gene": "A", "fc": 31.0, "score": 9.5, "p": 0.0},
        {"gene": "B", "fc": None, "score": None, "p": None},
    ]
    assert (page.data["fc_end"], page.data["fc_capped"]) == (10.0, True)
    bare = Cluster("0", 0, 2, 2, (Marker("A"), Marker("B")))
    page = Page(render([make.annotated(cluster=bare)]))
    assert page.data["columns"] == []
    assert page.markers("0") == [{"gene": "A"}, {"gene": "B"}]


def test_gene_has_the_name_of_its_table_beside_it() -> None:
    bare = Cluster("0", 0, 2, 2, (Marker("CD3D", given="GRCh38-CD3D"), Marker("CD2")))
    page = Page(render([make.annotated(cluster=bare)]))
    assert page.markers("0") == [{"gene": "CD3D", "given": "GRCh38-CD3D"}, {"gene": "CD2", "given": ""}]


def test_markers_keep_rank_and_name_each_gene_once() -> None:
    results = [make.annotated(), make.annotated("1", 1, cluster=make.cluster("1", make.NK_GENES[::-1], 1))]
    page = Page(render(results))
    assert page.packed("markers")["genes"] == list(make.NK_GENES)
    for result in results:
        found = page.markers(result.cluster.id)
        assert [marker["gene"] for marker in found] == result.cluster.genes
        assert [marker["fc"] for marker in found] == [
            pytest.approx(marker.log2fc, rel=1e-3) for marker in result.cluster.markers
        ]


@pytest.mark.parametrize(
    ("value", "short"), [(None, None), (2 / 3, 0.6667), (3.21e-9, 3.21e-9), (float("inf"), None), (0.0, 0.0)]
)
def test_statistics_keep_the_digits_that_count(value: float | None, short: float | None) -> None:
    assert markertable.short(value) == short


def test_shares_are_not_rounded_to_nothing() -> None:
    assert [wording.share(v) for v in (0.0, 0.004, 0.5, 1.0, None)] == ["0%", "<1%", "50%", "100%", "–"]


def test_conversation_alternates_and_ends_with_the_score() -> None:
    held = Conversation(("a1", "a2"), ("v1",), formatting="{}", scoring="s")
    assert [(t.speaker, t.round, t.text) for t in dialogue.turns(held)] == [
        ("Annotator", 1, "a1"),
        ("Validator", 1, "v1"),
        ("Annotator", 2, "a2"),
        ("Score and confidence", 0, "s"),
    ]


def test_messages_are_in_the_page_once_as_they_were_written() -> None:
    message = "  First line\n\tsecond <line> & more\n\n- item" * 5
    page = Page(render([make.annotated(conversation=make.conversation(annotations=(message,)))]))
    assert page.everything().count(message) == 1
    assert page.detail("0")["turns"][0]["text"] == message


def test_long_texts_that_clusters_share_are_in_the_page_once() -> None:
    system, question = "You name cell types by their markers. " * 9, "GNLY, GZMB and PRF1, what is it? " * 9
    asked = {"system": [{"type": "text", "text": system}], "messages": [{"role": "user", "content": question}], "n": 1}
    held = conversations.held(
        calls=(conversations.call(request=asked, url="https://a.example/v1", response=conversations.claim()),) * 2
    )
    page = Page(render([make.annotated(str(n), n, conversation=held) for n in range(60)]))
    text = page.everything()
    assert text.count(system) == text.count(question) == 1
    for id in ("0", "59"):
        request = page.detail(id)["requests"][1]
        assert request["messages"] == [["system", system], ["user", question]]
        assert (request["url"], request["rest"], request["reply"]) == (
            "https://a.example/v1",
            '{"n": 1}',
            conversations.claim(),
        )


def test_annotation_of_a_refused_cluster_is_not_shown_as_its_answer() -> None:
    result = replace(make.annotated("r"), outcome=Outcome.REFUSED, reason="stopped half way")
    assert "natural killer cell" not in said_of([result], "r").replace(make.conversation().annotations[0], "")


def test_key_of_the_run_is_of_what_was_run_only() -> None:
    results = make.mixed_bag()
    key = Page(render(results)).data["key"]
    assert re.fullmatch("[0-9a-f]{16}", key)
    assert Page(render([replace(r, reason="other") for r in results])).data["key"] == key
    others = (
        render(results[1:]),
        render(results, run=make.OFFLINE_RUN),
        render(results, replace(make.DATASET, name="b")),
    )
    assert len({key, *(Page(other).data["key"] for other in others)}) == 4


# --- nothing acts but our own script


def structure(html: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(tag, tuple(attributes)) for tag, attributes in Page(html).elements]


def report_of(text: str) -> str:
    """A report with this text in every place where a text from outside can stand."""
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
        match=TermMatch(How.MISS, text),
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
        conversation=conversations.hostile(text),
    )
    bad = ClusterResult(Cluster(text + "2", 1, 9, 9, markers), Outcome.FAILED, reason=text)
    run = RunInfo(text, text, text, text, text, text, ((text, text), ("temperature", text)))
    selection = Selection(text, text, 50)
    results = [
        good,
        bad,
        replace(good, cluster=Cluster(text + "3", 2, 9, 9, markers), conversation=conversations.prose(text)),
    ]
    return report.render(Dataset(text, text, text, text), selection, run, results, {text: text})


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_makes_no_element_and_no_attribute(text: str) -> None:
    assert structure(report_of(text)) == structure(report_of("plain"))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(min_size=1).filter(lambda text: text.strip() and text not in OF_SOFTWARE))
def test_no_text_changes_the_structure(text: str) -> None:
    """But for the names of software that the page cites."""
    html = report_of(text)
    assert structure(html) == structure(report_of("plain"))
    html.encode("utf-8")


def test_unseen_characters_are_named() -> None:
    page = Page(report_of("a\u202eb\x00c\ud800d\u200be"))
    named = "a[U+202E]b[U+0000]c[U+D800]d[U+200B]e"
    assert named in page.text
    assert named in page.everything()
    assert not re.search("[\x00\u202e\u200b\ud800]", page.everything())


def test_page_loads_nothing() -> None:
    page = Page(render(make.mixed_bag()))
    for tag, attributes in page.elements:
        assert not {"src", "srcset", "action", "data", "poster"} & attributes.keys()
        href = attributes.get("href")
        assert href is None or href.startswith("#") or (tag, href) == ("link", "data:,")
    assert "://" not in render(make.mixed_bag())
    assert not re.search(r"url\(|@import|image-set", page.styles[""])
    assert not re.search(r"fetch|XMLHttp|WebSocket|import\(|innerHTML|eval|insertAdjacent", page.scripts[""])


def test_policy_lets_through_the_one_style_and_the_one_script_only() -> None:
    page = Page(report_of(HOSTILE[0]))
    policy = next(m["content"] or "" for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert len(page.all("style")) == 1
    assert [a for a in page.all("script") if not a.get("type")] == [{}]
    assert {a.get("type") for a in page.all("script")} == {None, "application/json", "text/plain"}
    for tag, texts in (("style", page.styles), ("script", page.scripts)):
        digest = base64.b64encode(hashlib.sha256(texts[""].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    names = {name for _, attributes in page.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name == "style"}


def test_same_input_gives_the_same_bytes() -> None:
    assert render(make.mixed_bag()) == render(make.mixed_bag())


def test_everything_is_called_a_hypothesis() -> None:
    assert "Everything here is a hypothesis for a biologist to check." in Page(render(make.mixed_bag())).text
