"""How much of the body of a request is read. How long a client may take for it is the matter of `protocol`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from cassia_engine.server.answers import Refused, Unavailable

# Of all bodies that are held as a whole at a time.
MOST_HELD_BYTES = 2**29
HELD_WAIT_S = 60.0


def check_length(request: web.Request, most: int) -> None:
    """Refuse a body that is too large by its own header, before anything of it is read.

    Raises:
        Refused: it has more than `most` bytes.
    """
    if request.content_length is not None and request.content_length > most:
        raise _too_large(most)


async def body_pieces(request: web.Request, most: int) -> AsyncIterator[bytes]:
    """The body as it comes.

    Raises:
        Refused: it has more than `most` bytes.
        SlowBody: nothing, or nearly nothing, came for as long as a client may take (`protocol`).
    """
    check_length(request, most)
    n_read = 0
    while piece := await request.content.readany():
        n_read += len(piece)
        if n_read > most:
            raise _too_large(most)
        yield piece


@asynccontextmanager
async def whole_body(request: web.Request, most: int) -> AsyncIterator[bytes]:
    """The body in memory, which is there for other requests again when this ends.

    Raises:
        Refused: it has more than `most` bytes.
        Unavailable: the server has no memory for it.
    """
    pieces = []
    async with request.app[BODY_MEMORY].share() as take:
        async for piece in body_pieces(request, most):
            await take(len(piece))
            pieces.append(piece)
        yield b"".join(pieces)


class BodyMemory:
    """The memory for bodies that are held as a whole; requests wait for it. They hold what has come of them: one that
    only says that it is large takes nothing from others."""

    def __init__(self, most: int = MOST_HELD_BYTES, wait: float = HELD_WAIT_S):
        self._free, self._wait = most, wait
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def share(self) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
        """What takes more bytes for one body; all are given back at the end.

        Raises:
            Unavailable: others have not given back enough in time.
        """
        held = 0

        async def take(size: int) -> None:
            nonlocal held
            try:
                async with asyncio.timeout(self._wait), self._changed:
                    await self._changed.wait_for(lambda: self._free >= size)
                    self._free -= size
                    held += size
            except TimeoutError:
                raise Unavailable("the server reads other large requests; send this one again") from None

        try:
            yield take
        finally:
            async with self._changed:
                self._free += held
                self._changed.notify_all()


BODY_MEMORY = web.AppKey("body_memory", BodyMemory)


def _too_large(most: int) -> Refused:
    return Refused("UPLOAD_TOO_LARGE", f"the body of this request may have {most:,} bytes; send less")
