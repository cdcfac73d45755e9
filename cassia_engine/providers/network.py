"""The way to a provider: whom TLS trusts, which addresses a name may lead to, and the environment's proxy."""

from __future__ import annotations

import os
import socket
import ssl
import urllib.request
from urllib.parse import urlsplit

import aiohttp
import aiohttp.abc

from cassia_engine.errors import UsageError
from cassia_engine.providers.address import NO_PROVIDER, is_metadata
from cassia_engine.providers.faults import Fault, FaultAction


class Resolver(aiohttp.ThreadedResolver):
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


def proxy_of_environment(url: str) -> str | None:
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
