"""What the tests of providers share: an account, and servers on real sockets whose answers are scripted."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from cassia_engine.providers.accounts import Account, open_account
from cassia_engine.providers.chat import Chat, Message
from cassia_engine.secret import Secret

KEY = "sk-canary-0123456789abcdefghij"
HELLO = Chat(system="s", messages=(Message("user", "hello"),), max_tokens=10)

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]] | Handler  # status, body and headers


def account_at(url: str, key: str | None = KEY, **changes: Any) -> Account:
    """An account at a server of a test, in OpenAI's dialect; replies come whole."""
    account = open_account("custom", model="mock", base_url=url, key=Secret(key or KEY), environ={})
    return replace(account, key=Secret(key) if key else None, **{"streams": False, **changes})


def completion(text: str = "hi", **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    return {"id": "x", "model": "mock", "choices": [choice], "usage": usage, **more}


@dataclass
class Scripted:
    """A provider that gives the answers of a script in order, the last one for ever.

    Attributes:
        bodies, headers: of the requests.
        connections: peers that requests came from.
        in_flight, peak: requests at once, now and at most.
    """

    answers: list[Answer]
    delay: float = 0.0
    bodies: list[Any] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)
    in_flight: int = 0
    peak: int = 0

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        assert request.transport
        self.connections.add(request.transport.get_extra_info("peername"))
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.bodies.append(json.loads(await request.read() or b"null"))
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            await asyncio.sleep(self.delay)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            return await answer(request) if callable(answer) else response_of(*answer)
        finally:
            self.in_flight -= 1


def response_of(status: int, body: Any, headers: dict[str, str] | None = None) -> web.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return web.Response(status=status, body=raw, headers={"Content-Type": "application/json", **(headers or {})})


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Run a server at a free port of the loopback; gives its base URL."""
    server = web.Server(handler)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"{'https' if tls else 'http'}://{host}:{port}/v1"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_server(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[str]:
    """Run a server that speaks as `talk` does, for what no proper server says."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()[:2]
        yield f"http://{host}:{port}/v1"


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until the condition holds."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """The head of a request, its body read too."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    await reader.readexactly(length)
    return head


def everything_of(error: BaseException) -> str:
    """All that an exception could show: text, repr, arguments, attributes, and those of its causes and contexts."""
    shown, seen, left = [], set(), [error]
    while left:
        one = left.pop()
        if id(one) not in seen:
            seen.add(id(one))
            shown.append(f"{one!s} {one!r} {one.args!r} {vars(one)!r} {getattr(one, '__notes__', '')}")
            left += [other for other in (one.__cause__, one.__context__) if other is not None]
    return "\n".join(shown)
