"""The view of a cluster in a real browser: opened by its link, with answer, markers and conversation."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec.structs import replace

from cassia_engine.records import (
    CellType,
    ClusterResult,
    Confidence,
    How,
    MarkerScoring,
    ScoredType,
    ScoringCheck,
    SetAside,
    TermMatch,
    Usage,
)
from cassia_engine.report import rows
from tests import conversations
from tests import factories as make
from tests.browser.conftest import Open, Visit, render

pytestmark = pytest.mark.slow


def test_link_opens_the_view_of_its_cluster(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=CD4%20T")
    assert found.texts("#cluster-view h2") == ["natural killer cell"]
    assert found.texts("#cluster-view .unsupported .role") == ["unsupported"] * 2
    assert found.trouble == []


def test_exact_request_is_drawn_when_it_is_opened(visit: Open) -> None:
    asked = {"messages": [{"role": "system", "content": "You name cell types."}], "max_tokens": 9}
    held = conversations.held(
        calls=(conversations.call(request=asked, response=conversations.claim()), conversations.call("validator"))
    )
    found = visit(render([make.annotated(conversation=held)]), "#cluster=0")
    found.page.click(".calls > summary")
    found.page.click(".exact > summary >> nth=0")
    found.page.locator(".exact[open] pre >> nth=2").wait_for()
    assert found.texts(".exact[open] pre") == ["You name cell types.", '{ "max_tokens": 9 }', conversations.claim()]
    assert found.trouble == []


def view(found: Visit) -> str:
    return " ".join(str(found.page.locator("#cluster-view").inner_text()).split())


def test_view_says_everything_of_an_answer(visit: Open) -> None:
    answer = make.annotation(
        state="cycling",
        mixed_types=("platelet",),
        conflicting_genes=("NKG7",),
        unsupported_genes=("NCAM1",),
        confidence=Confidence.MODERATE,
        score_reason="strong genes",
        match=TermMatch(How.BROADER, "it is a kind of it"),
        top_explained=0.35,
        possible_tissues=("blood", "spleen"),
        context_conflict="markers of the liver",
    )
    aside = (SetAside("ribosomal", ("RPL3", "RPS6")), SetAside("cell cycle", ("CENPF",)))
    cluster = replace(make.cluster("x"), set_aside=aside, hints=("many cells may be cycling",), context="sorted cells")
    result = make.annotated(cluster=cluster, answer=answer, validated=False, iterations=3, reason="three rounds")
    words = view(visit(render([result]), "#cluster=x"))
    for text in (
        "Cluster x natural killer cell",
        "Not validated. Three rounds. 1 conflicting gene.",
        "Context conflict. The markers contradict what was said of the data: Markers of the liver.",
        "General type lymphocyte",
        "Other candidates CD8-positive, alpha-beta T cell CL:0000625 score 64",
        "Cell Ontology CL:0000623 a broader type: the label itself has no term: it is a kind of it",
        "innate lymphoid cell › group 1 innate lymphoid cell",
        "Possible mixture with platelet",
        "State cycling",
        "Confidence Moderate",
        "Score 91 of 100 Strong genes.",
        "Evidence genes GNLY, GZMB, PRF1",
        "Conflicting genes NKG7",
        "Unsupported genes NCAM1 cited, not in the marker list",
        "Explains 35% of the first 10 genes",
        "Possible tissues blood, spleen",
        "How it ended Three rounds.",
        "Decided by model",
        "Your notes sorted cells",
        "Cost $0.011",
        "it is no probability.",
        "– NCAM1 unsupported – – – – 1 GNLY evidence 6.00 97% 8% 1e-60",
        "4 NKG7 conflicting 1.50 94% 8% 1e-15",
        "10 genes listed, of 30 that pass the filter and 210 in the table.",
        "Technical genes left out: 2 ribosomal (RPL3, RPS6); 1 cell cycle (CENPF).",
        "Hint: Many cells may be cycling.",
    ):
        assert text in words


def scored(**changes: Any) -> ClusterResult:
    """A cluster as offline marker scoring answers it."""
    answer, other = CellType("natural killer cell", "CL:0000623", "natural killer cell", 88.5), "CD8-positive, T cell"
    scoring = MarkerScoring(
        known_genes=7,
        types=(
            ScoredType(answer.label, answer.cl_id, 88.5, 6.16, (("GNLY", 0.56), ("GZMB", 0.5))),
            ScoredType(other, "CL:0000625", 64.2, 3.1, (("GZMB", 0.43), ("CCL4", 0.2)), expected=False),
        ),
        tissues=("blood",),
        rival="monocyte",
        rival_strength=0.3,
        rival_genes=("FGFBP2", "NKG7"),
        one_gene=0.5,
        checks=(ScoringCheck("Do at least three genes support it?", False, "2 genes", "few genes"),),
    )
    voted = make.annotation(detailed_types=(answer, CellType(other)), score=88.5)
    talk = make.conversation(formatting='{"general_type": "x"}', scoring="told")
    return make.annotated(answer=voted, conversation=talk, usage=Usage(), scoring=scoring, **changes)


def test_offline_view_shows_how_the_score_came_about_and_no_conversation(visit: Open) -> None:
    found = visit(render([scored(validated=False)], make.OFFLINE_RUN), "#cluster=0")
    assert found.texts(".weights thead th") == [
        "Weight of each gene",
        "The answer",
        "CD8-positive, T cell CL:0000625 not of this tissue",
    ]
    assert found.texts(".weights tbody tr") == ["GNLY 0.56 –", "GZMB 0.50 0.43", "CCL4 – 0.20"]
    assert found.texts(".weights tfoot tr") == ["Strength 6.16 3.10", "Score 88.5 64.2"]
    words = view(found)
    assert "7 of 10 markers are in the marker knowledge. Tissue: peripheral blood, read as blood." in words
    assert "The strongest unrelated type is monocyte, strength 0.30 by FGFBP2, NKG7." in words
    assert "Score 88.5 = 100 × 6.16 / (6.16 + 0.30 + 0.50)" in words
    assert found.texts(".scoring .marked li") == ["failed: Do at least three genes support it? 2 genes"]
    assert "Do at least three genes support it? 2 genes." in found.texts(".review-flag")[0]
    for word in ("Annotator", "Validator", "Formatter", "{", "Conversation"):
        assert word not in words
    assert found.trouble == []


def test_type_is_written_once_in_a_view(visit: Open) -> None:
    mixed = make.annotation(mixed_types=("natural killer cell", "platelet"), general_type="natural killer cell")
    with_model = make.annotated("m", 1, answer=mixed)
    for result, run in ((scored(), make.OFFLINE_RUN), (with_model, make.MODEL_RUN)):
        found = visit(render([result], run), "#" + rows.anchor(result.cluster.id))
        talk = found.page.locator(".conversation")
        told = " ".join(talk.inner_text().split()) if talk.count() else ""
        assert view(found).replace(told, "").count("natural killer cell") == 1


def test_genes_and_terms_link_away_and_nothing_is_loaded(visit: Open) -> None:
    answer = make.annotation(unsupported_genes=("HLA-DRA/B",), conflicting_genes=("NKG7",))
    found = visit(render([make.annotated(answer=answer)]), "#cluster=0")
    away = found.page.locator("a[href^=http]")
    assert away.count() > 10
    for link in away.all():
        assert (link.get_attribute("rel"), link.get_attribute("target")) == ("noopener noreferrer", "_blank")
    terms = {link.get_attribute("href") for link in found.page.locator("a.cl").all()}
    assert "https://purl.obolibrary.org/obo/CL_0000623" in terms
    assert all(href and re.fullmatch(r"https://purl\.obolibrary\.org/obo/CL_\d{7}", href) for href in terms)
    genes = "https://www.ncbi.nlm.nih.gov/gene/?term="
    within = "%5Bsym%5D%20AND%20%22Homo%20sapiens%22%5Borgn%5D"
    assert found.page.locator(".markers tbody a").nth(1).get_attribute("href") == f"{genes}GNLY{within}"
    assert found.page.locator(".markers .unsupported a").get_attribute("href") == f"{genes}HLA-DRA%2FB{within}"
    assert found.trouble == []


def test_name_of_a_gene_in_the_marker_table_stands_beside_the_one_that_was_read(visit: Open) -> None:
    plain = make.cluster("0")
    first, *others = plain.markers
    cluster = replace(plain, markers=(replace(first, given="GRCh38-GNLY"), *others))
    found = visit(render([make.annotated(cluster=cluster)]), "#cluster=0")
    assert found.texts(".markers tbody th")[:2] == ["GNLY GRCh38-GNLY", "GZMB"]
    assert "term=GNLY%5Bsym%5D" in found.page.locator(".markers tbody a").first.get_attribute("href")
    found.page.fill("#search", "grch38")
    found.page.locator(".matched").wait_for()
    assert found.texts(".matched") == ["matched: marker GRCh38-GNLY"]
    assert found.trouble == []


@pytest.mark.parametrize("width", [390, 1440])
def test_calls_fit_or_say_that_there_is_more(visit: Open, width: int) -> None:
    held = conversations.held(
        calls=(
            conversations.call(model="a-provider/of-a-model-with-a-long-name-2026-11"),
            conversations.call("validator"),
        )
    )
    found = visit(render([make.annotated(conversation=held)]), "#cluster=0", width=width)
    found.page.click("details.calls > summary")
    region = found.page.get_by_role("region", name="Calls")
    beyond = region.evaluate("box => box.scrollWidth - box.clientWidth")
    assert beyond <= 0 or (width == 390 and "gradient" in region.evaluate("box => getComputedStyle(box).background"))
    assert found.sideways() <= 0


def test_heads_stay_in_view(visit: Open) -> None:
    genes = tuple(f"GENE{n}" for n in range(1, 51))
    results = [make.annotated(str(n), n, cluster=make.cluster(str(n), genes, n)) for n in range(40)]
    found = visit(render(results), "#cluster=0")
    found.page.get_by_role("button", name="Show all 50").click()
    for row, head in ((".clusters tbody tr", ".clusters thead th"), (".markers tbody tr", ".markers thead th")):
        found.page.locator(row).nth(30).evaluate("line => line.scrollIntoView({ block: 'center' })")
        bar = found.page.locator(".top").bounding_box()
        top = found.page.locator(head).first.bounding_box()
        assert bar["y"] == 0
        assert abs(top["y"] - bar["height"]) <= 1


def test_failed_cluster_keeps_its_markers_not_judged(visit: Open) -> None:
    words = view(visit(render(make.mixed_bag()), "#cluster=9"))
    assert "No annotation" in words
    assert "Failed. The provider answered 503 to all 6 attempts." in words
    assert "nothing is guessed in its place" in words
    assert "Markers, not judged" in words
    assert all(gene in words for gene in make.PLATELET_GENES)
    assert "Confidence" not in words


def test_no_score_is_no_score_and_not_zero(visit: Open) -> None:
    nobody = make.annotated(answer=make.annotation(score=None), score=None)
    words = view(visit(render([nobody]), "#cluster=0"))
    assert "no score was given" in words
    assert "of 100" not in words


@pytest.mark.parametrize("width", [390, 1280])
def test_conversation_with_a_model_reads_as_a_dialogue(visit: Open, width: int) -> None:
    held = conversations.held(
        annotations=(conversations.claim(),) * 2,
        checks=(conversations.CHECKS,) * 2,
        validations=(conversations.verdict(lineage_fits={"answer": "no", "genes": ["CD3D"]}), conversations.verdict()),
        calls=tuple(conversations.call(role, number) for number in (1, 2) for role in ("annotator", "validator")),
    )
    found = visit(render([make.annotated(conversation=held)]), "#cluster=0", width=width)
    assert found.texts(".round") == ["Round 1 of 2", "Round 2 of 2: the validator had objections"]
    assert found.texts(".turn.validator .turn-note") == ["did not agree", "agreed"]
    assert found.texts(".turn.validator .marked li.failed") == [
        "failed: Do the strongest genes fit the claimed lineage? no CD3D"
    ]
    assert not found.page.locator(".raw .message").first.is_visible()
    found.page.click(".raw > summary >> nth=0")
    assert found.page.locator(".raw .message").first.inner_text() == conversations.claim()
    found.page.click("details.calls > summary")
    assert len(found.texts(".calls tbody tr")) == 4
    assert found.texts(".exact > summary")[0] == (
        "Exact request: Annotator, round 1, 1,700 tokens in, 300 out, $0.0095, 1.2 s"
    )
    assert found.sideways() <= 0
    assert found.trouble == []


def test_long_marker_table_folds_but_not_its_evidence(visit: Open) -> None:
    genes = tuple(f"GENE{n}" for n in range(1, 51))
    answer = make.annotation(evidence_genes=("GENE2", "GENE40"))
    result = make.annotated(cluster=make.cluster("0", genes), answer=answer)
    found = visit(render([result]), "#cluster=0")
    rows = found.page.locator(".markers tbody tr:visible")
    assert rows.count() == 16
    found.page.get_by_role("button", name="Show all 50").click()
    assert rows.count() == 50
    found.page.get_by_role("button", name="Show the first 15").click()
    assert rows.count() == 16


def test_first_fifteen_are_of_the_list_and_not_of_what_is_missing_in_it(visit: Open) -> None:
    genes = tuple(f"GENE{n}" for n in range(1, 51))
    answer = make.annotation(evidence_genes=("GENE2",), unsupported_genes=("A", "B", "C"))
    found = visit(render([make.annotated(cluster=make.cluster("0", genes), answer=answer)]), "#cluster=0")
    ranks = found.texts(".markers tbody tr:visible td:first-child")
    assert ranks == ["–"] * 3 + [str(n) for n in range(1, 16)]


@pytest.mark.parametrize("width", [320, 390, 1000, 1280])
def test_five_statistics_stay_inside_and_roles_in_sight(visit: Open, width: int) -> None:
    answer = make.annotation(conflicting_genes=("NKG7",), unsupported_genes=("NCAM1",))
    result = make.annotated(cluster=make.cluster("0", score=1234.5), answer=answer)
    found = visit(render([result]), "#cluster=0", width=width)
    assert found.page.locator(".markers thead th").count() == 8
    assert found.sideways() <= 0
    region = found.page.get_by_role("region", name="Markers").bounding_box()
    icons = found.page.locator(".markers .role .icon")
    assert icons.count() == 5
    for n in range(5):
        box = icons.nth(n).bounding_box()
        assert region["x"] <= box["x"] and box["x"] + box["width"] <= region["x"] + region["width"]


def test_steps_links_and_back_go_from_cluster_to_cluster(visit: Open) -> None:
    found = visit(render(make.mixed_bag()))
    found.page.click(".todo a >> nth=0")
    found.open("No annotation")
    assert found.page.evaluate("document.activeElement.matches('#cluster-view h2')")
    found.page.get_by_role("button", name="Previous").click()
    found.page.wait_for_url("**#cluster=8")
    found.open("natural killer cell")
    found.page.go_back()
    found.open("No annotation")
    assert found.page.get_by_role("button", name="Next").is_disabled()
    found.page.get_by_role("button", name="Close").click()
    assert not found.page.locator("#cluster-view").is_visible()
    assert found.page.evaluate("location.hash + document.activeElement.id") == "clusters"
    found.page.click(".todo a >> nth=0")
    found.open("No annotation")
    assert found.trouble == []


def test_id_that_hides_something_opens_by_its_link(visit: Open) -> None:
    results = [make.annotated("[U+202E]", 0), make.unannotated("\u202e", 1), make.annotated("__proto__", 2)]
    found = visit(render(results), "#" + rows.anchor("\u202e"))
    assert found.texts("#cluster-view h2") == ["No annotation"]
    found.page.get_by_role("button", name="Next").click()
    found.page.wait_for_url("**#cluster=__proto__")
    found.open("natural killer cell")
    assert found.trouble == []


def test_link_is_copied(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=CD4%20T", permissions=["clipboard-read", "clipboard-write"])
    found.page.get_by_role("button", name="Copy link").click()
    found.page.get_by_role("button", name="Link copied").wait_for()
    assert found.page.evaluate("navigator.clipboard.readText()").endswith("/report.html#cluster=CD4%20T")


def test_link_of_the_view_is_copied_after_the_address_has_changed(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=CD4%20T", permissions=["clipboard-read", "clipboard-write"])
    found.page.get_by_role("link", name="Methods").click()
    assert found.page.url.endswith("#methods")
    found.page.get_by_role("button", name="Copy link").click()
    found.page.get_by_role("button", name="Link copied").wait_for()
    assert found.page.evaluate("navigator.clipboard.readText()").endswith("/report.html#cluster=CD4%20T")


@pytest.mark.parametrize("id", ["é/ü", "T cell, CD4+", "B;C", "=1+1", "'s", "a+b/c(d)", "100%", "%41", "A"])
def test_link_opens_its_cluster_as_it_is_written_and_as_it_is_typed(visit: Open, id: str) -> None:
    results = [make.annotated(one, n) for n, one in enumerate(dict.fromkeys(["0", "%41", "A", id]))]
    for fragment in ["#" + rows.anchor(id), *(["#cluster=" + id] if "%" not in id else [])]:
        found = visit(render(results), fragment)
        assert found.texts(".cluster-head .soft bdi") == [id]
        assert not found.page.locator("#unknown").is_visible()
        assert found.trouble == []


@pytest.mark.parametrize("fragment", ["#cluster=nope", "#cluster=%", "#cluster=__proto__", "#cluster="])
def test_address_of_no_cluster_says_so(visit: Open, fragment: str) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=0")
    found.page.evaluate("where => { location.hash = where; }", fragment)
    found.page.locator("#unknown").wait_for()
    assert not found.page.locator("#cluster-view").is_visible()
    found.page.evaluate("location.hash = '#cluster=9'")
    found.open("No annotation")
    assert not found.page.locator("#unknown").is_visible()
    assert found.trouble == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("place", ["methods", "corrections", "pictures", "clusters", "cluster=8"])
def test_address_leads_to_its_place_although_that_is_drawn_late(visit: Open, place: str, width: int) -> None:
    found = visit(render(make.mixed_bag()), f"#{place}", width=width)
    part = "cluster-view" if "=" in place else place
    assert found.page.evaluate(AT_TOP_OR_END, part)


# Whether the place is at the top, or the page at its end, within some hundred frames.
AT_TOP_OR_END = """async id => {
  for (let frame = 0; frame < 300; frame += 1) {
    if (Math.abs(document.getElementById(id).getBoundingClientRect().top) < 2) return true;
    if (Math.abs(scrollY + innerHeight - document.documentElement.scrollHeight) < 2) return true;
    await new Promise(requestAnimationFrame);
  }
  return false;
}"""
