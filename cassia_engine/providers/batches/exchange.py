"""The `Exchange` that gathers calls into batches: what waits when no further call comes goes out together."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import time
from types import TracebackType
from typing import Any, Self

from cassia_engine.errors import StoppedError
from cassia_engine.fast_json import parsed_json
from cassia_engine.providers.accounts import Account
from cassia_engine.providers.batches.batch_api import Answer, BatchApi, Line, Requests
from cassia_engine.providers.batches.job import BatchPolicy, Job
from cassia_engine.providers.batches.records import BatchRecords, OpenBatch
from cassia_engine.providers.chat import Call, Receipt
from cassia_engine.providers.dialects import DIALECTS
from cassia_engine.providers.faults import Fault, FaultAction, classify
from cassia_engine.redaction import redacted

DEFAULTS = BatchPolicy()
_LINE = 200  # bytes of a line beside its body, at most
_HEAD = 2000
_GRACE = 20.0  # seconds for the answer to a batch's creation when the run is told to stop


@dataclass(slots=True)
class _Running:
    """A batch of this process, or one left by an earlier run, which is gone on with when one of its calls is made."""

    job: Job
    known: OpenBatch | None = None
    task: asyncio.Task[None] | None = None
    outcome: asyncio.Future[dict[str, Answer]] | None = None

    def fail(self, error: Exception) -> None:
        if self.outcome and not self.outcome.done():
            self.outcome.set_exception(error)

    def leave(self) -> None:
        """Let it go on at the provider, and tell those who wait so; a creation under way is waited for elsewhere."""
        self.job.leave()
        self.fail(self.job.at_work if self.job.began else _stopped())
        if self.task and not self.job.is_asked:
            self.task.cancel()


@dataclass(slots=True)
class _Queued:
    """A call that is in no batch yet."""

    line: Line
    joined: asyncio.Future[_Running] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class BatchExchange:
    """An `Exchange` whose calls are answered by batches; an async context manager.

    Each call is made by a conversation that waits for it, and all conversations are held at once: so no further call
    comes when all of them wait. The journal around it records an answer in the same step in which `exchange` returns
    it: what comes after, such as the note that a batch is wholly on record, finds it there.
    """

    def __init__(
        self,
        account: Account,
        api: BatchApi,
        requests: Requests,
        records: BatchRecords,
        key_of: Callable[[Call], str],
        *,
        wait: float = math.inf,
        policy: BatchPolicy = DEFAULTS,
    ):
        """
        Args:
            records: where batches are on record.
            key_of: the key of a call, which is its line's id.
            wait: seconds after which a batch that is at work is left.
        """
        self._account, self._api, self._requests = account, api, requests
        self._records, self._key_of, self._wait, self._policy = records, key_of, wait, policy
        self._dialect = DIALECTS[account.dialect]
        self._queue: dict[str, _Queued] = {}
        self._by_key: dict[str, _Running] = {}
        self._running: list[_Running] = []
        self._gathering: asyncio.Task[None] | None = None
        self._stopped = False

    async def __aenter__(self) -> Self:
        for known in self._records.open_batches():
            running = _Running(self._job(), known)
            self._by_key.update(dict.fromkeys(known.left, running))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        # The id of a batch that is being created must not be lost.
        tasks = [one.task for one in self._running if one.task]
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE)
        tasks += [self._gathering] if self._gathering else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self) -> None:
        """Wait for nothing any more: batches at work go on at the provider, and who waits for them is told so."""
        self._stopped = True
        for waiting in self._queue.values():
            if not waiting.joined.done():
                waiting.joined.set_exception(_stopped())
        self._queue.clear()
        for running in self._running:
            running.leave()

    def find(self, call: Call) -> None:
        """Nothing is recorded here."""

    def void(self, call: Call) -> None:
        """Nothing to do: nothing is recorded here."""

    async def exchange(self, call: Call) -> Receipt:
        """The answer, from as many batches as it takes.

        Raises:
            Fault: there is none.
            AccountError, TemporaryError, StoppedError: no batch can be had, or it is at work still.
        """
        key = self._key_of(call)
        failed: Fault | None = None
        for _ in range(self._policy.attempts):
            running = self._by_key.get(key) or await self._joined(Line(key, call.request.payload))
            try:
                answer = (await self._answers(running)).pop(key, None)
            finally:
                self._by_key.pop(key, None)
            asyncio.get_running_loop().call_soon(running.job.taken, key)
            if answer is None:
                continue
            if (fault := self._fault(answer)) is None:
                return self._receipt(answer, running.job)
            if fault.action not in (FaultAction.RETRY, FaultAction.BACK_OFF):
                raise fault
            failed = fault
        why = failed.what if failed else f"{self._account.provider} did not come to it"
        what = f"{why}; given up after {self._policy.attempts} batches"
        raise Fault(what, FaultAction.FAIL_CALL, failed.status if failed else None)

    def _receipt(self, answer: Answer, job: Job) -> Receipt:
        body = redacted(answer.body, self._account.key)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return Receipt(body, now, round(time() - job.began, 3), batch=True)

    def _fault(self, answer: Answer) -> Fault | None:
        """The fault that a line's error is; None for an answer, which is read as any other."""
        if answer.status == 200:
            return None
        try:
            api_error = self._dialect.api_error(parsed_json(answer.body))
        except (ValueError, RecursionError):
            api_error = None
        return classify(answer.status, {}, api_error, answer.body[:_HEAD], self._account)

    def _job(self) -> Job:
        return Job(self._account, self._api, self._requests, self._records, self._policy, self._wait)

    async def _answers(self, running: _Running) -> dict[str, Answer]:
        """The answers of a batch, whose work is begun if it has not been; an error where the run is told to stop."""
        if running.outcome is None:
            assert running.known, "a new batch is begun when it is gathered"
            self._begin(running, running.job.resume(running.known))
        assert running.outcome
        return await asyncio.shield(running.outcome)

    def _begin(self, running: _Running, work: Coroutine[Any, Any, dict[str, Answer]]) -> None:
        outcome = running.outcome = asyncio.get_running_loop().create_future()
        # Who waited may have gone by then.
        outcome.add_done_callback(lambda done: done.exception())

        async def end() -> None:
            try:
                answers = await work
            except Exception as error:
                running.fail(error)  # a fault of our own too, or its calls would wait for ever
            else:
                if not outcome.done():
                    outcome.set_result(answers)

        running.task = asyncio.create_task(end())
        self._running.append(running)

    async def _joined(self, line: Line) -> _Running:
        """The batch that a call goes out in, once that is made."""
        if self._stopped:
            raise _stopped()
        waiting = self._queue[line.key] = _Queued(line)
        if self._gathering is None or self._gathering.done():
            self._gathering = asyncio.create_task(self._gather())
        return await waiting.joined

    async def _gather(self) -> None:
        """Make a batch of what waits, once no further call has come for a while."""
        size = -1
        while size != len(self._queue):
            size = len(self._queue)
            await asyncio.sleep(self._policy.quiet)
        waiting, self._queue = list(self._queue.values()), {}
        for part in _parts(waiting, self._api.most_lines, self._api.most_bytes):
            running = _Running(self._job())
            self._begin(running, running.job.create([one.line for one in part]))
            for one in part:
                self._by_key[one.line.key] = running
                if not one.joined.done():
                    one.joined.set_result(running)


def _stopped() -> StoppedError:
    return StoppedError("no batch is made any more: the run was told to stop", code="batch-stopped")


def _parts(waiting: Sequence[_Queued], most_lines: int, most_bytes: int) -> Iterator[list[_Queued]]:
    """As few batches as the limits allow, in order."""
    part: list[_Queued] = []
    size = 0
    for one in waiting:
        more = len(one.line.payload) + _LINE
        if part and (len(part) >= most_lines or size + more > most_bytes):
            yield part
            part, size = [], 0
        part.append(one)
        size += more
    if part:
        yield part
