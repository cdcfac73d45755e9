"""Who may call: tokens, hosts, origins, ids. After each attack an honest client is answered."""

from __future__ import annotations

import hashlib
import logging
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cassia_engine.server.access.throttle import A_MINUTE, AT_ONCE, Throttle
from tests.server.probes import probes
from tests.server.running import PATIENCE_S, RunningApp, received, running_app


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningApp]:
    """A server with the token "ada"; who has it is answered after each test."""
    with running_app(tmp_path, probes()) as running:
        token = running.add_token("ada")
        yield running
        assert running.request("GET", "/probe", token=token).json() == "ada"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("server"), probes()) as running:
        yield running


@pytest.fixture
def open_server(shared: RunningApp) -> Iterator[RunningApp]:
    """A server without a token, for tests that leave it as it is."""
    yield shared
    assert shared.request("GET", "/probe").json() == ""


def test_without_tokens_everyone_on_this_machine_is_let_in(tmp_path: Path) -> None:
    with running_app(tmp_path, probes()) as server:
        assert server.request("GET", "/auth/cli/credentials").json() == {
            "dashboardUrl": f"{server.url}/login",
            "tokenId": "local",
            "userId": "local",
            "email": "local",
        }
        assert server.request("GET", "/probe").json() == ""
        assert server.request("GET", "/probe", token="any").json() == ""
        token = server.add_token("ada")
        assert server.request("GET", "/probe").code == "AUTHENTICATION_REQUIRED"
        assert server.request("GET", "/probe", token="any").code == "INVALID_TOKEN"
        # To revoke the last one does not open the server to everyone.
        server.revoke("ada")
        assert server.request("GET", "/probe").code == "AUTHENTICATION_REQUIRED"
        assert server.request("GET", "/probe", token=token).code == "INVALID_TOKEN"


def test_a_server_that_others_reach_lets_nobody_in_without_tokens(tmp_path: Path) -> None:
    with running_app(tmp_path, probes(), behind_proxy=True) as server:
        assert server.request("GET", "/probe").code == "AUTHENTICATION_REQUIRED"
        assert server.request("GET", "/probe", token="any").code == "INVALID_TOKEN"


def test_a_token_is_of_the_one_who_got_it(server: RunningApp) -> None:
    bob = server.add_token("bob")
    assert server.request("GET", "/probe", token=bob).json() == "bob"
    server.revoke("bob")
    answer = server.request("GET", "/probe", token=bob)
    assert (answer.status, answer.code) == (401, "INVALID_TOKEN")


@pytest.mark.parametrize(
    "header",
    [
        "Bearer {cut}",
        "Bearer {longer}",
        "Bearer {upper}",
        "Bearer {hash}",
        "Bearer ",
        "Bearer",
        "Bearer \xff",
        "Bearer '",
    ],
)
def test_other_tokens_are_refused(server: RunningApp, header: str) -> None:
    eve = server.add_token("eve")
    forged = {
        "cut": eve[:-1],
        "longer": f"{eve}A",
        "upper": eve.upper(),
        "hash": hashlib.sha256(eve.encode()).hexdigest(),
    }
    answer = server.request("GET", "/probe", headers={"Authorization": header.format(**forged)})
    assert (answer.status, answer.code) == (401, "INVALID_TOKEN")
    assert eve not in answer.text


@pytest.mark.parametrize("header", ["Basic YWRhOng=", "Token x", "x"])
def test_what_is_no_bearer_is_none(server: RunningApp, header: str) -> None:
    answer = server.request("GET", "/probe", headers={"Authorization": header})
    assert (answer.status, answer.code) == (401, "AUTHENTICATION_REQUIRED")


@pytest.mark.parametrize("name", ["token", "access_token", "auth_token", "api_key", "Authorization"])
def test_a_token_in_the_url_opens_nothing_and_is_in_no_log(
    server: RunningApp, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = server.add_token("bob")
    with caplog.at_level(logging.DEBUG):
        assert server.request("GET", f"/probe?{name}={token}").code == "AUTHENTICATION_REQUIRED"
        assert server.request("GET", f"/nowhere?{name}={token}", token=token).code == "NOT_FOUND"
        assert server.request("GET", f"/probe?{name}={token}", token=token).json() == "bob"
    assert "GET /probe" in caplog.text
    assert token not in caplog.text


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "localhost.evil.example", "0.0.0.0"),
        *("localhost@evil.example:{port}", "127.0.0.2:{port}", "evil.example:80:{port}", "[::2]:{port}", "2130706433"),
    ],
)
def test_a_server_has_no_foreign_name(open_server: RunningApp, host: str) -> None:
    """As in DNS rebinding, where a page's own name comes to mean 127.0.0.1."""
    answer = open_server.request("GET", "/probe", headers={"Host": host.format(port=open_server.port)})
    assert (answer.status, answer.code) == (403, "ACCESS_DENIED")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no 127.0.0.2 without setup")
def test_an_address_of_ipv4_is_known_on_a_socket_of_ipv6(tmp_path: Path) -> None:
    with running_app(tmp_path, host="::") as server:
        connection = socket.create_connection(("127.0.0.2", server.port), PATIENCE_S)
        head = f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.2:{server.port}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        assert received(connection).startswith(b"HTTP/1.1 200 ")
        connection.close()


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "LOCALHOST:{port}", "[::1]:{port}", "localhost:9", "localhost"])
def test_a_server_knows_its_own_names(open_server: RunningApp, host: str) -> None:
    """Any port: it may be a tunnel's."""
    answer = open_server.request("GET", "/probe", headers={"Host": host.format(port=open_server.port)})
    assert answer.status == 200


def test_a_request_needs_one_host(open_server: RunningApp) -> None:
    assert open_server.raw(b"GET /probe HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.0 403 ")
    twice = f"GET /probe HTTP/1.1\r\nHost: 127.0.0.1:{open_server.port}\r\nHost: evil.example\r\n\r\n"
    assert open_server.raw(twice.encode()).startswith(b"HTTP/1.0 400 ")


def test_the_public_url_is_a_name_too(tmp_path: Path) -> None:
    with running_app(tmp_path, probes(), public_url="https://cells.example", behind_proxy=True) as server:
        token = server.add_token("ada")
        for host, status in {"cells.example": 200, "cells.example:443": 200, "cells.example:80": 403}.items():
            assert server.request("GET", "/probe", token=token, headers={"Host": host}).status == status
        headers = {"Host": "cells.example", "Origin": "https://cells.example"}
        assert server.request("POST", "/probe/whole", token=token, headers=headers, body={}).status == 200
        headers["Origin"] = "https://evil.example"
        assert server.request("POST", "/probe/whole", token=token, headers=headers, body={}).code == "ACCESS_DENIED"
        assert server.request("GET", "/auth/cli/credentials", token=token).json() == {
            "dashboardUrl": "https://cells.example/login",
            "tokenId": server.token_id("ada"),
            "userId": server.token_id("ada"),
            "email": "ada",
        }


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9"},
        {"Origin": "http://127.0.0.1.evil.example:{port}"},
        {"Origin": "file://127.0.0.1:{port}"},
        {"Origin": "127.0.0.1:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
def test_pages_of_other_sites_change_nothing(open_server: RunningApp, headers: dict[str, str]) -> None:
    sent = {name: value.format(port=open_server.port) for name, value in headers.items()}
    for method, path in (("POST", "/probe/whole"), ("PUT", "/probe/stream"), ("POST", "/login"), ("DELETE", "/probe")):
        answer = open_server.request(method, path, headers=sent, body={})
        assert (answer.status, answer.code) == (403, "ACCESS_DENIED")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {},
    ],
    ids=str,
)
def test_own_pages_and_programs_do(open_server: RunningApp, headers: dict[str, str]) -> None:
    sent = {name: value.format(port=open_server.port) for name, value in headers.items()}
    assert open_server.request("POST", "/probe/whole", headers=sent, body={}).status == 200


def test_no_other_site_is_let_in_by_cors(open_server: RunningApp) -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for method in ("OPTIONS", "GET"):
        answer = open_server.request(method, "/probe", headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"


IDS = [
    *("..", ".", "%2e%2e", "%2e%2e%2f%2e%2e%2fserver.db", "..%2f..%2fserver.db", "a%2fb", "%00", "a%00b", "a.b", "%20"),
    *(
        "%5c..%5c",
        "..\\..",
        "%252e%252e",
        "%c0%ae%c0%ae",
        "%ff",
        "%0d%0aX-A:1",
        "~root",
        "a" * 65,
        "a" * 7000,
        "*",
        "'",
    ),
    *("%3Cscript%3Ealert(1)%3C%2Fscript%3E", "a;b", "a%7cb", "$(id)", "-%0a"),
]


@pytest.mark.parametrize("found", IDS, ids=lambda found: found[:30])
def test_ids_are_no_paths(open_server: RunningApp, found: str) -> None:
    for path in (f"/probe/jobs/{found}", f"/probe/uploads/{found}/x", f"/report/{found}"):
        answer = open_server.request("GET", path)
        assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (404, "application/json")
        assert answer.code in ("JOB_NOT_FOUND", "UPLOAD_NOT_FOUND", "NOT_FOUND")
        assert "server.db\n" not in answer.text


@pytest.mark.parametrize(
    "path", ["/../server.db", "/%2e%2e/server.db", "//etc/passwd", "/probe/../server.db", "/server.db"]
)
def test_no_file_is_served(open_server: RunningApp, path: str) -> None:
    answer = open_server.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 ")


def test_scripts_in_names_stay_text(server: RunningApp) -> None:
    token = server.add_token("<script>alert(1)</script>")
    for path in ("/%3Cscript%3Ealert(1)%3C/script%3E", "/auth/cli/credentials"):
        answer = server.request("GET", path, token=token)
        assert "<script>" in answer.text
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; base-uri")


def test_answers_are_kept_nowhere_and_framed_nowhere(server: RunningApp) -> None:
    token = server.add_token("bob")
    bad = b"GET / HTTP/1.1\r\nA B: c\r\n\r\n"
    for answer in (
        *(server.request("GET", path, token=token).headers for path in ("/probe", "/nowhere", "/login", "/report/1")),
        server.request("GET", "/probe").headers,
        {
            "".join(line.lower().split(": ")[:1]): line.partition(": ")[2]
            for line in server.raw(bad).decode().split("\r\n")
        },
    ):
        assert answer["cache-control"] == "no-store"
        assert answer["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer["content-security-policy"]
        assert answer["referrer-policy"] in ("no-referrer", "same-origin")
        assert answer.get("server") in ("cassia", None)


def test_compressed_bodies_are_refused(open_server: RunningApp) -> None:
    for encoding in ("gzip", "deflate", "br", "zstd", "identity, gzip"):
        answer = open_server.request("POST", "/probe/whole", headers={"Content-Encoding": encoding}, body=b"x" * 20)
        assert (answer.status, answer.code) == (400, "INVALID_REQUEST")


def test_guesses_are_slowed_down_and_nobody_else_is(server: RunningApp) -> None:
    token = server.add_token("bob")
    codes = [server.request("GET", "/probe", token=f"guess {number}").code for number in range(AT_ONCE + 3)]
    assert codes == ["INVALID_TOKEN"] * AT_ONCE + ["RATE_LIMIT_EXCEEDED"] * 3
    assert server.request("POST", "/login", body=b"token=guess").status == 429
    assert server.request("GET", "/probe", token="guess", address="127.0.0.2").code == "INVALID_TOKEN"
    assert {server.request("GET", "/probe", token=token).status for _ in range(3 * AT_ONCE)} == {200}


def test_behind_a_proxy_its_clients_are_told_apart(tmp_path: Path) -> None:
    with running_app(tmp_path, probes(), behind_proxy=True) as server:
        server.add_token("ada")
        # What a client writes there itself stands before what the proxy adds.
        sent = [{"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.1"} for number in range(AT_ONCE + 1)]
        answers = [server.request("GET", "/probe", token="guess", headers=headers).status for headers in sent]
        assert answers == [401] * AT_ONCE + [429]
        other = {"X-Forwarded-For": "203.0.113.1, 203.0.113.2"}
        assert server.request("GET", "/probe", token="guess", headers=other).status == 401


def test_the_throttle_lets_go_in_time_and_forgets() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    assert [throttle.take("a") for _ in range(AT_ONCE + 1)] == [True] * AT_ONCE + [False]
    now[0] += 60 / A_MINUTE
    assert [throttle.take("a"), throttle.take("a"), throttle.take("b")] == [True, False, True]
    for number in range(20_000):
        throttle.take(f"other {number}")
    assert throttle.take("a")
