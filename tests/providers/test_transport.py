"""One HTTP attempt over real sockets: what comes back, what goes wrong, and where the key never goes."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from cassia_engine.errors import CassiaError
from cassia_engine.providers.accounts import Account, open_account
from cassia_engine.providers.chat import Call, Receipt, Request
from cassia_engine.providers.faults import Fault, FaultAction
from cassia_engine.providers.transport import Transport
from cassia_engine.secret import AwsKeys, Secret
from tests.conftest import need
from tests.providers.servers import (
    KEY,
    Scripted,
    account_at,
    completion,
    everything_of,
    raw_server,
    read_request,
    response_of,
    serving,
)
from tests.raising import raises

pytestmark = pytest.mark.usefixtures("command_line")

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def ask(account: Account, times: int = 1, **options: Any) -> Receipt:
    call = Call(Request(account.dialect, account.base_url + "/chat/completions", {"model": "mock"}))
    async with Transport(account, **options) as transport:
        for _ in range(times - 1):
            await transport.exchange(call)
        return await transport.exchange(call)


async def fault_at(account: Account, **options: Any) -> Fault:
    with pytest.raises(Fault) as caught:
        await ask(account, **options)
    assert KEY not in everything_of(caught.value)
    assert caught.value.__context__ is None
    assert "\n" not in caught.value.what
    return caught.value


def fault_of(handler: Any, **options: Any) -> Fault:
    async def main() -> Fault:
        async with serving(handler) as url:
            return await fault_at(account_at(url), **options)

    return asyncio.run(main())


def raw_fault(talk: Talk, **options: Any) -> Fault:
    async def main() -> Fault:
        async with raw_server(talk) as url:
            return await fault_at(account_at(url), **options)

    return asyncio.run(main())


def receipt_of(handler: Any, times: int = 1, **options: Any) -> Receipt:
    async def main() -> Receipt:
        async with serving(handler) as url:
            return await ask(account_at(url), times, **options)

    return asyncio.run(main())


def test_answer_comes_back_as_text_with_its_time() -> None:
    server = Scripted([(200, completion())])
    receipt = receipt_of(server)
    assert '"hi"' in receipt.body
    assert datetime.fromisoformat(receipt.at).utcoffset() is not None
    assert 0 <= receipt.seconds < 60
    assert not receipt.recorded
    assert server.bodies == [{"model": "mock"}]
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert server.headers[0]["content-type"] == "application/json"


def test_connection_is_used_again_also_after_an_error() -> None:
    server = Scripted([(200, completion()), (429, {}), (200, completion())])

    async def main() -> list[bool]:
        async with serving(server) as url:
            account = account_at(url)
            call = Call(Request(account.dialect, url + "/chat/completions", {}))
            async with Transport(account) as transport:
                return [await answered(transport, call) for _ in range(6)]

    async def answered(transport: Transport, call: Call) -> bool:
        try:
            return bool(await transport.exchange(call))
        except Fault:
            return False

    assert asyncio.run(main()) == [True, False, True, True, True, True]
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\xef\xbb\xbf{}", "{}"),
        (b"\r\n\n\n  {}", "\r\n\n\n  {}"),
        (b'{"a": "\xff\xfe"}', '{"a": "\ufffd\ufffd"}'),
        (b"", ""),
    ],
)
def test_body_of_any_encoding_is_text(raw: bytes, text: str) -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        return web.Response(body=raw, headers={"Content-Type": "text/html; charset=utf-16"})

    assert receipt_of(answer).body == text


@pytest.mark.parametrize("dialect", ["openai-chat", "anthropic-messages"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(dialect: str, status: int) -> None:
    elsewhere = Scripted([(200, completion())])

    async def main() -> Fault:
        async with serving(elsewhere) as other:
            location = {"Location": f"{other}?key=hunter2".replace("127.0.0.1", "localhost")}
            async with serving(Scripted([(status, {}, location)])) as url:
                return await fault_at(account_at(url, dialect=dialect))

    fault = asyncio.run(main())
    assert fault.action is FaultAction.FAIL_CALL
    assert "redirects to localhost (status" in fault.what
    assert "hunter2" not in fault.what
    assert elsewhere.headers == []


def test_status_and_error_of_the_body_make_the_class() -> None:
    body = {"error": {"message": f"you sent {KEY}", "code": "insufficient_quota"}}
    fault = fault_of(Scripted([(429, body)]))
    assert (fault.action, fault.status) == (FaultAction.ABORT_RUN, 429)
    assert "you sent ***" in fault.what
    fault = fault_of(Scripted([(429, b"<html>slow down", {"Retry-After": "2.5"})]))
    assert (fault.action, fault.retry_after) == (FaultAction.BACK_OFF, 2.5)
    assert "<html>slow down" in fault.what


def test_refusal_in_plain_words_is_read() -> None:
    told = (
        b"Failed to deserialize the JSON body: response_format: unknown variant `json_schema`, expected `json_object`"
    )
    fault = fault_of(lambda request: plain(422, told))
    assert (fault.parameter, fault.instead, fault.action) == ("schema", "json_object", FaultAction.FAIL_CALL)
    assert fault_of(lambda request: plain(400, b"<html>unknown temperature</html>")).parameter == ""


async def plain(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="text/plain")


def test_key_that_an_answer_repeats_is_not_handed_on() -> None:
    assert KEY not in receipt_of(Scripted([(200, completion(f"your key is {KEY}"))])).body


@pytest.mark.parametrize("compressed", [False, True])
def test_answer_over_the_cap(compressed: bool) -> None:
    async def flood(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": "gzip"} if compressed else {})
        await response.prepare(request)
        for piece in [gzip.compress(bytes(9 << 20))] if compressed else [bytes(1 << 20)] * 9:
            await response.write(piece)
        return response

    fault = fault_of(flood)
    assert fault.action is FaultAction.FAIL_CALL
    assert "more than 1 MB" in fault.what


def test_error_over_the_cap_is_still_the_error() -> None:
    assert fault_of(Scripted([(503, b"x" * (9 << 20))])).action is FaultAction.RETRY


def says(text: bytes) -> Talk:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(text)
        await writer.drain()

    return talk


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"", "closed the connection before it answered"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "closed the connection before it answered"),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"choices": [', "was cut off"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", "was cut off"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", "was cut off"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "is no HTTP"),
    ],
)
def test_broken_answer_is_bad_luck(text: bytes, line: str) -> None:
    fault = raw_fault(says(text))
    assert fault.action is FaultAction.RETRY
    assert line in fault.what


def test_cut_body_of_an_error_leaves_the_error() -> None:
    assert raw_fault(says(b"HTTP/1.1 429 X\r\nContent-Length: 1000\r\n\r\n{")).action is FaultAction.BACK_OFF


def test_reset_is_bad_luck() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        linger = b"\1\0\0\0\0\0\0\0"  # on, 0 s: the socket's end is a reset
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    fault = raw_fault(reset)
    assert fault.action is FaultAction.RETRY
    assert "127.0.0.1" in fault.what


def test_silence_is_bad_luck() -> None:
    for options in ({"timeout": 0.05}, {"total": 0.05}):
        assert fault_of(Scripted([(200, {})], delay=5), **options).action is FaultAction.RETRY


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_nobody_listens() -> None:
    fault = asyncio.run(fault_at(account_at(f"http://127.0.0.1:{closed_port()}/v1")))
    assert fault.action is FaultAction.RETRY
    assert "its host 127.0.0.1 cannot be reached (Connection refused)" in fault.what


def test_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **options: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    fault = asyncio.run(fault_at(account_at("https://nowhere.invalid/v1")))
    assert fault.action is FaultAction.RETRY
    assert "its host nowhere.invalid has no address" in fault.what


@pytest.mark.parametrize("address", ["169.254.169.254", "64:ff9b::a9fe:a9fe", "fe80::1"])
def test_name_that_leads_to_a_metadata_address_is_not_asked(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    place = (address, 8000, 0, 0) if ":" in address else (address, 8000)
    found = [(family, socket.SOCK_STREAM, 6, "", place)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    fault = asyncio.run(fault_at(account_at("https://models.example:8000/v1")))
    assert fault.action is FaultAction.ABORT_RUN
    assert f"models.example is at {address}" in fault.what


def test_key_that_cannot_be_sent() -> None:
    account = replace(account_at("http://127.0.0.1:1/v1"), key=Secret(KEY + "\nX: y"), key_variable="SOME_KEY")
    with raises("key-not-sendable", "SOME_KEY") as caught:
        asyncio.run(ask(account))
    assert KEY not in everything_of(caught.value)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that is its own authority, in one file with its private key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    usage = "keyUsage=critical,digitalSignature,keyCertSign"
    line = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test -addext {usage}"
    command = [need("openssl"), *line.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "-", "-out", "-"]
    path.write_bytes(subprocess.run(command, check=True, capture_output=True).stdout)
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def secure(tls: ssl.SSLContext, **options: Any) -> Receipt:
    async def main() -> Receipt:
        async with serving(Scripted([(200, completion())]), tls) as url:
            return await ask(account_at(url), 2, **options)

    return asyncio.run(main())


def test_ssl_cert_file_is_trusted(certificate: Path, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert '"hi"' in secure(tls).body


def test_unknown_certificate_ends_the_run(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with pytest.raises(Fault, match=r"not trusted.*SSL_CERT_FILE") as caught:
        secure(tls)
    assert caught.value.action is FaultAction.ABORT_RUN
    assert KEY not in everything_of(caught.value)


@pytest.mark.parametrize(("content", "why"), [(None, "No such file"), ("not a certificate", "PEM")])
def test_ssl_cert_file_that_cannot_be_used(
    content: str | None, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if content:
        (tmp_path / "ca.pem").write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with raises("certificates-unusable", "SSL_CERT_FILE", why, path="ca.pem"):
        asyncio.run(ask(account_at("https://127.0.0.1:1/v1")))


def test_tls_where_none_is_spoken() -> None:
    async def main() -> Fault:
        async with serving(Scripted([(200, {})])) as url:
            return await fault_at(account_at(url.replace("http:", "https:")))

    fault = asyncio.run(main())
    assert fault.action is FaultAction.RETRY
    assert "does not speak TLS" in fault.what


class Proxy:
    """A proxy that passes on CONNECT and absolute URLs; `heads` are those of the requests to it."""

    def __init__(self, refusal: bytes = b""):
        self.refusal = refusal
        self.heads: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        if self.refusal:
            writer.write(b"HTTP/1.1 " + self.refusal + b"\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        method, target, _ = head.split(b" ", 2)
        host, port = target.removeprefix(b"http://").split(b"/")[0].decode().split(":")
        there, back = await asyncio.open_connection(host, int(port))
        if method == b"CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            back.write(head)
        await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


def through(proxy: Proxy, server: Scripted, tls: ssl.SSLContext | None, make: Callable[[str], dict[str, Any]]) -> None:
    async def main() -> None:
        async with serving(server, tls) as url, raw_server(proxy) as way:
            await ask(account_at(url), 2, **make(way.removesuffix("/v1")))

    asyncio.run(main())


def test_proxy_is_used_for_http() -> None:
    proxy, server = Proxy(), Scripted([(200, completion())])
    through(proxy, server, None, lambda url: {"proxy": url.replace("//", "//me:hunter2@")})
    assert len(server.bodies) == 2
    assert proxy.heads[0].startswith(b"POST http://127.0.0.1:")
    assert b"Proxy-Authorization: Basic" in proxy.heads[0]
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_proxy_sees_no_key_of_https(certificate: Path, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    proxy, server = Proxy(), Scripted([(200, completion())])
    through(proxy, server, tls, lambda url: {"proxy": url})
    assert len(server.bodies) == 2
    assert [head.split()[0] for head in proxy.heads] == [b"CONNECT"]
    assert KEY.encode() not in b"".join(proxy.heads)


@pytest.mark.parametrize(("trust_env", "no_proxy", "used"), [(True, "", 1), (True, "127.0.0.1", 0), (False, "", 0)])
def test_proxy_of_the_environment(
    trust_env: bool, no_proxy: str, used: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login me password hunter2\n")
    (tmp_path / "netrc").chmod(0o600)
    proxy, server = Proxy(), Scripted([(200, completion())])

    def make(url: str) -> dict[str, Any]:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, no_proxy)
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        return {"trust_env": trust_env}

    through(proxy, server, None, make)
    assert len(proxy.heads) == used
    assert {headers["authorization"] for headers in server.headers} == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("refusal", "action", "line"),
    [
        (
            b"407 Proxy Authentication Required",
            FaultAction.ABORT_RUN,
            "set HTTPS_PROXY=http://name:password@host:port in the environment",
        ),
        (b"403 Forbidden", FaultAction.ABORT_RUN, "the proxy 127.0.0.1 makes no connection (status 403)"),
        (b"502 Bad Gateway", FaultAction.RETRY, "the proxy 127.0.0.1 makes no connection (status 502)"),
    ],
)
def test_proxy_that_refuses_is_named(refusal: bytes, action: FaultAction, line: str) -> None:
    async def main() -> Fault:
        async with raw_server(Proxy(refusal)) as way:
            proxy = way.removesuffix("/v1").replace("//", "//me:hunter2@")
            return await fault_at(account_at("https://api.example/v1"), proxy=proxy)

    fault = asyncio.run(main())
    assert fault.action is action
    assert line in fault.what
    assert "hunter2" not in everything_of(fault)


def test_proxy_that_is_not_there_is_named() -> None:
    proxy = f"http://127.0.0.1:{closed_port()}"
    fault = asyncio.run(fault_at(account_at("https://api.example/v1"), proxy=proxy))
    assert fault.action is FaultAction.RETRY
    assert "its proxy 127.0.0.1 cannot be reached" in fault.what


def test_proxy_that_makes_no_connection_is_named() -> None:
    async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass

    async def main() -> Fault:
        async with raw_server(mute) as way:
            return await fault_at(
                account_at("https://api.example/v1"), proxy=way.removesuffix("/v1"), connect=0.2, timeout=60.0
            )

    fault = asyncio.run(main())
    assert fault.action is FaultAction.RETRY
    assert "its proxy 127.0.0.1 took no connection within 0.2 s" in fault.what


def test_no_log_record_holds_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for status in (200, 401, 429, 500):
        try:
            receipt_of(Scripted([(status, {"error": {"message": KEY}})]))
        except CassiaError as error:
            assert KEY not in everything_of(error)
    assert KEY not in caplog.text
    assert not any(KEY in repr(vars(record)) for record in caplog.records)


def test_cookies_are_not_kept() -> None:
    async def bake(request: web.BaseRequest) -> web.Response:
        assert "Cookie" not in request.headers
        return response_of(200, completion(), {"Set-Cookie": "a=b"})

    assert receipt_of(bake, times=2).body


@pytest.mark.parametrize(
    ("provider", "key"),
    [
        *((name, Secret(KEY)) for name in ("openai", "anthropic", "google", "bedrock", "mistral", "openrouter")),
        ("custom", Secret(KEY)),
        ("ollama", None),
        ("bedrock", AwsKeys("AKIACANARY0123456789", "secret-0123456789", "session-0123456789", "eu-central-1")),
    ],
)
def test_a_request_is_shown_as_it_is_sent(provider: str, key: Secret | None) -> None:
    """But for the key, for what signs it, and for the URL in its first line."""
    got: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: "))[16:])
        got.extend((head, await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()

    async def main() -> tuple[str, str, bytes]:
        async with raw_server(talk) as url:
            account = open_account(
                provider, "a/b:c", url.removesuffix("/v1"), key, environ={"AWS_REGION": "eu-central-1"}
            )
            call = Call(Request(account.dialect, "", {"model": "mock", "messages": ["\u00e9"]}))
            async with Transport(account) as transport:
                with pytest.raises(Fault):
                    await transport.exchange(call)
                return transport.shown(call)

    host, head, payload = asyncio.run(main())
    first, *lines = head.split("\n")
    sent_first, *sent = got[0].decode().removesuffix("\r\n\r\n").split("\r\n")
    assert payload == got[1]
    assert (
        sent_first
        == f"POST {first.partition(host)[2].partition('/')[1]}{first.partition('//')[2].partition('/')[2]} HTTP/1.1"
    )
    if isinstance(key, AwsKeys):
        assert [line.partition(": ")[0] for line in lines] == [line.partition(": ")[0] for line in sent]
        assert {line.partition(": ")[2] for line in lines if line.startswith(("X-Amz", "Authorization"))} == {"***"}
        assert not any(part in head for part in key.parts)
    else:
        assert [line.replace("***", KEY) for line in lines] == sent
        assert (key is None) == ("***" not in head)
        assert KEY not in head
