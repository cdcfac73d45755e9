"""What tests of the report in a real browser share: Chromium, and a visit that notes what a report must not do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cassia_engine import report
from cassia_engine.records import ClusterResult, RunInfo
from tests import factories as make
from tests.conftest import need

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@dataclass
class Visit:
    """An opened report, and everything it did that a report must not do."""

    page: Any
    trouble: list[str] = field(default_factory=list)

    def texts(self, selector: str) -> list[str]:
        return [" ".join(text.split()) for text in self.page.locator(selector).all_inner_texts()]

    def open(self, title: str = "") -> None:
        """Wait until the view of a cluster is there, with this title if one is given."""
        self.page.locator("#cluster-view h2", has_text=title).wait_for()

    def sideways(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


Open = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Ended with a file's tests: while it is there no other test can have an event loop of its own."""
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

    def open_report(html: str, fragment: str = "", width: int = 1280, ready: bool = True, **options: Any) -> Visit:
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        found = Visit(context.new_page())
        watch(found, path.as_uri())
        found.page.goto(path.as_uri() + fragment)
        if ready and options.get("java_script_enabled", True):
            found.page.locator("html.drawn").wait_for()
        if fragment.startswith("#cluster="):
            found.open()
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
