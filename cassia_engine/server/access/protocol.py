"""How long a client may take: for the head of a request, between pieces of a body, and to read an answer.

aiohttp (3.14) has one such limit, `keepalive_timeout`: from a connection's start, or its last answer, to the next
complete head. Clients that poll need it longer than a head may take; a head that begins in one piece with the request
before it is held to that one alone. For bodies, and for answers that nobody reads, aiohttp has no limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

from cassia_engine.server.access.headers import secure
from cassia_engine.server.answers import Refused, error_answer

# Longer than a proxy keeps a connection, and than clients wait between two polls.
KEEPALIVE_S = 75.0
LINGER_S = 2.0  # for what a client still sends behind an answer
MOST_LINE, MOST_FIELD, MOST_FIELDS, MOST_HEAD = 8190, 8190, 64, 2**16
LEAST_RATE = 1024  # bytes a second


class SlowBody(TimeoutError):
    """A body of which too little comes. A TimeoutError, as aiohttp expects one where it reads what no handler read."""


class Timer:
    """Calls a function after a time, unless it is stopped before."""

    def __init__(self, seconds: float, action: Callable[[], None]):
        self._seconds, self._action = seconds, action
        self._handle: asyncio.Handle | None = None

    def start(self) -> None:
        """Start it, if it does not run."""
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_later(self._seconds, self._end)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _end(self) -> None:
        # Where the loop was busy with other things, what has come meanwhile is looked at first.
        self._handle = asyncio.get_running_loop().call_soon(self._act)

    def _act(self) -> None:
        self._handle = None
        self._action()


class ClientProtocol(web.RequestHandler):
    """A connection that is closed when its client takes longer than `seconds`."""

    def __init__(
        self,
        server: web.Server,
        seconds: float,
        connected: set[ClientProtocol],
        access_log_class: type[AbstractAccessLogger],
    ):
        """
        Args:
            connected: all that have a connection; it puts itself there.
        """
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=KEEPALIVE_S,
            lingering_time=LINGER_S,
            max_line_size=MOST_LINE,
            max_field_size=MOST_FIELD,
            max_headers=MOST_FIELDS,
            auto_decompress=False,
            access_log_class=access_log_class,
        )
        self._seconds, self._connected = seconds, connected
        self._wire: asyncio.Transport | None = None
        self._busy = False
        self._body: StreamReader = EMPTY_PAYLOAD
        self._n_head = self._n_body = self._n_unsent = 0
        self._head_timer = Timer(seconds, self._on_slow_head)
        self._body_timer = Timer(seconds, self._on_slow_body)
        self._answer_timer = Timer(seconds, self._on_slow_reader)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        self._wire = transport
        self._connected.add(self)
        # `pause_writing` is called as soon as something waits to be sent.
        transport.set_write_buffer_limits(high=1, low=0)
        self._head_timer.start()

    def data_received(self, data: bytes) -> None:
        if data and self._body.is_eof():
            self._head_timer.start()
            if self._n_head > MOST_HEAD and not self._busy:
                self.abort()
            self._n_head += len(data)
        else:
            self._n_body += len(data)
        super().data_received(data)

    def request_begins(self, body: StreamReader) -> None:
        """The head of a request is complete, and it goes to its handler."""
        self._head_timer.stop()
        self._busy, self._body, self._n_head, self._n_body = True, body, 0, 0
        self._body_timer.stop()
        if not body.is_eof():
            self._body_timer.start()

    async def finish_response(self, *arguments: Any) -> Any:
        try:
            return await super().finish_response(*arguments)
        finally:
            self._busy = False

    @property
    def receives(self) -> bool:
        """Whether a part of a request's body is still to come."""
        return self._busy and not self._body.is_eof()

    def _on_slow_head(self) -> None:
        if self._busy:  # the client cannot know that its next request waits for this one's answer
            self._head_timer.start()
        else:
            self.abort()

    def _on_slow_body(self) -> None:
        if self._body.is_eof() or self._wire is None:
            return
        # Not the client's fault: nothing is read from the socket until the handler has taken what is there.
        waits_for_handler = not self._wire.is_reading()
        if not waits_for_handler and self._n_body < LEAST_RATE * self._seconds:
            self._body.set_exception(SlowBody("the body of the request did not come in time"))
            return
        self._n_body = 0
        self._body_timer.start()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._n_unsent = self._unsent()
        self._answer_timer.start()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._answer_timer.stop()

    def _on_slow_reader(self) -> None:
        before, self._n_unsent = self._n_unsent, self._unsent()
        if self._n_unsent >= before:
            self.abort()
        else:
            self._answer_timer.start()

    def _unsent(self) -> int:
        return 0 if self._wire is None else self._wire.get_write_buffer_size()

    def abort(self) -> None:
        """Close at once; `close` waits until all is sent, and with TLS for the client to close too."""
        if self._wire is not None:
            self._wire.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._wire = None
        self._connected.discard(self)
        for timer in (self._head_timer, self._body_timer, self._answer_timer):
            timer.stop()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is no HTTP is answered without a line in the log, and without what the client sent."""
        if status != 400 or request.writer.output_size:
            return super().handle_error(request, status, exc, message)
        answer = error_answer(Refused("INVALID_REQUEST", "this is no valid HTTP request"))
        answer.force_close()
        secure(answer)
        return answer
