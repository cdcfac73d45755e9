"""The readers of a server: a process for each job whose files are looked at, a few at a time."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cassia_engine.server.reading import messages as ask
from cassia_engine.server.reading.messages import ArtifactError
from cassia_engine.server.reading.running import BrokenError, Files, Running

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

MOST_READERS = 4
IDLE_SECONDS = 60.0
TIMEOUT = 30.0


class Readers:
    """Processes that read the files of jobs.

    Args:
        most: processes at once; each has at most `sandbox.MEMORY`.
        idle: seconds after which one that nobody asks is ended.
        timeout: seconds after which one that does not answer is ended.
    """

    def __init__(self, most: int = MOST_READERS, idle: float = IDLE_SECONDS, timeout: float = TIMEOUT):
        self._most, self._idle, self.timeout = most, idle, timeout
        self._running: OrderedDict[str, Running] = OrderedDict()  # the one that was asked last is the last
        self._changed = asyncio.Event()
        self._is_told = False

    @property
    def n_running(self) -> int:
        return len(self._running)

    async def of(self, job_id: str, vars_path: Path | None, obs_path: Path | None, labels: Mapping[str, str]) -> Reader:
        """The reader of a job, whose process is started if it is not there.

        Args:
            labels: of the clusters, by id.

        Raises:
            ArtifactError: it cannot be started.
        """
        reader = Reader(self, job_id, Files(vars_path, obs_path, dict(labels)))
        async with self._used(job_id, reader.files):
            return reader

    async def answer(self, job_id: str, files: Files, request: ask.AnyRequest, kind: type[Answer]) -> Answer:
        """An answer of a job's reader.

        Raises:
            ArtifactError: there is none.
        """
        async with self._used(job_id, files) as running:
            return await self._asked(running, request, kind)

    async def close(self) -> None:
        """End all processes."""
        for running in [*self._running.values()]:
            await self._end(running)

    @asynccontextmanager
    async def _used(self, job_id: str, files: Files) -> AsyncIterator[Running]:
        running = await self._taken(job_id, files)
        try:
            async with running.lock:
                if not running.is_started:
                    await self._start(running)
                yield running
        finally:
            running.users -= 1
            self._changed.set()
            if not running.users:
                running.timer = asyncio.get_running_loop().call_later(self._idle, self._forget, running)

    async def _taken(self, job_id: str, files: Files) -> Running:
        """A place for the job's process; waits where all places are in use."""
        while True:
            running = self._running.get(job_id)
            unused = next((other for other in self._running.values() if not other.users), None)
            if running and running.files == files and not running.is_over:
                break
            if running and not running.users:
                await self._end(running)
            elif not running and len(self._running) < self._most:
                running = self._running[job_id] = Running(job_id, files)
                break
            elif not running and unused:
                await self._end(unused)
            else:
                self._changed.clear()
                await self._changed.wait()
        running.users += 1
        running.stop_timer()
        self._running.move_to_end(job_id)
        return running

    async def _start(self, running: Running) -> None:
        try:
            await running.start()
        except OSError as error:
            self._forget(running)
            raise ArtifactError(f"the files cannot be read now: no process for it: {error.strerror}") from error
        opened = await self._asked(running, running.files.opening(), ask.Opened)
        if opened.missing and not self._is_told:
            self._is_told = True
            what = "files of jobs are read by processes that this system cannot confine fully: %s"
            log.warning(what, "; ".join(opened.missing))

    async def _asked(self, running: Running, request: ask.AnyRequest, kind: type[Answer]) -> Answer:
        try:
            async with asyncio.timeout(self.timeout):
                return await running.asked(request, kind)
        except TimeoutError:
            await self._end(running)
            raise ArtifactError(f"the files took longer than {self.timeout:g} seconds to read") from None
        except BrokenError as error:
            await self._end(running)
            raise ArtifactError(f"the files cannot be read: {error}") from None
        except asyncio.CancelledError:  # its answer would be taken for the next one
            self._forget(running)
            raise

    async def _end(self, running: Running) -> None:
        self._forget(running)
        await running.ended()

    def _forget(self, running: Running) -> None:
        if self._running.get(running.job_id) is running:
            del self._running[running.job_id]
        running.stop_timer()
        running.kill()
        self._changed.set()


@dataclass(frozen=True, slots=True)
class Reader:
    """Answers about the files of a job; each call may raise ArtifactError."""

    readers: Readers
    job_id: str
    files: Files

    async def genes(self) -> ask.Genes:
        return await self._ask(ask.AskGenes(), ask.Genes)

    async def expression(self, gene: str) -> ask.Expression:
        return await self._ask(ask.AskExpression(gene), ask.Expression)

    async def embedding(self) -> ask.Embedding:
        return await self._ask(ask.AskEmbedding(), ask.Embedding)

    async def columns(self) -> ask.Columns:
        return await self._ask(ask.AskColumns(), ask.Columns)

    async def composition(self, column: str) -> ask.Composition:
        kind: Any = ask.Composition  # a union
        found: ask.Composition = await self._ask(ask.AskComposition(column), kind)
        return found

    async def _ask(self, request: ask.AnyRequest, kind: type[Answer]) -> Answer:
        return await self.readers.answer(self.job_id, self.files, request, kind)
