"""Where a server may listen, and its loop."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.streams import StreamReader

from cassia_engine.callers import option
from cassia_engine.errors import UsageError, shown
from cassia_engine.process_limits import allow_open_files
from cassia_engine.server.access.connections import Listener
from cassia_engine.server.access.protocol import LINGER_S, ClientProtocol
from cassia_engine.server.access.request_log import RequestLog
from cassia_engine.server.options import ServerOptions

MOST_CONNECTIONS, MOST_OF_ADDRESS, LEAST_CONNECTIONS = 1024, 256, 64
FILES_BESIDES = 256  # open files besides connections: runs, uploads, the database
# When a server is told to end: for bodies on their way, and then for the answers under way.
BODIES_S, END_S, _LOOK_S = 5.0, 10.0, 0.05


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_private(options: ServerOptions) -> bool:
    """Whether only programs of this machine reach the server, so that it can do without tokens."""
    return is_loopback(options.host) and not options.behind_proxy


def check_listening(options: ServerOptions, has_tokens: bool) -> None:
    """
    Args:
        has_tokens: there is one that was not revoked.

    Raises:
        UsageError: others would reach the server without TLS, or without a token.
    """
    _check_public_url(options.public_url)
    cert, key = option("tls_cert"), option("tls_key")
    if (options.tls_cert is None) != (options.tls_key is None):
        raise UsageError(f"TLS needs both {cert} and {key}; give the other one too", code="server-tls-half")
    if not is_loopback(options.host) and options.tls_cert is None and not options.behind_proxy:
        raise UsageError(
            f"{option('host', options.host)}: others would send tokens and data unencrypted; give {cert} and {key}, or "
            f"{option('behind_proxy', True)} if a proxy in front does TLS",
            code="server-needs-tls",
        )
    if not is_private(options) and not has_tokens:
        given = option("behind_proxy", True) if is_loopback(options.host) else option("host", options.host)
        raise UsageError(
            f"{given}: others would reach the server, and it has no token; make one by `cassia token add NAME` "
            f"with the same folder ({option('data', options.data)})",
            code="server-needs-token",
        )


def _check_public_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_ours = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        is_ours = is_ours and not (parts.username or parts.password or parts.path.strip("/") or parts.query)
    except ValueError:  # of a port or a bracket
        is_ours = False
    if url and not is_ours:
        what = "expected scheme, name and port alone, such as https://cells.example.org or https://example.org:8443"
        raise UsageError(f"{option('public_url')}: {shown(url)}: {what}", code="server-public-url")


async def serve(app: web.Application, options: ServerOptions, ready: Callable[[str], Any]) -> None:
    """Serve until the task is cancelled; answers under way are finished then.

    Args:
        ready: is called with the URL of the socket once connections are taken.

    Raises:
        UsageError: the address cannot be listened on, or certificate or key cannot be read.
    """
    tls = _tls(options)
    connected: set[ClientProtocol] = set()
    with _listener(options) as listener:
        runner = web.AppRunner(app, shutdown_timeout=END_S)
        await runner.setup()
        try:
            server = await asyncio.get_running_loop().create_server(
                _protocols(runner, options.request_timeout, connected),
                sock=listener,
                ssl=tls,
                ssl_handshake_timeout=None if tls is None else options.request_timeout,
                ssl_shutdown_timeout=None if tls is None else LINGER_S,
            )
            try:
                ready(_url(options, listener))
                await asyncio.get_running_loop().create_future()
            finally:
                server.close()
                await _bodies_have_come(connected)
        finally:
            await runner.cleanup()
            for protocol in tuple(connected):
                protocol.abort()
            await asyncio.sleep(0)  # they are closed then


async def _bodies_have_come(connected: set[ClientProtocol]) -> None:
    """Wait for what clients are sending: aiohttp drops it once it shuts down. Who takes longer is not waited for."""
    loop = asyncio.get_running_loop()
    end = loop.time() + BODIES_S
    while (sending := [protocol for protocol in connected if protocol.receives]) and loop.time() < end:
        await asyncio.sleep(_LOOK_S)
    for protocol in sending:
        protocol.abort()


def _protocols(runner: web.AppRunner, seconds: float, connected: set[ClientProtocol]) -> Callable[[], ClientProtocol]:
    server = runner.server
    assert server is not None
    request_of = server.request_factory

    def announced(message: Any, body: StreamReader, protocol: Any, *others: Any) -> web.BaseRequest:
        protocol.request_begins(body)
        return request_of(message, body, protocol, *others)

    server.request_factory = announced
    return lambda: ClientProtocol(server, seconds, connected, RequestLog)


def _listener(options: ServerOptions) -> Listener:
    # One address: where "localhost" is two, clients try 127.0.0.1 as well.
    host = {"localhost": "127.0.0.1", "": "0.0.0.0"}.get(options.host, options.host)
    possible = allow_open_files(MOST_CONNECTIONS + FILES_BESIDES) - FILES_BESIDES
    most = min(MOST_CONNECTIONS, max(possible, LEAST_CONNECTIONS))
    most_of_address = most if options.behind_proxy else MOST_OF_ADDRESS  # all clients have the proxy's address
    try:
        family, *_, address = socket.getaddrinfo(host, options.port, type=socket.SOCK_STREAM)[0]
        listener = Listener(family, most, most_of_address)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot listen on {shown(options.host)} port {options.port}: {why}; choose another address "
            f"({option('host')}) or port ({option('port')}, 0 for any free one)",
            code="server-address",
        ) from None
    return listener


def _tls(options: ServerOptions) -> ssl.SSLContext | None:
    if options.tls_cert is None or options.tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # A key with a passphrase would wait for a person to type it.
        context.load_cert_chain(options.tls_cert, options.tls_key, password=_no_passphrase)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise UsageError(
            f"no certificate for TLS with the key {shown(options.tls_key)}: {_reason(error)}; give PEM files that "
            "belong together, the key without a passphrase",
            path=options.tls_cert,
            code="server-tls-files",
        ) from None
    return context


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase")


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "not in PEM form").replace("_", " ").lower()
    return getattr(error, "strerror", None) or str(error)


def _url(options: ServerOptions, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    scheme = "http" if options.tls_cert is None else "https"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
