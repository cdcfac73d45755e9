"""One HTTP attempt at a call, over a session whose connections are used again.

What aiohttp raises becomes a Fault here, by its type, and is never chained: its repr holds headers, and so the key.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from cassia_engine._version import __version__
from cassia_engine.errors import AccountError
from cassia_engine.fast_json import ascii_json
from cassia_engine.providers.accounts import Account
from cassia_engine.providers.chat import Call, Receipt
from cassia_engine.providers.connection_faults import connection_fault
from cassia_engine.providers.dialects import DIALECTS
from cassia_engine.providers.faults import Fault, FaultAction, classify
from cassia_engine.providers.network import open_session, proxy_for
from cassia_engine.providers.response_bodies import (
    HEAD,
    LARGEST_BODY,
    LARGEST_FILE,
    decoded,
    json_of,
    read_answer,
    read_body,
    text_without_key,
)
from cassia_engine.providers.streams import STREAMS, Stream
from cassia_engine.redaction import MASK, redacted
from cassia_engine.secret import AwsKeys, Secret

log = logging.getLogger(__name__)

_ENCODING = {"Accept-Encoding": "gzip, deflate"}  # of answers
_STREAM = re.compile(rb"\bstream", re.IGNORECASE)  # not "upstream", of which gateways speak


def longest_answer(account: Account, timeout: float) -> float:
    """Seconds that a whole answer may take, `timeout` being those without any piece of it."""
    return timeout * (12 if account.streams else 2)


class Transport:
    """An `Exchange` over HTTP; an async context manager that opens and closes its session.

    Args:
        account: whose provider is asked.
        proxy: URL of a proxy for all calls.
        trust_env: take the proxy from HTTPS_PROXY and its like, unless NO_PROXY names the host.
        connections: open at once at most.
        connect: seconds to connect.
        timeout: seconds without any piece of an answer. A whole answer may take twice as long, a streamed one twelve
            times.
        total: seconds for a whole attempt, where they are to be others.
        air_gap: connect to this machine only.

    Raises:
        UsageError: the proxy's URL cannot be used, or is refused by the air gap.
    """

    def __init__(
        self,
        account: Account,
        *,
        proxy: str | None = None,
        trust_env: bool = False,
        connections: int = 16,
        connect: float = 15.0,
        timeout: float = 300.0,
        total: float | None = None,
        air_gap: bool = False,
    ):
        self._account = account
        self._dialect = DIALECTS[account.dialect]
        self._url = self._dialect.url(account.base_url, account.model)
        self._target = _target(self._url)
        self._proxy = proxy_for(account.base_url, proxy, trust_env, air_gap)
        self._air_gap = air_gap
        self._connections = connections
        self._stream = STREAMS.get(account.dialect) if account.streams else None
        whole = total or longest_answer(account, timeout)
        self._timeout = aiohttp.ClientTimeout(total=whole, connect=connect, sock_connect=connect, sock_read=timeout)
        self._has_streamed = False
        self._session: aiohttp.ClientSession | None = None
        self._session_before: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open the session; nothing is sent.

        Raises:
            UsageError: SSL_CERT_FILE cannot be read.
            AccountError: the key cannot be sent.
        """
        if not all(value.isascii() and value.isprintable() for value in self._headers(b"").values()):
            raise AccountError(
                f"the key in {self._account.key_variable} has a line break or a character that no key has; set it anew",
                code="key-not-sendable",
            )
        self._session = self._open_session(one_call_each=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for session in filter(None, (self._session, self._session_before)):
            await session.close()
        self._session = self._session_before = None

    def _open_session(self, one_call_each: bool) -> aiohttp.ClientSession:
        """A session whose connections are used again, or closed behind one call each."""
        secure = any(url and url.startswith("https:") for url in (self._account.base_url, self._proxy))
        return open_session(
            self._account.provider,
            connections=self._connections,
            secure=secure,
            air_gap=self._air_gap,
            one_call_each=one_call_each,
        )

    def _stop_reusing_connections(self) -> None:
        """Give each call a connection of its own; calls in flight keep theirs."""
        if self._session_before is None:
            self._session_before, self._session = self._session, self._open_session(one_call_each=True)

    def find(self, call: Call) -> None:
        """Nothing is recorded here."""

    async def exchange(self, call: Call) -> Receipt:
        """The body of an answer of status 200.

        Raises:
            Fault: there is none.
        """
        assert self._session is not None, "the transport is not open"
        stream = self._stream() if self._stream else None
        may_be_closed = stream is not None and self._has_streamed and self._session_before is None
        payload = payload_of(call, stream)
        status, began = 0, time.monotonic()
        try:
            # The headers are the request's own: those of a session also go to the proxy, with the key.
            async with self._session.post(
                self._target,
                data=payload,
                headers=self._headers(payload),
                allow_redirects=False,
                proxy=self._proxy,
                timeout=self._timeout,
            ) as response:
                status, headers = response.status, response.headers
                body = await read_answer(response, stream, began, self._account.provider)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            fault = connection_fault(error, self._account, self._timeout, self._proxy)
            unsent = may_be_closed and not status and _is_closed(error)
            if stream and not self._has_streamed and isinstance(error, aiohttp.ServerDisconnectedError):
                # What stands between may take no streams: the next attempt goes without.
                self._stop_streaming("closed the connection at a streamed request")
        else:
            unsent = False
            if status == 200 and body is not None:
                self._has_streamed = True
                now = datetime.now(UTC).isoformat(timespec="milliseconds")
                seconds = round(time.monotonic() - began, 3)
                return Receipt(await text_without_key(body, self._account.key), now, seconds)
            if stream and status in (400, 422) and _STREAM.search(body or b""):
                self._stop_streaming("takes no streamed requests")
                return await self.exchange(call)
            fault = self._refused(status, headers, body)
        if unsent:
            # llama.cpp's server closes a connection behind a streamed reply, and nobody has read what was sent on it.
            self._stop_reusing_connections()
            return await self.exchange(call)
        # Raised outside of the handler, so that what aiohttp raised is not its context.
        raise fault

    async def request(
        self, method: str, url: str, payload: bytes = b"", content_type: str = "application/json"
    ) -> bytes:
        """The body of a good answer to a request that is no call, such as one about a file of many calls; it may have
        the key in it, if the provider sends it back.

        Raises:
            Fault: there is none.
        """
        assert self._session is not None, "the transport is not open"
        headers = {**self._headers(payload), "Content-Type": content_type, "Accept": "*/*"}
        try:
            async with self._session.request(
                method,
                _target(url),
                data=payload or None,
                headers=headers,
                allow_redirects=False,
                proxy=self._proxy,
                timeout=self._timeout,
            ) as response:
                status, told = response.status, response.headers
                body = await read_body(response, LARGEST_FILE)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            fault = connection_fault(error, self._account, self._timeout, self._proxy)
        else:
            if 200 <= status < 300 and body is not None:
                return body
            fault = self._refused(status, told, body)
        raise fault

    def _stop_streaming(self, why: str) -> None:
        log.info("%s %s: its answers are waited for whole", self._account.provider, why)
        self._stream = None

    def void(self, call: Call) -> None:
        """Nothing to do."""

    def _headers(self, payload: bytes) -> dict[str, str]:
        return {**self._own_headers(), **self._dialect.headers(self._account.key, self._url, payload), **_ENCODING}

    def _own_headers(self) -> dict[str, str]:
        accept = "application/json" if self._stream is None else "application/json, text/event-stream"
        return {"Content-Type": "application/json", "Accept": accept, "User-Agent": f"cassia/{__version__}"}

    def shown(self, call: Call) -> tuple[str, str, bytes]:
        """The host, the head and the body of the request that a call is, as it goes out; of the key there is ***.

        A request goes out with its path, or through a proxy with the URL, in its first line.
        """
        key = self._account.key
        payload = payload_of(call, self._stream() if self._stream else None)
        lines = {"Host": self._target.host_port_subcomponent or "", **self._own_headers()}
        for name, value in self._dialect.headers(key, self._url, payload).items():
            # What signs a request is not the key itself, and holds for minutes.
            lines[name] = MASK if isinstance(key, AwsKeys) else _masked(value, key)
        lines |= {**_ENCODING, "Content-Length": str(len(payload))}
        head = [f"POST {_masked(str(self._target), key)}", *(f"{name}: {value}" for name, value in lines.items())]
        return self._target.host or "", "\n".join(head), payload

    def _refused(self, status: int, headers: Mapping[str, str], body: bytes | None) -> Fault:
        if status == 200:
            size = LARGEST_BODY // 2**20
            return Fault(
                f"{self._account.provider} sent more than {size} MB, which no answer has", FaultAction.FAIL_CALL, status
            )
        text = decoded(body or b"")
        lower = {name.lower(): value for name, value in headers.items()}
        said = json_of(text)
        if said is None and text and not text.lstrip().startswith("<"):
            said = {"error": text[:HEAD]}  # servers in Rust refuse in plain words
        api_error = self._dialect.api_error(said, lower)
        return classify(status, lower, api_error, text[:HEAD], self._account)


def _target(url: str) -> URL:
    """Where a request goes; what is percent-encoded in it goes out as it is: a model's name may have a slash, and a
    signature is of that path."""
    return URL(url, encoded="%" in url and url.isascii())


def _is_closed(error: Exception) -> bool:
    """Whether a connection that was open had been closed by the server."""
    closed = isinstance(error, (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError))
    return closed and not isinstance(error, aiohttp.ClientConnectorError)


def _masked(text: str, key: Secret | None) -> str:
    return redacted(text.replace(key.reveal(), MASK), key) if key else text


def payload_of(call: Call, stream: Stream | None) -> bytes:
    """The body of a request as it is sent; with `stream` its reply is asked for in pieces."""
    if stream is None:
        return call.request.payload
    return ascii_json({**call.request.body, **stream.fields})
