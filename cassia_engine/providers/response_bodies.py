"""The bodies of answers: read as far as any answer goes, put together where they are streamed, and as text."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from cassia_engine.fast_json import parsed_json
from cassia_engine.providers.streams import BrokenStreamError, Stream, TooLongError, read_stream
from cassia_engine.redaction import redacted
from cassia_engine.secret import Secret

log = logging.getLogger(__name__)

LARGEST_BODY = 2**20  # bytes; no answer to a question about a cluster comes near this
LARGEST_FILE = 2**29  # of many answers
HEAD = 2000  # characters that are kept of a body that is no JSON
_STREAMED = ("text/event-stream", "application/x-ndjson")
_SAID_EVERY = 30.0  # seconds
_SHORT = 2**16  # bytes of a body that is searched for the key at once; a longer one in a thread


async def read_answer(
    response: aiohttp.ClientResponse, stream: Stream | None, began: float, provider: str
) -> bytes | None:
    """The body of an answer to a call, of a streamed one as it is without streaming.

    Args:
        stream: takes its pieces, if it was asked for in pieces; it may come whole all the same.
        began: when the request went out, on the monotonic clock.

    Returns:
        None if it is larger than any answer.
    """
    if stream is None or response.status != 200 or response.content_type not in _STREAMED:
        return await read_body(response)
    try:
        body = await read_stream(_told(response, stream, began, provider), stream, LARGEST_BODY)
    except TooLongError:
        response.close()
        return None
    except BrokenStreamError:
        raise aiohttp.ClientPayloadError("a stream without end") from None
    return json.dumps(body).encode()


async def _told(response: aiohttp.ClientResponse, stream: Stream, began: float, provider: str) -> AsyncIterator[bytes]:
    """The pieces of a streamed answer; how far a slow one is, is told now and then."""
    said = began
    async for piece in response.content.iter_any():
        now = time.monotonic()
        if now - said >= _SAID_EVERY:
            said = now
            rate = stream.pieces / (now - began)
            log.info("%s: %d tokens so far, %.2g a second", provider, stream.pieces, rate)
        yield piece


async def read_body(response: aiohttp.ClientResponse, largest: int = LARGEST_BODY) -> bytes | None:
    """The body as it comes; None if it has more bytes. Of an error's body what has come is enough."""
    pieces: list[bytes] = []
    size = 0
    try:
        async for piece in response.content.iter_any():
            size += len(piece)
            if size > largest:
                response.close()
                return b"".join(pieces)[:HEAD] if response.status != 200 else None
            pieces.append(piece)
    except (aiohttp.ClientError, OSError):
        if response.status == 200:
            raise
    return b"".join(pieces)


async def text_without_key(body: bytes, key: Secret | None) -> str:
    """The body as text without the key; of a body that is no JSON only the head, so that it fills no journal."""
    return _text(body, key) if len(body) < _SHORT else await asyncio.to_thread(_text, body, key)


def _text(body: bytes, key: Secret | None) -> str:
    text = decoded(body)
    if len(text) > HEAD and json_of(text) is None:
        text = text[:HEAD]
    return redacted(text, key)


def decoded(body: bytes) -> str:
    """The body as text, whatever it is."""
    return body.decode("utf-8", errors="replace").removeprefix("\ufeff")


def json_of(text: str) -> Any:
    """What a text says as JSON; None if it is none."""
    try:
        return parsed_json(text)
    except (ValueError, RecursionError):
        return None
