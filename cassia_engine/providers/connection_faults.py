"""What it means that no whole answer came: the connection, the proxy, TLS, or time."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

import aiohttp

from cassia_engine.callers import option
from cassia_engine.providers.faults import Fault, FaultAction, with_proxy_password
from cassia_engine.providers.network import reason_of


class Asked(Protocol):
    """Who is asked, such as an account: a name for messages, where, and whether replies come in pieces."""

    @property
    def provider(self) -> str: ...

    @property
    def base_url(self) -> str: ...

    @property
    def streams(self) -> bool: ...


_BROKEN = (FaultAction.RETRY, "the connection to {place} broke{reason}")

# Of servers of one's own, in place of those below.
_LOST_AT_WORK: tuple[tuple[type[Exception], FaultAction, str], ...] = (
    (aiohttp.ConnectionTimeoutError, FaultAction.RETRY, "{place} took no connection within {connect:g} s"),
    (
        aiohttp.SocketTimeoutError,
        FaultAction.FAIL_CALL,
        "{place} sent nothing for {read:g} s and may be still at work; it is not asked the same again: give it longer "
        "({longer}), or a smaller or faster model",
    ),
    (
        TimeoutError,
        FaultAction.FAIL_CALL,
        "{place} had not ended its answer after {total:g} s; it is not asked the same again: give it longer "
        "({longer}), or a smaller or faster model",
    ),
)

# The first that fits decides; what comes first is a kind of what comes later.
_LOST: tuple[tuple[type[Exception], FaultAction, str], ...] = (
    (
        aiohttp.ClientConnectorCertificateError,
        FaultAction.ABORT_RUN,
        "the certificate of {place} is not trusted{reason}; if your network looks into TLS, set SSL_CERT_FILE to the "
        "file of its CA certificates",
    ),
    (aiohttp.ClientConnectorSSLError, FaultAction.RETRY, "{place} does not speak TLS as it should{reason}"),
    (aiohttp.ClientConnectorDNSError, FaultAction.RETRY, "{place} has no address (its name is not known here)"),
    (aiohttp.ClientConnectorError, FaultAction.RETRY, "{place} cannot be reached{reason}"),
    (aiohttp.ConnectionTimeoutError, FaultAction.RETRY, "{place} took no connection within {connect:g} s"),
    (aiohttp.SocketTimeoutError, FaultAction.RETRY, "{place} sent nothing for {read:g} s"),
    (TimeoutError, FaultAction.RETRY, "{place} gave no whole answer in time"),
    (aiohttp.ServerDisconnectedError, FaultAction.RETRY, "{place} closed the connection before it answered"),
    (aiohttp.ClientPayloadError, FaultAction.RETRY, "the answer of {place} was cut off"),
    (aiohttp.ClientResponseError, FaultAction.RETRY, "the answer of {place} is no HTTP"),
    (aiohttp.ClientError, *_BROKEN),
    (OSError, *_BROKEN),
    (ValueError, FaultAction.FAIL_CALL, "the request could not be made for {place}"),
)

# There was no connection, or no request.
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, ValueError)


def connection_fault(error: Exception, account: Asked, timeout: aiohttp.ClientTimeout, proxy: str | None) -> Fault:
    """The fault that an error of aiohttp, of the system or of time is.

    Args:
        timeout: that of the request, in seconds.
        proxy: its URL, if one was used.
    """
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _refused_by_proxy(error.status, account, proxy)
    action, text = next((row[1:] for row in _LOST if isinstance(error, row[0])), _BROKEN)
    if account.streams and isinstance(error, TimeoutError):
        # Asked the same again, a server that is at work would begin anew.
        action, text = next((row[1:] for row in _LOST_AT_WORK if isinstance(error, row[0])), (action, text))
    host = getattr(error, "host", None) if isinstance(error, aiohttp.ClientConnectorError) else None
    proxy_host = urlsplit(proxy).hostname if proxy else None
    target = urlsplit(account.base_url).hostname
    # Through a proxy there is no connection to another machine that could take its time.
    by_proxy = proxy_host and (host == proxy_host or isinstance(error, aiohttp.ConnectionTimeoutError))
    place = f"its proxy {proxy_host}" if by_proxy else f"its host {host or target}"
    line = text.format(
        place=place,
        reason=reason_of(error),
        connect=timeout.connect,
        read=timeout.sock_read,
        total=timeout.total,
        longer=option("timeout", f"{2 * (timeout.sock_read or 0):g}"),
    )
    return Fault(f"{account.provider}: {line}", action, sent=not isinstance(error, _NOT_SENT))


def _refused_by_proxy(status: int, account: Asked, proxy: str | None) -> Fault:
    asked = f"; it wants a name and a password: {with_proxy_password()}" if status == 407 else ""
    line = (
        f"{account.provider}: the proxy {urlsplit(proxy or '').hostname} makes no connection (status {status}){asked}"
    )
    lasts = 400 <= status < 500 and status not in (408, 429)
    return Fault(line, FaultAction.ABORT_RUN if lasts else FaultAction.RETRY, status)
