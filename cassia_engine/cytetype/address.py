"""Which addresses a token, and which a file, is sent to."""

from __future__ import annotations

from urllib.parse import urlsplit

from cassia_engine.callers import argument, option
from cassia_engine.cytetype.errors import NetworkError
from cassia_engine.errors import UsageError, shown
from cassia_engine.providers.address import check_air_gap, check_base_url, is_loopback, is_metadata


def check_api_url(url: str, air_gap: bool = False) -> str:
    """The URL of a server, which has no path, without a slash at its end.

    Args:
        air_gap: nothing may leave this machine.

    Raises:
        UsageError: it is none, or is http to another machine, or is of one and nothing may leave this one.
    """
    what = argument("api_url")
    found = check_base_url(url, allow_http=True, what=what, form="https://cytetype.example.org")
    if air_gap:
        check_air_gap(found, option("api_url", found))
    parts = urlsplit(found)
    if parts.path:
        server = f"{parts.scheme}://{parts.netloc}"
        raise UsageError(
            f"{what} {shown(found)}: expected the server's address without a path; give {option('api_url', server)}",
            code="api-url-with-path",
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise UsageError(
            f"{what} {shown(found)}: http would show the token and the data to everyone on the way; use https, which "
            "only a server on this machine can do without",
            code="api-url-not-https",
        )
    return found


def check_presigned(url: str) -> None:
    """Make sure that a file may be sent to a URL that a server names.

    Raises:
        NetworkError: it may not.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not host or not secure or is_metadata(host):
        raise NetworkError(
            "the CyteType server names an address for the upload to which nothing may be sent; tell who runs it",
            code="cytetype-presigned-address",
        )
