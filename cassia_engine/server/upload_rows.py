"""Uploads and their chunks, as the database has them."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import disk_usage

from cassia_engine.cytetype.protocol import Kind, n_chunks
from cassia_engine.cytetype.ranges import Ranges, with_index
from cassia_engine.server.answers import Refused
from cassia_engine.server.ids import no_upload

MOST_UNFINISHED = 100  # uploads of one owner
_SHOWN = 10  # missing chunks that a message names


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that is uploaded, or has been.

    Attributes:
        chunk_size: bytes of all chunks but the last.
        expires: when it may be deleted, if no job uses it.
        completed: when all of it was there, None before.
        digest: SHA-256 over the SHA-256 of its chunks; None before that.
    """

    id: str
    owner: str
    kind: Kind
    size: int
    chunk_size: int
    created: float
    expires: float
    completed: float | None = None
    digest: str | None = None

    @property
    def n_chunks(self) -> int:
        return n_chunks(self.size, self.chunk_size)

    @property
    def expires_at(self) -> str:
        return datetime.fromtimestamp(self.expires, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def size_of(self, index: int) -> int:
        """Bytes of a chunk.

        Raises:
            Refused: there is none of this number.
        """
        if index >= self.n_chunks:
            raise Refused("INVALID_REQUEST", f"this upload has the chunks 0 to {self.n_chunks - 1}, and no {index}")
        return min(self.chunk_size, self.size - index * self.chunk_size)


def begin(connection: sqlite3.Connection, upload: Upload, folder: Path, min_free: int) -> None:
    """Take an upload that begins.

    Args:
        folder: where its file will be.
        min_free: bytes of its disk that stay free.

    Raises:
        Refused: its owner has too many, or the disk has no room for it.
    """
    _check_count(connection, upload.owner)
    _check_room(connection, upload.size, folder, min_free)
    connection.execute(
        "INSERT INTO uploads (id, owner, kind, size, chunk_size, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (upload.id, upload.owner, upload.kind, upload.size, upload.chunk_size, upload.created, upload.expires),
    )


def _check_count(connection: sqlite3.Connection, owner: str) -> None:
    asked = "SELECT count(*) FROM uploads WHERE owner = ? AND completed IS NULL"
    [number] = connection.execute(asked, (owner,)).fetchone()
    if number >= MOST_UNFINISHED:
        what = f"{number} uploads have begun and are not complete, which is the most; complete them, or try again later"
        raise Refused("QUOTA_EXCEEDED", what)


def _check_room(connection: sqlite3.Connection, size: int, folder: Path, min_free: int) -> None:
    """What other uploads still need is not free."""
    [needed] = connection.execute("SELECT coalesce(sum(size), 0) FROM uploads WHERE completed IS NULL").fetchone()
    [there] = connection.execute(
        "SELECT coalesce(sum(chunks.size), 0) FROM chunks JOIN uploads ON id = upload_id WHERE completed IS NULL"
    ).fetchone()
    free = disk_usage(folder).free - (needed - there) - min_free
    if size > free:
        what = (
            f"the file has {size} bytes, and the server's disk has room for {max(0, free)}; ask who runs the server to "
            "free some"
        )
        raise Refused("QUOTA_EXCEEDED", what)


def owned(connection: sqlite3.Connection, owner: str, upload_id: str) -> Upload:
    """Raises:
    Refused: this owner has no such upload.
    """
    asked = "SELECT * FROM uploads WHERE id = ? AND owner = ?"
    row = connection.execute(asked, (upload_id, owner)).fetchone()
    if row is None:
        raise no_upload()
    return Upload(**row)


def with_chunk(connection: sqlite3.Connection, owner: str, upload_id: str, index: int) -> tuple[Upload, str | None]:
    """An upload, and the SHA-256 of a chunk, None if it is not there.

    Raises:
        Refused: as by `owned`.
    """
    upload = owned(connection, owner, upload_id)
    asked = "SELECT sha256 FROM chunks WHERE upload_id = ? AND number = ?"
    row = connection.execute(asked, (upload_id, index)).fetchone()
    return upload, None if row is None else row["sha256"]


def add_chunk(connection: sqlite3.Connection, upload: Upload, index: int, sha256: str, expires: float) -> None:
    """A chunk is on the disk.

    Raises:
        Refused: the upload was deleted meanwhile.
    """
    changed = connection.execute("UPDATE uploads SET expires = ? WHERE id = ?", (expires, upload.id))
    if not changed.rowcount:
        raise no_upload()
    connection.execute(
        "INSERT INTO chunks (upload_id, number, size, sha256) VALUES (?, ?, ?, ?)",
        (upload.id, index, upload.size_of(index), sha256),
    )


def with_chunks(connection: sqlite3.Connection, owner: str, upload_id: str) -> tuple[Upload, Ranges]:
    """An upload and the numbers of its chunks that are there.

    Raises:
        Refused: as by `owned`.
    """
    upload = owned(connection, owner, upload_id)
    there: Ranges = ()
    for index, _ in _chunks(connection, upload):
        there = (*there[:-1], *with_index(there[-1:], index))
    return upload, there


def complete(connection: sqlite3.Connection, owner: str, upload_id: str, now: float) -> Upload:
    """End an upload; one that has ended is as it was.

    Raises:
        Refused: as by `owned`, or chunks are missing.
    """
    upload = owned(connection, owner, upload_id)
    if upload.completed is None:
        chunks = _chunks(connection, upload)
        _check_whole(upload, {index for index, _ in chunks})
        digest = hashlib.sha256(b"".join(bytes.fromhex(sha256) for _, sha256 in chunks)).hexdigest()
        connection.execute("UPDATE uploads SET completed = ?, digest = ? WHERE id = ?", (now, digest, upload_id))
    return owned(connection, owner, upload_id)


def _chunks(connection: sqlite3.Connection, upload: Upload) -> list[tuple[int, str]]:
    """Number and SHA-256 of the chunks that are there, in order."""
    asked = "SELECT number, sha256 FROM chunks WHERE upload_id = ? ORDER BY number"
    return [(row["number"], row["sha256"]) for row in connection.execute(asked, (upload.id,))]


def _check_whole(upload: Upload, there: set[int]) -> None:
    if len(there) < upload.n_chunks:
        lacking = [index for index in range(upload.n_chunks) if index not in there]
        names = ", ".join(map(str, lacking[:_SHOWN])) + (" and more" if len(lacking) > _SHOWN else "")
        what = f"{len(lacking)} of {upload.n_chunks} chunks are missing: {names}; send them"
        raise Refused("UPLOAD_INCOMPLETE", what)
