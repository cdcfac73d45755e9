"""The server's application, listening on a port of this machine, in a thread of the tests' process.

    with running_app(tmp_path, request_timeout=0.5) as server:
        token = server.add_token("ada")
        assert server.request("GET", "/status/1", token=token).status == 404

`options` are fields of `ServerOptions`. Further routes can be given, for tests of what is the same for all handlers.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from cassia_engine.server.access import tokens
from cassia_engine.server.access.listening import serve
from cassia_engine.server.app import make_app
from cassia_engine.server.database import Database
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.state import DATABASE, ServerState

PATIENCE_S = 30.0  # after which a test fails
TRICKLE_S = 0.02  # between two pieces of a slow client


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """Of an error of the protocol."""
        return str(self.json()["error_code"])


class RunningApp:
    def __init__(self, state: ServerState, url: str, tls: ssl.SSLContext | None = None):
        self.state, self.url, self._tls = state, url, tls
        self.port = int(url.rpartition(":")[2])

    def add_token(self, name: str) -> str:
        """A token, made as `cassia token add` makes it."""
        return self.state.database.now(lambda connection: tokens.add(connection, name)).reveal()

    def revoke(self, name: str) -> None:
        self.state.database.now(lambda connection: tokens.revoke(connection, name))

    def token_id(self, name: str) -> str:
        """What jobs and uploads of a token have as their owner."""
        return next(one.id for one in self.state.database.now(tokens.all_tokens) if one.name == name)

    def request(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        address: str = "127.0.0.1",
    ) -> Answer:
        """The answer to one request on a connection of its own.

        Args:
            body: bytes as they are, pieces of them as a chunked body, None for none, or what is sent as JSON.
            address: of this machine, from which it is sent.
        """
        pieces = isinstance(body, Iterator)
        content = body if body is None or isinstance(body, bytes) or pieces else json.dumps(body).encode()
        authorization = {} if token is None else {"Authorization": f"Bearer {token}"}
        connection = self._connection(address)
        try:
            connection.request(method, path, content, {**authorization, **(headers or {})}, encode_chunked=pieces)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()

    def _connection(self, address: str) -> http.client.HTTPConnection:
        source = (address, 0)
        if self._tls is not None:
            return http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=PATIENCE_S, source_address=source, context=self._tls
            )
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S, source_address=source)

    def connect(self) -> socket.socket:
        """A bare connection, for what no HTTP client sends."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)

    def raw(self, data: bytes) -> bytes:
        """All that is answered to these bytes, until the server closes the connection."""
        with self.connect() as connection:
            connection.sendall(data)
            return received(connection)


def received(connection: socket.socket) -> bytes:
    """All that comes until the other side closes; a reset is an end too."""
    found = b""
    try:
        while piece := connection.recv(2**16):
            found += piece
    except ConnectionError:
        pass
    return found


def trickle(connection: socket.socket, piece: bytes) -> bytes:
    """Send a piece again and again, slowly, until the other side answers or closes; what it answers."""
    try:
        for _ in range(round(PATIENCE_S / TRICKLE_S)):
            if select.select([connection], [], [], TRICKLE_S)[0]:
                return received(connection)
            connection.sendall(piece)
    except ConnectionError:
        return b""
    raise AssertionError("the server let a client take as long as it liked")


@contextmanager
def running_app(
    folder: Path, routes: web.RouteTableDef | None = None, client_tls: ssl.SSLContext | None = None, **options: Any
) -> Iterator[RunningApp]:
    """The application on a free port of 127.0.0.1.

    Args:
        folder: of its data.
        routes: of the test, besides the server's own.
        client_tls: of the tests' own requests, where the server does TLS.
        options: fields of `ServerOptions`.
    """
    told = ServerOptions(**{"data": folder, "port": 0, **options})
    folder.mkdir(parents=True, exist_ok=True)
    state = ServerState(told, Database(folder / DATABASE))
    state.uploads.mkdir(exist_ok=True)
    state.jobs.mkdir(exist_ok=True)

    def app() -> web.Application:
        made = make_app(state)
        made.add_routes(routes or [])
        return made

    try:
        with listening(app, told) as url:
            yield RunningApp(state, url, client_tls)
    finally:
        state.database.close()


@contextmanager
def listening(make: Callable[[], web.Application], options: ServerOptions) -> Iterator[str]:
    """An application that is served in a thread with an event loop of its own; its URL.

    Args:
        make: makes the application, in that thread.
    """
    url: Future[str] = Future()
    stopping: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = Future()

    async def served() -> None:
        await serve(make(), options, url.set_result)

    async def main() -> None:
        task = asyncio.ensure_future(served())
        stopping.set_result((asyncio.get_running_loop(), task))
        try:
            await task
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            url.set_exception(error)

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    try:
        yield url.result(PATIENCE_S)
    finally:
        loop, task = stopping.result()
        if thread.is_alive():
            loop.call_soon_threadsafe(task.cancel)
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "the server did not end"
