"""Corrections in a real browser: typed, completed by keyboard, kept, exported, and taken back by cassia collect."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cassia_engine import report
from cassia_engine.cli.app import cassia
from cassia_engine.records import ClusterResult, Dataset
from cassia_engine.report.pack import visible
from cassia_engine.report.rows import anchor
from cassia_engine.stages.corrections import corrected, read_corrections
from tests import factories as make
from tests.browser.conftest import Open, Visit, render
from tests.reading import Page
from tests.stages.test_corrections import results_file

pytestmark = pytest.mark.slow

HOSTILE = '=HYPERLINK("x")<img src=x onerror=alert(1)>\u202e'
COMMENT = '+1, "quoted"\nand <b>a second line</b>'


def fill(page: Any, **fields: str) -> None:
    if page.locator("details.correction").get_attribute("open") is None:
        page.click("details.correction > summary")
    for name, text in fields.items():
        page.fill(f"#correct-{name}", text)


def keep(page: Any, says: str = "Saved in this browser.") -> None:
    page.click("form.correct button[type=submit]")
    page.locator("form.correct [role=status]", has_text=says).wait_for()


def go(page: Any, id: str) -> None:
    page.evaluate("anchor => { location.hash = anchor }", anchor(id))
    page.locator("#cluster-view .cluster-head", has_text=f"Cluster {visible(id)}").wait_for()


def exported(page: Any, folder: Path) -> Path:
    with page.expect_download() as download:
        page.click("#corrections button:has-text('Export')")
    path = folder / str(download.value.suggested_filename)
    download.value.save_as(path)
    return path


def test_whole_round_from_typing_to_the_next_report(visit: Open, tmp_path: Path) -> None:
    results = [make.annotated("0"), make.unannotated("9", 1), make.annotated(HOSTILE, 2)]
    found = visit(render(results), "#cluster=9")
    page = found.page
    page.click("details.correction > summary")
    page.focus("#correct-label")
    page.keyboard.type("platel")
    page.locator("[role=option]").first.wait_for()
    assert page.get_attribute("#correct-label", "aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    option = page.get_attribute("#correct-label", "aria-activedescendant")
    assert page.get_attribute(f"#{option}", "aria-selected") == "true"
    page.keyboard.press("Enter")
    assert (page.input_value("#correct-label"), page.input_value("#correct-cl_id")) == ("platelet", "CL:0000233")
    fill(page, decided_by="Ada", comment=COMMENT)
    keep(page)
    assert "Your label: platelet CL:0000233" in found.texts("#correction-note")[0]
    assert "platelet your label CL:0000233" in next(row for row in found.texts("#table tbody tr") if "Cluster 9" in row)
    for picture in ("#dotplot", "#lineage", "#scores"):
        spoken = page.locator(f"{picture} [data-row='1'][aria-label]").first.get_attribute("aria-label")
        assert spoken and spoken.startswith("Cluster 9, platelet (your label)"), picture
    go(page, HOSTILE)
    assert page.locator("#correction-note p").count() == 0
    assert page.input_value("#correct-decided_by") == "Ada"
    fill(page, label="=mine <i>", comment="")
    keep(page)
    rows = found.texts("#corrections tbody tr")
    assert len(rows) == 2
    assert rows[0].startswith("9 platelet CL:0000233")
    file = exported(page, tmp_path)
    assert file.name == "pbmc_corrections.csv"
    assert found.trouble == []

    with file.open(newline="", encoding="utf-8") as text:
        header, *lines = csv.reader(text)
    assert header == ["cluster", "label", "cl_id", "comment", "decided_by"]
    assert lines == [
        ["9", "platelet", "CL:0000233", "'" + COMMENT, "Ada"],
        ["'" + HOSTILE, "'=mine <i>", "", "", "Ada"],
    ]

    arguments = ["collect", str(results_file(tmp_path, results)), "--outdir", str(tmp_path / "new")]
    done = CliRunner().invoke(cassia, [*arguments, "--corrections", str(file)])
    assert done.exit_code == 0, done.output
    html = (tmp_path / "new" / "pbmc_report.html").read_text(encoding="utf-8")
    again = visit(html, "#cluster=9")
    assert again.texts("#cluster-view h2") == ["platelet"]
    assert "Label by Ada: platelet CL:0000233" in again.texts("#correction-note")[0]
    assert again.texts("#lineage li:has(> .term:has-text('platelet')) .on-tree") == ["9"]
    assert "<b>a second line</b>" in again.texts("#correction-note")[0]
    assert [line.split()[-3:] for line in again.texts("#corrections tbody tr")] == [["the", "outputs", "Remove"]] * 2
    assert (
        "2 labels were given by persons (Ada): 1 in place of the proposed one, 1 where there was none"
        in (Page(html).text_of["methods"])
    )
    assert exported(again.page, tmp_path / "new").read_bytes() == file.read_bytes()
    assert again.trouble == []

    # The browser in which they were said knows that they are in the outputs now.
    (tmp_path / "report.html").write_text(html, encoding="utf-8")
    page.reload()
    page.locator("html.drawn").wait_for()
    go(page, "9")
    assert len(found.texts("#correction-note p")) == 1
    assert page.locator("form.correct [role=status]").inner_text() == "In the outputs."
    assert page.locator("#corrections td", has_text="not yet in the outputs").count() == 0
    assert "your label" not in page.locator("#table").inner_text()
    assert found.trouble == []


def test_it_is_kept_for_this_run_and_not_for_another(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=0")
    fill(found.page, comment="look again")
    keep(found.page)
    key = Page(render(make.mixed_bag())).data["key"]
    stored = found.page.evaluate(f"localStorage.getItem('cassia-corrections-{key}')")
    assert json.loads(stored)[0][0] == "0"
    found.page.reload()
    found.page.locator("#corrections td", has_text="look again").wait_for()
    found.page.click("#corrections button:has-text('Remove')")
    assert found.page.locator("#corrections tr").count() == 0
    assert found.page.evaluate("localStorage.length") == 0
    assert found.trouble == []


def test_browser_that_keeps_nothing_says_so(visit: Open) -> None:
    html = render(make.mixed_bag())
    found = visit(html)
    found.page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('no') } })")
    found.page.reload()
    found.page.evaluate("location.hash = '#cluster=0'")
    found.open()
    fill(found.page, label="odd")
    keep(found.page, "Saved until this page is closed.")
    assert "they are lost when it is closed" in found.texts("#corrections .prose")[0]
    assert found.trouble == []


def test_what_cannot_be_is_said_at_once(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=0")
    fill(found.page, label="")
    keep(found.page, "Give a label or a comment.")
    fill(found.page, label="B cell", cl_id="CL:9999999")
    keep(found.page, "CL:9999999 is no current term of the Cell Ontology of")
    assert found.page.locator("#corrections tr").count() == 0
    # An id belongs to the label it came with.
    fill(found.page, label="T cell")
    assert found.page.input_value("#correct-cl_id") == ""


def test_correction_of_the_report_is_taken_back_and_kept_after_all(visit: Open, tmp_path: Path) -> None:
    said = read_corrections([{"cluster": "0", "label": "B cell", "decided_by": "Ada"}])
    found = visit(render(corrected(make.mixed_bag(), said)), "#cluster=0")
    assert found.texts("#cluster-view .before") == ["The model said: natural killer cell"]
    assert found.page.input_value("#correct-label") == "B cell"
    found.page.click("#corrections button:has-text('Remove')")
    assert "Removed in this page" in found.texts("#correction-note p")[1]
    assert exported(found.page, tmp_path).read_text() == "cluster,label,cl_id,comment,decided_by\n"
    found.page.click("#corrections button:has-text('Restore')")
    assert len(found.texts("#correction-note p")) == 1
    assert found.trouble == []


def test_methods_are_copied_as_plain_text(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), permissions=["clipboard-read", "clipboard-write"])
    copy(found, "Copied.")
    text = found.page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("Cell types of 10 clusters (human, peripheral blood) were proposed by cassia 0.1.0.")
    assert "\n\nTo cite:\nCell types are named by the Cell Ontology" in text
    assert "<" not in text.replace("adjusted p < 0.05", "")


def test_where_nothing_can_be_copied_the_text_is_selected(visit: Open) -> None:
    found = visit(render(make.mixed_bag()))
    found.page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    copy(found, "the text is selected")
    chosen = found.page.evaluate("String(getSelection())")
    assert chosen.strip().startswith("Cell types of 10 clusters")
    assert "Copy the text" not in chosen


def copy(found: Visit, says: str) -> None:
    found.page.click("#methods button")
    found.page.locator("#methods [role=status]", has_text=says).wait_for()


def test_phone_has_no_sideways_scroll_and_prints_no_form(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=0", width=390)
    fill(found.page, label="B cell", comment="x" * 300)
    keep(found.page)
    assert found.sideways() <= 0
    found.page.emulate_media(media="print")
    assert not found.page.locator("form.correct").is_visible()
    assert found.page.locator("#corrections td", has_text="B cell").is_visible()


def test_name_of_the_sample_names_the_file_safely(visit: Open, tmp_path: Path) -> None:
    results: list[ClusterResult] = [make.annotated("0")]
    dataset = Dataset("a b:<c>", "blood", "human")
    found = visit(report.render(dataset, make.SELECTION, make.MODEL_RUN, results), "#cluster=0")
    fill(found.page, comment="x")
    keep(found.page)
    assert exported(found.page, tmp_path).name == "a_b_c_corrections.csv"


def test_id_alone_brings_its_label(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=0")
    for fields in ({"label": "", "cl_id": "CL:0000236"}, {"label": "CL:0000236", "cl_id": ""}):
        fill(found.page, **fields)
        keep(found.page)
        assert "Your label: B cell CL:0000236" in found.texts("#correction-note")[0]
        assert found.page.input_value("#correct-label") == "B cell"
        assert found.texts("#corrections tbody tr")[0].startswith("0 B cell CL:0000236")


def test_enter_sends_what_was_typed_and_no_list_stays(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=0")
    found.page.click("details.correction > summary")
    found.page.focus("#correct-label")
    found.page.keyboard.type("t cell")
    found.page.keyboard.press("Enter")
    found.page.locator("form.correct [role=status]", has_text="Saved in this browser.").wait_for()
    assert not found.page.locator("#label-options").is_visible()
    assert found.page.get_attribute("#correct-label", "aria-expanded") == "false"
    assert found.texts("#corrections tbody tr")[0].startswith("0 t cell")


def test_what_was_typed_waits_until_it_is_kept(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=1")
    fill(found.page, label="my own", comment="not yet")
    status = found.page.locator("form.correct [role=status]")
    assert status.inner_text() == "Not saved yet."
    found.page.locator(".clusters tr[aria-current] .c-evidence").click()
    assert found.page.input_value("#correct-comment") == "not yet"
    found.page.get_by_role("button", name="Next").click()
    found.page.locator("#cluster-view .cluster-head", has_text="Cluster 2").wait_for()
    assert found.page.input_value("#correct-comment") == ""
    found.page.get_by_role("button", name="Previous").click()
    found.page.locator("#cluster-view .cluster-head", has_text="Cluster 1").wait_for()
    assert (found.page.input_value("#correct-label"), status.inner_text()) == ("my own", "Not saved yet.")
    assert found.page.locator("#correct-label").is_visible()
    keep(found.page)
    go(found.page, "0")
    go(found.page, "1")
    assert (found.page.input_value("#correct-label"), status.inner_text()) == ("my own", "Saved in this browser.")
    assert found.trouble == []


def test_form_follows_the_list_of_corrections(visit: Open) -> None:
    said = read_corrections([{"cluster": "0", "label": "B cell", "decided_by": "Ada"}])
    found = visit(render(corrected(make.mixed_bag(), said)), "#cluster=0")
    status = found.page.locator("form.correct [role=status]")
    back = found.page.locator("form.correct button", has_text="Remove")
    assert (status.inner_text(), back.is_visible()) == ("In the outputs.", True)
    found.page.click("#corrections button:has-text('Remove')")
    assert (found.page.input_value("#correct-label"), status.inner_text()) == ("", "Removed.")
    assert found.page.locator("#correct-label").is_visible()
    assert not back.is_visible()
    fill(found.page, comment="not yet")
    found.page.click("#corrections button:has-text('Restore')")
    assert (found.page.input_value("#correct-comment"), status.inner_text()) == ("not yet", "Not saved yet.")
    assert back.is_visible()
    assert found.trouble == []


def test_your_label_is_searched_sorted_and_counted(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=9")
    ids, chips = ".clusters tbody .c-id bdi", ".chips button"
    assert found.texts(chips) == ["All 10", "Needs review 8", "No annotation 4"]
    found.page.locator(".clusters thead th.c-type").click()
    assert found.texts(ids)[0] == "0"
    fill(found.page, label="aardvark", cl_id="CL:0000233")
    keep(found.page)
    assert found.texts(ids)[0] == "9"
    assert found.texts(chips)[2] == "No annotation 3"
    assert found.texts("#cluster-view h2") == ["aardvark your label"]
    found.page.click(f"{chips} >> nth=2")
    assert found.page.get_attribute(f"{chips} >> nth=2", "aria-pressed") == "true"
    assert sorted(found.texts(ids)) == ["007", "2", "7"]
    found.page.click(f"{chips} >> nth=0")
    for query in ("aard", "CL:0000233"):
        found.page.fill("#search", query)
        found.page.locator(".count", has_text="1 of 10").wait_for()
        assert found.texts(ids) == ["9"]
    found.page.click("#corrections button:has-text('Remove')")
    assert found.texts(ids) != ["9"]
    found.page.fill("#search", "")
    assert found.texts(ids)[0] == "0"
    assert found.texts(chips)[2] == "No annotation 4"
    assert found.texts("#cluster-view h2") == ["No annotation"]
    assert found.trouble == []


def test_view_says_where_a_persons_label_has_its_place(visit: Open) -> None:
    said = [("9", "thrombocyte", "Lovelace, Ada"), ("0", "gizmo", "Ada"), ("7_0", "natural killer cell", "Ada")]
    rows = [{"cluster": cluster, "label": label, "decided_by": who} for cluster, label, who in said]
    found = visit(render(corrected(make.mixed_bag(), read_corrections(rows))), "#cluster=9")
    view = found.texts("#cluster-view")[0]
    assert "Cell Ontology platelet CL:0000233 by an abbreviation" in view
    assert "Lineage hematopoietic cell › blood cell" in view
    assert "There was no answer: the label is a person's." in view
    assert "not judged" not in view
    assert "Lovelace, Ada" in found.texts(".clusters tr[aria-current] .c-decided_by")
    assert found.texts(".clusters tr[aria-current] .c-evidence")[0].startswith("top markers: ")
    assert "A cluster that only a person named shows its first markers." in found.texts("#dotplot .note")[0]
    go(found.page, "0")
    assert "no term was found" in found.texts("#cluster-view .answer")[0]
    go(found.page, "7_0")
    assert found.page.locator("#cluster-view .answer dt", has_text="Cell Ontology").count() == 1
    assert found.trouble == []


def test_tree_stays_unfolded_when_a_label_is_kept(visit: Open) -> None:
    found = visit(render([make.annotated(str(number), number) for number in range(60)]), "#cluster=59")
    assert found.page.locator("#lineage .chip").count() == 24
    found.page.click("#lineage button:has-text('Show 36 more')")
    fill(found.page, label="B cell", comment="")
    keep(found.page)
    assert found.page.locator("#lineage .chip").count() == 60
    last = found.page.get_attribute("#lineage .chip >> nth=59", "aria-label")
    assert last == "Cluster 59, B cell (your label)"
