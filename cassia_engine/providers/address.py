"""Which addresses a key is sent to: https, or http where nobody can listen in or the person has said so."""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from cassia_engine.callers import offers, option
from cassia_engine.errors import UsageError, shown

# Clouds answer here with the machine's own credentials.
_METADATA_HOSTS = {"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"}
_METADATA_ADDRESSES = {"fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16"}
# Networks whose addresses hold an IPv4 address in their last 32 bits: mapped, compatible, translated, NAT64.
_HOLDS_IPV4 = tuple(
    ipaddress.IPv6Network(network)
    for network in ("::ffff:0:0/96", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48")
)
_API = "https://host/v1"
NO_PROVIDER = "a link-local or metadata address is no provider of language models"

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check_base_url(url: str, allow_http: bool = False, what: str = "base URL", form: str = _API) -> str:
    """The base URL of an API, with scheme and host in lower case and no slash at its end.

    Args:
        url: as the person wrote it.
        allow_http: whether http may go to other machines than this one.
        what: messages call it; `form` is an example of it.

    Raises:
        UsageError: nothing may be sent there; says why and what to do.
    """
    parts = _parts(url, what, form)
    name = f"{what} {shown(_without_user(parts))}"
    if "@" in parts.netloc:
        raise UsageError(
            f"{name}: a name or password in the URL is not sent; give the key in its environment variable",
            code="url-with-password",
        )
    if "?" in url or "#" in url:
        raise UsageError(
            f"{name}: this URL ends before ? and #; leave them and what follows away", code="url-with-query"
        )
    host = parts.hostname or ""
    if is_metadata(host):
        raise UsageError(f"{name}: {NO_PROVIDER}", code="url-of-metadata")
    if parts.scheme == "http" and not (allow_http or is_loopback(host)):
        raise UsageError(
            f"{name}: http would show the key and the data to everyone on the way; use https{_unless_allowed()}",
            code="url-not-https",
        )
    return f"{parts.scheme}://{_normalized(parts.netloc)}{parts.path.rstrip('/')}"


def _unless_allowed() -> str:
    if not offers("allow_http"):
        return ""
    return f", or allow it with {option('allow_http', True)} in a network that you trust"


def check_proxy(url: str) -> str:
    """The URL of a proxy; it may hold a name and a password, which no message shows.

    Raises:
        UsageError: it is no http or https URL.
    """
    parts = _parts(url, "proxy", _API)
    return f"{parts.scheme}://{parts.netloc}"


def check_air_gap(url: str, what: str) -> None:
    """Make sure that a URL is of this machine, where nothing may leave it; no name is looked up.

    Args:
        url: of a provider or a proxy.
        what: named it, such as an option.

    Raises:
        UsageError: it is of another machine, or may be.
    """
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        host = ""
    if not is_loopback(host):
        raise UsageError(
            f"{what}: {shown(host)} is not this machine, and {option('air_gap', True)} lets nothing leave it; ask a "
            "server at localhost or 127.0.0.1",
            code="air-gap",
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address; no name is looked up."""
    address = _address(host)
    return address.is_loopback if address else _name(host) == "localhost"


def is_metadata(host: str) -> bool:
    """Whether a host is a cloud's metadata service or a link-local address, in any form; no name is looked up."""
    address = _address(host)
    if address is None:
        return _name(host) in _METADATA_HOSTS
    return any(one.is_link_local or str(one) in _METADATA_ADDRESSES for one in _reached(address))


def _parts(url: str, what: str, form: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        _ = parts.port  # Looked at only here: a port that is none is an error when it is asked for.
    except ValueError:
        raise UsageError(f"{what}: not a URL; expected one such as {form}", code="url-malformed") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        other = parts.scheme not in ("", "http", "https") and "://" in url
        why = f"{parts.scheme}:// is not spoken here" if other else "not a URL"
        raise UsageError(f"{what} {shown(_without_user(parts))}: {why}; expected one such as {form}", code="url-scheme")
    if re.search(r"[\s\\\x00-\x1f\x7f]", url.strip()):
        raise UsageError(
            f"{what} {shown(_without_user(parts))}: no URL has spaces, backslashes or control characters",
            code="url-characters",
        )
    return parts


def _without_user(parts: SplitResult) -> str:
    if not parts.netloc and "@" in parts.path:  # me:password@host, without the scheme
        parts = parts._replace(scheme="", path=parts.path.rpartition("@")[2])
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _address(host: str) -> _Address | None:
    """The address that a host is written as, also in the forms that only the system's resolver reads (2130706433)."""
    host = _name(host.partition("%")[0])
    try:
        address: _Address = ipaddress.ip_address(host)
    except ValueError:
        if not re.fullmatch(r"(0x[0-9a-f]*|\d+)(\.(0x[0-9a-f]*|\d+)){0,3}", host, re.IGNORECASE):
            return None
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    return getattr(address, "ipv4_mapped", None) or address


def _reached(address: _Address) -> Iterator[_Address]:
    """The address, and the IPv4 addresses that it leads to."""
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        if address.sixtofour:
            yield address.sixtofour
        if address.teredo:
            yield from address.teredo
        if any(address in network for network in _HOLDS_IPV4):
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def _name(host: str) -> str:
    """A host as it is looked up: in lower case, without the dot that may end it."""
    return _normalized(host).rstrip(".")


def _normalized(text: str) -> str:
    """Other forms of letters, digits and dots as the plain ones, as IDNA has it."""
    return unicodedata.normalize("NFKC", text).replace("\u3002", ".").lower()
