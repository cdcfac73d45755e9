"""The list of jobs as a page, and who sees it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

from cassia_engine.server.page.jobs_page import JobRow, jobs_page
from tests.reading import Page
from tests.server.job_rows import CREATED, add_job
from tests.server.running import running_app

HOSTILE = "</td><script>alert(1)</script>\u202e"


def test_jobs_stand_in_their_order_with_a_link_to_what_is_done() -> None:
    rows = [
        JobRow("b" * 32, CREATED + 60, "processing", 1234, study=f"{HOSTILE} blood" * 20, started=CREATED + 180),
        JobRow("a" * 32, CREATED, "completed", 8, link=f"report/{'a' * 32}"),
        JobRow("c" * 32, CREATED, "failed", 3, reason=HOSTILE),
    ]
    html = jobs_page(rows, "Ada <b>")
    page = Page(html)
    lines = [" ".join(line.split()) for line in page.text.split("\n") if line.strip()]
    assert "3 jobs" in lines
    assert [one for one in lines if "UTC" in one] == [
        "30 November 2026, 18:41 UTC began 30 November 2026, 18:43 UTC",
        "30 November 2026, 18:40 UTC",
        "30 November 2026, 18:40 UTC",
    ]
    assert [link["href"] for link in page.all("a")] == ["login", f"report/{'a' * 32}"]
    assert "failed </td><script>alert(1)</script>[U+202E]" in lines
    [title] = [one for one in lines if one.endswith(f"… {'b' * 32}")]
    assert title.startswith("</td><script>alert(1)</script>[U+202E] blood</td>")
    assert page.scripts == {}
    assert "Ada <b>" in page.text
    assert "1,234" in lines


def test_nobody_s_list_says_how_to_begin() -> None:
    page = Page(jobs_page([]))
    assert page.text_of["headline"] == "No job yet"
    assert "Submit one with a CyteType client" in page.text


def test_page_runs_and_loads_nothing() -> None:
    [meta] = [one for one in Page(jobs_page([])).all("meta") if one.get("http-equiv")]
    assert str(meta["content"]).startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in str(meta["content"])


def test_everybody_sees_the_own_jobs_and_nobody_any_without_a_token(tmp_path: Path) -> None:
    with running_app(tmp_path, jobs=0) as server:
        tokens = {name: server.add_token(name) for name in ("ada", "bob")}
        ada, bob = map(server.token_id, tokens)
        add_job(server.state, "1" * 32, ada, study="Human blood", started=CREATED + 5)
        add_job(server.state, "2" * 32, ada, run="failed", created=CREATED + 60)
        add_job(server.state, "3" * 32, bob)
        answer = server.request("GET", "/")
        assert (answer.status, answer.headers["location"]) == (303, "/login?next=%2F")
        form = urlencode({"token": tokens["ada"], "next": "/"}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        assert server.request("POST", "/login", headers=headers, body=form).headers["location"] == "/"
        page = Page(server.request("GET", "/", token=tokens["ada"]).text)
        assert [text for text in page.text.split() if set(text) <= {"1", "2", "3"} and len(text) == 32] == [
            "2" * 32,
            "1" * 32,
        ]
        assert [link["href"] for link in page.all("a")] == ["login", f"report/{'1' * 32}"]
        assert "Human blood " + "1" * 32 in page.text and "began 30 November 2026, 18:40 UTC" in page.text
        assert "3" * 32 in server.request("GET", "/", token=tokens["bob"]).text
