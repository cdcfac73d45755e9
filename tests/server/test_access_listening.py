"""Where a server may listen."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from cassia_engine.server.access.listening import check_listening, serve
from cassia_engine.server.options import ServerOptions
from tests.command import cassia
from tests.raising import raises
from tests.server.processes import serving
from tests.server.running import PATIENCE_S, received

TLS: dict[str, Any] = {"tls_cert": Path("cert.pem"), "tls_key": Path("key.pem")}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_loopback_needs_nothing(host: str) -> None:
    check_listening(ServerOptions(Path("data"), host), has_tokens=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.7", "cells.example", "localhost.example"])
def test_other_addresses_need_tls_and_a_token(host: str) -> None:
    def check(has_tokens: bool, **options: Any) -> None:
        check_listening(ServerOptions(Path("data"), host, **options), has_tokens)

    with raises("server-needs-tls", "tls_cert", "tls_key", "behind_proxy"):
        check(True)
    with raises("server-needs-token", "cassia token add"):
        check(False, **TLS)
    with raises("server-needs-token", "cassia token add"):
        check(False, behind_proxy=True)
    check(True, **TLS)
    check(True, behind_proxy=True)


def test_a_proxy_in_front_of_loopback_needs_a_token() -> None:
    with raises("server-needs-token", "behind_proxy"):
        check_listening(ServerOptions(Path("data"), behind_proxy=True), has_tokens=False)


@pytest.mark.parametrize("given", TLS)
def test_tls_needs_both_files(given: str) -> None:
    with raises("server-tls-half", *TLS):
        check_listening(ServerOptions(Path("data"), **{given: TLS[given]}), has_tokens=True)


@pytest.mark.parametrize(
    "url", ["cells.example", "http://[::1", "https://cells.example:x", "https://", "ftp://cells.example", "https://a/b"]
)
def test_the_public_url_is_an_origin(url: str) -> None:
    with raises("server-public-url", url):
        check_listening(ServerOptions(Path("data"), public_url=url), has_tokens=True)
    check_listening(ServerOptions(Path("data"), public_url="https://cells.example:8443/"), has_tokens=True)


def start(**options: Any) -> None:
    asyncio.run(serve(web.Application(), ServerOptions(Path("data"), **options), lambda url: None))


def test_bad_certificates_are_said(tmp_path: Path) -> None:
    text = tmp_path / "cert.pem"
    with raises("server-tls-files", "No such file", path=text):
        start(tls_cert=text, tls_key=text)
    text.write_text("no certificate")
    with raises("server-tls-files", path=text):
        start(tls_cert=text, tls_key=text)


def test_addresses_that_cannot_be_listened_on_are_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with raises("server-address", port, "host", "port"):
            start(port=port)
    with raises("server-address", "192.0.2.7"):
        start(host="192.0.2.7")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("upload_days", "nan"),
        ("upload_days", "1e300"),
        ("job_days", "inf"),
        ("job_days", "nan"),
        ("request_timeout", "nan"),
        ("max_upload_gib", "inf"),
        ("max_upload_gib", "0"),
        ("data", ""),
    ],
)
def test_options_that_mean_nothing_are_refused(option: str, value: str, tmp_path: Path) -> None:
    done = cassia("serve", "--data", tmp_path / "data", "--port", "0", f"--{option}", value, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"--{option}" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_command_keeps_to_it(tmp_path: Path) -> None:
    for options in (["--host", "0.0.0.0"], ["--behind_proxy"], ["--tls_cert", "cert.pem"]):
        done = cassia("serve", "--data", tmp_path / "data", "--port", "0", *options)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    with serving(tmp_path / "data", "--request_timeout", "0.2") as server:
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
            connection.sendall(b"GET /status/1 HTTP/1.1\r\n")
            assert received(connection) == b""
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
            connection.sendall(b"GET /status/1 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
            assert received(connection).startswith(b"HTTP/1.1 403 ")
        assert server.call("GET", "/status/1")[1]["error_code"] == "JOB_NOT_FOUND"
        assert server.stop() == 0
