"""The names that a request may call the server by.

A page of the web can have its own name mean 127.0.0.1, and then read what a server there answers; the request still
has the page's name in Host. And it can send forms anywhere: the request has its name in Origin.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from cassia_engine.callers import option
from cassia_engine.errors import shown
from cassia_engine.server.answers import Refused
from cassia_engine.server.options import ServerOptions

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_PORTS = {"http": 80, "https": 443}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def check_host(request: web.BaseRequest, options: ServerOptions) -> None:
    """
    Raises:
        Refused: Host has a name that is not ours.
    """
    host = request.headers.get("Host", "")
    name, port = _with_port(host, _scheme(options))
    # Of our own addresses any port is right: it may be that of a tunnel or of a container.
    if name not in _own_names(request, options) and (name, port) != _public(options):
        raise Refused(
            "ACCESS_DENIED",
            f"this server does not know itself as {shown(host) if host else 'nothing (no Host header)'}; use its own "
            f"address, or start it with {option('public_url')}",
        )


def check_origin(request: web.BaseRequest, options: ServerOptions) -> None:
    """
    Raises:
        Refused: a page of another site has a browser send a request that changes something.
    """
    if request.method in SAFE_METHODS:
        return
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    ours = origin is None or _is_ours(origin, request, options)
    # A page of ours that sends no referrer has no origin either.
    ours = ours or (origin == "null" and site == "same-origin")
    if not ours or site not in (None, "same-origin", "none"):
        raise Refused("ACCESS_DENIED", "a page of another site sent this request; use the server's own pages")


def _is_ours(origin: str, request: web.BaseRequest, options: ServerOptions) -> bool:
    scheme, _, host = origin.partition("://")
    here = _with_port(request.headers.get("Host", ""), _scheme(options))
    return scheme in _PORTS and _with_port(host, scheme) in (here, _public(options))


def _own_names(request: web.BaseRequest, options: ServerOptions) -> set[str]:
    """Those of this machine, and the address that the client has reached: as a number it is no page's name."""
    socket_name = request.transport and request.transport.get_extra_info("sockname")
    here = (socket_name[0] if socket_name else options.host).removeprefix("::ffff:")  # IPv4 on a socket of IPv6
    return {*_LOOPBACK, options.host.lower(), f"[{here}]" if ":" in here else here}


def _public(options: ServerOptions) -> tuple[str, int] | None:
    if not options.public_url:
        return None
    public = urlsplit(options.public_url)
    return _with_port(public.netloc, public.scheme)


def _scheme(options: ServerOptions) -> str:
    if options.behind_proxy:
        return urlsplit(options.public_url).scheme or "https"
    return "http" if options.tls_cert is None else "https"


def _with_port(host: str, scheme: str) -> tuple[str, int]:
    """Name and port of what a Host header has; the port may be missing."""
    name, separator, port = host.lower().rpartition(":")
    if not separator or "]" in port:
        return host.lower(), _PORTS.get(scheme, 0)
    return name, int(port) if port.isascii() and port.isdecimal() and len(port) <= 5 else 0
