"""How large a report is: texts that clusters share stand in it once, the others are packed."""

from __future__ import annotations

import pytest

from cassia_engine import report
from tests import factories as make
from tests import large, sampled_cells
from tests.reading import Page
from tests.report.test_report import render

# Clusters and the most bytes of their report.
LIMITS = [(30, 1_000_000), (1000, 12_000_000)]


@pytest.mark.parametrize(("count", "most"), LIMITS)
def test_report_with_conversations_is_no_larger_than_promised(count: int, most: int) -> None:
    html = render(large.results(count))
    assert len(html.encode("utf-8")) <= most
    page = Page(html)
    assert len(page.rows) == count
    assert page.everything().count(large.SYSTEM) == 1
    assert len(page.detail(f"c{count - 2}")["requests"]) >= 2


def test_report_with_a_sample_of_a_million_cells_is_no_larger_than_promised() -> None:
    results = sampled_cells.counted(large.results(60), 16_000)
    cells = sampled_cells.sampled(results, 5000, 1_000_000)
    html = report.render(make.DATASET, make.SELECTION, make.MODEL_RUN, results, cells=cells)
    assert len(html.encode("utf-8")) <= 4_000_000
    page = Page(html)
    assert len(page.packed("embedding")["x"]) == 5000
    cited = {gene for row in page.rows for gene in row["evidence"]}
    assert cited <= set(page.packed("means")["genes"])
    assert cited <= set(page.packed("embedding")["genes"])
