"""Size and speed of the report, and what `cassia collect` takes for many clusters.

    python -m benchmarks.report [--clusters 10000]

Conversations are made up and differ in every sentence (tests/large.py), and so are cells (tests/sampled_cells.py).
Pages are opened from disk in headless Chromium, medians of 5. Ends with 1 above a limit.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from benchmarks.collect import stage_files
from benchmarks.measure import cassia_command, machine, run
from cassia_engine import report
from tests import factories as make
from tests import large, sampled_cells
from tests.browser.conftest import ARGUMENTS
from tests.conftest import need

# What is measured, and the most it may be.
LIMITS = {
    "report of 30 clusters, MB": 1.0,
    "report of 1,000 clusters, MB": 12.0,
    "report of 60 clusters with 5,000 of 1,000,000 cells, MB": 4.0,
    "1,000 clusters until interactive, s": 2.0,
    "1,000 clusters, the first search, s": 0.1,
    "1,000 clusters, the slowest other filter, s": 0.1,
    "1,000 clusters, a cluster opened, s": 1.0,
    "5,000 cells until interactive, s": 2.0,
    "5,000 cells until all is drawn, s": 3.0,
    "5,000 cells, coloured by a first gene, s": 0.5,
    "5,000 cells, a cluster lit, s": 0.1,
    "collect, wall s": 20.0,
    "collect, peak MB": 300.0,
}
REPEATS = 5
Visit = Callable[[Any, str], tuple[float, ...]]
# Sets a filter, and waits until the number of clusters found has changed and the table is painted.
FILTER = """async ([control, value]) => {
  const element = document.querySelector(`#clusters ${control}`);
  const status = document.querySelector('#clusters [role=status]');
  const counted = new Promise((done) => {
    const observer = new MutationObserver(done);
    observer.observe(status, { childList: true, characterData: true, subtree: true });
  });
  const start = performance.now();
  element.value = value;
  element.dispatchEvent(new Event(element.matches('select') ? 'change' : 'input', { bubbles: true }));
  await counted;
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return (performance.now() - start) / 1000;
}"""
# Colours the cells by the first gene that is offered, and waits until its ramp is painted.
COLOUR = """async () => {
  const legend = document.querySelector('.cells-beside');
  const painted = new Promise((done) => {
    new MutationObserver(() => legend.querySelector('.ramp') && done()).observe(legend, { childList: true });
  });
  const start = performance.now();
  document.querySelector('.near-genes button').click();
  await painted;
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return (performance.now() - start) / 1000;
}"""
# Points at a cluster in the list of colours, and waits until the cells are painted.
LIGHT = """async () => {
  const start = performance.now();
  document.querySelector('.cells-beside a').focus();
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))));
  return (performance.now() - start) / 1000;
}"""
SEARCH, LINEAGE, OUTCOME = "input[type=search]", ".choice.lineage select", ".choice.outcome select"
# The first one has all genes unpacked. An empty value gives all rows back.
FIRST = (SEARCH, "CD3D")
OTHERS = (
    (SEARCH, "c70"),
    (SEARCH, ""),
    (SEARCH, "CD3D, CD8A"),
    (SEARCH, ""),
    (LINEAGE, "0"),
    (LINEAGE, ""),
    (OUTCOME, "annotated"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clusters", type=int, default=10_000, help="for collect")
    clusters = parser.parse_args().clusters
    print(machine())
    with tempfile.TemporaryDirectory() as scratch:
        found = {
            **sizes(Path(scratch)),
            **times(Path(scratch) / "1000.html", visit, "1,000 clusters"),
            **times(Path(scratch) / "cells.html", visit_cells, "5,000 cells"),
            **collected(Path(scratch), clusters),
        }
    for name, value in found.items():
        print(f"{name:56s} {value:8.2f}   limit {LIMITS[name]:g}, ratio {value / LIMITS[name]:.2f}")
    sys.exit(int(any(value > LIMITS[name] for name, value in found.items())))


def sizes(folder: Path) -> dict[str, float]:
    """Megabytes of the reports, which are left in the folder."""
    found = {}
    for count, name in ((30, "report of 30 clusters, MB"), (1000, "report of 1,000 clusters, MB")):
        html = report.render(make.DATASET, make.SELECTION, make.MODEL_RUN, large.results(count))
        (folder / f"{count}.html").write_text(html, encoding="utf-8")
        found[name] = (folder / f"{count}.html").stat().st_size / 1e6
    results = sampled_cells.counted(large.results(60), 16_000)
    cells = sampled_cells.sampled(results, 5000, 1_000_000)
    html = report.render(make.DATASET, make.SELECTION, make.MODEL_RUN, results, cells=cells)
    (folder / "cells.html").write_text(html, encoding="utf-8")
    found["report of 60 clusters with 5,000 of 1,000,000 cells, MB"] = (folder / "cells.html").stat().st_size / 1e6
    return found


def times(page: Path, once: Visit, what: str) -> dict[str, float]:
    """Medians over fresh visits of a report, of all that LIMITS has of `what`, in that order."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=need("chromium"), args=list(ARGUMENTS))
        visits = [once(chromium, page.as_uri()) for _ in range(REPEATS)]
        chromium.close()
    names = [name for name in LIMITS if name.startswith(what)]
    return {name: statistics.median(values) for name, values in zip(names, zip(*visits, strict=True), strict=True)}


@contextmanager
def opened(chromium: Any, url: str) -> Iterator[tuple[Any, float, float]]:
    """A page, when all is drawn; and the seconds until it was ready, and until then."""
    with chromium.new_context() as context:
        page = context.new_page()
        start = time.perf_counter()
        page.goto(url, wait_until="commit")
        page.locator("html.ready").wait_for(state="attached")
        ready = time.perf_counter() - start
        page.locator("html.drawn").wait_for(state="attached")
        yield page, ready, time.perf_counter() - start


def visit(chromium: Any, url: str) -> tuple[float, float, float, float]:
    """Seconds until the page is ready, of the first search and of the slowest other, and until a cluster is open."""
    with opened(chromium, url) as (page, ready, _):
        first, *others = (page.evaluate(FILTER, list(one)) for one in (FIRST, *OTHERS))
        start = time.perf_counter()
        page.evaluate("location.hash = 'cluster=c700'")
        page.locator("#cluster-view h2").wait_for()
        return ready, first, max(others), time.perf_counter() - start


def visit_cells(chromium: Any, url: str) -> tuple[float, float, float, float]:
    """Seconds until the page is ready, until all is drawn, and of colouring by a gene and lighting a cluster."""
    with opened(chromium, url) as (page, ready, drawn):
        return ready, drawn, page.evaluate(COLOUR), page.evaluate(LIGHT)


def collected(folder: Path, clusters: int) -> dict[str, float]:
    """Seconds and megabytes of `cassia collect` as a process of its own."""
    files = [str(path) for path in stage_files(folder, clusters)]
    measured = run(
        [cassia_command(), "collect", *files, "--outdir", str(folder / "out"), "--status", str(folder / "s")]
    )
    print(f"collect of {clusters:,} clusters: {measured}")
    return {"collect, wall s": measured.wall, "collect, peak MB": measured.peak}


if __name__ == "__main__":
    main()
