"""A person opens a report of a server: the login, the report under the server's policy, and the end of the session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests import factories as make
from tests.browser.conftest import render
from tests.server.running import running_app

pytestmark = pytest.mark.slow


def test_a_token_opens_a_report(browser: Any, tmp_path: Path) -> None:
    html, routes = render(make.mixed_bag()), web.RouteTableDef()

    @routes.get("/report/{job_id}/page")
    async def show(request: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html")

    with running_app(tmp_path, routes) as server, browser.new_context() as context:
        token = server.add_token("<b>ada</b>")
        page = context.new_page()
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(f"{server.url}/report/7/page")
        page.get_by_label("Your token").fill("wrong")
        page.get_by_role("button").click()
        page.get_by_role("alert").wait_for()
        assert [text for text in errors if "401" not in text] == []
        errors.clear()
        page.get_by_label("Your token").fill(token)
        page.get_by_role("button").click()
        page.locator("html.drawn").wait_for()
        assert page.url == f"{server.url}/report/7/page"
        assert errors == []
        [cookie] = context.cookies()
        assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"
        page.goto(f"{server.url}/login")
        assert page.get_by_role("strong").inner_text() == "<b>ada</b>"
        page.get_by_role("button", name="Log out").click()
        page.get_by_label("Your token").wait_for()
        assert context.cookies() == []
        page.goto(f"{server.url}/report/7/page")
        page.get_by_label("Your token").wait_for()
        assert errors == []
