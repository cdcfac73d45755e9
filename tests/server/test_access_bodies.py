"""How much of a body is read, and how long a client may take for it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

import cassia_engine.server
from cassia_engine.server.access.limits import BodyMemory
from cassia_engine.server.answers import Unavailable
from tests.server.probes import MOST, probes
from tests.server.running import PATIENCE_S, RunningApp, received, running_app, trickle

SERVER = Path(cassia_engine.server.__file__).parent
SECONDS = 0.4  # request_timeout


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningApp]:
    with running_app(tmp_path, probes(), request_timeout=SECONDS) as running:
        yield running
        assert running.request("GET", "/probe").status == 200


def test_bodies_are_taken_up_to_their_limit(server: RunningApp) -> None:
    assert server.request("PUT", "/probe/stream", body=b"x" * MOST).text == "1000"
    assert server.request("PUT", "/probe/stream", body=iter([b"x" * 600, b"y" * 400])).text == "1000"
    assert server.request("POST", "/probe/whole", body={"a": [1]}).json() == {"a": [1]}


@pytest.mark.parametrize(("method", "path"), [("PUT", "/probe/stream"), ("POST", "/probe/whole")])
def test_larger_bodies_are_refused(server: RunningApp, method: str, path: str) -> None:
    for body in (b"x" * (MOST + 1), iter([b"x" * 600, b"x" * 600])):
        answer = server.request(method, path, body=body)
        assert (answer.status, answer.code) == (413, "UPLOAD_TOO_LARGE")


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


def test_bodies_wait_for_memory() -> None:
    async def main() -> None:
        memory = BodyMemory(most=100, wait=0.01)
        async with memory.share() as take, memory.share() as take_too:
            await take(30)
            await take(30)
            await take_too(40)
            with pytest.raises(Unavailable):
                await take_too(1)
        memory = BodyMemory(most=100, wait=PATIENCE_S)
        order = []

        async def hold(name: str) -> None:
            async with memory.share() as take:
                await take(60)
                order.append(name)
                await asyncio.sleep(0)
                order.append(name)

        await asyncio.gather(hold("a"), hold("b"))
        assert order == ["a", "a", "b", "b"]

    asyncio.run(main())


READS = r"\brequest\.(read|json|text|post|multipart|content)\b"


def test_handlers_read_bodies_by_the_limits_alone() -> None:
    found = {path.name: set(re.findall(READS, path.read_text())) for path in SERVER.rglob("*.py")}
    assert {name: used for name, used in found.items() if used} == {"limits.py": {"content"}, "headers.py": {"content"}}


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
