"""How large a report is: texts that clusters share stand in it once, the others are packed."""

from __future__ import annotations

import pytest

from tests import large
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
