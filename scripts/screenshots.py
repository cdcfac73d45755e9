#!/usr/bin/env python3
"""Make docs/images/report*.png: the report of the bundled PBMC example, annotated offline, in Chromium.

    pip install playwright
    python scripts/screenshots.py [--chromium /usr/bin/chromium]

It needs an installed Chromium and downloads none. Run it again when the report's looks change.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
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
    """A picture: its file, window, colours, and the cluster whose card and conversation are open."""

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"] = "light"
    cluster: str = ""


SHOTS = (
    Shot("report.png", 1280, 1010),
    Shot("report_card.png", 1280, 1130, cluster="6"),
    Shot("report_dark.png", 1280, 1010, scheme="dark"),
    Shot("report_narrow.png", 390, 844),
)


def make_report(outdir: Path) -> Path:
    """Annotate the example offline; clusters that fail are part of the picture, so exit code 1 is one too."""
    command = [sys.executable, "-m", "cassia_engine", "run", str(EXAMPLE), *CONTEXT, "--outdir", str(outdir)]
    done = subprocess.run([*command, "--provider", "offline"], check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"cassia run ended with exit code {done.returncode}")
    return outdir / "pbmc68k_report.html"


def take(browser: Browser, report: Path, shot: Shot, outdir: Path) -> Path:
    window = ViewportSize(width=shot.width, height=shot.height)
    page = browser.new_page(viewport=window, color_scheme=shot.scheme)
    page.goto(report.as_uri() + (f"#cluster={shot.cluster}" if shot.cluster else ""))
    if shot.cluster:
        page.click("details.card[open] .talk > summary")
        page.evaluate("document.activeElement.blur()")
        page.evaluate("document.querySelector('details.card[open]').scrollIntoView({ block: 'start' })")
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
        report = make_report(Path(folder).resolve())
        browser = playwright.chromium.launch(executable_path=options.chromium, args=list(ARGUMENTS))
        for shot in SHOTS:
            print(take(browser, report, shot, options.outdir))
        browser.close()


if __name__ == "__main__":
    main()
