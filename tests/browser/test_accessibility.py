"""What axe-core, a keyboard and a screen reader's outline find in the report."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests import conversations
from tests import factories as make
from tests.browser.conftest import Open, Visit, render
from tests.conftest import need

pytestmark = pytest.mark.slow

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(found: Visit, *within: str) -> list[str]:
    """What axe-core finds that is serious or critical, in these parts or the whole page: rule, and elements at fault.

    Its script is no part of the page and its policy lets it not in, so it runs outside of that, as a debugger does.
    """
    script = Path(need("axe_playwright_python")).parent / "axe.min.js"
    found.page.evaluate(script.read_text(encoding="utf-8"))
    asked = [list(within) or ["html"], TAGS]
    run = "([include, tags]) => axe.run({ include }, { runOnly: tags })"
    result: dict[str, Any] = found.page.evaluate(run, asked)
    assert len(result["passes"]) > 15, "axe looked at nothing"
    grave = [rule for rule in result["violations"] if rule["impact"] in ("serious", "critical")]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in grave for node in rule["nodes"][:3]]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visit: Open, scheme: str, width: int) -> None:
    held = conversations.held(calls=(conversations.call(), conversations.call("validator")))
    talk = make.annotated("talk", 10, conversation=held, answer=make.annotation(unsupported_genes=("NCAM1",)))
    html = render([*make.mixed_bag(), talk])
    found = visit(html, "#cluster=talk", width=width, color_scheme=scheme)
    assert violations(found) == []
    found.page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    found.page.locator(".clusters tbody tr").nth(1).hover()
    assert violations(found) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_a_failed_cluster(visit: Open, scheme: str) -> None:
    found = visit(render(make.mixed_bag(), make.OFFLINE_RUN), "#cluster=9", color_scheme=scheme)
    found.page.fill("#search", "nothing has this name")
    found.page.locator(".dt-empty").wait_for()
    assert violations(found) == []


def test_axe_would_find_something(visit: Open) -> None:
    found = visit(render(make.mixed_bag()).replace("<main>", '<main><input type="text"><p><a href="#x"></a></p>'))
    assert {line.partition(":")[0] for line in violations(found)} == {"label", "link-name"}


OUTLINE = """() => [...document.querySelectorAll('h1, h2, h3, h4')]
  .filter(head => head.checkVisibility()).map(head => Number(head.tagName[1]))"""


def test_headings_are_in_order_and_landmarks_have_names(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=CD4%20T")
    levels = found.page.evaluate(OUTLINE)
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert found.page.locator("main").count() == 1
    names = found.page.locator("nav").evaluate_all("all => all.map(nav => nav.getAttribute('aria-label'))")
    assert all(names) and len(set(names)) == len(names)


# Whether something shows that the element has the focus: an outline; in a picture a line around the row.
SHOWS_FOCUS = """() => {
  const here = document.activeElement;
  const style = getComputedStyle(here);
  const band = here.querySelector(':scope > .band');
  if (band) return [false, getComputedStyle(band).strokeWidth === '2px', here.getAttribute('aria-label')];
  const box = here.getBoundingClientRect();
  const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1;
  return [here === document.body, seen && box.width > 0 && box.height > 0, here.outerHTML.slice(0, 120)];
}"""
FOCUSABLE = """() => [...document.querySelectorAll(
  'a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter(one => one.checkVisibility() && !one.disabled && one.tabIndex >= 0).length"""


def test_keyboard_gets_everywhere_and_is_seen(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=CD4%20T")
    found.page.evaluate("() => { document.activeElement.blur(); getSelection().removeAllRanges(); scrollTo(0, 0); }")
    wanted = found.page.evaluate(FOCUSABLE)
    assert wanted > 40
    reached: set[str] = set()
    for _ in range(2 * wanted):
        found.page.keyboard.press("Tab")
        at_body, seen, name = found.page.evaluate(SHOWS_FOCUS)
        assert at_body or seen, f"no sign of the focus on {name}"
        place = found.page.evaluate("() => [...document.querySelectorAll('*')].indexOf(document.activeElement)")
        if place in reached:
            break
        reached.add(place)
    assert len(reached) >= wanted - 1


def test_skip_link_leads_to_the_clusters(visit: Open) -> None:
    found = visit(render(make.mixed_bag()))
    found.page.keyboard.press("Tab")
    assert found.page.locator(".skip").bounding_box()["width"] > 50
    found.page.keyboard.press("Enter")
    found.page.keyboard.press("Tab")
    assert found.page.evaluate("document.activeElement.id") == "search"
    assert found.trouble == []
