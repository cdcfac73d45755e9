"""Where connections are made: by `providers.network` alone. Whoever needs one more way out has to write it here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import cassia_engine

PACKAGE = Path(cassia_engine.__file__).parent
NETWORK = "providers/network.py"
# Modules and packages by which something can be sent.
WAYS = (
    *("aiohttp", "socket", "ssl", "socketserver", "urllib.request", "urllib3", "http.client", "http.server"),
    *("xmlrpc", "ftplib", "smtplib", "imaplib", "poplib", "telnetlib", "nntplib", "requests", "httpx", "websockets"),
    *("boto3", "botocore", "openai", "anthropic", "fsspec", "s3fs", "gcsfs", "multiprocessing.connection", "asyncore"),
)
# This answers those who connect, and connects to nobody.
SERVING = "aiohttp.web"
# What others take of these: types, limits of time, and functions that connect to nothing.
TAKEN = {
    "providers/transport.py": {
        *("aiohttp.ClientTimeout", "aiohttp.ClientSession", "aiohttp.ClientError", "aiohttp.ClientOSError"),
        *("aiohttp.ServerDisconnectedError", "aiohttp.ClientConnectorError"),
    },
    "providers/response_bodies.py": {
        *("aiohttp.ClientResponse", "aiohttp.ClientError", "aiohttp.ClientPayloadError"),
    },
    "providers/connection_faults.py": {
        *("aiohttp.ClientTimeout", "aiohttp.ClientHttpProxyError", "aiohttp.ClientConnectorError"),
        *("aiohttp.ConnectionTimeoutError", "aiohttp.SocketTimeoutError", "aiohttp.ClientConnectorCertificateError"),
        *("aiohttp.ClientConnectorSSLError", "aiohttp.ClientConnectorDNSError", "aiohttp.ServerDisconnectedError"),
        *("aiohttp.ClientPayloadError", "aiohttp.ClientResponseError", "aiohttp.ClientError"),
    },
    # Keys that AWS lends; not with an air gap, nor where egress is shown.
    "providers/aws_profile.py": {
        *("botocore.session.Session", "botocore.exceptions.BotoCoreError", "botocore.exceptions.ClientError"),
    },
    "providers/address.py": {"socket.inet_aton"},
    "cytetype/http.py": {
        *("aiohttp.ClientSession", "aiohttp.ClientTimeout", "aiohttp.ClientResponse", "aiohttp.ClientError"),
        *("aiohttp.ClientConnectorError", "aiohttp.ConnectionTimeoutError", "aiohttp.ClientConnectorSSLError"),
        *("aiohttp.ClientPayloadError", "ssl.SSLEOFError", "ssl.SSLZeroReturnError", "ssl.SSLSyscallError"),
    },
    "cytetype/bodies.py": {"aiohttp.Payload", "aiohttp.abc.AbstractStreamWriter"},
    "journal/writing.py": {"socket.gethostname"},
    # These listen.
    "server/access/connections.py": {"socket.socket", "socket.SOCK_STREAM"},
    "server/access/listening.py": {
        *("socket.socket", "socket.getaddrinfo", "socket.SOCK_STREAM", "socket.SOL_SOCKET", "socket.SO_REUSEADDR"),
        *("ssl.SSLContext", "ssl.create_default_context", "ssl.Purpose", "ssl.Purpose.CLIENT_AUTH", "ssl.SSLError"),
        *("ssl.TLSVersion", "ssl.TLSVersion.TLSv1_2", "loop.create_server", "aiohttp.streams.StreamReader"),
    },
    "server/access/protocol.py": {
        *("aiohttp.streams.EMPTY_PAYLOAD", "aiohttp.streams.StreamReader", "aiohttp.abc.AbstractAccessLogger"),
    },
    "server/access/request_log.py": {"aiohttp.abc.AbstractAccessLogger"},
}
# What handlers of the server take; by it nobody connects.
OF_HANDLERS = "aiohttp.web"
# Methods by which an event loop connects.
OF_LOOPS = {
    *("open_connection", "open_unix_connection", "create_connection", "create_unix_connection", "getaddrinfo"),
    *("create_datagram_endpoint", "sock_connect", "start_server", "create_server"),
}


def names(tree: ast.Module) -> Iterator[str]:
    """What is taken of each of `WAYS`, such as "socket.gethostname"; the module alone where it is handed on."""
    here: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.partition(".")[0]
                here[alias.asname or whole] = whole
                if alias.name != whole and is_way(alias.name):
                    yield alias.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names if is_way(node.module, alias.name))
    for node in ast.walk(tree):
        whole = dotted(node)
        start, _, rest = whole.partition(".")
        if rest and is_way(f"{here.get(start, '')}.{rest}"):
            yield f"{here[start]}.{rest}"
        elif isinstance(node, ast.Attribute) and node.attr in OF_LOOPS:
            yield f"loop.{node.attr}"


def is_way(module: str, name: str = "") -> bool:
    whole = f"{module}.{name}"
    if f"{whole}.".startswith(f"{SERVING}."):
        return False
    return any(whole == f"{way}." or whole == way or whole.startswith(f"{way}.") for way in WAYS)


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return ""


def taken(path: Path) -> set[str]:
    return set(names(ast.parse(path.read_text(encoding="utf-8"))))


def test_nothing_else_makes_connections() -> None:
    found = {str(path.relative_to(PACKAGE)): taken(path) for path in sorted(PACKAGE.rglob("*.py"))}
    assert "socket.socket" in found.pop(NETWORK)
    for path in found:
        if path.startswith("server/"):
            found[path] -= {name for name in found[path] if f"{name}.".startswith(f"{OF_HANDLERS}.")}
    assert {path: used for path, used in found.items() if used} == TAKEN


def test_sessions_are_only_types_elsewhere() -> None:
    """A session that is made is a call, and no module but one calls the class."""
    for path in TAKEN:
        tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
        called = {dotted(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert not called & {"aiohttp.ClientSession", "aiohttp.TCPConnector", "aiohttp.request"}, path


def test_ways_out_are_seen() -> None:
    """The test above would see each of these."""
    texts = {
        "import socket as s\ns.create_connection(a)": {"socket.create_connection"},
        "from urllib import request": {"urllib.request"},
        "import urllib.request\nurllib.request.urlopen(u)": {"urllib.request", "urllib.request.urlopen"},
        "import http.client": {"http.client"},
        "from aiohttp import ClientSession, web\nweb.Response()": {"aiohttp.ClientSession"},
        "import asyncio\nasyncio.open_connection(h, 1)": {"loop.open_connection"},
        "loop.create_datagram_endpoint(p)": {"loop.create_datagram_endpoint"},
    }
    for text, expected in texts.items():
        assert set(names(ast.parse(text))) == expected, text
    assert not set(names(ast.parse("from urllib.parse import urlsplit\nimport http\nself.request.send(socket)")))
