#!/usr/bin/env python3
"""Make docs/images/report*.png: the reports of the bundled examples in Chromium.

They are annotated offline, and for pictures of conversations and failures by the mock provider of the tests, which is
no model: what it answers shows how a report looks, not how good one is.

    pip install playwright
    python scripts/screenshots.py [--chromium /usr/bin/chromium] [--only report_dark.png ...]

It needs an installed Chromium and downloads none. Run it again when the report's looks change, and look at each.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, FloatRect, Page, ViewportSize, sync_playwright

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "cassia_engine" / "data" / "examples"
BLOOD = ("pbmc68k_scanpy.csv", "--name", "pbmc68k", "--tissue", "peripheral blood", "--species", "human")
BLOOD_CELLS = (
    "pbmc68k.h5ad", "--name", "pbmc68k_cells", "--tissue", "peripheral blood", "--species", "human",
    "--group_key", "louvain", "--rank",
)  # fmt: skip
GUT = (
    "large_intestine_seurat.csv.gz",
    "--name",
    "large_intestine",
    "--tissue",
    "large intestine",
    "--species",
    "human",
    "--ranking_method",
    "pct_diff",
)  # as in assets/samplesheet.csv
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
MARGIN = 16


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of a report.

    Attributes:
        cluster: the id of the cluster whose view is open.
        of: the element that the picture is of, with a margin; "" for the top of the window.
        opened: the link that is clicked to open a cluster whose id is not known before.
    """

    name: str
    width: int = 1280
    height: int = 1010
    scheme: Literal["light", "dark"] = "light"
    cluster: str = ""
    of: str = ""
    opened: str = ""


FIRST = (1440, 900)  # the first screen of a laptop
OFFLINE = (
    Shot("report_offline.png", *FIRST),
    Shot("report_narrow_table.png", 390, 844, of="#clusters"),
    Shot("report_card.png", height=1130, cluster="6", of="#cluster-view"),
)
OFFLINE_CELLS = (Shot("report_cells.png", of="#cells"),)
OFFLINE_GUT = (
    Shot("report.png", *FIRST),
    Shot("report_dotplot.png", of="#dotplot"),
    Shot("report_dotplot_dark.png", scheme="dark", of="#dotplot"),
    Shot("report_lineage.png", height=1400, of=".side-by-side"),
)
WITH_MODEL = (Shot("report_conversation.png", height=1180, cluster="0", of="#cluster-view"),)
WITH_FAILURES = (
    Shot("report_review.png", *FIRST),
    Shot("report_dark.png", *FIRST, "dark"),
    Shot("report_narrow.png", 390, 844),
    Shot("report_failed.png", height=1010, opened=".todo a >> nth=0", of="#cluster-view"),
)


def make_report(outdir: Path, example: Sequence[str], *provider: str) -> Path:
    """Annotate an example; clusters that fail are part of the picture, so exit code 1 is one too."""
    table, *context = example
    command = [sys.executable, "-m", "cassia_engine", "run", str(EXAMPLES / table), *context, "--outdir", str(outdir)]
    done = subprocess.run([*command, *provider], check=False, cwd=outdir)
    if done.returncode not in (0, 1):
        raise SystemExit(f"cassia run ended with exit code {done.returncode}")
    return outdir / f"{context[1]}_report.html"


def reports(folder: Path) -> Iterator[tuple[Path, tuple[Shot, ...]]]:
    """Each report with the pictures to take of it; of the mock's clusters some have a second round, and one fails."""
    sys.path.insert(0, str(ROOT))
    from tests.mock_provider.running import running_mock

    yield make_report(folder, BLOOD, "--provider", "offline"), OFFLINE
    yield make_report(folder, BLOOD_CELLS, "--provider", "offline"), OFFLINE_CELLS
    yield make_report(folder, GUT, "--provider", "offline"), OFFLINE_GUT
    for odds, shots in ((None, WITH_MODEL), ("null_content:0.15", WITH_FAILURES)):
        faults: dict[str, Any] = {"steady": odds} if odds else {}
        with running_mock(variety=0.4, **faults) as mock:
            url = f"{mock.url}/api/v1"
            outdir = Path(tempfile.mkdtemp(dir=folder))
            yield make_report(outdir, BLOOD, "--provider", "custom", "--base_url", url, "--model", "mock"), shots


def take(browser: Browser, report: Path, shot: Shot, outdir: Path) -> Path:
    window = ViewportSize(width=shot.width, height=shot.height)
    page = browser.new_page(viewport=window, color_scheme=shot.scheme, reduced_motion="reduce")
    page.goto(report.as_uri() + (f"#cluster={shot.cluster}" if shot.cluster else ""))
    page.locator("html.drawn").wait_for()
    if shot.opened:
        page.locator(shot.opened).click()
    if shot.cluster or shot.opened:
        page.locator("#cluster-view h2").wait_for()
    page.evaluate("document.activeElement.blur()")
    path = outdir / shot.name
    page.screenshot(path=path, full_page=bool(shot.of), clip=around(page, shot) if shot.of else None)
    page.close()
    return path


def around(page: Page, shot: Shot) -> FloatRect:
    """The part of the page that an element and a margin take, no higher than the shot: from its first child, above
    which a section is empty."""
    page.evaluate("scrollTo(0, 0)")
    box, first = page.locator(shot.of).bounding_box(), page.locator(f"{shot.of} > :visible").first.bounding_box()
    assert box is not None and first is not None, f"{shot.of} is not on the page"
    top = max(0.0, first["y"] - MARGIN)
    height = min(box["y"] + box["height"] + MARGIN - top, shot.height)
    return FloatRect(x=0.0, y=top, width=float(shot.width), height=height)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser (default: %(default)s)")
    parser.add_argument("--outdir", type=Path, default=ROOT / "docs" / "images", help="default: docs/images")
    parser.add_argument("--only", nargs="+", metavar="PNG", help="these pictures and no others")
    options = parser.parse_args(argv)
    options.outdir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=list(ARGUMENTS))
        for report, shots in reports(Path(folder).resolve()):
            for shot in shots:
                if not options.only or shot.name in options.only:
                    print(take(browser, report, shot, options.outdir))
        browser.close()


if __name__ == "__main__":
    main()
