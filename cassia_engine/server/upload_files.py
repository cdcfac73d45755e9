"""The files of uploads: chunks go to their places, in any order and several at once, in little memory."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from cassia_engine.cytetype.protocol import Kind
from cassia_engine.files import sync_folder
from cassia_engine.server.answers import Refused
from cassia_engine.server.ids import no_upload

NAMES: dict[Kind, str] = {"vars_h5": "vars.h5", "obs_duckdb": "obs.duckdb"}
# What a file of the kind has at a place.
_SIGNATURES: dict[Kind, tuple[int, bytes, str]] = {
    "vars_h5": (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    "obs_duckdb": (8, b"DUCK", "a DuckDB database"),
}
PIECE = 2**16  # bytes; smaller ones wait for the next
Result = TypeVar("Result")
Write = Callable[[bytes, int], None]


def make_file(path: Path) -> None:
    """Make the empty file of an upload, so that it outlasts the machine.

    Raises:
        OSError: it cannot be made.
    """
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    sync_folder(path.parent)


def check_signature(kind: Kind, head: bytes) -> None:
    """Make sure that a file is of its kind, by how it starts.

    Raises:
        Refused: it is not.
    """
    start, signature, what = _SIGNATURES[kind]
    if head[start : start + len(signature)] != signature:
        raise Refused("INVALID_REQUEST", f"{NAMES[kind]} is not {what}; make it anew")


async def write_chunk(path: Path, start: int, pieces: AsyncIterator[bytes]) -> str:
    """Write pieces to a place of a file, and wait until the disk has them; their SHA-256.

    Raises:
        Refused: the file is not there any more, or the disk is full.
        OSError: it cannot be written.
    """
    with _opened(path) as handle:

        def write(piece: bytes, at: int) -> None:
            _write(handle, piece, start + at)

        sha256 = await hash_chunk(pieces, write)
        await in_thread(lambda: os.fsync(handle))
    return sha256


async def hash_chunk(pieces: AsyncIterator[bytes], write: Write | None = None) -> str:
    """The SHA-256 of pieces.

    Args:
        write: gets each, and its place.
    """
    digest, at = hashlib.sha256(), 0

    def take(piece: bytes) -> None:
        digest.update(piece)
        if write is not None:
            write(piece, at)

    async for piece in pieces:
        await in_thread(partial(take, piece))
        at += len(piece)
    return digest.hexdigest()


async def gathered(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Pieces of a body, small ones joined: each is to be a matter of a thread. Large ones are not copied."""
    found: list[bytes] = []
    async for piece in pieces:
        found.append(piece)
        if sum(map(len, found)) >= PIECE:
            yield _joined(found)
    if found:
        yield _joined(found)


def _joined(pieces: list[bytes]) -> bytes:
    whole = b"".join(pieces)
    pieces.clear()
    return whole


async def in_thread(work: Callable[[], Result]) -> Result:
    """The result of work in a thread. One who is cancelled waits for its end too: another may write there next."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise no_upload() from None
    try:
        yield handle
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        what = "the server's disk is full; what it has stays: run the same again when it has room"
        raise Refused("QUOTA_EXCEEDED", what) from None
    finally:
        os.close(handle)


def _write(handle: int, piece: bytes, at: int) -> None:
    rest = memoryview(piece)
    while rest:
        written = os.pwrite(handle, rest, at)
        rest, at = rest[written:], at + written
