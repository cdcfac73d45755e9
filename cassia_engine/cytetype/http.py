"""One request to a server of the CyteType protocol. With `bodies` it alone in this package knows aiohttp.

What aiohttp raises becomes an error of `errors` here, by its type, and is never chained: its repr holds headers, and so
the token.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from cassia_engine._version import __version__
from cassia_engine.callers import option
from cassia_engine.cytetype import errors
from cassia_engine.cytetype.address import check_api_url, check_presigned
from cassia_engine.cytetype.bodies import FilePart, SentBody
from cassia_engine.cytetype.credentials import check_token
from cassia_engine.fast_json import parsed_json
from cassia_engine.providers.connection_faults import connection_fault
from cassia_engine.providers.faults import Fault, FaultAction, clean
from cassia_engine.providers.network import open_session, proxy_for
from cassia_engine.providers.retry_after import retry_after
from cassia_engine.redaction import MASK, SHORTEST, without_key
from cassia_engine.secret import Secret

WHO = "CyteType"
CONNECT_S = 60.0  # seconds
LARGEST_ANSWER = 2**28  # bytes; results hold every step of every cluster
LARGEST_ERROR = 2**20  # bytes
_HEAD = 2000  # characters of an answer that are looked at for a message
_JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of success.

    Attributes:
        status: from 200 to 299.
        headers: by name in lower case; of several of one name the last.
        body: at most `LARGEST_ANSWER` bytes, as they came.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Place:
    """Who is asked, as `connection_fault` wants to know it."""

    base_url: str
    provider: str = WHO
    streams: bool = False


class Http:
    """Requests to one server, over connections that are used again; an async context manager.

    Args:
        api_url: of the server; https, or http on this machine.
        token: goes to this server and nowhere else.
        secrets: what else may be in no message.
        proxy: URL of a proxy for all requests.
        trust_env: take the proxy from HTTPS_PROXY and its like.
        connections: open at once at most.
        air_gap: connect to this machine only.

    Raises:
        UsageError: nothing may be sent to that URL.
        AccountError: the token is empty, or cannot be sent.
    """

    def __init__(
        self,
        api_url: str,
        token: Secret,
        *,
        secrets: Sequence[Secret] = (),
        proxy: str | None = None,
        trust_env: bool = False,
        connections: int = 8,
        air_gap: bool = False,
    ):
        self.api_url = check_api_url(api_url, air_gap)
        check_token(token)
        self._token, self._secrets, self._connections = token, (token, *secrets), connections
        self._proxy = proxy_for(self.api_url, proxy, trust_env, air_gap)
        self._air_gap = air_gap
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the session; nothing is sent.

        Raises:
            UsageError: SSL_CERT_FILE cannot be read.
        """
        self._session = self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
        self._session = None

    def _open(self) -> aiohttp.ClientSession:
        secure = self.api_url.startswith("https:")
        return open_session(WHO, connections=self._connections, secure=secure, air_gap=self._air_gap)

    async def send(
        self, method: str, path: str, *, body: bytes | FilePart | None = None, kind: str = _JSON, timeout: float = 30.0
    ) -> Answered:
        """The answer of success to a request to the server.

        Args:
            path: below the server's URL, without a slash before it.
            body: of the request, None for none; `kind` is its content type.
            timeout: seconds for the whole request; to connect it has `CONNECT_S` at most.

        Raises:
            NetworkError: there is no connection, it was lost, or the answer has more than `LARGEST_ANSWER` bytes;
                `transient` says whether another attempt may help, `unsent` that the server has got nothing.
            TimeoutError: there is no answer within the time; with the same two.
            CyteTypeError: the server refuses, by a redirect too; of the kind of its error code, else of its status.
        """
        assert self._session is not None, "the session is not open"
        headers = {"Accept": _JSON, "Authorization": f"Bearer {self._token.reveal()}"}
        return await self._send(self._session, method, f"{self.api_url}/{path}", headers, body, kind, timeout)

    async def send_once(self, path: str, body: bytes, timeout: float) -> Answered:
        """The answer to a POST on a connection of its own, so that none is used which the server has just closed, and
        of which nobody knows whether the request came through.

        Args:
            path: below the server's URL, without a slash before it.
            body: JSON.
            timeout: seconds, as of `send`.

        Raises:
            CyteTypeError: as `send`.
        """
        session = self._open()
        headers = {"Accept": _JSON, "Authorization": f"Bearer {self._token.reveal()}"}
        try:
            return await self._send(session, "POST", f"{self.api_url}/{path}", headers, body, _JSON, timeout)
        finally:
            await session.close()

    async def put_elsewhere(self, url: str, body: FilePart, timeout: float) -> Answered:
        """The answer to a PUT to a presigned URL, which gets no token.

        Args:
            url: the whole one, with its query.
            timeout: seconds, as of `send`.

        Raises:
            CyteTypeError: as `send`, or nothing may be sent to that URL, which is in no message: who has it may write.
        """
        assert self._session is not None, "the session is not open"
        check_presigned(url)
        return await self._send(self._session, "PUT", url, {}, body, "application/octet-stream", timeout)

    def json_of(self, answer: Answered) -> Any:
        """The JSON of an answer, without the token or a key, should the server send one back.

        Raises:
            NetworkError: it is none, as where a page of a proxy comes, or is cut off.
        """
        try:
            found = parsed_json(answer.body)
            for secret in self._secrets:
                found = without_key(found, secret)
            return found
        except (ValueError, RecursionError):
            head = self.clean(answer.body[:_HEAD].decode(errors="replace"), 80)
        raise errors.NetworkError(
            f"{self.api_url} answers with what is no JSON, or only a part of it; is it a CyteType server? {head}",
            errors.HTTP_ERROR,
            code="cytetype-no-json",
            transient=True,
        )

    def clean(self, text: str, longest: int = 300) -> str:
        """A text of the server for a message: one line of at most `longest` characters, without token or keys."""
        for secret in self._secrets:
            text = clean(_without_short(text, secret), secret, longest)
        return text

    async def _send(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | FilePart | None,
        kind: str,
        timeout: float,
    ) -> Answered:
        own = {"User-Agent": f"cassia/{__version__}", **headers, **({} if body is None else {"Content-Type": kind})}
        limits = aiohttp.ClientTimeout(total=timeout, connect=CONNECT_S, sock_connect=CONNECT_S, sock_read=timeout)
        try:
            async with session.request(
                method,
                URL(url, encoded=True),
                data=None if body is None else SentBody(body),
                headers=own,
                allow_redirects=False,
                proxy=self._proxy,
                timeout=limits,
            ) as response:
                status, told = response.status, {name.lower(): text for name, text in response.headers.items()}
                read = await _read(response)
        except Fault as fault:
            lost: errors.CyteTypeError = errors.NetworkError(str(fault), code="cytetype-address")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            lost = self._lost(error, url, limits)
        else:
            if 200 <= status < 300:
                return Answered(status, told, read)
            lost = self._refused(status, told, read)
        # Raised outside of the handler, so that what aiohttp raised is not its context.
        raise lost

    def _lost(self, error: Exception, url: str, limits: aiohttp.ClientTimeout) -> errors.CyteTypeError:
        place = _Place(f"https://{urlsplit(url).netloc}")
        fault = connection_fault(error, place, limits, self._proxy)
        unsent = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
        again = fault.action is FaultAction.RETRY and not _is_lasting(error)
        own = unsent and url.startswith(f"{self.api_url}/")
        text = f"{fault}; check {option('api_url', self.api_url)}" if own else str(fault)
        if isinstance(error, TimeoutError):
            return errors.TimeoutError(text, code="cytetype-request-timeout", transient=again, unsent=unsent)
        return errors.NetworkError(text, code="cytetype-connection", transient=again, unsent=unsent)

    def _refused(self, status: int, headers: Mapping[str, str], body: bytes) -> errors.CyteTypeError:
        text = body.decode(errors="replace")
        wait = retry_after(headers)
        try:
            found = parsed_json(text)
        except (ValueError, RecursionError):
            found = None
        # Servers made with FastAPI put it under "detail".
        if isinstance(found, dict) and isinstance(found.get("detail"), dict):
            found = found["detail"]
        if isinstance(found, dict) and isinstance(error_code := found.get("error_code"), str) and error_code:
            said = found.get("message")
            return errors.refusal(
                self.clean(error_code, 60), self.clean(said if isinstance(said, str) else ""), status, wait
            )
        return errors.plain_refusal(self.clean(text[:_HEAD], 120), status, wait)


def _is_lasting(error: Exception) -> bool:
    """Whether no later attempt has another end: the server speaks no TLS, or none that is known here."""
    if not isinstance(error, aiohttp.ClientConnectorSSLError):
        return False
    # Of a handshake that broke off another attempt may not.
    return not isinstance(error.os_error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError))


def _without_short(text: str, secret: Secret) -> str:
    """The text without a token or key that `clean` takes for too short to be one, where it stands as a word."""
    for value in secret.parts:
        if len(value) < SHORTEST:
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", MASK, text)
    return text


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body. Of an error's body its beginning, or what has come of it, is enough."""
    pieces: list[bytes] = []
    size, taken = 0, response.status < 300
    try:
        async for piece in response.content.iter_any():
            pieces.append(piece)
            size += len(piece)
            if size > (LARGEST_ANSWER if taken else LARGEST_ERROR):
                response.close()
                if taken:
                    raise aiohttp.ClientPayloadError("too long")
                break
    except (aiohttp.ClientError, OSError):
        if taken:
            raise
    return b"".join(pieces)
