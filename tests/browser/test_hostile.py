"""Texts that would be something else than text, in every place of the report: none runs, none is taken for another."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from cassia_engine import report
from cassia_engine.csv_injection import guard, unguard
from cassia_engine.outputs.summary_tables import write_tables
from cassia_engine.records import CellType, Cluster, ClusterResult, Dataset, Merged, Outcome, RunInfo, Selection
from cassia_engine.report import rows
from tests import conversations
from tests import factories as make
from tests.browser.conftest import Open, Visit

pytestmark = pytest.mark.slow

CORPUS = Path(__file__).parent.parent / "data" / "hostile" / "page.jsonl"
TEXTS = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
FORMULA_STARTS = tuple("=+-@\t\r\n")
OPEN_ALL = "document.querySelectorAll('details').forEach(part => { part.open = true; })"
# A link of ours leads to a place in the page, to a term or to a gene.
OURS = (
    r"/^(#|https:\/\/purl\.obolibrary\.org\/obo\/CL_\d{7}$"
    r"|https:\/\/www\.ncbi\.nlm\.nih\.gov\/gene\/\?term=[\w.~!*'()%-]*$)/"
)
# What a text that got out of its place would have left behind.
TRACES = """() => [
  window.owned ?? null,
  document.querySelectorAll('main script, main style, img, iframe, object, embed, form[action], base').length,
  document.querySelectorAll('[http-equiv=refresh], [onerror], [onload], [onfocus], [onmouseover], [style*=url]').length,
  [...document.querySelectorAll('a')].filter(a => !OURS.test(a.getAttribute('href'))).length,
  [...document.querySelectorAll('body *')].filter(e => e.getClientRects().length).length > 100,
]""".replace("OURS", OURS)
TIP_IS_TEXT = (
    "[...document.querySelectorAll('.tip *')].every(e => /^(rect|text)$/.test(e.localName) && !e.children.length)"
)
NO_TRACES = [None, 0, 0, 0, True]


def result(text: str, index: int) -> ClusterResult:
    """A cluster that has the text wherever it can have one: annotated, or failed for this reason."""
    cluster = Cluster(text, index, 9, 9, (make.marker(text), make.marker("CD3D", 2)), context=text, hints=(text,))
    if index % 8 == 7:
        return ClusterResult(cluster, Outcome.FAILED, text)
    types = (CellType(text, text, text, 91.0), CellType("T cell", "CL:0000084", "T cell"))
    answer = make.annotation(
        general_type=text, detailed_types=types, cl_id=text, cl_label=text, state=text, mixed_types=(text,),
        evidence_genes=(text, "CD3D"), conflicting_genes=(text,), unsupported_genes=(text,), context_conflict=text,
        possible_tissues=(text,), score_reason=text,
    )  # fmt: skip
    return make.annotated(cluster=cluster, answer=answer, decided_by=text, conversation=conversations.hostile(text))


def results() -> list[ClusterResult]:
    return [result(text, index) for index, text in enumerate(TEXTS)]


def page_of(found: Sequence[ClusterResult], name: str = "sample") -> str:
    run = RunInfo(name, name, name, name, name)
    return report.render(Dataset(name, name, name, name), Selection(name, name, 50), run, found)


def open_cluster(found: Visit, id: str) -> None:
    found.page.evaluate("where => { location.hash = where; }", rows.anchor(id))
    found.page.wait_for_function(
        "where => document.querySelector('#cluster-view .cluster-head')?.dataset.of === where", arg=rows.anchor(id)
    )
    found.page.evaluate(OPEN_ALL)


@pytest.fixture
def everything(visit: Open) -> Iterator[Visit]:
    found = visit(page_of(results()))
    found.page.evaluate(OPEN_ALL)
    yield found
    assert found.page.evaluate(TRACES) == NO_TRACES
    assert found.trouble == []


def test_every_cluster_opens_under_its_own_id(everything: Visit) -> None:
    for index, text in enumerate(TEXTS):
        open_cluster(everything, text)
        marked = everything.page.locator(".clusters [aria-current=true]")
        assert marked.get_attribute("data-place") == str(index), repr(text)
        assert everything.page.evaluate(TRACES) == NO_TRACES, repr(text)
        shown = everything.page.locator("#cluster-view").text_content()
        assert "\u202e" not in shown and "\u200b" not in shown and "\x00" not in shown
    assert everything.sideways() <= 0


def test_search_takes_them_for_what_they_are(everything: Visit) -> None:
    for text in ("__proto__", "<script>window.owned", "=hyperlink", "constructor"):
        everything.page.fill("#search", text)
        everything.page.locator(".count", has_text=f" of {len(TEXTS)} clusters").wait_for()
        everything.page.wait_for_function(
            "all => !document.querySelector('.count').textContent.startsWith(all)", arg=f"{len(TEXTS)} "
        )
        assert everything.page.evaluate(TRACES)[:4] == NO_TRACES[:4], text


def test_everything_pointed_at_stays_text(everything: Visit) -> None:
    lines = everything.page.locator(".clusters tbody tr").all()[:: len(TEXTS) // 8]
    links = everything.page.locator("#dotplot .plot [data-place]").all()[::5]
    assert min(len(lines), len(links)) >= 8
    for line in lines:
        line.hover()
        assert line.evaluate("line => line.classList.contains('lit')")
    for link in links:
        link.focus()
        everything.page.keyboard.press("ArrowRight")
        assert everything.page.locator(".tip[visibility=visible] text").count() > 0
        assert everything.page.evaluate(TIP_IS_TEXT)
        assert everything.page.evaluate(TRACES) == NO_TRACES


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def runs_nothing(table: Sequence[Sequence[str]]) -> None:
    """No cell starts with what a spreadsheet runs; what was guarded reads back."""
    assert len({len(line) for line in table}) == 1
    for line in table:
        for cell in line:
            assert not cell.startswith(FORMULA_STARTS) or is_number(cell), repr(cell)
            assert guard(unguard(cell)) == cell


def is_number(cell: str) -> bool:
    return cell.removeprefix("-").replace(".", "", 1).isdigit()


def test_exported_csv_runs_nothing_and_has_the_ids_as_they_are(everything: Visit) -> None:
    everything.page.evaluate("document.querySelectorAll('.menu input:not(:checked)').forEach(box => box.click())")
    with everything.page.expect_download() as waiting:
        everything.page.get_by_role("button", name="Export CSV").click()
    text = Path(waiting.value.path()).read_bytes().decode("utf-8", "surrogatepass")
    table = cells(text)
    runs_nothing(table)
    ids = [unguard(line[0]) for line in table[1:]]
    # Half of a surrogate pair cannot be written in UTF-8: the browser writes the sign of a replacement.
    assert ids == [text.replace("\ud83d of", "\ufffd of") for text in TEXTS]


def test_tables_of_the_engine_run_nothing(tmp_path: Path) -> None:
    found = tuple(one for one in results() if "\ud83d" not in one.cluster.id)
    run = RunInfo("=1+1", "=1+1", "=1+1", "=1+1", "=1+1")
    merged = Merged(Dataset("=sample", "=1", "+1", "@1"), make.SELECTION, found, (run,) * len(found))
    tables = [path for path in write_tables(merged, tmp_path) if path.suffix == ".csv"]
    assert len(tables) == 2
    for path in tables:
        runs_nothing(cells(path.read_bytes().decode("utf-8")))


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize(
    "text", [text for text in TEXTS if "<" in text or "{" in text], ids=lambda text: str(TEXTS.index(text))
)
def test_names_of_sample_and_run_stay_text(visit: Open, text: str, scripts: bool) -> None:
    found = visit(page_of([make.annotated()], text), java_script_enabled=scripts)
    traces: list[Any] = found.page.evaluate(TRACES)
    assert traces[:4] == NO_TRACES[:4]
    assert found.page.locator("h1").is_visible()
    assert found.trouble == []
