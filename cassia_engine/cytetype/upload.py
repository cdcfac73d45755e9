"""Files on their way to a server: in chunks, several at once, each again if it is lost.

A chunk that the server has taken is on record in the job file before the next one goes, so that no process sends it
again. Where the server has lost an upload, it is begun anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from cassia_engine.cytetype.bodies import FilePart
from cassia_engine.cytetype.errors import APIError, CyteTypeError, invalid_response
from cassia_engine.cytetype.job_file import FileState, JobFile
from cassia_engine.cytetype.protocol import MOST_BYTES, Initiated, Kind, n_chunks
from cassia_engine.cytetype.ranges import count, missing
from cassia_engine.cytetype.service import Service
from cassia_engine.cytetype.upload_progress import OnUpload, UploadProgress
from cassia_engine.cytetype.waiting import Pace
from cassia_engine.errors import UsageError

log = logging.getLogger(__name__)

WORKERS = 4
TIMEOUT_S = 3600.0
_BEGUN_ANEW = 2  # times
_LOST = ("UPLOAD_NOT_FOUND", "UPLOAD_EXPIRED", "UPLOADS_EXPIRED")
_NEARLY = timedelta(minutes=1)


class Uploader:
    """Brings files to a server.

    Args:
        job: has what was uploaded before, and gets what is.
        workers: chunks in flight at once; half a megabyte of each is in memory.
        timeout: seconds for one request.
        told: is called after each chunk.
    """

    def __init__(
        self,
        service: Service,
        job: JobFile,
        pace: Pace,
        *,
        workers: int = WORKERS,
        timeout: float = TIMEOUT_S,
        told: OnUpload | None = None,
    ):
        self._service, self._job, self._pace = service, job, pace
        self._workers, self._timeout, self._told = workers, timeout, told

    async def upload(self, kind: Kind, path: Path) -> str:
        """The id of a file that the server has as a whole.

        Raises:
            UsageError: the file is not there, too large, or was changed meanwhile.
            CyteTypeError: the server does not take it.
            StoppedError: someone has asked to stop; chunks in flight have been waited for.
        """
        check_artifact(kind, path)
        for times in range(_BEGUN_ANEW + 1):
            file = self._known(kind, path) or await self._initiate(kind, path)
            if file.complete:
                return file.upload_id
            try:
                await self._send_missing(kind, path, file)
                return await self._complete(kind, path)
            except CyteTypeError as error:
                if times == _BEGUN_ANEW or not _is_lost(error, file.presigned):
                    raise
                log.warning("the upload of %s is lost (%s): it begins anew", path.name, error)
                self.forget(kind)
        raise AssertionError

    def forget(self, kind: Kind) -> None:
        """Upload a file anew the next time."""
        self._job.update_file(kind, None)
        self._job.forget_urls()

    def _known(self, kind: Kind, path: Path) -> FileState | None:
        """The upload that goes on, None if there is none."""
        file = self._job.state.files.get(kind)
        if file is None:
            return None
        if not _is_same(path, file):
            log.info("%s is another file than when its upload began: it is uploaded anew", path.name)
            return None
        if file.complete:
            return None if self._is_expired(file) else file
        if file.presigned and self._job.urls(file.upload_id) is None:
            return None
        n_known, n_all = count(file.acknowledged), n_chunks(file.size, file.chunk_size)
        log.info("%d of %d chunks of %s are with the server already", n_known, n_all, path.name)
        return file

    def _is_expired(self, file: FileState) -> bool:
        try:
            end = datetime.fromisoformat(file.expires_at)
        except ValueError:
            return False  # the server will tell
        return self._pace.clock.utc() >= (end if end.tzinfo else end.replace(tzinfo=UTC)) - _NEARLY

    async def _initiate(self, kind: Kind, path: Path) -> FileState:
        found = path.stat()

        async def attempt() -> Initiated:
            return await self._service.initiate(kind, found.st_size, self._timeout)

        begun = await self._pace.attempts(f"begin the upload of {path.name}", attempt)
        if begun.max_size_bytes is not None:
            check_artifact(kind, path, begun.max_size_bytes)
        if begun.urls is not None:
            self._job.keep_urls(begun.upload_id, begun.urls)
        file = FileState(
            path.name,
            found.st_size,
            found.st_mtime_ns,
            begun.upload_id,
            begun.chunk_size_bytes,
            presigned=begun.urls is not None,
        )
        self._job.update_file(kind, file)
        return file

    async def _send_missing(self, kind: Kind, path: Path, file: FileState) -> None:
        n_all = n_chunks(file.size, file.chunk_size)
        turns, n_missing = missing(file.acknowledged, n_all), n_all - count(file.acknowledged)
        urls = self._job.urls(file.upload_id) if file.presigned else None
        self._tell(kind)
        await _together([self._send_in_turn(kind, path, urls, turns) for _ in range(min(self._workers, n_missing))])
        self._pace.check()
        _check_same(path, file)

    async def _send_in_turn(self, kind: Kind, path: Path, urls: Sequence[str] | None, turns: Iterator[int]) -> None:
        for index in turns:
            if self._pace.stopping:
                return
            await self._send(kind, path, urls, index)

    async def _send(self, kind: Kind, path: Path, urls: Sequence[str] | None, index: int) -> None:
        file = self._job.state.files[kind]
        start = index * file.chunk_size
        chunk = FilePart(path, start, min(file.chunk_size, file.size - start))

        async def attempt() -> str | None:
            _check_same(path, file)
            if urls is not None:
                return await self._service.put_part(urls[index], chunk, self._timeout)
            await self._service.put_chunk(file.upload_id, index, chunk, self._timeout)
            return None

        total = n_chunks(file.size, file.chunk_size)
        etag = await self._pace.attempts(f"chunk {index + 1} of {total} of {path.name}", attempt)
        self._job.acknowledge(kind, index, etag)
        self._tell(kind)

    def _tell(self, kind: Kind) -> None:
        if self._told is not None:
            file = self._job.state.files[kind]
            sent = sum(
                min((last + 1) * file.chunk_size, file.size) - first * file.chunk_size
                for first, last in file.acknowledged
            )
            self._told(UploadProgress(kind, sent, file.size))

    async def _complete(self, kind: Kind, path: Path) -> str:
        file = self._job.state.files[kind]
        n = n_chunks(file.size, file.chunk_size)
        etags = [file.etags[str(index)] for index in range(n)] if file.presigned else None

        async def attempt() -> FileState:
            found = await self._service.complete(file.upload_id, etags, self._timeout)
            if found.size_bytes != file.size:
                raise invalid_response(f"the server has {found.size_bytes} of the {file.size} bytes of {path.name}")
            return replace(
                file, upload_id=found.upload_id, complete=True, expires_at=found.expires_at, acknowledged=(), etags={}
            )

        whole = await self._pace.attempts(f"end the upload of {path.name}", attempt)
        self._job.update_file(kind, whole)
        self._job.forget_urls()
        return whole.upload_id


def check_artifact(kind: Kind, path: Path, most: int | None = None) -> None:
    """Make sure that a file can be uploaded.

    Args:
        most: bytes that the server takes, None for what all servers take.

    Raises:
        UsageError: it is not there, or too large.
    """
    if not path.is_file():
        raise UsageError("there is no such file to upload; make it anew", path=path, code="artifact-missing")
    size, most = path.stat().st_size, MOST_BYTES[kind] if most is None else most
    if size > most:
        what = f"it has {size} bytes, and the server takes {most} at most; leave columns, layers or cells out"
        raise UsageError(what, path=path, code="artifact-too-large")


def is_upload_lost(error: CyteTypeError) -> bool:
    """Whether a server says that it has no such upload, or no longer."""
    return error.status in (404, 410) or error.error_code in _LOST


def _is_lost(error: CyteTypeError, presigned: bool) -> bool:
    """Whether an upload is to begin anew: the server has lost it, or does not take it as it came.

    Signatures end with 403 or 400.
    """
    if is_upload_lost(error):
        return True
    structured = isinstance(error, APIError)
    if presigned and not structured:
        return error.status in (400, 403)
    return type(error) is APIError and (error.status is None or error.status in (400, 409, 422))


def _check_same(path: Path, file: FileState) -> None:
    """Raises:
    UsageError: a file is another one than when its upload began.
    """
    if not (path.exists() and _is_same(path, file)):
        what = "it was changed while it was uploaded; wait until it is written, and run the same again"
        raise UsageError(what, path=path, code="artifact-changed")


def _is_same(path: Path, file: FileState) -> bool:
    found = path.stat()
    return (found.st_size, found.st_mtime_ns) == (file.size, file.mtime_ns)


async def _together(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Wait for all; where one fails, the others are ended and its error is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
