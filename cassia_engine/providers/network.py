"""The way to a provider: every session is opened here, and nothing else in the package opens a connection.

Here stand whom TLS trusts, which addresses a name may lead to, what an air gap lets through, and the environment's
proxy. tests/test_connections.py holds the package to it.
"""

from __future__ import annotations

import os
import socket
import ssl
import urllib.request
from urllib.parse import urlsplit

import aiohttp
import aiohttp.abc

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError
from cassia_engine.providers.address import NO_PROVIDER, check_air_gap, check_proxy, is_loopback, is_metadata
from cassia_engine.providers.faults import Fault, FaultAction


def open_session(
    who: str, *, connections: int, secure: bool, air_gap: bool = False, one_call_each: bool = False
) -> aiohttp.ClientSession:
    """A session; nothing is sent yet. Headers and limits of time are those of each request.

    Args:
        who: is asked, for messages.
        connections: open at once at most.
        secure: whether TLS may be spoken.
        air_gap: connect to this machine only, and look up no name.
        one_call_each: close each connection behind one call; else it is used again.

    Raises:
        UsageError: SSL_CERT_FILE cannot be used.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=connections,
            ssl=trusted() if secure else True,
            resolver=_OwnAddresses(who) if air_gap else _Resolver(who),
            # It is called with each address right before its socket is made, also with those that need no resolver.
            socket_factory=_OwnSockets(who) if air_gap else None,
            force_close=one_call_each,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


class _Resolver(aiohttp.ThreadedResolver):
    """The system's resolver; a name that leads to an address where no key may go is refused."""

    def __init__(self, provider: str):
        super().__init__()
        self._provider = provider

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        found = await super().resolve(host, port, family)
        if bad := next((one["host"] for one in found if is_metadata(one["host"])), None):
            raise Fault(f"{self._provider}: the host {host} is at {bad}: {NO_PROVIDER}", FaultAction.ABORT_RUN)
        return found


class _OwnAddresses(aiohttp.abc.AbstractResolver):
    """The loopback's addresses for localhost; no name is looked up, as a DNS query leaves the machine."""

    def __init__(self, who: str):
        self._who = who

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        if not is_loopback(host):
            raise _refused(self._who, host)
        found = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
        return [
            aiohttp.abc.ResolveResult(
                hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST
            )
            for kind, address in found
            if family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        """Nothing is open."""


class _OwnSockets:
    """Makes sockets for addresses of this machine, and refuses all others."""

    def __init__(self, who: str):
        self._who = who

    def __call__(self, address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, proto, _, place = address
        if not is_loopback(str(place[0])):
            raise _refused(self._who, str(place[0]))
        return socket.socket(family, kind, proto)


def _refused(who: str, host: str) -> Fault:
    what = f"{who}: {host} is not this machine, and {option('air_gap', True)} lets nothing leave it"
    return Fault(what, FaultAction.ABORT_RUN)


def trusted() -> ssl.SSLContext:
    """Whom TLS trusts: SSL_CERT_FILE or SSL_CERT_DIR, else the system's certificates."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(("http/1.1",))
    if path := os.environ.get("SSL_CERT_FILE"):
        # OpenSSL itself passes over a file that it cannot use.
        try:
            context.load_verify_locations(path)
        except OSError as error:
            reason = "no certificates in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
            raise UsageError(
                f"SSL_CERT_FILE cannot be used ({reason})", path=path, code="certificates-unusable"
            ) from None
    return context


def proxy_for(base_url: str, proxy: str | None, trust_env: bool, air_gap: bool) -> str | None:
    """The proxy of all requests to a URL: the one that is named, else that of the environment if this is trusted.

    Raises:
        UsageError: its URL cannot be used, or it is not on this machine and nothing may leave it.
    """
    url = proxy or (_proxy_of_environment(base_url) if trust_env else None)
    if not url:
        return None
    if air_gap:
        check_air_gap(url, argument("proxy" if proxy else "trust_env"))
    return check_proxy(url)


def _proxy_of_environment(url: str) -> str | None:
    parts = urlsplit(url)
    if urllib.request.proxy_bypass(parts.netloc):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get(parts.scheme) or proxies.get("all")


def reason_of(error: Exception) -> str:
    """The system's or TLS's own words for an error of theirs, in brackets."""
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f" ({inner.verify_message})"
    if isinstance(inner, ssl.SSLError):
        return f" ({inner.reason})" if inner.reason else ""
    number = inner.errno if isinstance(inner, OSError) else None
    return f" ({os.strerror(number)})" if number else ""
