"""Bodies of requests, sent in pieces."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp.abc import AbstractStreamWriter

_PIECE = 2**19  # bytes


@dataclass(frozen=True, slots=True)
class FilePart:
    """A part of a file as the body of a request; start and size in bytes."""

    path: Path
    start: int
    size: int


class SentBody(aiohttp.Payload):
    """A body that is sent in pieces, so that others have their turn, and memory holds no more of a file."""

    _autoclose = True
    _value: bytes | FilePart

    def __init__(self, body: bytes | FilePart):
        super().__init__(body)
        self._size = len(body) if isinstance(body, bytes) else body.size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("a body is sent, and not read")

    async def write(self, writer: AbstractStreamWriter) -> None:
        if isinstance(self._value, bytes):
            view = memoryview(self._value)
            for at in range(0, len(view), _PIECE):
                await writer.write(view[at : at + _PIECE])
                await asyncio.sleep(0)
            return
        with open(self._value.path, "rb", buffering=0) as source:
            source.seek(self._value.start)
            left = self._value.size
            while left:
                piece = await asyncio.to_thread(source.read, min(_PIECE, left))
                if not piece:
                    raise OSError("the file became shorter")
                await writer.write(piece)
                left -= len(piece)
