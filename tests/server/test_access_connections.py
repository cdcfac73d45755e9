"""Clients that hold connections, or send what is no HTTP. After each the server answers an honest client."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiohttp import web

from cassia_engine.server.access import listening
from cassia_engine.server.access.connections import address_of
from tests.conftest import need
from tests.server.probes import probes
from tests.server.running import PATIENCE_S, RunningApp, received, running_app, trickle

SECONDS = 0.3  # request_timeout


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("server"), probes(), request_timeout=SECONDS) as running:
        yield running


@pytest.fixture
def server(shared: RunningApp) -> Iterator[RunningApp]:
    yield shared
    assert shared.request("GET", "/probe").status == 200


STARTS = {
    "nothing": b"",
    "a method": b"GET",
    "a line": b"GET /probe HTTP/1.1\r\n",
    "a field": b"GET /probe HTTP/1.1\r\nHost: localhost\r\nX-A",
    "a line behind": b"GET /probe HTTP/1.1\r\nHost: localhost\r\n",
}


@pytest.mark.parametrize("start", STARTS)
def test_a_head_that_does_not_end_closes_the_connection(server: RunningApp, start: str) -> None:
    with server.connect() as connection:
        connection.sendall(STARTS[start])
        assert received(connection) == b""


def test_a_head_that_comes_byte_by_byte_does_so_too(server: RunningApp) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /probe HTTP/1.1\r\nHost: localhost\r\nX-A: ")
        assert trickle(connection, b"a") == b""


def test_a_second_head_that_does_not_end_does_so_too(server: RunningApp) -> None:
    """A connection is kept for a client's next request far longer than a head may take."""
    with server.connect() as connection:
        connection.sendall(b"GET /probe HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 200"
        connection.sendall(b"GET /probe HTTP/1.1\r\n")
        assert received(connection).count(b"HTTP/1.1") == 0


def test_a_server_that_was_busy_blames_no_client(tmp_path: Path) -> None:
    routes, began = probes(), threading.Event()

    @routes.get("/block")
    async def block(request: web.Request) -> web.Response:
        began.set()
        time.sleep(2 * SECONDS)
        return web.Response()

    with running_app(tmp_path, routes, request_timeout=SECONDS) as server, server.connect() as connection:
        blocking = threading.Thread(target=server.request, args=("GET", "/block"))
        blocking.start()
        assert began.wait(PATIENCE_S)
        connection.sendall(b"GET /probe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert received(connection).startswith(b"HTTP/1.1 200 ")
        blocking.join()


def test_a_connection_is_kept_for_the_next_request(server: RunningApp) -> None:
    """Longer than a head may take: clients poll."""
    with server.connect() as idle, server.connect() as connection:
        for _ in range(2):
            connection.sendall(b"GET /probe HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b'\r\n\r\n""' in connection.recv(2**16)
            assert received(idle) == b""  # the server has closed the other one for its slowness


BOMBS = {
    "a field": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n",
    "a name": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a" * 100_000 + b": a\r\n\r\n",
    "a path": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "fields": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: a\r\n" * 1000 + b"\r\n",
    "cookies": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"Cookie: " + b"a=b; " * 20_000 + b"\r\n\r\n",
    "long fields": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + (b"X-A: " + b"a" * 8000 + b"\r\n") * 60,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_large_heads_are_refused(server: RunningApp, bomb: str) -> None:
    answer = server.raw(BOMBS[bomb])
    assert answer == b"" or answer.startswith(b"HTTP/1.0 400 ")


HEAD = b"POST /probe/whole HTTP/1.1\r\nHost: localhost\r\n"
SECOND = b"GET /probe HTTP/1.1\r\nHost: localhost\r\n\r\n"
SMUGGLED = {
    "two lengths": b"Content-Length: 2\r\nContent-Length: 50\r\n\r\n{}",
    "the same twice": b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": b"Content-Length: 2, 2\r\n\r\n{}",
    "length and chunks": b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "chunks in other case": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks not last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunks twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space in a name": b"Content-Length : 2\r\n\r\n{}",
    "a plus": b"Content-Length: +2\r\n\r\n{}",
    "below zero": b"Content-Length: -2\r\n\r\n{}",
    "in hex": b"Content-Length: 0x2\r\n\r\n{}",
    "more than 64 bits": b"Content-Length: 18446744073709551618\r\n\r\n{}",
    "a folded line": b"X-A: b\r\n Content-Length: 2\r\n\r\n",
    "a bare CR": b"X-A: b\rContent-Length: 2\r\n\r\n",
    "NUL": b"X-A: b\0c\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("smuggled", SMUGGLED)
def test_requests_of_two_readings_are_refused(server: RunningApp, smuggled: str) -> None:
    """Where a proxy in front may have found other borders between requests."""
    answer = server.raw(HEAD + SMUGGLED[smuggled] + SECOND)
    assert answer.count(b"HTTP/1.") == 1
    assert answer.startswith(b"HTTP/1.0 400 ")


@pytest.mark.parametrize(
    "chunks", [b"zz\r\nab\r\n", b"5\r\nab\r\n0\r\n\r\n", b"2 \r\n{}\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n"]
)
def test_bad_chunks_end_a_request(server: RunningApp, chunks: bytes) -> None:
    answer = server.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + SECOND)
    assert answer.count(b"HTTP/1.") <= 1
    assert b" 200 " not in answer


def test_requests_behind_one_another_are_answered(server: RunningApp) -> None:
    answer = server.raw(SECOND * 40 + b"GET /probe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 ") == 41


def test_an_upgrade_is_not_taken(server: RunningApp) -> None:
    upgrade = b"GET /probe HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    answer = server.raw(upgrade + b"GET /probe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 ") == 2


def test_expectations_are_met_or_refused(server: RunningApp) -> None:
    request = HEAD + b"Content-Length: 2\r\nConnection: close\r\n"
    assert server.raw(request + b"Expect: 100-continue\r\n\r\n{}").startswith(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 "
    )
    assert server.raw(request + b"Expect: more\r\n\r\n{}").startswith(b"HTTP/1.1 417 ")


@pytest.mark.parametrize(
    "target", [b"http://evil.example/probe", b"*", b"evil.example:80", b"/probe#x", b"//evil/probe"]
)
def test_other_targets_lead_nowhere_else(server: RunningApp, target: bytes) -> None:
    for method in (b"GET", b"CONNECT", b"TRACE", b"OPTIONS"):
        answer = server.raw(method + b" " + target + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 400 ", b"HTTP/1.1 200 "))
        assert b"evil" not in answer.partition(b"\r\n\r\n")[0]


def test_one_address_cannot_take_all_connections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "MOST_CONNECTIONS", 6)
    monkeypatch.setattr(listening, "MOST_OF_ADDRESS", 4)
    with running_app(tmp_path, probes()) as server, ExitStack() as stack:

        def hold(address: str) -> socket.socket:
            connection = socket.create_connection(("127.0.0.1", server.port), PATIENCE_S, (address, 0))
            return stack.enter_context(connection)

        def answered(address: str) -> None:
            """Once the server has seen that others were closed."""
            while True:
                try:
                    assert server.request("GET", "/probe", address=address).status == 200
                except ConnectionError:
                    continue
                return

        of_one = [hold("127.0.0.1") for _ in range(4)]
        assert received(hold("127.0.0.1")) == b""
        others = [hold("127.0.0.3") for _ in range(2)]
        assert received(hold("127.0.0.2")) == b""
        for connection in others:
            connection.close()
        answered("127.0.0.2")
        assert received(hold("127.0.0.1")) == b""
        of_one[0].close()
        answered("127.0.0.1")


def test_addresses_of_one_client_count_as_one() -> None:
    assert address_of("::ffff:192.0.2.7") == address_of("192.0.2.7") == "192.0.2.7"
    assert address_of("2001:db8:1:2::1") == address_of("2001:db8:1:2:ffff::2%eth0")
    assert address_of("2001:db8:1:2::1") != address_of("2001:db8:1:3::1")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own authority, and its private key."""
    folder = tmp_path_factory.mktemp("tls")
    line = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    usage = ["-addext", "keyUsage=critical,digitalSignature,keyCertSign", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([need("openssl"), *line.split(), *usage, *files], check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


def test_tls(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    cert, key = certificate
    client = ssl.create_default_context(cafile=cert)
    tls = {"tls_cert": cert, "tls_key": key, "request_timeout": SECONDS}
    with running_app(tmp_path, probes(), client_tls=client, **tls) as server:
        assert server.url.startswith("https://")
        token = server.add_token("ada")
        assert server.request("GET", "/probe", token=token).json() == "ada"
        assert server.raw(b"GET /probe HTTP/1.1\r\nHost: localhost\r\n\r\n") == b""
        with server.connect() as silent:  # no handshake
            assert received(silent) == b""
        with server.connect() as bare, client.wrap_socket(bare, server_hostname="127.0.0.1") as connection:
            connection.sendall(b"GET /probe")
            assert received(connection) == b""
        old = ssl.create_default_context(cafile=cert)
        with pytest.warns(DeprecationWarning):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        with server.connect() as bare, pytest.raises(ssl.SSLError):
            old.wrap_socket(bare, server_hostname="127.0.0.1")
        cookie = server.request("POST", "/login", body=f"token={token}".encode()).headers["set-cookie"]
        assert "Secure" in cookie and "HttpOnly" in cookie and "SameSite=Strict" in cookie
        assert server.request("GET", "/probe", token=token).json() == "ada"
