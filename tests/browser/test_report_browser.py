"""The report in a real browser: it asks for nothing, nothing in it runs, and a keyboard gets everywhere."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from cassia_engine import report
from cassia_engine.records import Cluster, Conversation, Dataset, Outcome, RunInfo, Selection
from cassia_engine.report import rows
from tests import conversations
from tests import factories as make
from tests.browser.conftest import Open, Visit, render

pytestmark = pytest.mark.slow

HOSTILE = (
    "<script>document.title='owned'</script><img src='http://attacker.invalid/x.png' onerror='alert(1)'>"
    "</script><script>alert(2)</script></style><style>*{display:none}</style><!-- "
    "\"' autofocus onfocus='alert(3)' <a href='javascript:alert(4)'>free</a> \u202egnp.exe"
)


OPEN_ALL = "document.querySelectorAll('#cluster-view details').forEach(part => { part.open = true; })"


def walk(found: Visit, fragments: list[str]) -> None:
    """Open the views of clusters one after the other, with all that is folded in them."""
    for fragment in fragments:
        found.page.evaluate("where => { location.hash = where; }", fragment)
        found.page.wait_for_function(
            "where => document.querySelector('#cluster-view .cluster-head')?.dataset.of === where", arg=fragment
        )
        found.page.evaluate(OPEN_ALL)


def hostile_report() -> str:
    cluster = Cluster(HOSTILE, 0, 9, 9, (make.marker(HOSTILE), make.marker("A", 2)))
    answer = make.annotation(
        general_type=HOSTILE, cl_id=HOSTILE, state=HOSTILE, evidence_genes=(HOSTILE,), mixed_types=(HOSTILE,)
    )
    talk = Conversation((HOSTILE,), (HOSTILE,), HOSTILE, HOSTILE)
    in_form = replace(cluster, id=HOSTILE + "3", index=2)
    results = [
        make.annotated(cluster=cluster, answer=answer, decided_by=HOSTILE, conversation=talk),
        make.annotated(cluster=in_form, answer=answer, conversation=conversations.hostile(HOSTILE)),
        make.unannotated(HOSTILE + "2", 1, Outcome.FAILED, HOSTILE),
    ]
    run = RunInfo(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    dataset = Dataset(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    return report.render(dataset, Selection(HOSTILE, HOSTILE, 50), run, results)


def test_report_asks_for_nothing_and_complains_of_nothing(visit: Open) -> None:
    found = visit(render(make.mixed_bag()))
    walk(found, [rows.anchor(result.cluster.id) for result in make.mixed_bag()])
    assert found.trouble == []


def test_hostile_texts_stay_texts(visit: Open) -> None:
    found = visit(hostile_report())
    for id in (HOSTILE, HOSTILE + "3", HOSTILE + "2"):
        walk(found, [rows.anchor(id)])
        assert found.page.locator("img, iframe, object, main script, main style").count() == 0
        assert found.page.title() != "owned"
        assert found.page.locator("a[href^=javascript]").count() == 0
        assert found.sideways() <= 0
        shown = found.page.locator("#cluster-view").text_content()
        assert "<script>document.title='owned'</script>" in shown
        assert "\u202e" not in shown
    assert found.trouble == []


def test_hostile_texts_stay_texts_without_scripts(visit: Open) -> None:
    found = visit(hostile_report(), java_script_enabled=False)
    assert found.page.locator("img, iframe, object, main script, main style").count() == 0
    assert found.page.title() != "owned"
    assert found.page.locator("a[href^=javascript]").count() == 0
    assert found.sideways() <= 0
    assert found.trouble == []


def test_policy_stops_what_gets_in_all_the_same(visit: Open) -> None:
    injected = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    found = visit(render(make.mixed_bag()).replace("<main>", "<main>" + injected))
    assert found.page.title() == "pbmc: cell types"
    assert sum("Content Security Policy" in line for line in found.trouble) >= 2


def test_without_javascript_the_overview_reads_and_says_where_the_rest_is(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), java_script_enabled=False)
    assert found.texts("h1") == ["6 of 10 clusters have a cell type. 8 need review."]
    assert len(found.page.locator(".todo li").all()) == 8
    assert found.texts("noscript p") == [
        "The table, the clusters and the pictures need JavaScript; pbmc_summary.csv has the same."
    ]
    assert found.texts("h2:visible") == ["Cell types", "Needs review", "Labels at three levels", "Methods"]


def test_browser_that_cannot_unpack_says_so(visit: Open) -> None:
    broken = render(make.mixed_bag()).replace('id="packed-rows">', 'id="packed-rows">AAAA')
    found = visit(broken, ready=False)
    found.page.locator("#fault").wait_for()
    assert found.texts("#fault")[0].startswith("The table, the clusters and the pictures cannot be drawn")
    assert found.texts("h1") == ["6 of 10 clusters have a cell type. 8 need review."]


@pytest.mark.parametrize("width", [390, 700, 901, 1440])
def test_no_sideways_scroll(visit: Open, width: int) -> None:
    long = make.annotated("a_cluster_id_without_any_place_to_break_" * 3, 10)
    talk = make.annotated("talk", 11, conversation=conversations.held())
    found = visit(render([*make.mixed_bag(), long, talk]), width=width)
    for id in ("9", long.cluster.id, "talk"):
        walk(found, [rows.anchor(id)])
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
    const ink = getComputedStyle(e)[e instanceof SVGElement ? 'fill' : 'color'];
    return [e.getAttribute('class') || e.tagName, ink, getComputedStyle(ground).backgroundColor];
  })"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_light_and_dark(visit: Open, scheme: str) -> None:
    with_model = make.annotated("talk", 10, conversation=conversations.held())
    found = visit(render([*make.mixed_bag(), with_model], make.OFFLINE_RUN), color_scheme=scheme)
    pairs = set()
    for id in ("CD4 T", "9", "talk"):
        walk(found, [rows.anchor(id)])
        pairs |= {tuple(pair) for pair in found.page.evaluate(PAIRS)}
    assert len(pairs) > 20
    for name, ink, ground in sorted(pairs):
        low, high = sorted((luminance(ink), luminance(ground)))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (name, ink, ground)


def test_print_leaves_the_tools_out(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=9")
    found.page.emulate_media(media="print")
    assert not found.page.locator("nav:visible").count()
    assert not found.page.locator(".cluster-tools").is_visible()
    assert found.page.locator("#cluster-view .markers").is_visible()
