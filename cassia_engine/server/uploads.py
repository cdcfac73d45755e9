"""Artifacts, chunk by chunk: initiate, chunk, complete.

A chunk is acknowledged when the disk has it and the database says so: neither a kill nor a power cut takes it back.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import cast

import msgspec
from aiohttp import web

from cassia_engine.cytetype.protocol import MOST_BYTES, Kind
from cassia_engine.server import upload_rows
from cassia_engine.server.access.limits import body_pieces
from cassia_engine.server.answers import Refused, Unavailable, json_answer
from cassia_engine.server.ids import new_id
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.state import ServerState, caller_of, state_of
from cassia_engine.server.upload_files import (
    NAMES,
    check_signature,
    gathered,
    hash_chunk,
    in_thread,
    make_file,
    write_chunk,
)
from cassia_engine.server.upload_rows import Upload

ROUTES = web.RouteTableDef()

CHUNK_BYTES = 8 * 2**20
DAY_S = 86400.0
_MOST_QUESTION = 4096  # bytes


class _Begun(msgspec.Struct):
    file_size_bytes: int


@ROUTES.post("/upload/{kind:vars_h5|obs_duckdb}/initiate")
async def initiate(request: web.Request) -> web.Response:
    state, now = state_of(request), time.time()
    kind = cast(Kind, request.match_info["kind"])
    size, most = await _asked_size(request), _most_bytes(kind, state.options)
    _check_size(kind, size, most)
    ends = now + state.options.upload_days * DAY_S
    upload = Upload(new_id(), caller_of(request).owner, kind, size, CHUNK_BYTES, now, ends)
    # The row comes first: a file without one is what a kill has left.
    min_free = state.options.min_free_bytes
    await state.database(partial(upload_rows.begin, upload=upload, folder=state.uploads, min_free=min_free))
    await in_thread(lambda: make_file(state.uploads / upload.id))
    return json_answer({"upload_id": upload.id, "chunk_size_bytes": CHUNK_BYTES, "max_size_bytes": most})


def _most_bytes(kind: Kind, options: ServerOptions) -> int:
    """The largest file that the server takes."""
    most = MOST_BYTES[kind]
    return most if options.max_upload_bytes is None else min(most, options.max_upload_bytes)


def _check_size(kind: Kind, size: int, most: int) -> None:
    if size < 1:
        raise Refused("INVALID_REQUEST", f"{NAMES[kind]} has {size} bytes; make it anew")
    if size > most:
        what = (
            f"{NAMES[kind]} has {size} bytes, and this server takes {most} at most; leave columns, layers or cells out"
        )
        raise Refused("UPLOAD_TOO_LARGE", what)


async def _asked_size(request: web.Request) -> int:
    body = b"".join([piece async for piece in body_pieces(request, _MOST_QUESTION)])
    try:
        return msgspec.json.decode(body, type=_Begun).file_size_bytes
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused("INVALID_REQUEST", 'the body must be JSON such as {"file_size_bytes": 1000}') from None


@ROUTES.put("/upload/{upload_id}/chunk/{index}")
async def put_chunk(request: web.Request) -> web.Response:
    state, owner = state_of(request), caller_of(request).owner
    upload_id, index = request.match_info["upload_id"], int(request.match_info["index"])
    with _alone(state, owner, upload_id, index):
        asked = partial(upload_rows.with_chunk, owner=owner, upload_id=upload_id, index=index)
        upload, known = await state.database(asked)
        pieces = _pieces_of_chunk(request, upload, index)
        if known is None:
            sha256 = await _store(state, upload, index, pieces)
        else:
            sha256 = await _compare(known, index, pieces)
    return json_answer({"upload_id": upload.id, "chunk": index, "sha256": sha256})


@contextmanager
def _alone(state: ServerState, owner: str, upload_id: str, index: int) -> Iterator[None]:
    """Keep other requests from a chunk. They are told to come again: this one may fail."""
    chunk = (owner, upload_id, index)
    if chunk in state.chunks_at_work:
        raise Unavailable("another request brings this chunk; send it again if that one fails")
    state.chunks_at_work.add(chunk)
    try:
        yield
    finally:
        state.chunks_at_work.remove(chunk)


async def _store(state: ServerState, upload: Upload, index: int, pieces: AsyncIterator[bytes]) -> str:
    path, start = state.uploads / upload.id, index * upload.chunk_size
    sha256 = await write_chunk(path, start, pieces)
    expires = time.time() + state.options.upload_days * DAY_S
    await state.database(partial(upload_rows.add_chunk, upload=upload, index=index, sha256=sha256, expires=expires))
    return sha256


async def _compare(known: str, index: int, pieces: AsyncIterator[bytes]) -> str:
    """Acknowledge a chunk that comes again; nothing is written."""
    if await hash_chunk(pieces) != known:
        what = f"chunk {index} has come before with other content; wait until the file is written, and start again"
        raise Refused("INVALID_REQUEST", what)
    return known


async def _pieces_of_chunk(request: web.Request, upload: Upload, index: int) -> AsyncIterator[bytes]:
    """The content of a chunk.

    Raises:
        Refused: there is no such chunk, it has another size, or the file is not of its kind.
    """
    size, received = upload.size_of(index), 0
    if request.content_length not in (None, size):
        raise _wrong_size(index, size, request.content_length)
    async for piece in gathered(body_pieces(request, size)):
        if index == 0 and received == 0:
            check_signature(upload.kind, piece)
        received += len(piece)
        yield piece
    if received != size:
        raise _wrong_size(index, size, received)


def _wrong_size(index: int, size: int, received: int | None) -> Refused:
    return Refused("INVALID_REQUEST", f"chunk {index} of this upload has {size} bytes, and {received} came")


@ROUTES.post("/upload/{upload_id}/complete")
async def complete(request: web.Request) -> web.Response:
    owner, upload_id = caller_of(request).owner, request.match_info["upload_id"]
    asked = partial(upload_rows.complete, owner=owner, upload_id=upload_id, now=time.time())
    upload = await state_of(request).database(asked)
    answer = {
        "upload_id": upload.id,
        "file_kind": upload.kind,
        "file_name": NAMES[upload.kind],
        "size_bytes": upload.size,
        "expires_at": upload.expires_at,
        "chunks_sha256": upload.digest,
    }
    return json_answer(answer)


@ROUTES.get("/upload/{upload_id}")
async def show(request: web.Request) -> web.Response:
    """What is there of an upload, for who wants to go on with it."""
    owner, upload_id = caller_of(request).owner, request.match_info["upload_id"]
    asked = partial(upload_rows.with_chunks, owner=owner, upload_id=upload_id)
    upload, there = await state_of(request).database(asked)
    answer = {
        "upload_id": upload.id,
        "file_kind": upload.kind,
        "size_bytes": upload.size,
        "chunk_size_bytes": upload.chunk_size,
        "received_chunks": there,
        "completed": upload.completed is not None,
        "expires_at": upload.expires_at,
    }
    return json_answer(answer)
