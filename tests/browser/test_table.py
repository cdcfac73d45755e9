"""The table of clusters in a real browser: found, sorted, filtered, exported, by mouse and keyboard, on any window."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from cassia_engine.csv_injection import unguard
from cassia_engine.records import ClusterResult
from tests import factories as make
from tests.browser.conftest import Open, Visit, render

pytestmark = pytest.mark.slow

ALL = ["0", "1", "2", "3", "CD4 T", "007", "7_0", "7", "8", "9"]
NK = ["0", "1", "3", "CD4 T", "7_0", "8"]


def shown(found: Visit) -> list[str]:
    return found.texts(".clusters tbody .c-id bdi")


def settled(found: Visit, count: str) -> None:
    """Wait until the line above the table says so: the first search has to unpack the markers."""
    found.page.locator(".count", has_text=count).wait_for()


def sorts(found: Visit, name: str, direction: str) -> None:
    """Wait until the head of the column says so."""
    found.page.locator(f".clusters thead th[aria-sort={direction}]", has_text=name).wait_for()


def downloaded(found: Visit, button: str) -> Path:
    with found.page.expect_download() as waiting:
        found.page.get_by_role("button", name=button).click()
    return Path(waiting.value.path())


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as text:
        return [{name: unguard(cell) for name, cell in row.items()} for row in csv.DictReader(text)]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("7", ["7_0", "7"]),
        ("cd4 t", ["CD4 T"]),
        ("ppbp", ["007", "7", "9"]),
        ("PF4, TUBB1", ["007", "7", "9"]),
        ("PF4, GNLY", []),
        ("CL:0000623", NK),
        ("0000623", NK),
        ("killer cell", NK),
        ("platelet", ["3"]),
        ("(.*", []),
        ("  ", ALL),
    ],
)
def test_search_finds_clusters_types_genes_and_terms(visit: Open, query: str, ids: list[str]) -> None:
    found = visit(render(make.mixed_bag()))
    found.page.fill("#search", query)
    settled(found, f"{len(ids)} of 10 clusters")
    assert shown(found) == ids
    assert found.page.locator(".dt-empty").is_visible() is (not ids)
    assert found.trouble == []


@pytest.mark.parametrize(
    ("query", "matched"),
    [
        ("ppbp", ["marker PPBP"] * 3),
        ("gnly", ["evidence gene GNLY"] * 6),
        ("PF4, 9", ["marker PF4; cluster 9"]),
        ("klrc", ["unsupported gene KLRC1"]),
        ("cd8", ["candidate CD8-positive, alpha-beta T cell"] * 6),
        ("0000623", ["Cell Ontology CL:0000623"] * 6),
        ("platelet", ["possible mixture platelet"]),
        ("", []),
    ],
)
def test_search_shows_where_it_matched(visit: Open, query: str, matched: list[str]) -> None:
    found = visit(render(make.mixed_bag()))
    found.page.fill("#search", "gnly")
    settled(found, "6 of 10 clusters")
    found.page.fill("#search", query)
    settled(found, f"{len(matched) or 10} of 10 clusters")
    assert found.texts(".clusters .matched") == [f"matched: {words}" for words in matched]
    marked = found.page.evaluate("[...CSS.highlights.get('found')].map(range => range.toString().toLowerCase())")
    assert {term.strip().lower() for term in query.split(",")} == (set(marked) or {""})
    assert found.trouble == []


def test_filters_add_up_and_say_so(visit: Open) -> None:
    found = visit(render(make.mixed_bag()))
    clear = found.page.get_by_role("button", name="Clear filters")
    assert not clear.is_visible()
    found.page.get_by_role("button", name="No annotation 4").click()
    assert shown(found) == ["2", "007", "7", "9"]
    found.page.fill("#search", "ppbp")
    settled(found, "3 of 10 clusters")
    assert found.texts("[aria-pressed=true]") == ["No annotation 4"]
    found.page.get_by_label("Filter by outcome").select_option("refused")
    assert shown(found) == ["7"]
    clear.click()
    assert shown(found) == ALL
    assert found.page.input_value("#search") == ""
    assert found.page.evaluate("document.activeElement.id") == "search"
    found.page.get_by_label("Filter by confidence").select_option("Low")
    assert shown(found) == ["1"]
    found.page.get_by_label("Filter by confidence").select_option("")
    found.page.get_by_label("Filter by lineage").select_option("none")
    assert shown(found) == ["2", "007", "7", "9"]


def test_every_column_sorts_by_keyboard_and_says_how(visit: Open) -> None:
    found = visit(render(make.mixed_bag()))
    sorts(found, "Cluster", "ascending")
    score = found.page.get_by_role("button", name="Score: Activate")
    score.focus()
    found.page.keyboard.press("Enter")
    sorts(found, "Score", "ascending")
    assert shown(found)[:3] == ["1", "7_0", "0"]
    assert shown(found)[-4:] == ["2", "007", "7", "9"]
    found.page.keyboard.press("Enter")
    sorts(found, "Score", "descending")
    assert set(shown(found)[-4:]) == {"2", "007", "7", "9"}, "what has no score stands last in both directions"
    for name in ("Cell type", "Evidence genes", "Confidence", "Checks"):
        found.page.locator(".clusters thead th", has_text=name).click()
        sorts(found, name, "ascending")
    found.page.locator(".clusters thead th", has_text="Cluster").click()
    sorts(found, "Cluster", "ascending")
    assert shown(found) == ALL
    assert found.trouble == []


def test_columns_come_and_go(visit: Open) -> None:
    found = visit(render(make.mixed_bag()))
    heads = ["Cluster", "Cell type", "Evidence genes", "Confidence", "Score", "Checks"]
    assert found.texts(".clusters thead .dt-column-title") == heads
    found.page.locator(".menu summary").click()
    found.page.get_by_role("checkbox", name="Possible mixture").check()
    found.page.get_by_role("checkbox", name="Score").uncheck()
    assert found.texts(".clusters thead .dt-column-title") == [h for h in heads if h != "Score"] + ["Possible mixture"]
    assert found.texts(".clusters tbody .c-mixed")[3] == "platelet"
    found.page.keyboard.press("Escape")
    assert not found.page.get_by_role("checkbox", name="Possible mixture").is_visible()
    assert found.page.evaluate("document.activeElement.textContent") == "Columns"
    assert found.sideways() <= 0


def test_export_has_what_is_shown_as_the_summary_would(visit: Open) -> None:
    first = make.annotated("=HYPERLINK(1)", 0, answer=make.annotation(general_type="@SUM(A1)", state="\t=1"))
    quoted = make.annotated('a "b", c', 1, validated=False)
    found = visit(render([first, quoted, make.unannotated("9", 2)]))
    found.page.locator(".clusters thead th", has_text="Cluster").click()
    sorts(found, "Cluster", "descending")
    path = downloaded(found, "Export CSV")
    text = path.read_text(encoding="utf-8")
    assert "'=HYPERLINK(1)" in text and "'@SUM(A1)" in text
    rows = rows_of(path)
    assert [row["Cluster ID"] for row in rows] == ["9", 'a "b", c', "=HYPERLINK(1)"]
    assert rows[0]["Status"] == "failed" and rows[0]["Score"] == "" and rows[0]["Predicted Detailed Cell Type"] == ""
    assert rows[1]["Validated"] == "no" and rows[1]["Review Reason"] == "not validated"
    assert rows[1]["Needs Review"] == "yes" and rows[2]["Needs Review"] == "no"
    assert rows[2]["Predicted General Cell Type"] == "@SUM(A1)"
    assert rows[2]["Predicted Detailed Cell Type"] == "natural killer cell; CD8-positive, alpha-beta T cell"
    found.page.get_by_role("button", name="No annotation 1").click()
    assert [row["Cluster ID"] for row in rows_of(downloaded(found, "Export CSV"))] == ["9"]


def test_row_opens_its_cluster_by_mouse_and_by_keyboard(visit: Open) -> None:
    found = visit(render(make.mixed_bag()))
    found.page.locator(".clusters tbody tr").nth(3).locator(".c-evidence").click()
    found.open("natural killer cell")
    assert found.page.url.endswith("#cluster=3")
    assert found.texts(".clusters [aria-current=true] .c-id bdi") == ["3"]
    found.page.locator(".clusters tbody tr").nth(9).locator("a").focus()
    found.page.keyboard.press("Enter")
    found.open("No annotation")
    assert found.texts(".clusters [aria-current=true] .c-id bdi") == ["9"]


def test_pointed_at_row_is_lit_by_mouse_and_by_focus(visit: Open) -> None:
    found = visit(render(make.mixed_bag()))
    found.page.locator(".clusters tbody tr").nth(1).hover()
    assert found.texts(".clusters .lit .c-id bdi") == ["1"]
    found.page.mouse.move(0, 0)
    found.page.locator(".clusters tbody tr").nth(2).locator("a").focus()
    assert found.texts(".clusters .lit .c-id bdi") == ["2"]
    found.page.locator("#search").focus()
    assert found.texts(".clusters .lit .c-id bdi") == []


def many(count: int) -> Sequence[ClusterResult]:
    plain = make.annotated()
    found = [
        replace(plain, cluster=replace(plain.cluster, id=f"{n // 10}_{n % 10}", index=n)) for n in range(count - 1)
    ]
    return [*found, make.unannotated("last", count - 1)]


def test_thousand_clusters_are_paged_searched_and_linked(visit: Open) -> None:
    found = visit(render(many(1000)), "#cluster=last")
    assert found.texts(".clusters [aria-current=true] .c-id bdi") == ["last"], "the table turns to the open cluster"
    assert found.texts(".pager p") == ["Rows 901 to 1,000 of 1,000"]
    assert found.page.get_by_role("button", name="Next", exact=True).first.is_disabled()
    found.page.fill("#search", "PPBP")
    settled(found, "1 of 1,000 clusters")
    assert not found.page.locator(".pager").is_visible()
    found.page.fill("#search", "")
    settled(found, "1,000 of 1,000 clusters")
    found.page.locator(".pager").get_by_role("button", name="Next").click()
    assert found.texts(".pager p") == ["Rows 101 to 200 of 1,000"]
    assert found.trouble == []


def test_paper_has_every_row_that_the_filters_leave(visit: Open) -> None:
    found = visit(render(many(150)))
    assert len(shown(found)) == 100
    found.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert len(shown(found)) == 150
    found.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert len(shown(found)) == 100
    found.page.emulate_media(media="print")
    assert not found.page.locator(".table-tools").is_visible()
    assert found.page.locator(".clusters thead").is_visible()
    assert found.trouble == []


def sheets(pdf: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_printing_leaves_the_table_on_its_page(visit: Open) -> None:
    found = visit(render(many(250)))
    found.page.locator(".pager").get_by_role("button", name="Next").click()
    assert found.texts(".pager p") == ["Rows 101 to 200 of 250"]
    whole = sheets(found.page.pdf(format="A4"))
    assert found.texts(".pager p") == ["Rows 101 to 200 of 250"]
    found.page.get_by_label("Search clusters").fill("0_0")
    settled(found, "1 of 250 clusters")
    assert whole - sheets(found.page.pdf(format="A4")) > 5, "250 rows are on paper, not the 100 of a page"
    assert found.trouble == []


def test_list_of_what_needs_a_look_is_unfolded_for_paper(visit: Open) -> None:
    results = [make.unannotated(str(n), n) for n in range(30)]
    found = visit(render(results))
    items = found.page.locator(".todo li:visible")
    assert items.count() == 8
    found.page.emulate_media(media="print")
    found.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert items.count() == 30
    assert not found.page.get_by_text("22 more").is_visible()
    found.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    found.page.emulate_media(media="screen")
    assert items.count() == 8


# What lies beside a sheet of this width: nothing that is printed has a way to be scrolled to.
BESIDE = """width => [...document.querySelectorAll('body *')]
  .filter(one => one.checkVisibility() && !one.closest('.unseen, .skip, .sprite, details:not([open]) > :not(summary)'))
  .map(one => [one.outerHTML.slice(0, 120), one.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.left < -1 || box.right > width + 1)).map(([html]) => html)"""


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_nothing_lies_beside_the_sheet(visit: Open, width: int) -> None:
    """Pictures are as they were drawn for the window: paper does not draw them anew."""
    long = make.annotated("a_cluster_id_without_any_place_to_break_" * 3, 40)
    wide = [make.annotated(str(n), n, cluster=make.cluster(str(n), score=1234.5)) for n in range(10, 40)]
    found = visit(render([*make.mixed_bag(), *wide, long]), "#cluster=10", width=width)
    found.page.evaluate("() => { window.requestAnimationFrame = () => 0; }")
    found.page.emulate_media(media="print")
    found.page.set_viewport_size({"width": 703, "height": 1032})
    found.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert found.page.locator("#pictures .plot").count() == 2
    assert found.page.evaluate(BESIDE, 703) == []
    assert found.trouble == []


def test_overview_and_ten_rows_are_on_the_first_sheet(visit: Open) -> None:
    """A4 less the margins of print.css is 703 by 1032 CSS pixels."""
    found = visit(render(make.mixed_bag()), width=703)
    found.page.emulate_media(media="print")
    bottom = found.page.evaluate("document.querySelector('.clusters').getBoundingClientRect().bottom + scrollY")
    assert bottom < 1032


@pytest.mark.parametrize("width", [390, 560, 700, 901, 1100, 1440])
def test_rows_fit_every_window(visit: Open, width: int) -> None:
    long = make.annotated("a_cluster_id_without_any_place_to_break_" * 3, 10)
    found = visit(render([*make.mixed_bag(), long]), width=width)
    assert found.sideways() <= 0
    edges = found.page.evaluate(
        "[...document.querySelectorAll('.clusters tbody tr > *')].map(cell => cell.getBoundingClientRect().right)"
    )
    assert max(edges) <= width
    if width > 1200:
        heights = found.page.evaluate(
            "[...document.querySelectorAll('.clusters tbody tr')].slice(0, 10).map(row => row.offsetHeight)"
        )
        assert sum(heights) < 600


def test_phone_sorts_by_a_list(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), width=390)
    assert not found.page.locator(".clusters thead").is_visible()
    found.page.get_by_label("Sort the table").select_option("score")
    assert shown(found)[0] == "1"
    found.page.get_by_role("button", name="Reverse order").click()
    assert shown(found)[4:6] == ["7_0", "1"]
    assert set(shown(found)[-4:]) == {"2", "007", "7", "9"}, "what has no score stands last in both directions"
    found.page.get_by_label("Sort the table").select_option("id")
    assert shown(found) == ALL
    found.page.get_by_label("Sort the table").select_option("score")
    assert found.sideways() <= 0
    assert not found.page.locator(".clusters tbody tr").nth(9).locator(".c-score").is_visible()
