"""The report in a real browser: it asks for nothing, nothing in it runs, and a keyboard gets everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cassia_engine import report
from cassia_engine.records import Cluster, ClusterResult, Conversation, Dataset, Outcome, RunInfo, Selection
from tests import factories as make
from tests import talks
from tests.conftest import need

pytestmark = pytest.mark.slow

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
HOSTILE = (
    "<script>document.title='owned'</script><img src='http://attacker.invalid/x.png' onerror='alert(1)'>"
    "</script><script>alert(2)</script></style><style>*{display:none}</style><!-- "
    "\"' autofocus onfocus='alert(3)' <a href='javascript:alert(4)'>free</a> \u202egnp.exe"
)


@dataclass
class Visit:
    """An opened report, and everything it did that a report must not do."""

    page: Any
    trouble: list[str] = field(default_factory=list)

    def texts(self, selector: str) -> list[str]:
        return [" ".join(text.split()) for text in self.page.locator(selector).all_inner_texts()]

    def shown(self) -> list[str]:
        """The ids of the cards that are to be seen."""
        return [str(name) for name in self.page.locator("details.card:visible .id bdi").all_inner_texts()]

    def sideways(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    executable = need("chromium")
    need("playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(executable), args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Open]:
    contexts = []

    def open_report(html: str, fragment: str = "", width: int = 1280, **options: Any) -> Visit:
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        found = Visit(context.new_page())
        watch(found, path.as_uri())
        found.page.goto(path.as_uri() + fragment)
        return found

    yield open_report
    for context in contexts:
        context.close()


def watch(found: Visit, own: str) -> None:
    """Note every dialog, console message, error, window and request but the one for the page."""

    def dialog(event: Any) -> None:
        found.trouble.append(f"dialog {event.message}")
        event.dismiss()

    def request(event: Any) -> None:
        if event.url.split("#")[0] not in (own, "data:,"):
            found.trouble.append(f"request {event.url}")

    found.page.on("dialog", dialog)
    found.page.on("request", request)
    found.page.on("console", lambda event: found.trouble.append(f"console {event.text}"))
    found.page.on("pageerror", lambda event: found.trouble.append(f"error {event}"))
    found.page.on("popup", lambda event: found.trouble.append("popup"))


def render(results: Sequence[ClusterResult], run: RunInfo = make.MODEL_RUN) -> str:
    return report.render(make.DATASET, make.SELECTION, run, results)


def hostile_report() -> str:
    cluster = Cluster(HOSTILE, 0, 9, 9, (make.marker(HOSTILE), make.marker("A", 2)))
    answer = make.annotation(
        general_type=HOSTILE, cl_id=HOSTILE, state=HOSTILE, evidence_genes=(HOSTILE,), mixed_types=(HOSTILE,)
    )
    talk = Conversation((HOSTILE,), (HOSTILE,), HOSTILE, HOSTILE)
    in_form = replace(cluster, id=HOSTILE + "3", index=2)
    results = [
        make.annotated(cluster=cluster, answer=answer, decided_by=HOSTILE, conversation=talk),
        make.annotated(cluster=in_form, answer=answer, conversation=talks.hostile(HOSTILE)),
        make.unannotated(HOSTILE + "2", 1, Outcome.FAILED, HOSTILE),
    ]
    run = RunInfo(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    dataset = Dataset(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    return report.render(dataset, Selection(HOSTILE, HOSTILE, 50), run, results)


def test_report_asks_for_nothing_and_complains_of_nothing(visit: Open) -> None:
    found = visit(render(make.mixed_bag()))
    found.page.click("#open-all")
    assert found.texts("#count") == ["10 of 10 clusters"]
    assert found.trouble == []


@pytest.mark.parametrize("scripts", [True, False])
def test_hostile_texts_stay_texts(visit: Open, scripts: bool) -> None:
    found = visit(hostile_report(), java_script_enabled=scripts)
    for summary in found.page.locator("details.card > summary").all():
        summary.click()
    for kind in ("talk", "raw", "calls"):
        for summary in found.page.locator(f"details.{kind} > summary").all():
            summary.click()
    assert found.page.locator("img, iframe, object, main script, main style").count() == 0
    assert found.page.title() != "owned"
    assert "<script>document.title='owned'</script>" in found.page.locator(".said").first.inner_text()
    assert found.page.locator("a[href^=javascript]").count() == 0
    assert found.sideways() <= 0
    assert found.trouble == []


@pytest.mark.parametrize("width", [390, 1280])
def test_conversation_with_a_model_opens_and_reads(visit: Open, width: int) -> None:
    held = talks.held(
        annotations=(talks.claim(),) * 2,
        checks=(talks.CHECKS,) * 2,
        validations=(talks.verdict(lineage_fits={"answer": "no", "genes": ["CD3D"]}), talks.verdict()),
        calls=tuple(talks.call(role, number) for number in (1, 2) for role in ("annotator", "validator")),
    )
    found = visit(render([make.annotated(conversation=held)]), "#cluster=0", width=width)
    found.page.click("details.talk > summary")
    assert found.texts(".round") == ["Round 1 of 2", "Round 2 of 2: the validator had objections"]
    assert found.texts(".turn.validator .told") == ["did not agree", "agreed"]
    assert found.texts(".turn.validator .marked li.failed") == [
        "failed: Do the strongest genes fit the claimed lineage? no CD3D"
    ]
    assert not found.page.locator(".raw .said").first.is_visible()
    found.page.click(".raw > summary >> nth=0")
    assert found.page.locator(".raw .said").first.inner_text() == talks.claim()
    found.page.click("details.calls > summary")
    assert len(found.texts(".calls tbody tr")) == 4
    assert found.sideways() <= 0
    assert found.trouble == []


def test_policy_stops_what_gets_in_all_the_same(visit: Open) -> None:
    injected = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    found = visit(render(make.mixed_bag()).replace("<main>", "<main>" + injected))
    assert found.page.title() == "pbmc: cell types"
    assert sum("Content Security Policy" in line for line in found.trouble) >= 2


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("7", ["7_0", "7"]),
        ("cd4 t", ["CD4 T"]),
        ("ppbp", ["007", "7", "9"]),
        ("PF4, TUBB1", ["007", "7", "9"]),
        ("PF4, GNLY", []),
        ("CL:0000623", ["0", "1", "3", "CD4 T", "7_0", "8"]),
        ("0000623", ["0", "1", "3", "CD4 T", "7_0", "8"]),
        ("killer cell", ["0", "1", "3", "CD4 T", "7_0", "8"]),
        ("platelet", ["3"]),
        ("(.*", []),
        ("  ", ["0", "1", "2", "3", "CD4 T", "007", "7_0", "7", "8", "9"]),
    ],
)
def test_search_finds_clusters_types_genes_and_terms(visit: Open, query: str, ids: list[str]) -> None:
    found = visit(render(make.mixed_bag()))
    found.page.fill("#search", query)
    assert found.shown() == ids
    assert found.texts("#count") == [f"{len(ids)} of 10 clusters"]
    assert found.page.locator("#none").is_visible() is (not ids)


def test_chips_filter_and_say_which_is_pressed(visit: Open) -> None:
    found = visit(render(make.mixed_bag()))
    found.page.get_by_role("button", name="No annotation 4").click()
    assert found.shown() == ["2", "007", "7", "9"]
    found.page.fill("#search", "ppbp")
    assert found.texts("#count") == ["3 of 10 clusters"]
    assert found.texts("[aria-pressed=true]") == ["No annotation 4"]
    found.page.get_by_role("button", name="All 10").click()
    found.page.fill("#search", "")
    assert len(found.shown()) == 10


def test_link_to_a_card_opens_it_even_when_it_is_filtered_out(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=CD4%20T")
    opened = found.page.locator("details.card[open] > summary .id bdi")
    assert opened.all_inner_texts() == ["CD4 T"]
    found.page.fill("#search", "nothing has this name")
    found.page.click(".todo a >> nth=0")
    found.page.wait_for_function("document.querySelectorAll('details.card[open]').length === 2")
    assert len(found.shown()) == 10
    assert found.page.evaluate("document.activeElement.querySelector('.id bdi').textContent") == "9"


def test_keyboard_reaches_search_and_opens_a_card(visit: Open) -> None:
    found = visit(render(make.mixed_bag()))
    found.page.focus("#search")
    found.page.keyboard.type("7_0")
    for _ in range(30):
        found.page.keyboard.press("Tab")
        if found.page.evaluate("document.activeElement.matches('details.card > summary')"):
            break
    found.page.keyboard.press("Enter")
    assert found.page.locator("details.card[open] .markers").is_visible()


def test_long_marker_table_folds_but_not_its_evidence(visit: Open) -> None:
    genes = tuple(f"GENE{n}" for n in range(1, 51))
    answer = make.annotation(evidence_genes=("GENE2", "GENE40"))
    result = make.annotated(cluster=make.cluster("0", genes), answer=answer)
    found = visit(render([result]), "#cluster=0")
    rows = found.page.locator(".markers tbody tr:visible")
    assert rows.count() == 16
    found.page.get_by_role("button", name="Show all 50").click()
    assert rows.count() == 50
    found.page.get_by_role("button", name="Show fewer").click()
    assert rows.count() == 16


def test_without_javascript_everything_can_be_read(visit: Open) -> None:
    genes = tuple(f"GENE{n}" for n in range(1, 51))
    found = visit(render([make.annotated(cluster=make.cluster("0", genes))]), java_script_enabled=False)
    assert not found.page.locator("#tools").is_visible()
    found.page.click("details.card > summary")
    found.page.click("details.talk > summary")
    assert found.page.locator(".markers tbody tr:visible").count() == 50
    assert found.page.locator(".said:visible").count() == 2


@pytest.mark.parametrize("width", [390, 700, 901, 1440])
def test_no_sideways_scroll(visit: Open, width: int) -> None:
    long = make.annotated("a_cluster_id_without_any_place_to_break_" * 3, 10)
    found = visit(render([*make.mixed_bag(), long]), width=width)
    found.page.click("#open-all")
    assert found.sideways() <= 0


def luminance(color: str) -> float:
    channels = [int(part) / 255 for part in color.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# The colour of each element that has text of its own, and the colour that it stands on.
PAIRS = """() => [...document.querySelectorAll('body *')]
  .filter(e => e.checkVisibility() && !e.closest('.unseen, .skip')
    && [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
  .map(e => {
    let ground = e;
    while (getComputedStyle(ground).backgroundColor === 'rgba(0, 0, 0, 0)') ground = ground.parentElement;
    return [e.className || e.tagName, getComputedStyle(e).color, getComputedStyle(ground).backgroundColor];
  })"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_light_and_dark(visit: Open, scheme: str) -> None:
    with_model = make.annotated("talk", 10, conversation=talks.held())
    found = visit(render([*make.mixed_bag(), with_model], make.OFFLINE_RUN), color_scheme=scheme)
    found.page.click("#open-all")
    found.page.evaluate("document.querySelectorAll('.body details').forEach(part => { part.open = true; })")
    pairs = {tuple(pair) for pair in found.page.evaluate(PAIRS)}
    assert len(pairs) > 20
    for name, ink, ground in sorted(pairs):
        low, high = sorted((luminance(ink), luminance(ground)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (name, ink, ground)


def test_print_leaves_the_tools_out_and_keeps_the_rows(visit: Open) -> None:
    found = visit(render(make.mixed_bag()))
    found.page.emulate_media(media="print")
    assert not found.page.locator("#tools").is_visible()
    assert not found.page.locator("nav").is_visible()
    assert len(found.shown()) == 10


IN_VIEW = """() => {
  const box = document.querySelector('details.card[open] > summary').getBoundingClientRect();
  return box.top >= 0 && box.bottom <= innerHeight;
}"""


def test_a_thousand_clusters_can_be_searched(visit: Open) -> None:
    results = [make.annotated(str(n), n) for n in range(999)] + [make.unannotated("last", 999)]
    found = visit(render(results), "#cluster=last")
    found.page.wait_for_function(IN_VIEW)
    assert found.page.locator("details.card[open] > summary .id bdi").all_inner_texts() == ["last"]
    found.page.fill("#search", "PPBP")
    assert found.texts("#count") == ["1 of 1,000 clusters"]
    assert found.trouble == []
