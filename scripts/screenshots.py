#!/usr/bin/env python3
"""Make docs/images/report*.png: the report of the bundled PBMC example in Chromium.

It is annotated offline, and for the picture of a conversation by the mock provider of the tests, which is no model.

    pip install playwright
    python scripts/screenshots.py [--chromium /usr/bin/chromium]

It needs an installed Chromium and downloads none. Run it again when the report's looks change.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, ViewportSize, sync_playwright

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "cassia_engine" / "data" / "examples" / "pbmc68k_scanpy.csv"
CONTEXT = ("--name", "pbmc68k", "--tissue", "peripheral blood", "--species", "human")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: its file, window, colours, the cluster whose card and conversation are open, and what is on top."""

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"
    cluster: str = ""
    top: str = "details.card[open]"


OFFLINE = (
    Shot("report.png", 1280, 1010),
    Shot("report_card.png", 1280, 1130, cluster="6"),
    Shot("report_dark.png", 1280, 1010, scheme="dark"),
    Shot("report_narrow.png", 390, 844),
)
WITH_MODEL = (Shot("report_talk.png", 1280, 1180, cluster="0", top="details.card[open] .talk"),)


def make_report(outdir: Path, *provider: str) -> Path:
    """Annotate the example; clusters that fail are part of the picture, so exit code 1 is one too."""
    command = [sys.executable, "-m", "cassia_engine", "run", str(EXAMPLE), *CONTEXT, "--outdir", str(outdir)]
    done = subprocess.run([*command, *provider], check=False, cwd=outdir)
    if done.returncode not in (0, 1):
        raise SystemExit(f"cassia run ended with exit code {done.returncode}")
    return outdir / "pbmc68k_report.html"


def reports(folder: Path) -> Iterator[tuple[Path, tuple[Shot, ...]]]:
    """Each report with the pictures to take of it; of the mock's clusters some have a second round."""
    sys.path.insert(0, str(ROOT))
    from tests.mock_provider.running import running_mock

    yield make_report(folder, "--provider", "offline"), OFFLINE
    with running_mock(variety=0.4) as mock:
        url = f"{mock.url}/api/v1"
        yield make_report(folder, "--provider", "custom", "--base_url", url, "--model", "mock"), WITH_MODEL


def take(browser: Browser, report: Path, shot: Shot, outdir: Path) -> Path:
    window = ViewportSize(width=shot.width, height=shot.height)
    page = browser.new_page(viewport=window, color_scheme=shot.scheme)
    page.goto(report.as_uri() + (f"#cluster={shot.cluster}" if shot.cluster else ""))
    if shot.cluster:
        page.click("details.card[open] .talk > summary")
        page.evaluate("document.activeElement.blur()")
        page.evaluate("top => document.querySelector(top).scrollIntoView({ block: 'start' })", shot.top)
    path = outdir / shot.name
    page.screenshot(path=path)
    page.close()
    return path


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser (default: %(default)s)")
    parser.add_argument("--outdir", type=Path, default=ROOT / "docs" / "images", help="default: docs/images")
    options = parser.parse_args(argv)
    options.outdir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=list(ARGUMENTS))
        for report, shots in reports(Path(folder).resolve()):
            for shot in shots:
                print(take(browser, report, shot, options.outdir))
        browser.close()


if __name__ == "__main__":
    main()
