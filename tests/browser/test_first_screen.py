"""The first screen in a real browser: the cell types beside what needs review, with the settings of the run folded."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from cassia_engine import report
from cassia_engine.records import ClusterResult, Confidence, RunInfo
from cassia_engine.stages.corrections import corrected, read_corrections
from tests import factories as make
from tests.browser.conftest import Open, Visit, render

pytestmark = pytest.mark.slow

LOW = make.annotation(confidence=Confidence.LOW, score=38.0)


def clusters(count: int) -> list[ClusterResult]:
    """`count` clusters, of which the third has a low confidence."""
    return [make.annotated(str(n), n, answer=LOW if n == 2 else None) for n in range(count)]


def in_window(found: Visit, selector: str) -> int:
    """How many elements lie in the window as a whole."""
    return int(
        found.page.locator(selector).evaluate_all(
            "all => all.map(one => one.getBoundingClientRect())"
            ".filter(box => box.width && box.top >= 0 && box.bottom <= innerHeight && box.right <= innerWidth).length"
        )
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("run", [make.MODEL_RUN, make.OFFLINE_RUN], ids=["model", "offline"])
def test_all_labels_of_ten_clusters_are_seen_without_scrolling(visit: Open, run: RunInfo, scheme: str) -> None:
    found = visit(render(make.mixed_bag(), run), width=1440, color_scheme=scheme)
    assert in_window(found, "#types tbody tr") == 10
    assert found.texts("#types tbody tr")[0] == "0 natural killer cell GNLY, GZMB, PRF1 High"
    assert found.texts("#types .g-review")[1:] == [
        "", "low confidence", "no markers", "possible mixture", "2 unsupported genes", "not reached", "not validated",
        "refused", "", "failed",
    ]  # fmt: skip
    types, todo = (found.page.locator(part).bounding_box() for part in ("#types", ".todo"))
    assert types and todo
    assert todo["x"] > types["x"] + types["width"], "what needs review stands beside the types"
    assert not found.page.locator(".run .facts").is_visible()
    found.page.locator(".run > summary").click()
    assert "Seurat table, up to 50 genes per cluster" in found.texts(".run .facts")[0]
    assert found.trouble == []


def test_genes_of_a_line_are_shown_whole_or_not_at_all(visit: Open) -> None:
    genes = ("TNFRSF13B", "TNFRSF17", "IGHV3OR16-12", "JCHAIN")
    long = make.annotated("0", 0, answer=make.annotation(evidence_genes=genes))
    found = visit(render([long]), width=1280)
    line = found.page.locator("#types td.g-genes div")
    assert line.evaluate("line => line.getBoundingClientRect().height < 25")
    # Of each gene: how much of its box the line shows, from 0 to 1.
    shown = line.evaluate(
        "line => { const box = line.getBoundingClientRect(); return [...line.children]"
        ".map(one => one.getBoundingClientRect())"
        ".map(gene => gene.bottom <= box.bottom + 2 && gene.right <= box.right + 1 ? 1"
        " : gene.top >= box.bottom - 2 ? 0 : 0.5) }"
    )
    assert shown[0] == 1 and set(shown) == {0, 1}


def test_phone_shows_the_types_first(visit: Open) -> None:
    found = visit(render(clusters(10)), width=390)
    assert in_window(found, "#types tbody tr") == 10
    assert found.sideways() <= 0


@pytest.mark.parametrize("count", [25, 60, 1000])
def test_many_clusters_are_counted_by_type(visit: Open, count: int) -> None:
    results = clusters(count)
    results[1] = make.annotated("1", 1, answer=make.annotation(detailed_types=(), general_type="leukocyte"))
    results[5] = make.unannotated("5", 5)
    found = visit(render(results), width=1440)
    lines = found.texts("#types tbody tr")
    assert [line.split(" 0 ")[0] for line in lines[:1]] == [f"natural killer cell {count - 2:,}"]
    assert f"and {count - 6:,} more" in lines[0]
    assert f"{count - 3:,} High, 1 Low" in lines[0]
    assert found.texts("#types .g-review")[1:] == ["1", "1", "1"]
    assert [line.split()[0] for line in lines[1:]] == ["leukocyte", "No"]
    found.page.locator("#types a", has_text="3").first.click()
    found.open("natural killer cell")
    assert found.page.url.endswith("#cluster=3")


def test_types_are_there_without_javascript(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), java_script_enabled=False)
    assert len(found.texts("#types tbody tr")) == 10


def test_line_opens_its_cluster_and_is_marked_with_the_pictures(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), width=1440)
    found.page.locator("#types tbody tr").nth(3).hover()
    assert found.texts(".clusters .lit .c-id bdi") == ["3"]
    found.page.locator("#types tbody tr a").nth(3).click()
    found.open("natural killer cell")
    assert found.texts("#types .chosen th") == ["3"]


def test_columns_for_review_is_there_only_where_something_stands_in_it(visit: Open) -> None:
    calm = visit(render([make.annotated("a"), make.annotated("b", 1)]))
    assert calm.texts("#types thead th") == ["Cluster", "Cell type", "First genes", "Confidence"]
    said = read_corrections([{"cluster": "a", "label": "B cell", "decided_by": "Ada"}])
    named = visit(render(corrected([make.annotated("a"), make.annotated("b", 1)], said)))
    assert named.texts("#types tbody .g-review") == ["by a person", ""]


def said_in_page(found: Visit, label: str, cl_id: str = "") -> None:
    found.page.click("details.correction > summary")
    found.page.fill("#correct-label", label)
    found.page.fill("#correct-cl_id", cl_id)
    found.page.click("form.correct button[type=submit]")
    found.page.locator("form.correct [role=status]", has_text="Saved in this browser.").wait_for()


def test_corrected_row_shows_no_verdict_on_another_label(visit: Open) -> None:
    found = visit(render(clusters(4)), "#cluster=2", width=1440)
    said_in_page(found, "B cell", "CL:0000236")
    row = found.texts(".clusters tbody tr")[2]
    assert row.startswith("Cluster 2 B cell your label CL:0000236")
    assert row.endswith("your label, not in the outputs yet")
    for word in ("natural killer", "Low", "38", "GNLY", "low confidence"):
        assert word not in row
    assert found.texts("#types tbody tr")[2] == "2 B cell your label"
    assert found.texts("#cluster-view .before") == ["The model said: natural killer cell"]
    assert found.texts(".chips button") == ["All 4", "Needs review 1"], "as in the headline, until the outputs are new"
    spoken = found.page.locator("#scores [data-row='2']").get_attribute("aria-label")
    assert spoken == "Cluster 2, B cell (your label): no score"
    found.page.click("#corrections button:has-text('Remove')")
    assert found.texts("#types tbody tr")[2] == "2 natural killer cell GNLY, GZMB, PRF1 Low low confidence"
    assert "low confidence" in found.texts(".clusters tbody tr")[2]
    assert not found.page.locator("#cluster-view .before").is_visible()
    assert found.trouble == []


def test_confirmed_row_keeps_what_was_found_and_says_who_confirmed(visit: Open) -> None:
    found = visit(render(clusters(4)), "#cluster=2", width=1440)
    said_in_page(found, "natural killer cell", "CL:0000623")
    row = found.texts(".clusters tbody tr")[2]
    assert "Low" in row and row.endswith("you confirmed it, not in the outputs yet")
    assert not found.page.locator("#cluster-view .before").is_visible()


def test_labels_of_many_clusters_are_told_beside_the_count(visit: Open) -> None:
    found = visit(render(clusters(30)), "#cluster=2", width=1440)
    assert not found.page.locator("#types-note").is_visible()
    said_in_page(found, "B cell")
    assert found.texts("#types-note") == ["1 label that you gave in this page is not counted here yet."]


@pytest.mark.parametrize(
    ("made_with", "named", "unnamed"),
    [
        ({"Nextflow": "25.04.4"}, "in the column corrections of this sample in the samplesheet", "cassia run"),
        ({}, "run the same cassia run (or cassia collect) again with --corrections", "samplesheet"),
    ],
)
def test_corrections_say_how_they_come_into_the_outputs(
    visit: Open, made_with: dict[str, str], named: str, unnamed: str
) -> None:
    html = report.render(make.DATASET, make.SELECTION, make.MODEL_RUN, clusters(3), made_with)
    found = visit(html, "#cluster=0")
    said_in_page(found, "B cell")
    words = found.texts("#corrections .prose")[0]
    assert named in words
    assert unnamed not in words


def looks(found: Visit, selector: str) -> Sequence[str]:
    return list(
        found.page.locator(selector).evaluate_all(
            "all => [...new Set(all.filter(one => one.checkVisibility() && one.ariaPressed !== 'true').map(one => {"
            " const style = getComputedStyle(one);"
            " return [style.height, style.borderRadius, style.fontSize, style.borderColor, style.backgroundColor]"
            ".join(' '); }))]"
        )
    )


def test_buttons_have_one_style(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=1", width=1440)
    said_in_page(found, "B cell")
    found.page.mouse.move(0, 0)  # a button that is pointed at looks otherwise
    assert found.page.locator("button:visible").count() > 12
    assert len(looks(found, "button:not(:disabled), .menu summary")) == 1


def test_notes_of_the_run_that_are_long_stay_inside(visit: Open) -> None:
    run = replace(make.OFFLINE_RUN, warnings=("a" * 300,))
    assert visit(render(clusters(3), run), width=390).sideways() <= 0
