"""A person's browser: a token typed into a page becomes a session."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from cassia_engine.server.access.sessions import LASTS_S, Sessions
from tests.server.probes import probes
from tests.server.running import Answer, RunningApp, running_app

PAGE = f"/report/{'7' * 32}/probe"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningApp]:
    with running_app(tmp_path, probes()) as running:
        yield running


def log_in(server: RunningApp, token: str, after: str = PAGE) -> Answer:
    form = urlencode({"token": token, "next": after}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    return server.request("POST", "/login", headers=headers, body=form)


def cookie(answer: Answer) -> dict[str, str]:
    found = SimpleCookie(answer.headers["set-cookie"])
    return {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in found.items())}


def test_a_report_leads_to_the_login_and_the_login_to_the_report(server: RunningApp) -> None:
    token = server.add_token("ada")
    answer = server.request("GET", f"{PAGE}?token=secret")
    assert (answer.status, answer.headers["location"]) == (303, f"/login?next={quote(PAGE, safe='')}")
    page = server.request("GET", answer.headers["location"])
    assert f'name="next" value="{PAGE}"' in page.text and "http" not in page.text
    answer = log_in(server, token)
    assert (answer.status, answer.headers["location"]) == (303, PAGE)
    flags = answer.headers["set-cookie"]
    assert "HttpOnly" in flags and "SameSite=Strict" in flags and "Secure" not in flags
    assert token not in flags
    answer = server.request("GET", PAGE, headers=cookie(answer))
    assert answer.status == 200
    assert "connect-src 'self'" in answer.headers["content-security-policy"]


def test_sessions_end(server: RunningApp) -> None:
    token = server.add_token("ada")
    first, second = (cookie(log_in(server, token)) for _ in range(2))
    assert "ada" in server.request("GET", "/login", headers=first).text
    answer = server.request("POST", "/logout", headers=first)
    assert (answer.status, answer.headers["location"]) == (303, "/login")
    assert server.request("GET", PAGE, headers=first).status == 303
    assert server.request("GET", PAGE, headers=second).status == 200
    server.revoke("ada")
    assert server.request("GET", PAGE, headers=second).status == 303
    assert server.request("GET", "/probe", headers=second).code == "AUTHENTICATION_REQUIRED"


def test_a_session_is_of_one_token_and_a_bearer_goes_before_it(server: RunningApp) -> None:
    ada, bob = server.add_token("ada"), server.add_token("bob")
    session = cookie(log_in(server, ada))
    assert server.request("GET", "/probe", headers=session).json() == "ada"
    assert server.request("GET", "/probe", headers=session, token=bob).json() == "bob"
    assert server.request("GET", "/probe", headers=session, token="x").code == "INVALID_TOKEN"
    for forged in ("", "x", ada):
        answer = server.request("GET", "/probe", headers={"Cookie": f"cassia_session={forged}"})
        assert answer.code == "AUTHENTICATION_REQUIRED"


def test_a_session_changes_nothing_for_other_sites(server: RunningApp) -> None:
    session = cookie(log_in(server, server.add_token("ada")))
    answer = server.request("POST", "/probe/whole", headers={**session, "Origin": "https://evil.example"}, body={})
    assert answer.code == "ACCESS_DENIED"


@pytest.mark.parametrize(
    "after",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/report/7\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_login_leads_to_no_other_site(server: RunningApp, after: str) -> None:
    answer = log_in(server, server.add_token("ada"), after)
    assert (answer.status, answer.headers["location"]) == (303, "/login")
    assert answer.headers["set-cookie"].startswith("cassia_session=")


def test_wrong_tokens_and_scripts_come_back_as_text(server: RunningApp) -> None:
    server.add_token("ada")
    script = '"><script>alert(1)</script>'
    answer = log_in(server, script, f"/report/{script}")
    assert answer.status == 401
    shown = server.request("GET", f"/login?{urlencode({'next': '/report/' + script})}")
    for page in (answer, shown):
        assert "<script" not in page.text
        assert "script-src" not in page.headers["content-security-policy"]
        assert page.headers["content-security-policy"].startswith("default-src 'none'")


def test_a_huge_form_is_refused(server: RunningApp) -> None:
    assert server.request("POST", "/login", body=b"token=" + b"a" * 10_000).status == 413


def test_sessions_end_in_time() -> None:
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    first = sessions.begin("a")
    now[0] = LASTS_S / 2
    second = sessions.begin("b")
    assert [sessions.token_of(one) for one in (first, second, "")] == ["a", "b", None]
    now[0] = LASTS_S
    assert [sessions.token_of(one) for one in (first, second)] == [None, "b"]
