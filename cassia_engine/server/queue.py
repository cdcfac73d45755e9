"""The queue of runs: which one is next, its process, and what became of it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path

import msgspec
from aiohttp import web

from cassia_engine.cytetype.protocol import COMPLETED, FAILED, PENDING, PROCESSING
from cassia_engine.server.jobs import JOURNAL, NEEDS_KEYS, Run, run_of
from cassia_engine.server.quotas import Share, share_of
from cassia_engine.server.specs import LOCK, LOG, OUTCOME, Outcome, Told, read_outcome
from cassia_engine.server.state import ServerState

log = logging.getLogger(__name__)

WORKER = "cassia_engine.server.worker"
# A provider that is down is asked again after these seconds; then the run has failed.
RETRY_SECONDS = (60.0, 120.0, 300.0, 600.0, 1200.0)
_LOOK_SECONDS = 1.0  # at a process that a server before this one has started


class Queue:
    """Starts the processes of runs, a few at once, and watches them."""

    def __init__(self, state: ServerState):
        self._state = state
        self._watching: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._pids: dict[tuple[str, int], int] = {}
        self._not_before: dict[tuple[str, int], float] = {}
        self._attempts: dict[tuple[str, int], int] = {}

    @property
    def n_at_work(self) -> int:
        return len(self._watching)

    async def run(self) -> None:
        """Take over the runs of a server that has ended, then start runs until the server ends."""
        for run in await self._in_state(PROCESSING):
            self._watch(run, self._take_over(run))
        while not self._state.draining.is_set():
            self._state.wake.clear()
            await self._start_runs()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._state.wake.wait(), self._seconds_to_next())

    async def drain(self, seconds: float) -> None:
        """Tell the processes to stop, and wait for them; those of the pipeline go on, and are found again."""
        if self._state.options.executor == "local":
            for pid in self._pids.values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
            if self._watching:
                await asyncio.wait(self._watching.values(), timeout=seconds)
        for task in self._watching.values():
            task.cancel()

    async def _in_state(self, state: str) -> list[Run]:
        query = "SELECT * FROM runs WHERE state = ? ORDER BY created, job_id, number"
        rows = await self._state.database(lambda database: database.execute(query, (state,)).fetchall())
        return list(map(run_of, rows))

    async def _start_runs(self) -> None:
        for run in await self._in_state(PENDING):
            if self.n_at_work >= self._state.options.jobs or self._state.draining.is_set():
                return
            if self._not_before.get((run.job_id, run.number), 0) > time.monotonic():
                continue
            if run.own_keys and run.job_id not in self._state.keys:
                if run.reason != NEEDS_KEYS:
                    await self._note(run, PENDING, NEEDS_KEYS)
                continue
            share = await self._share(run)
            if share.refused:
                await self._note(run, FAILED, share.refused)
            elif share.free:
                await self._begin(run, share)

    async def _share(self, run: Run) -> Share:
        most = self._state.options.jobs
        return await self._state.database(lambda database: share_of(database, run.job_id, run.number, most))

    async def _begin(self, run: Run, share: Share) -> None:
        def begin(database: sqlite3.Connection) -> None:
            database.execute(
                "UPDATE runs SET state = ?, reason = '', started = ?, max_cost = ? WHERE job_id = ? AND number = ?",
                (PROCESSING, time.time(), share.max_cost, run.job_id, run.number),
            )

        await self._state.database(begin)
        self._watch(run, self._work(run, share))

    def _watch(self, run: Run, work: Coroutine[None, None, None]) -> None:
        place = run.job_id, run.number
        task = asyncio.ensure_future(work)
        self._watching[place] = task

        def ended(done: asyncio.Task[None]) -> None:
            self._watching.pop(place, None)
            self._pids.pop(place, None)
            self._state.wake.set()
            if not done.cancelled() and (error := done.exception()):
                log.error("job %s: %s", run.job_id, error, exc_info=error)

        task.add_done_callback(ended)

    async def _work(self, run: Run, share: Share) -> None:
        folder = run.folder(self._state.jobs)
        with _locked(folder) as lock:
            process = await self._start(run, folder, lock) if lock is not None else None
        if process is None:
            await self._take_over(run)
            return
        self._pids[run.job_id, run.number] = process.pid
        options = self._state.options
        key = tuple(self._state.keys.get(run.job_id, ()))
        journal = self._state.jobs / run.job_id / JOURNAL
        told = Told(str(journal), options.executor, key, share.max_cost, share.rpm, options.nextflow)
        await process.communicate(msgspec.json.encode(told))
        await self._ended(run, process.returncode)

    async def _start(self, run: Run, folder: Path, lock: int) -> asyncio.subprocess.Process:
        (folder / OUTCOME).unlink(missing_ok=True)
        log.info("job %s: run %d starts", run.job_id, run.number, extra={"job": run.job_id})
        with open(folder / LOG, "ab") as out:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", WORKER, str(folder)),
                stdin=asyncio.subprocess.PIPE,
                stdout=out,
                stderr=out,
                pass_fds=(lock,),  # it is held for as long as the process lives, whatever becomes of this one
                start_new_session=True,
            )

    async def _take_over(self, run: Run) -> None:
        """Wait for a process that another server has started; it has ended once nobody holds its lock."""
        folder = run.folder(self._state.jobs)
        while True:
            with _locked(folder) as lock:
                if lock is not None:
                    break
            await asyncio.sleep(_LOOK_SECONDS)
        await self._ended(run, None)

    async def _ended(self, run: Run, code: int | None) -> None:
        found = read_outcome(run.folder(self._state.jobs))
        if found is None and code is not None and not self._state.draining.is_set():
            found = Outcome(
                "failed", f"the process of the run ended with {code} and says nothing; the server's log of it is {LOG}"
            )
        if found is None or found.state == "stopped":
            await self._again(run, found)
            return
        state = COMPLETED if found.state == "completed" else FAILED
        await self._note(run, state, found.reason, found.cost_usd)
        log.info("job %s: run %d %s", run.job_id, run.number, state, extra={"job": run.job_id})

    async def _again(self, run: Run, found: Outcome | None) -> None:
        """Have a run done again that was killed or told to stop; later, where the provider could not answer."""
        place = run.job_id, run.number
        if found and found.retry and not self._state.draining.is_set():
            attempt = self._attempts.get(place, 0)
            if attempt >= len(RETRY_SECONDS):
                await self._note(run, FAILED, found.reason, found.cost_usd)
                return
            self._attempts[place] = attempt + 1
            self._not_before[place] = time.monotonic() + RETRY_SECONDS[attempt]
        await self._note(run, PENDING, found.reason if found else "")

    async def _note(self, run: Run, state: str, reason: str, cost: float | None = None) -> None:
        ended = time.time() if state in (COMPLETED, FAILED) else None
        await self._state.database(
            lambda database: database.execute(
                "UPDATE runs SET state = ?, reason = ?, ended = ?, cost_usd = coalesce(?, cost_usd)"
                " WHERE job_id = ? AND number = ?",
                (state, reason, ended, cost, run.job_id, run.number),
            )
        )

    def _seconds_to_next(self) -> float | None:
        waiting = [at - time.monotonic() for at in self._not_before.values()]
        waiting = [seconds for seconds in waiting if seconds > 0]
        return min(waiting, default=None)


QUEUE = web.AppKey("queue", Queue)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[int | None]:
    """Holds the lock of a run's folder, and gives its file descriptor; None where a process has it."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)
