"""The pictures of the report in a real browser: dot plot, tree and scores, by pointer and by keys, and saved."""

from __future__ import annotations

import random
import struct
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cassia_engine.records import CellType, ClusterResult
from cassia_engine.report.lineage_hues import LINEAGES
from tests import factories as make
from tests.browser.conftest import Open, Visit, render

pytestmark = pytest.mark.slow

T = "CL:0000084"
B = "CL:0000236"
SPACE = "{http://www.w3.org/2000/svg}"
HOSTILE = "\u202e</text><script>document.title='owned'</script><img src=x onerror='alert(1)'>"


def typed(id: str, index: int, genes: Sequence[str], cl_id: str = T, cited: int = 3, **changes: Any) -> ClusterResult:
    """A cluster with these markers, of which the first ones are cited."""
    types = (CellType("T cell", cl_id, "T cell", 80.0),)
    answer = make.annotation(detailed_types=types, cl_id=cl_id, evidence_genes=tuple(genes[:cited]), **changes)
    return make.annotated(id, index, answer=answer, cluster=make.cluster(id, genes, index))


def small() -> list[ClusterResult]:
    """Two T cells that share a gene, one of them citing a gene it does not have; a B cell; one that failed."""
    return [
        typed("0", 0, ("CD3D", "CD3E", "IL7R", "CCR7")),
        typed("1", 1, ("IL7R", "AQP3", "CD3D", "LTB"), unsupported_genes=("NCAM1",), score=38.0),
        replace(typed("2", 2, ("MS4A1", "CD79A", "CD19"), B), validated=False),
        make.unannotated("3", 3),
    ]


def many(count: int = 1000) -> list[ClusterResult]:
    rng = random.Random(7)
    return [
        typed(str(n), n, [f"GENE{rng.randrange(900)}" for _ in range(20)], rng.choice((T, B))) for n in range(count)
    ]


def drawn(visit: Open, results: Sequence[ClusterResult], fragment: str = "", **options: Any) -> Visit:
    found = visit(render(results), fragment, **options)
    found.page.locator("html.drawn").wait_for(state="attached")
    return found


def point(found: Visit, selector: str) -> None:
    """The pointer on the middle of a mark."""
    mark = found.page.locator(selector).first
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    found.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def tip(found: Visit) -> list[str]:
    return [str(text) for text in found.page.locator(".tip[visibility=visible] text").all_text_contents()]


def pointed(found: Visit) -> set[str]:
    """The numbers of the rows that are highlighted in the pictures."""
    return set(found.page.locator("#pictures .pointed").evaluate_all("all => all.map(one => one.dataset.row)"))


def test_dots_say_what_the_marker_table_says(visit: Open) -> None:
    found = drawn(visit, small())
    assert found.texts("#dotplot h2") == ["Evidence genes over the clusters"]
    assert [gene.split()[0] for gene in found.page.locator("#dotplot .gene").all_text_contents()] == [
        *("CD3D", "CD3E", "IL7R", "AQP3", "NCAM1", "MS4A1", "CD79A", "CD19", "PPBP", "PF4", "GNG11"),
    ]
    row = "#dotplot a.row[data-row='1']"
    assert found.page.locator(f"{row} .dot").count() == 3
    assert found.page.locator(f"{row} .ring").count() == 3
    assert found.page.locator(f"{row} .missing").count() == 1
    assert found.page.locator(f"{row} .absent").count() == 11 - 4
    point(found, f"{row} .dot >> nth=1")
    assert tip(found) == [
        "IL7R in cluster 1, T cell",
        "log2 fold change 6.00, marker 1 of 4",
        "97% of its cells, 8% of the others",
        "cited as evidence",
    ]
    point(found, f"{row} .missing")
    assert tip(found)[1:] == ["cited, but not among its markers"]
    point(found, f"{row} .absent")
    assert tip(found)[1:] == ["not among its markers: unknown, not zero"]
    found.page.mouse.move(5, 5)
    assert tip(found) == []
    assert found.trouble == []


def test_area_follows_the_share_and_colour_the_fold_change(visit: Open) -> None:
    results = small()
    first = results[0].cluster
    markers = (replace(first.markers[0], pct_in=1.0), replace(first.markers[1], pct_in=0.25), *first.markers[2:])
    found = drawn(visit, [replace(results[0], cluster=replace(first, markers=markers)), *results[1:]])
    dots = found.page.locator("#dotplot a.row[data-row='0'] .dot")
    full, quarter = (float(dots.nth(n).get_attribute("r")) for n in (0, 1))
    assert quarter == pytest.approx(full / 2, rel=1e-3)
    assert [dots.nth(n).get_attribute("class") for n in (0, 1, 2)] == ["dot q4", "dot q2", "dot q1"]


def test_highlight_is_shared_by_table_and_pictures(visit: Open) -> None:
    found = drawn(visit, small())
    point(found, "#dotplot a.row[data-row='2'] .dot")
    assert pointed(found) == {"2"}
    assert found.page.locator("#pictures .pointed").count() == 3  # in dots, tree and scores
    point(found, "#lineage a[data-row='0']")
    assert pointed(found) == {"0"}
    point(found, "#scores a[data-row='1']")
    assert pointed(found) == {"1"}
    found.page.focus("#lineage a[data-row='3']")
    assert pointed(found) == {"3"}
    found.page.mouse.move(5, 5)
    found.page.locator(".clusters tbody tr").nth(1).hover()
    assert pointed(found) == {"1"}


def test_click_opens_the_cluster_in_every_picture(visit: Open) -> None:
    found = drawn(visit, small())
    for place, row, id in (("#dotplot", 2, "2"), ("#lineage", 0, "0"), ("#scores", 1, "1")):
        found.page.locator(f"{place} a[data-row='{row}']").click()
        found.page.locator("#cluster-view .cluster-head", has_text=f"Cluster {id}").wait_for()
        assert found.page.evaluate("location.hash") == f"#cluster={id}"
        assert found.page.locator(f"{place} .chosen").get_attribute("data-row") == str(row)
    assert found.trouble == []


def test_keys_go_from_dot_to_dot(visit: Open) -> None:
    found = drawn(visit, small())
    found.page.focus("#dotplot a.row[data-row='0']")
    assert pointed(found) == {"0"}
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        found.page.keyboard.press(key)
    assert tip(found)[0] == "CD3E in cluster 1, T cell"
    assert found.page.locator("#dotplot .unseen[role=status]").inner_text() == "; ".join(tip(found))
    found.page.keyboard.press("Escape")
    assert tip(found) == []
    found.page.keyboard.press("Enter")
    found.page.locator("#cluster-view .cluster-head", has_text="Cluster 1").wait_for()


def test_a_finger_reads_a_dot_and_its_name_opens_the_cluster(visit: Open) -> None:
    found = drawn(visit, small(), width=390, has_touch=True)
    found.page.locator("#dotplot a.row[data-row='0'] .dot").first.tap()
    assert tip(found)[0] == "CD3D in cluster 0, T cell"
    assert found.page.evaluate("location.hash") == ""


def test_values_are_in_a_table_too(visit: Open) -> None:
    found = drawn(visit, small())
    found.page.click("#dotplot .values > summary")
    assert found.texts("#dotplot table thead th") == ["Gene", "0", "1", "2", "3"]
    assert found.texts("#dotplot table tbody tr >> nth=2") == ["IL7R 2.00 95% cited 6.00 97% cited – –"]
    assert found.texts("#dotplot table tbody tr >> nth=4") == ["NCAM1 – – cited – –"]


def without(**statistics: None) -> list[ClusterResult]:
    return [
        replace(r, cluster=make.cluster(r.cluster.id, r.cluster.genes, n, **statistics)) for n, r in enumerate(small())
    ]


def test_without_shares_all_squares_are_equal_and_that_is_said(visit: Open) -> None:
    found = drawn(visit, without(pct_in=None, pct_out=None))
    sizes = found.page.locator("#dotplot a.row .dot").evaluate_all("all => all.map(one => one.getAttribute('width'))")
    assert len(sizes) > 5
    assert len(set(sizes)) == 1
    assert "no shares of cells, so all squares are of one size" in found.texts("#dotplot .note")[0]


def test_without_fold_changes_there_is_no_plot_and_no_empty_box(visit: Open) -> None:
    found = drawn(visit, without(log2fc=None))
    assert found.page.locator("#dotplot *").count() == 0
    assert not found.page.locator("#dotplot").is_visible()
    assert found.page.locator("#lineage h2").is_visible()


def test_run_without_any_answer_draws_what_it_has(visit: Open) -> None:
    found = drawn(visit, [make.unannotated("0", 0), make.unannotated("1", 1)])
    assert found.page.locator("#dotplot .dot").count() >= 6
    assert found.texts("#dotplot h2") == ["First markers of the clusters"]
    [lead] = found.texts("#dotplot .note")
    assert lead.startswith("A cluster without an annotation shows its first markers, which nobody judged.")
    assert found.page.locator("#lineage *, #scores *").count() == 0
    assert found.trouble == []


def test_tree_places_the_clusters_and_says_which_have_no_place(visit: Open) -> None:
    found = drawn(visit, small())
    assert found.texts("#lineage .term") == [
        "hematopoietic cell",
        "lymphocyte 2 steps left out",
        "T cell",
        "B cell 1 step left out",
        "Not placed",
    ]
    hues = found.page.locator("#lineage .swatch").evaluate_all("all => all.map(one => one.className)")
    t, b = LINEAGES.index("T and innate lymphoid"), LINEAGES.index("B and plasma")
    assert hues == [f"swatch l{t}", f"swatch l{t}", f"swatch l{b}", "swatch ln"]


def test_scores_are_on_an_axis_and_no_score_is_said(visit: Open) -> None:
    found = drawn(visit, small())
    rows = found.page.locator("#scores a.row")
    assert [rows.nth(n).get_attribute("aria-label") for n in range(4)] == [
        "Cluster 0, T cell: score 91 of 100, High confidence",
        "Cluster 2, T cell: score 91 of 100, High confidence, not validated",
        "Cluster 1, T cell: score 38 of 100, High confidence",
        "Cluster 3, failed: no score",
    ]
    assert found.page.locator("#scores .unagreed").count() == 1
    left, *_, right = found.page.locator("#scores .grid").evaluate_all("all => all.map(one => one.getBBox().x)")
    low = float(rows.nth(2).locator("circle").first.get_attribute("cx"))
    assert low == pytest.approx(left + 0.38 * (right - left), abs=0.5)


def saved(found: Visit, what: str, kind: str) -> tuple[str, Path]:
    with found.page.expect_download() as event:
        found.page.get_by_role("button", name=f"Save {what} as {kind}").click()
    return str(event.value.suggested_filename), Path(event.value.path())


PICTURES = [
    ("Evidence genes over the clusters", "dotplot", {"CD3D", "0", "T cell", "cited as evidence"}),
    ("Place in the Cell Ontology", "lineage", {"hematopoietic cell", "Not placed", "3, failed"}),
    ("Score and confidence", "scores", {"0", "100", "91", "no score"}),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("what", "name", "texts"), PICTURES, ids=["dotplot", "lineage", "scores"])
def test_picture_is_saved_as_svg_with_its_styles(
    visit: Open, what: str, name: str, texts: set[str], scheme: str
) -> None:
    found = drawn(visit, small(), color_scheme=scheme)
    file, path = saved(found, what, "SVG")
    assert file == f"pbmc_{name}.svg"
    root = ET.fromstring(path.read_text(encoding="utf-8"))
    assert root.tag == f"{SPACE}svg"
    assert texts <= {text.text for text in root.iter(f"{SPACE}text")}
    assert root.find(f"{SPACE}title") is not None
    for shape in root.iter():
        assert not {"class", "href", "style", "onclick"} & set(shape.attrib)
        if shape.tag in (f"{SPACE}text", f"{SPACE}circle"):
            assert "rgb" in shape.attrib["fill"] or shape.attrib["fill"] == "none"
    ground = root.find(f"{SPACE}rect")
    assert ground is not None
    assert ground.attrib["fill"] == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(25, 31, 39)")
    assert found.trouble == []


COLOURS = """async ([png]) => {
  const image = await createImageBitmap(new Blob([Uint8Array.from(png)], { type: "image/png" }));
  const canvas = new OffscreenCanvas(image.width, image.height);
  const paint = canvas.getContext("2d");
  paint.drawImage(image, 0, 0);
  const { data } = paint.getImageData(0, 0, image.width, image.height);
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4) seen.add(`${data[at]}, ${data[at + 1]}, ${data[at + 2]}`);
  return [...seen];
}"""


@pytest.mark.parametrize(("what", "name", "texts"), PICTURES, ids=["dotplot", "lineage", "scores"])
def test_picture_is_saved_as_png_with_its_colours(visit: Open, what: str, name: str, texts: set[str]) -> None:
    found = drawn(visit, small())
    file, path = saved(found, what, "PNG")
    assert file == f"pbmc_{name}.png"
    png = path.read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    assert min(width, height) > 200
    seen = set(found.page.evaluate(COLOURS, [list(png)]))
    assert {"255, 255, 255", "24, 80, 161", "187, 91, 152"} <= seen  # card, T cell, B cell
    assert found.trouble == []


def test_png_is_no_longer_than_browsers_make_them_and_that_is_said(visit: Open) -> None:
    found = drawn(visit, many(1600))
    _, path = saved(found, "Place in the Cell Ontology", "PNG")
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    assert (width > 200, height) == (True, 32_000)
    status = found.page.locator("#lineage [role=status]")
    assert status.inner_text().startswith("The PNG is smaller than the picture, by ")
    saved(found, "Place in the Cell Ontology", "SVG")
    assert status.inner_text() == ""
    found.page.evaluate("() => { HTMLCanvasElement.prototype.toBlob = done => done(null); }")
    found.page.get_by_role("button", name="Save Place in the Cell Ontology as PNG").click()
    status.get_by_text("This browser makes no PNG of this size: save the SVG.").wait_for()
    assert found.trouble == []


@pytest.mark.parametrize("kind", ["SVG", "PNG"])
def test_hostile_names_stay_texts_in_pictures_and_files(visit: Open, kind: str) -> None:
    result = typed(HOSTILE, 0, (HOSTILE, "constructor", "__proto__"), unsupported_genes=(HOSTILE + "2",))
    found = drawn(visit, [result, *small()])
    assert found.page.locator("#dotplot .gene").first.text_content() == "[U+202E]</te…"
    point(found, "#dotplot a.row[data-row='0'] .dot")
    assert tip(found)[0].startswith("[U+202E]</text><script>")
    found.page.click("#dotplot .values > summary")
    for what, *_ in PICTURES:
        _, path = saved(found, what, kind)
        if kind == "SVG":
            assert not [e.tag for e in ET.fromstring(path.read_text()).iter() if "script" in e.tag or "img" in e.tag]
    assert found.page.locator("main img, main script").count() == 0
    assert found.page.title() == "pbmc: cell types"
    assert found.trouble == []


@pytest.mark.parametrize("width", [390, 700, 1280])
def test_pictures_never_widen_the_page(visit: Open, width: int) -> None:
    long = typed("a_cluster_id_without_any_place_to_break_" * 3, 4, ["AN-UNUSUALLY-LONG-GENE-NAME" * 3, "B", "C"])
    found = drawn(visit, [*small(), long], width=width)
    assert found.sideways() <= 0


def test_on_a_phone_genes_are_rows_and_ten_clusters_fit(visit: Open) -> None:
    found = drawn(visit, [typed(str(n), n, (f"GENE{n}", "CD3D")) for n in range(10)], width=390)
    gene = found.page.locator("#dotplot .gene")
    first, second = (gene.nth(n).bounding_box() for n in (0, 1))
    assert second["y"] > first["y"] + 15
    assert found.page.locator("#dotplot a.row").count() == 10
    assert found.page.evaluate("[...document.querySelectorAll('.canvas')].every(c => c.scrollWidth <= c.clientWidth)")


def test_a_thousand_clusters_show_those_of_the_table_and_their_neighbours(visit: Open) -> None:
    found = drawn(visit, many())
    lead = found.page.locator("#dotplot .note")
    assert lead.inner_text().startswith("30 of the 1,000 clusters that the table shows")
    assert "10 neighbours" in lead.inner_text()
    assert found.page.locator("#dotplot a.row").count() == 40
    found.page.evaluate("location.hash = '#cluster=777'")
    found.page.locator("#dotplot a.row[data-row='777']").wait_for(state="attached")
    found.page.fill("input[type=search]", "gene51, gene62, gene73")
    found.page.locator("#dotplot .note", has_text="Of 1,000 clusters the").wait_for()
    assert 0 < found.page.locator("#dotplot a.row").count() < 40
    assert found.page.locator("#scores rect[class^=sure]").count() > 0
    assert found.page.locator("#lineage a").count() == 48
    found.page.get_by_role("button", name="more").first.click()
    assert found.page.locator("#lineage a").count() > 400
    assert found.trouble == []


def test_filter_that_leaves_nothing_leaves_a_line(visit: Open) -> None:
    found = drawn(visit, many(60))
    found.page.fill("input[type=search]", "no such thing")
    found.page.locator("#dotplot .canvas p", has_text="no gene to plot").wait_for()
    found.page.fill("input[type=search]", "")
    found.page.locator("#dotplot a.row").first.wait_for()
    assert found.trouble == []
