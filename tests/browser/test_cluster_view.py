"""The view of a cluster in a real browser: opened by its link, with answer, markers and conversation."""

from __future__ import annotations

import pytest

from tests import factories as make
from tests import talks
from tests.browser.conftest import Open, render

pytestmark = pytest.mark.slow


def test_link_opens_the_view_of_its_cluster(visit: Open) -> None:
    found = visit(render(make.mixed_bag()), "#cluster=CD4%20T")
    assert found.texts("#cluster-view h2") == ["natural killer cell"]
    assert found.texts("#cluster-view .unsupported .role") == ["unsupported"] * 2
    assert found.trouble == []


def test_exact_request_is_drawn_when_it_is_opened(visit: Open) -> None:
    asked = {"messages": [{"role": "system", "content": "You name cell types."}], "max_tokens": 9}
    held = talks.held(calls=(talks.call(request=asked, response=talks.claim()), talks.call("validator")))
    found = visit(render([make.annotated(conversation=held)]), "#cluster=0")
    found.page.click(".calls > summary")
    found.page.click(".exact > summary >> nth=0")
    assert found.texts(".exact[open] pre") == ["You name cell types.", '{ "max_tokens": 9 }', talks.claim()]
    assert found.trouble == []
