"""The queue of runs: which one is next, its process, and what became of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Coroutine
from typing import Any

from aiohttp import web

from cassia_engine.cytetype.protocol import COMPLETED, FAILED, PENDING, PROCESSING
from cassia_engine.server import run_processes
from cassia_engine.server.job_runs import JOURNAL, NEEDS_KEYS, Run, begin_run, note_run, run_of, runs_of
from cassia_engine.server.quotas import Share, share_of
from cassia_engine.server.run_ends import silent_end
from cassia_engine.server.run_processes import RunProcess
from cassia_engine.server.specs import NO_OUTCOME, Outcome, Told, read_outcome
from cassia_engine.server.state import ServerState

log = logging.getLogger(__name__)

# A provider that is down is asked again after these seconds; then the run has failed.
RETRY_SECONDS = (60.0, 120.0, 300.0, 600.0, 1200.0)
# After a fault of the queue itself, such as a full disk.
FAULT_SECONDS = 5.0


class Queue:
    """Starts the processes of runs, a few at once, and watches them."""

    def __init__(self, state: ServerState):
        self._state = state
        self._starting: asyncio.Task[None] | None = None
        self._watching: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._processes: dict[tuple[str, int], RunProcess] = {}
        self._not_before: dict[tuple[str, int], float] = {}
        self._attempts: dict[tuple[str, int], int] = {}
        self._kills: dict[tuple[str, int], int] = {}
        self._cancelled: dict[tuple[str, int], str] = {}  # by whom; none of them begins any more

    @property
    def n_at_work(self) -> int:
        return len(self._watching)

    def start(self) -> None:
        """Take over the runs of a server that has ended, then start runs until `stop`."""
        self._starting = asyncio.create_task(self._start_until_draining())

    async def stop(self, seconds: float) -> None:
        """Start no run any more, tell those at work to stop, and wait for them; what has stopped is stopped.

        Runs of the pipeline go on, as do those that take longer: the next server finds them.
        """
        self._state.draining.set()
        self._state.wake.set()
        if self._starting is not None:
            await self._starting
        if self._watching and self._state.options.executor == "local":
            for place, process in self._processes.items():
                if place not in self._cancelled:  # a second signal would cut off answers on their way
                    process.stop()
            await asyncio.wait(self._watching.values(), timeout=seconds)
        left = list(self._watching.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def cancel(self, job_id: str, reason: str) -> None:
        """End the runs of a job that have not ended. Their processes are told to stop, and keep what was answered."""
        for run in await runs_of(self._state, job_id):
            if run.state not in (PENDING, PROCESSING):
                continue
            place = run.job_id, run.number
            self._cancelled[place] = reason
            process = self._processes.get(place)
            if process is None and run.state == PROCESSING:  # perhaps of an earlier server, and not yet watched
                process = RunProcess(run.folder(self._state.jobs))
            if process is not None:
                process.stop()
            await self._note(run, FAILED, reason)
            log.info("run %d %s", run.number, reason, extra=_about(run))
        self._state.wake.set()

    async def _start_until_draining(self) -> None:
        while not self._state.draining.is_set():
            self._state.wake.clear()
            now = time.monotonic()
            try:
                await self._take_over_runs(now)
                await self._start_runs(now)
                seconds = self._seconds_to_next(now)
            except Exception:
                log.exception("the queue has failed; it goes on in %.0f s", FAULT_SECONDS)
                seconds = FAULT_SECONDS
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._state.wake.wait(), seconds)

    async def _take_over_runs(self, now: float) -> None:
        """Watch runs at work that nobody watches: those of an earlier server, and those whose end could not be kept."""
        for run in await self._in_state(PROCESSING):
            if (run.job_id, run.number) not in self._watching and self._is_due(run, now):
                self._watch(run, self._follow(run, RunProcess(run.folder(self._state.jobs))))

    async def _in_state(self, state: str) -> list[Run]:
        query = "SELECT * FROM runs WHERE state = ? ORDER BY created, job_id, number"
        rows = await self._state.database(lambda database: database.execute(query, (state,)).fetchall())
        return list(map(run_of, rows))

    async def _start_runs(self, now: float) -> None:
        for run in await self._in_state(PENDING):
            if self._state.draining.is_set():
                return
            if (run.job_id, run.number) in self._watching or not await self._has_keys(run):
                continue
            if self.n_at_work >= self._state.options.jobs or not self._is_due(run, now):
                continue
            share = await self._share(run)
            if share.refused:
                await self._note(run, FAILED, share.refused)
            elif share.free:
                await self._begin(run, share)

    def _is_due(self, run: Run, now: float) -> bool:
        return self._not_before.get((run.job_id, run.number), now) <= now

    async def _has_keys(self, run: Run) -> bool:
        """Whether the keys of a run are there; its reason says so where they are not, also while others are at work."""
        lacks = run.own_keys and run.job_id not in self._state.keys
        if lacks != (run.reason == NEEDS_KEYS):
            await self._note(run, PENDING, NEEDS_KEYS if lacks else "")
        return not lacks

    async def _share(self, run: Run) -> Share:
        most = self._state.options.jobs
        return await self._state.database(lambda database: share_of(database, run.job_id, run.number, most))

    async def _begin(self, run: Run, share: Share) -> None:
        if await self._state.database(lambda database: begin_run(database, run, share.max_cost)):
            self._watch(run, self._work(run, share))

    def _watch(self, run: Run, work: Coroutine[None, None, None]) -> None:
        place = run.job_id, run.number
        task = asyncio.ensure_future(self._watched(run, work))
        self._watching[place] = task

        def ended(done: asyncio.Task[None]) -> None:
            del self._watching[place]
            if not done.cancelled() and (error := done.exception()):
                what = "the end of run %d could not be kept; it is looked at again in %.0f s"
                log.error(what, run.number, FAULT_SECONDS, exc_info=error, extra=_about(run))
                self._not_before[place] = time.monotonic() + FAULT_SECONDS
            self._state.wake.set()

        task.add_done_callback(ended)

    async def _watched(self, run: Run, work: Coroutine[None, None, None]) -> None:
        """A fault of the server's own is not the end of a run."""
        try:
            await work
        except sqlite3.Error:  # a full disk, perhaps; what became of the run is in its folder
            raise
        except Exception:
            log.exception("run %d could not be worked on", run.number, extra=_about(run))
            reason = "the server could not work on the job; its log says why"
            await self._again(run, Outcome("stopped", reason, retry=True))

    async def _work(self, run: Run, share: Share) -> None:
        if (run.job_id, run.number) in self._cancelled:
            return
        if self._state.draining.is_set():
            await self._note(run, PENDING, "")
            return
        options = self._state.options
        key = tuple(self._state.keys.get(run.job_id, ()))
        journal = self._state.jobs / run.job_id / JOURNAL
        told = Told(str(journal), options.executor, key, share.max_cost, share.rpm, options.nextflow, options.network)
        log.info("run %d starts", run.number, extra=_about(run))
        await self._follow(run, run_processes.start(run.folder(self._state.jobs), told))

    async def _follow(self, run: Run, process: RunProcess) -> None:
        self._processes[run.job_id, run.number] = process
        try:
            code = await process.wait()
        finally:
            del self._processes[run.job_id, run.number]
        await self._ended(run, code)

    async def _ended(self, run: Run, code: int | None) -> None:
        found = read_outcome(run.folder(self._state.jobs))
        if reason := self._cancelled.get((run.job_id, run.number)):
            await self._note(run, FAILED, reason, found.cost_usd if found else None)
            return
        found = found or self._silent_end(run, code)
        if found is None or found.state == "stopped":
            await self._again(run, found)
            return
        state = COMPLETED if found.state == "completed" else FAILED
        await self._note(run, state, found.reason, found.cost_usd)
        reason = f": {found.reason}" if found.reason else ""
        log.info("run %d %s%s", run.number, state, reason, extra=_about(run))

    def _silent_end(self, run: Run, code: int | None) -> Outcome | None:
        """What comes of a run whose process has left no outcome; None where it is done again as if nothing had been."""
        if code is None or (self._state.draining.is_set() and code != NO_OUTCOME):
            return None
        place = run.job_id, run.number
        kills = self._kills.get(place, 0)
        if code < 0:
            self._kills[place] = kills + 1
        found = silent_end(run.folder(self._state.jobs), code, kills)
        log.warning("run %d: %s", run.number, found.reason, extra=_about(run))
        return found

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
        if state in (COMPLETED, FAILED):
            for kept in (self._attempts, self._not_before, self._kills):
                kept.pop((run.job_id, run.number), None)
        await self._state.database(lambda database: note_run(database, run, state, reason, cost))

    def _seconds_to_next(self, now: float) -> float | None:
        """Until a run is due that was not at `now`, when the queue was looked at; None if there is none."""
        next_one = min((at for at in self._not_before.values() if at > now), default=None)
        return None if next_one is None else max(0.0, next_one - time.monotonic())


QUEUE = web.AppKey("queue", Queue)


def _about(run: Run) -> dict[str, Any]:
    """What a line of the log says of a run."""
    return {"job": run.job_id, "run": run.number}
