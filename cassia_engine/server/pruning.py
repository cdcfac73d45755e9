"""What has expired: uploads that no job uses, and jobs that ended long ago. Nothing of a job at work is deleted.

The row of the database goes first, and then the files: what a kill between the two has left has no row, and is found by
that.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import math
import os
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

from aiohttp import web

from cassia_engine.server.ids import is_id
from cassia_engine.server.quotas import cost_kept
from cassia_engine.server.specs import LOCK
from cassia_engine.server.state import STATE, ServerState
from cassia_engine.server.upload_files import in_thread
from cassia_engine.server.uploads import DAY_S

log = logging.getLogger(__name__)

EVERY_S = 3600.0
# What has no row and is younger than this may be about to get one.
YOUNG_S = 3600.0
_BLOCK = 512  # bytes, of `st_blocks`

_JOBS = """
SELECT job_id AS id, max(ended) AS ended FROM runs GROUP BY job_id
HAVING count(*) = count(ended) AND max(ended) <= :before
"""
_UPLOADS = f"""
SELECT id, expires, completed FROM uploads WHERE expires <= :now AND NOT EXISTS (
    SELECT 1 FROM jobs WHERE uploads.id IN (vars_h5, obs_duckdb) AND id NOT IN (SELECT id FROM ({_JOBS}))
)
"""
_FORGET = {
    "job": f"DELETE FROM jobs WHERE id = :id AND id IN (SELECT id FROM ({_JOBS}))",
    "upload": "DELETE FROM uploads WHERE id = :id AND expires <= :now",
}


@dataclass(frozen=True, slots=True)
class Prunable:
    """What may be deleted.

    Attributes:
        why: for a person.
        path: its file or folder, which may be gone.
        known: whether the database has it.
    """

    kind: Literal["job", "upload"]
    id: str
    why: str
    path: Path
    known: bool = True

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        inside = (Path(folder, name) for folder, _, names in os.walk(self.path) for name in names)
        return sum(map(_size, (self.path, *inside)))


def prunable(state: ServerState, now: float) -> list[Prunable]:
    """All that may be deleted; jobs come before the uploads that they use."""
    return [*_jobs(state, now), *_uploads(state, now), *_unknown(state, now)]


def _jobs(state: ServerState, now: float) -> Iterator[Prunable]:
    for row in _rows(state, _JOBS, now):
        path = state.jobs / row["id"]
        why = f"ended on {_date(row['ended'])}, and jobs are kept {state.options.job_days:g} days"
        if not _is_at_work(path):
            yield Prunable("job", row["id"], why, path)


def _uploads(state: ServerState, now: float) -> Iterator[Prunable]:
    for row in _rows(state, _UPLOADS, now):
        what = "not complete" if row["completed"] is None else "of no job that is kept"
        why = f"{what}, and expired on {_date(row['expires'])}"
        yield Prunable("upload", row["id"], why, state.uploads / row["id"])


def _unknown(state: ServerState, now: float) -> Iterator[Prunable]:
    """Folders and files without a row."""
    places: tuple[tuple[Literal["job", "upload"], Path], ...] = (("job", state.jobs), ("upload", state.uploads))
    for kind, folder in places:
        there = sorted(path for path in folder.iterdir() if is_id(path.name) and _is_old(path, now))
        known = {row["id"] for row in _rows(state, f"SELECT id FROM {kind}s", now)}
        for path in there:
            if path.name not in known and not _is_at_work(path):
                yield Prunable(
                    kind, path.name, f"no {kind} is known by this name: a killed server left it", path, False
                )


def _rows(state: ServerState, query: str, now: float) -> list[sqlite3.Row]:
    return state.database.now(lambda connection: connection.execute(query, _times(state, now)).fetchall())


def _times(state: ServerState, now: float) -> dict[str, float]:
    """When what has ended or expired before is deleted."""
    days = state.options.job_days
    return {"now": now, "before": -math.inf if days is None else now - days * DAY_S}


def delete(state: ServerState, found: Prunable, now: float) -> bool:
    """Delete it, if it still may be.

    Raises:
        OSError: its files cannot be removed.
    """
    if not _forget(state, found, now):
        return False
    if found.path.is_dir():
        shutil.rmtree(found.path)
    else:
        found.path.unlink(missing_ok=True)
    return True


def _forget(state: ServerState, found: Prunable, now: float) -> bool:
    """Take it out of the database; whether its files may go."""

    def work(connection: sqlite3.Connection) -> bool:
        if not found.known:
            return connection.execute(f"SELECT 1 FROM {found.kind}s WHERE id = ?", (found.id,)).fetchone() is None
        with cost_kept(connection, found.id):
            gone = connection.execute(_FORGET[found.kind], {"id": found.id, **_times(state, now)})
        return gone.rowcount == 1

    try:
        return state.database.now(work)
    except sqlite3.IntegrityError:  # a job that is kept uses the upload
        return False


async def pruning(app: web.Application) -> AsyncIterator[None]:
    """Deletes what has expired, when a server starts and now and then, as a cleanup context of its application."""
    task = asyncio.create_task(_prune_often(app[STATE]))
    yield
    task.cancel()
    await asyncio.wait([task])


async def _prune_often(state: ServerState) -> None:
    while True:
        try:
            await _prune(state, time.time())
        except Exception:
            log.exception("what has expired cannot be deleted")
        await asyncio.sleep(EVERY_S)


async def _prune(state: ServerState, now: float) -> None:
    for found in await in_thread(partial(prunable, state, now)):
        if await in_thread(partial(delete, state, found, now)):
            about = {"job": found.id} if found.kind == "job" else None
            state.keys.pop(found.id, None)
            log.info("%s %s is deleted: %s", found.kind, found.id, found.why, extra=about)


def _is_at_work(folder: Path) -> bool:
    """Whether a process holds the lock of a run of a job."""
    return any(map(_is_locked, (folder / "run" / LOCK, *folder.glob(f"revisions/*/{LOCK}"))))


def _is_locked(path: Path) -> bool:
    try:
        with open(path, "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _is_old(path: Path, now: float) -> bool:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime <= now - YOUNG_S
    return False


def _size(path: Path) -> int:
    """Bytes of the disk; an upload that has begun takes less than its length."""
    with suppress(FileNotFoundError):
        return path.lstat().st_blocks * _BLOCK
    return 0


def _date(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
