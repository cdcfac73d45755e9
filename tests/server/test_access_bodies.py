"""How much of a body is read, and how long a client may take for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.server.probes import MOST, probes
from tests.server.running import RunningApp, received, running_app, trickle

SECONDS = 0.4  # request_timeout


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningApp]:
    with running_app(tmp_path, probes(), request_timeout=SECONDS) as running:
        yield running
        assert running.request("GET", "/probe").status == 200


def test_bodies_are_taken_up_to_their_limit(server: RunningApp) -> None:
    assert server.request("PUT", "/probe/stream", body=b"x" * MOST).text == "1000"
    assert server.request("PUT", "/probe/stream", body=iter([b"x" * 600, b"y" * 400])).text == "1000"
    assert server.request("POST", "/probe/json", body={"a": [1]}).json() == {"a": [1]}


@pytest.mark.parametrize(("method", "path"), [("PUT", "/probe/stream"), ("POST", "/probe/json")])
def test_larger_bodies_are_refused(server: RunningApp, method: str, path: str) -> None:
    for body in (b"x" * (MOST + 1), iter([b"x" * 600, b"x" * 600])):
        answer = server.request(method, path, body=body)
        assert (answer.status, answer.code) == (413, "UPLOAD_TOO_LARGE")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 1000], ids=["empty", "cut", "no text", "deep"])
def test_what_is_no_json_is_refused(server: RunningApp, body: bytes) -> None:
    answer = server.request("POST", "/probe/json", body=body)
    assert (answer.status, answer.code) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("length", [10 * 2**30, 2**63], ids=["10 GiB", "8 EiB"])
def test_a_body_that_says_it_is_huge_is_refused_before_it_comes(server: RunningApp, length: int) -> None:
    head = f"PUT /probe/stream HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: {length}\r\n\r\n"
    answer = server.raw(head.encode() + b"x" * 100)
    assert answer.startswith(b"HTTP/1.1 413 ") and b"UPLOAD_TOO_LARGE" in answer
    assert b"\r\nConnection: close\r\n" in answer


@pytest.mark.parametrize("headers", ["Content-Length: 900", "Transfer-Encoding: chunked"])
def test_a_body_that_does_not_come_ends_the_request(server: RunningApp, headers: str) -> None:
    head = f"PUT /probe/stream HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{headers}\r\n\r\n5\r\nab"
    answer = server.raw(head.encode())
    assert answer.startswith(b"HTTP/1.1 503 ") and b"text/plain" in answer


def test_a_body_that_comes_byte_by_byte_ends_the_request(server: RunningApp) -> None:
    head = f"PUT /probe/stream HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 900\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(head.encode())
        assert trickle(connection, b"x").startswith(b"HTTP/1.1 503 ")


def test_a_client_that_goes_away_leaves_no_trace(server: RunningApp, caplog: pytest.LogCaptureFixture) -> None:
    head = f"PUT /probe/stream HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Length: 900\r\n\r\nab"
    with server.connect() as connection:
        connection.sendall(head.encode())
    assert server.request("GET", "/probe").status == 200
    assert not [record for record in caplog.records if record.exc_info]


def test_an_answer_that_nobody_reads_is_given_up(tmp_path: Path) -> None:
    routes = probes()
    ended: list[str] = []

    @routes.get("/large")
    async def large(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        try:
            for _ in range(10_000):
                await answer.write(bytes(2**16))
        except ConnectionError as error:
            ended.append(type(error).__name__)
        return answer

    with running_app(tmp_path, routes, request_timeout=SECONDS) as server, server.connect() as connection:
        connection.sendall(f"GET /large HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 200"
        while not ended:
            assert server.request("GET", "/probe").status == 200
        assert len(received(connection)) < 10_000 * 2**16
