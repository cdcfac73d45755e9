"""The index of a run in a real browser: narrow and wide, light and dark, with long names; its links lead to reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from cassia_engine.outputs.publish import status
from cassia_engine.records import Merged, RunInfo, Usage
from cassia_engine.report import render_index
from cassia_engine.stages.corrections import read_corrections, with_corrections
from tests import factories as make
from tests.browser.conftest import Open, Visit
from tests.browser.test_accessibility import violations

pytestmark = pytest.mark.slow

LONG = "a_name_without_a_place_to_break_" * 3 + "it"
NAMED = read_corrections([{"cluster": "9", "label": "platelet"}, {"cluster": "0", "label": "B cell"}])


def sample(name: str, run: RunInfo = make.MODEL_RUN, clusters: int = 10, cost: float | None = 0.011) -> Merged:
    results = [make.annotated("0", usage=Usage(2, cost_usd=cost)), *make.mixed_bag()[1:]][:clusters]
    return Merged(make.DATASET, make.SELECTION, tuple(results), (run,) * len(results)).renamed(name)


def several() -> str:
    """Samples of every kind: clear, corrected, of long names, of unknown cost, offline and without a cluster."""
    run = RunInfo("openrouter", f"some/{LONG}", "0.1.0")
    samples = [
        sample("clear", clusters=1),
        with_corrections(sample("corrected"), NAMED),
        sample(LONG, run, cost=None),
        sample("offline", make.OFFLINE_RUN),
        sample("empty", clusters=0),
    ]
    return render_index([status(merged) for merged in samples])


def opened(visit: Open, width: int = 1280, scheme: str = "light") -> Visit:
    return visit(several(), width=width, ready=False, color_scheme=scheme)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_index(visit: Open, scheme: str, width: int) -> None:
    assert violations(opened(visit, width, scheme)) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_index_fits_the_window_and_asks_for_nothing(visit: Open, width: int) -> None:
    found = opened(visit, width)
    assert found.sideways() == 0
    assert found.trouble == []
    assert len(found.texts(".samples tbody tr")) == 5


def test_row_on_a_phone_says_what_its_numbers_are(visit: Open) -> None:
    [row] = [text for text in opened(visit, 390).texts(".samples tbody tr") if text.startswith("corrected")]
    assert "7 of 10 clusters have a cell type, 2 of them by a person." in row
    assert "7 need review. 2 without an annotation" in row
    box = "getComputedStyle(document.querySelector('[data-head=Calls]'), '::before').content"
    assert opened(visit, 390).page.evaluate(box) == '"Calls: "'


def test_index_follows_the_dark_setting(visit: Open) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = (opened(visit, scheme=scheme).page.evaluate(ground) for scheme in ("light", "dark"))
    assert light != dark


def test_link_of_a_sample_opens_its_report(visit: Open, tmp_path: Path) -> None:
    name = "a:b #1 100%"
    report = tmp_path / name / f"{name}_report.html"
    report.parent.mkdir()
    report.write_text("<title>its report</title>", encoding="utf-8")
    found = visit(render_index([status(sample(name))]), ready=False)
    found.page.get_by_role("link", name=name).click()
    found.page.wait_for_url(report.as_uri().replace(":b", "%3Ab"))
    assert found.page.title() == "its report"
