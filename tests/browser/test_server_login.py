"""A person at a server: the login, a report under the server's policy, the end of the session, and a job cancelled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests import factories as make
from tests.browser.conftest import render
from tests.server.processes import question
from tests.server.running import running_app

pytestmark = pytest.mark.slow

JOB = "7" * 32


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
        page.goto(f"{server.url}/report/{JOB}/page")
        page.get_by_label("Your token").fill("wrong")
        page.get_by_role("button").click()
        page.get_by_role("alert").wait_for()
        assert [text for text in errors if "401" not in text] == []
        errors.clear()
        page.get_by_label("Your token").fill(token)
        page.get_by_role("button").click()
        page.locator("html.drawn").wait_for()
        assert page.url == f"{server.url}/report/{JOB}/page"
        assert errors == []
        [cookie] = context.cookies()
        assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"
        page.goto(f"{server.url}/login")
        assert page.get_by_role("strong").inner_text() == "<b>ada</b>"
        page.get_by_role("button", name="Log out").click()
        page.get_by_label("Your token").wait_for()
        assert context.cookies() == []
        page.goto(f"{server.url}/report/{JOB}/page")
        page.get_by_label("Your token").wait_for()
        assert errors == []


def test_a_job_is_cancelled_in_the_list(browser: Any, tmp_path: Path) -> None:
    with running_app(tmp_path, jobs=0) as server, browser.new_context() as context:
        token = server.add_token("ada")
        asked = {"input_data": question(studyInfo="Human blood")}
        assert server.request("POST", "/annotate", token=token, body=asked).status == 200
        page = context.new_page()
        errors: list[str] = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(server.url)
        page.get_by_label("Your token").fill(token)
        page.get_by_role("button").click()
        button = page.get_by_role("button", name="Cancel this job: Human blood")
        assert not button.is_visible()
        page.get_by_text("Cancel", exact=True).click()
        button.click()
        page.get_by_text("cancelled by ada").wait_for()
        assert page.get_by_text("Cancel", exact=True).count() == 0
        assert errors == []
