"""Cells in the report in a real browser: their embedding, means in the dot plot, and what a cluster's cells say."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from cassia_engine import report
from cassia_engine.records import CellType, ClusterResult, GeneExpression, SampledCells
from tests import factories as make
from tests import sampled_cells
from tests.browser.conftest import Open, Visit, render
from tests.browser.test_accessibility import violations
from tests.browser.test_corrections import fill, keep

pytestmark = pytest.mark.slow

T, B = "CL:0000084", "CL:0000236"
SPACE = "{http://www.w3.org/2000/svg}"
HOSTILE = "\u202e</text><script>document.title='owned'</script><img src=x onerror='alert(1)'>"
# How many pixels of the canvas have each colour, the most frequent first; one that is see-through counts as none.
COLOURS = """() => {
  const canvas = document.querySelector("#cells canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const found = new Map();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 200) continue;
    const colour = [0, 1, 2].map((n) => Math.round(data[at + n] / 8) * 8).join(" ");
    found.set(colour, (found.get(colour) ?? 0) + 1);
  }
  return [...found].sort((one, other) => other[1] - one[1]).map(([colour]) => colour);
}"""


def typed(id: str, index: int, genes: Sequence[str], label: str, cl_id: str, **changes: Any) -> ClusterResult:
    types = (CellType(label, cl_id, label, 80.0),)
    answer = make.annotation(detailed_types=types, cl_id=cl_id, evidence_genes=tuple(genes[:2]), **changes)
    return make.annotated(id, index, answer=answer, cluster=make.cluster(id, genes, index))


def four() -> list[ClusterResult]:
    """Two T cells, the second of which cites a gene that it does not have, a B cell, and one that failed."""
    return sampled_cells.counted(
        [
            typed("0", 0, ("CD3D", "CD3E", "IL7R"), "T cell", T),
            typed("1", 1, ("IL7R", "AQP3", "CD3D"), "T cell", T, unsupported_genes=("MS4A1",)),
            typed("2", 2, ("MS4A1", "CD79A", "CD19"), "B cell", B),
            make.unannotated("3", 3),
        ]
    )


def cells_of(visit: Open, results: Sequence[ClusterResult], cells: SampledCells, *place: str, **options: Any) -> Visit:
    html = report.render(make.DATASET, make.SELECTION, make.MODEL_RUN, results, cells=cells)
    found = visit(html, *place, **options)
    found.page.locator("html.drawn").wait_for(state="attached")
    return found


def shown(visit: Open, *place: str, **options: Any) -> Visit:
    results = four()
    return cells_of(visit, results, sampled_cells.sampled(results, 400, 1_000_000), *place, **options)


def point(found: Visit, cluster: int) -> None:
    """The pointer on a cell of a cluster: the one below its name."""
    name = found.page.locator(f"#cells .spot[data-row='{cluster}']")
    name.scroll_into_view_if_needed()
    box = name.bounding_box()
    found.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def by(found: Visit, name: str) -> None:
    found.page.locator("#cells .choices").get_by_role("button", name=name, exact=True).click()


def tip(found: Visit) -> list[str]:
    return [str(text) for text in found.page.locator("#cells .tip[visibility=visible] text").all_text_contents()]


def test_cells_are_drawn_in_the_hues_of_their_types(visit: Open) -> None:
    found = shown(visit)
    assert found.texts("#cells h2") == ["Cells on the UMAP"]
    assert found.texts("#cells .note")[0].startswith(
        "400 of 1,000,000 cells, chosen at random, at their coordinates in X_umap."
    )
    assert found.texts("#cells .cell-legend li") == [
        "T cell2,478 cells 0 1",
        "failed1,264 cells 3",
        "B cell1,254 cells 2",
    ]
    assert set(found.page.locator("#cells .spot").all_text_contents()) <= {"T cell", "B cell", "failed"}
    drawn = found.page.evaluate(COLOURS)
    assert {"24 80 160", "184 88 152"} <= set(drawn[:8])  # T and B
    assert found.trouble == []


def test_table_without_cells_has_no_picture_of_them(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=0")
    assert found.page.locator("canvas, #cells *, .cluster-cells, .picture > .choices").count() == 0
    assert not found.page.locator("#cells").is_visible()
    assert "Cells" not in found.texts("#cluster-view dt")


def test_pointer_names_the_cluster_and_lights_it_everywhere(visit: Open) -> None:
    found = shown(visit)
    before = found.page.evaluate(COLOURS)
    point(found, 2)
    assert tip(found) == ["Cluster 2, B cell", "1,254 cells", "High confidence"]
    pointed = found.page.locator("#pictures .pointed")
    assert set(pointed.evaluate_all("all => all.map(one => one.dataset.row)")) == {"2"}
    assert found.page.locator("#dotplot .pointed").count() == 1
    found.page.wait_for_function(f"() => String(({COLOURS})()) !== {','.join(before)!r}")
    found.page.mouse.move(5, 5)
    assert tip(found) == []
    assert pointed.count() == 0
    found.page.locator("#scores a[data-row='0']").hover()
    assert set(found.page.locator("#cells .pointed").evaluate_all("all => all.map(one => one.dataset.row)")) == {"0"}


def test_click_on_a_cell_opens_its_cluster(visit: Open) -> None:
    found = shown(visit)
    point(found, 2)
    found.page.mouse.down()
    found.page.mouse.up()
    found.open("B cell")
    assert found.page.evaluate("location.hash") == "#cluster=2"
    assert found.trouble == []


def test_a_finger_reads_a_cell_and_the_list_opens_the_cluster(visit: Open) -> None:
    found = shown(visit, width=390, has_touch=True)
    found.page.locator("#cells .spot[data-row='2']").scroll_into_view_if_needed()
    box = found.page.locator("#cells .spot[data-row='2']").bounding_box()
    found.page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert tip(found)[0] == "Cluster 2, B cell"
    assert found.page.evaluate("location.hash") == ""
    found.page.locator("#cells .cell-legend a[data-row='2']").tap()
    found.open("B cell")


def test_keys_get_to_every_cluster_in_the_list(visit: Open) -> None:
    found = shown(visit)
    by(found, "Cluster")
    assert found.texts("#cells .cell-legend a") == ["3 failed", "2 B cell", "1 T cell", "0 T cell"]
    found.page.focus("#cells .cell-legend a[data-row='1']")
    assert found.page.locator("#cells .spot.pointed").text_content() == "1"
    found.page.keyboard.press("Enter")
    found.open("T cell")
    assert found.page.locator("#cells .spot.chosen").text_content() == "1"


def test_confidence_is_ink_and_a_cluster_without_it_a_ring(visit: Open) -> None:
    found = shown(visit)
    by(found, "Confidence")
    assert found.texts("#cells .cell-legend li") == ["High3,732 cells 0 1 2", "no confidence1,264 cells 3"]
    assert "24 32 48" in found.page.evaluate(COLOURS)[:3]
    pressed = found.page.locator("#cells .choices [aria-pressed=true]")
    assert pressed.all_text_contents() == ["Confidence"]


def test_gene_colours_cells_by_its_values(visit: Open) -> None:
    found = shown(visit)
    field = found.page.get_by_label("Gene", exact=True)
    field.fill("ms4a1")
    found.page.locator("#cells .ramp").wait_for()
    legend = found.page.locator(".cells-beside").inner_text()
    assert "MS4A1 values in X" in legend
    assert "not expressed" in legend
    assert found.texts(".cells-beside .cell-legend li")[0].startswith("2 B cell mean ")
    assert found.page.locator("#cells .choices [aria-pressed=true]").count() == 0
    assert "208 216 224" in found.page.evaluate(COLOURS)[:3]  # most cells do not express it
    point(found, 2)
    assert tip(found)[-1].startswith("MS4A1 ")
    assert tip(found)[-1].endswith(" in this cell")
    field.fill("")
    found.page.locator("#cells .cell-legend", has_text="T cell").wait_for()
    assert found.page.locator("#cells .choices [aria-pressed=true]").all_text_contents() == ["Cell type"]
    assert found.trouble == []


def test_gene_that_the_page_does_not_have_is_said(visit: Open) -> None:
    found = shown(visit)
    field = found.page.get_by_label("Gene", exact=True)
    field.fill("NOSUCH")
    field.press("Enter")
    said = found.page.locator(".gene-picker [role=status]")
    assert said.inner_text().startswith("The page has no values of NOSUCH in the cells")
    field.fill("CD3D")
    assert said.inner_text() == ""


def test_open_cluster_offers_its_genes(visit: Open) -> None:
    found = shown(visit)
    assert found.texts(".near-genes") == ["First evidence genes: CD3D IL7R MS4A1"]
    found.page.evaluate("location.hash = '#cluster=2'")
    found.open("B cell")
    assert found.texts(".near-genes") == ["Genes of cluster 2: MS4A1 CD79A"]
    found.page.locator(".near-genes").get_by_role("button", name="CD79A").click()
    found.page.locator("#cells .ramp").wait_for()
    assert found.page.get_by_label("Gene", exact=True).input_value() == "CD79A"


def test_label_given_in_the_page_colours_its_cells(visit: Open) -> None:
    found = shown(visit, "#cluster=3")
    fill(found.page, label="platelet")
    keep(found.page)
    found.page.locator("#cells .cell-legend", has_text="platelet (your label)").wait_for()
    assert found.trouble == []


def test_colours_follow_the_setting_and_paper_has_the_light_ones(visit: Open) -> None:
    found = shown(visit)
    assert "24 80 160" in found.page.evaluate(COLOURS)[:8]
    found.page.emulate_media(color_scheme="dark")
    found.page.wait_for_function(f"() => ({COLOURS})().slice(0, 8).includes('72 144 224')")
    found.page.emulate_media(color_scheme="dark", media="print")
    found.page.wait_for_function(f"() => ({COLOURS})().slice(0, 8).includes('24 80 160')")


@pytest.mark.parametrize("kind", ["Cell type", "Cluster", "Confidence", "gene"])
def test_picture_is_saved_with_its_cells_names_and_legend(visit: Open, kind: str, tmp_path: Path) -> None:
    found = shown(visit)
    if kind == "gene":
        found.page.get_by_label("Gene", exact=True).fill("CD3D")
        found.page.locator("#cells .ramp").wait_for()
    else:
        by(found, kind)
    with found.page.expect_download() as event:
        found.page.get_by_role("button", name="Save Cells on the UMAP as SVG").click()
    event.value.save_as(tmp_path / "cells.svg")
    root = ET.fromstring((tmp_path / "cells.svg").read_text(encoding="utf-8"))
    assert event.value.suggested_filename == "pbmc_cells.svg"
    dots = sum(path.attrib["d"].count("h0") for path in root.iter(f"{SPACE}path"))
    assert dots == 400
    [name] = {text.attrib.get("paint-order") for text in root.iter(f"{SPACE}text") if "stroke" in text.attrib}
    assert name == "stroke"  # names of clusters are legible on cells
    words = {text.text for text in root.iter(f"{SPACE}text")}
    legends = {
        "Cell type": "T cell (0, 1)",
        "Cluster": "2 B cell",
        "Confidence": "High (0, 1, 2)",
        "gene": "not expressed",
    }
    assert {"UMAP 1", "UMAP 2", legends[kind]} <= words
    with found.page.expect_download() as event:
        found.page.get_by_role("button", name="Save Cells on the UMAP as PNG").click()
    event.value.save_as(tmp_path / "cells.png")
    width, height = struct.unpack(">II", (tmp_path / "cells.png").read_bytes()[16:24])
    assert min(width, height) > 400
    assert found.trouble == []


def test_dots_show_mean_expression_where_the_cells_are_known(visit: Open) -> None:
    found = shown(visit)
    assert found.texts(".picture > .choices button") == ["Mean", "Mean, scaled by gene", "Log2 fold change"]
    row = "#dotplot a.row[data-row='2']"
    genes = found.page.locator("#dotplot .gene").count()
    assert found.page.locator(f"{row} .dot").count() == genes  # also of genes that are not among its markers
    assert found.page.locator("#dotplot .absent").count() == 0
    assert found.page.locator("#dotplot a.row[data-row='1'] .missing").count() == 1
    assert "Colour is the mean of the values in X" in found.texts("#dotplot .note")[0]
    mark = found.page.locator(f"{row} .dot").first
    mark.scroll_into_view_if_needed()
    mark.hover()
    found.page.locator("#dotplot .tip text").first.wait_for()
    said = found.page.locator("#dotplot .tip text").all_text_contents()
    assert said[0] == "CD3D in cluster 2, B cell"
    assert said[1].startswith("mean 0.")
    assert said[2] == "not among its markers"
    assert said[3].endswith("% of its cells")
    found.page.click("#dotplot .values > summary")
    caption = found.page.locator("#dotplot table caption").first.text_content()  # waits for it
    assert caption and caption.startswith("Mean expression and share of the cluster's cells;")


def test_dots_are_scaled_by_gene_or_coloured_by_fold_change(visit: Open) -> None:
    found = shown(visit)
    tools = found.page.locator(".picture > .choices")
    tools.get_by_role("button", name="Mean, scaled by gene").click()
    highest = found.page.locator("#dotplot .dot.q4").count()
    assert highest >= found.page.locator("#dotplot .gene").count() - 1 - 2  # the legend's own is one of them
    assert "share of the gene's highest mean under 20%" in found.page.locator("#dotplot .plot").text_content()
    tools.get_by_role("button", name="Log2 fold change").click()
    assert found.page.locator("#dotplot .absent").count() > 5
    assert "not among its markers: unknown, not zero" in found.page.locator("#dotplot .plot").text_content()
    assert found.trouble == []


def test_gene_that_no_cell_expresses_has_no_dot_and_an_unknown_one_a_dash(visit: Open) -> None:
    results = four()[:2]
    genes = (GeneExpression("CD3D", (1.5, 0.0), (0.9, 0.0)), GeneExpression("IL7R", (None, 0.4), (None, 0.3)))
    found = cells_of(visit, results, SampledCells(2478, matrix="X", genes=genes))
    assert found.page.locator("#dotplot a.row[data-row='1'] .dot").count() == 2  # of IL7R, and AQP3 without a mean
    assert found.page.locator("#dotplot a.row[data-row='0'] .absent").count() >= 1
    assert found.page.locator("canvas").count() == 0
    assert found.trouble == []


def test_view_says_what_the_cells_say(visit: Open) -> None:
    found = shown(visit, "#cluster=0")
    text = found.page.locator(".cluster-cells").inner_text().replace("\t", " ")
    for words in (
        "Counts per cell median of total_counts",
        "2,311",
        "Genes per cell mean, from the matrix",
        "12.4%",
        "CD16+ NK cells CL:0000939",
        "93% of 1,200 labelled cells; 97% with related types",
        "a related type",
        "no label",
        "Markers of T cell and B cell",
        "25% if the two were independent; 1,000 cells looked at",
        "57% (700)",
        "no value",
        "other values",
    ):
        assert words in text
    assert "1,234, 25% of the cells of all clusters" in found.texts("#cluster-view dd")
    found.page.evaluate("location.hash = '#cluster=2'")
    found.open("B cell")
    assert found.texts(".cluster-cells .trouble") == ["of another lineage"]
    assert found.page.locator(".review-flag", has_text="Celltypist disagrees.").count() == 1


def test_columns_of_cells_are_sorted_and_exported(visit: Open) -> None:
    found = shown(visit)
    found.page.locator(".clusters thead th", has_text="Cells").click()
    assert found.texts(".clusters tbody .c-n_cells") == ["1,234", "1,244", "1,254", "1,264"]


@pytest.mark.parametrize("width", [390, 700, 1280])
def test_cells_never_widen_the_page(visit: Open, width: int) -> None:
    long = typed(
        "a_cluster_id_without_any_place_to_break_" * 3, 4, ["AN-UNUSUALLY-LONG-GENE-NAME" * 3, "B"], "x" * 90, T
    )
    results = sampled_cells.counted([*four(), long])
    found = cells_of(visit, results, sampled_cells.sampled(results, 300), "#cluster=0", width=width)
    assert found.sideways() <= 0
    by(found, "Cluster")
    found.page.get_by_label("Gene", exact=True).fill("AN-UNUSUALLY-LONG-GENE-NAME" * 3)
    found.page.locator("#cells .ramp").wait_for()
    assert found.sideways() <= 0
    assert found.trouble == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_cells(visit: Open, scheme: str, width: int) -> None:
    found = shown(visit, "#cluster=0", width=width, color_scheme=scheme)
    assert violations(found) == []
    found.page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    found.page.get_by_label("Gene", exact=True).fill("CD3D")
    found.page.locator("#cells .ramp").wait_for()
    assert violations(found) == []


def test_hostile_names_stay_texts_among_cells(visit: Open) -> None:
    first = typed(HOSTILE, 0, (HOSTILE, "constructor", "__proto__"), HOSTILE, "")
    results = sampled_cells.counted([first, *four()])
    results[0] = replace(
        results[0],
        cluster=replace(results[0].cluster, cells=sampled_cells.hostile(HOSTILE)),
    )
    cells = sampled_cells.sampled(results, 200, coordinates_key=HOSTILE, matrix=HOSTILE)
    found = cells_of(visit, results, cells)
    for name in ("Cluster", "Confidence", "Cell type"):
        by(found, name)
    for gene in ("__proto__", "constructor"):
        found.page.get_by_label("Gene", exact=True).fill(gene)
        found.page.locator("#cells .ramp").wait_for()
    point(found, 0)
    with found.page.expect_download():
        found.page.locator("#cells .tools button").first.click()
    found.page.locator("#cells .cell-legend a[data-row='0']").first.click()
    found.page.locator("#cluster-view .cluster-cells").wait_for()
    assert found.page.locator("main img, main script").count() == 0
    assert found.page.title() == "pbmc: cell types"
    assert found.trouble == []


def test_thousands_of_cells_and_many_clusters_are_drawn(visit: Open) -> None:
    results = sampled_cells.counted([typed(str(n), n, (f"GENE{n}", "CD3D"), f"type {n}", T) for n in range(60)])
    found = cells_of(visit, results, sampled_cells.sampled(results, 5000, 1_000_000))
    assert found.texts("#cells .note")[0].startswith("5,000 of 1,000,000 cells")
    assert found.page.locator("#cells .cell-legend li").count() == 60
    assert found.page.locator("#cells .spot", has_text="type").count() == 0  # ids, where types would cover the cells
    assert found.trouble == []
