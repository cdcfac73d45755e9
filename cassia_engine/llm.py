"""The language-model annotator: a conversation per cluster, many at once, in an event loop of its own thread.

The thread lets it work where a loop is running already, as in a notebook, and keeps the caller free to hear Ctrl-C.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import queue
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from cassia_engine import prompts
from cassia_engine._version import __version__
from cassia_engine.callers import argument
from cassia_engine.cancellation import GRACE_SECONDS, Cancellation, say_stopping
from cassia_engine.conversation import converse
from cassia_engine.errors import AccountError, CassiaError, StoppedError, TemporaryError
from cassia_engine.journal import Journal, account_id, read_stop, stop_of, write_stop
from cassia_engine.ontology import Ontology
from cassia_engine.process_limits import check_open_files, forbid_core_dumps, start
from cassia_engine.prompts import Briefing
from cassia_engine.providers.accounts import Account, default_workers, open_account, warnings_of
from cassia_engine.providers.chat import Exchange
from cassia_engine.providers.client import Client
from cassia_engine.providers.transport import Transport
from cassia_engine.records import Chunk, Cluster, ClusterResult, Dataset, RunInfo
from cassia_engine.secret import Secret
from cassia_engine.settings import AnnotateSettings

log = logging.getLogger(__name__)

NOTICE = "the cell types are a language model's answers: hypotheses to be checked"
KEPT = "what was answered is in the journal, run the same again to go on"

OnDone = Callable[[ClusterResult], None]


class ModelAnnotator:
    """Asks the model of an account. Opening it sends nothing.

    Args:
        replay: only read what the journal holds; nothing is sent and no key is needed.

    Raises:
        UsageError, AccountError: the provider, its URL or its key cannot be used, or open files are too few.
    """

    def __init__(self, settings: AnnotateSettings, dataset: Dataset, replay: bool = False):
        key = settings.api_key or (Secret("replay") if replay else None)
        self._account = open_account(
            settings.provider, settings.model, settings.base_url, key=key, allow_http=settings.allow_http
        )
        self._workers = settings.max_workers or default_workers(self._account)
        if not replay:
            check_open_files(self._workers)
            forbid_core_dumps()
            if settings.max_workers is None and self._workers == 1:
                log.info(
                    "a server on this machine is asked one call at a time; %s allows more", argument("max_workers")
                )
        self._settings = settings
        self._replay = replay
        self._account_id = account_id(self._account)
        self.warnings = warnings_of(self._account)
        self.run_info = _run_info(self._account, settings)
        self._folder = None if settings.journal_dir is None else settings.journal_dir / dataset.name

    def annotate_all(self, chunk: Chunk, put: OnDone, stop: Cancellation) -> CassiaError | None:
        """Give the result of each cluster that is done to `put`; returns what ended the work early.

        If it is interrupted (KeyboardInterrupt), answers on their way are waited for and recorded before the interrupt
        goes on; a second one ends that.
        """
        journal = None if self._folder is None else Journal.open(self._folder, __version__)
        work = _Work(chunk, self._settings, self._account, journal, self._workers)
        n_done = 0

        def take(result: ClusterResult) -> None:
            nonlocal n_done
            n_done += 1
            put(result)

        try:
            _in_thread(lambda give: self._main(work, give, stop), take, stop)
        except KeyboardInterrupt:
            kept = f"; {KEPT}" if journal else ""
            log.warning("stopped, and no output is written%s", kept)
            raise
        if journal and journal.reused and not self._replay:
            total = journal.reused + journal.answered
            log.info("%d of %d answers are from the journal; %d calls were sent", journal.reused, total, journal.asked)
        if work.ended is None and stop.requested and n_done < len(chunk.clusters):
            return TemporaryError(f"stopped; {KEPT}", code="stopped-with-journal")
        return work.ended

    async def _main(self, work: _Work, put: OnDone, stop: Cancellation) -> None:
        journal, settings = work.journal, self._settings
        if self._replay:
            assert journal is not None, "nothing to replay without a journal"
            await work.hold_all(journal.recorded(None), put, stop, lambda: "")
            return
        try:
            async with Transport(
                self._account,
                proxy=settings.proxy,
                trust_env=settings.trust_env,
                connections=self._workers,
                timeout=settings.timeout,
            ) as transport:
                await work.hold_all(journal.recorded(transport) if journal else transport, put, stop, self._halted)
        finally:
            if journal:
                journal.close()
        if isinstance(work.ended, AccountError) and settings.journal_dir is not None:
            write_stop(settings.journal_dir, self._account_id, str(work.ended))

    def refused(self) -> str:
        """Why the account has refused, "" if it has not; known without the key, which a replay does not have."""
        folder = self._settings.journal_dir
        return "" if folder is None else stop_of(folder, self._account.provider)

    def _halted(self) -> str:
        """Why another task of the run has found that this account refuses, "" if none has."""
        folder = self._settings.journal_dir
        return "" if folder is None else read_stop(folder, self._account_id)


@dataclass
class _Work:
    """The clusters of a chunk and what their conversations need; `ended` is what ended them early."""

    chunk: Chunk
    settings: AnnotateSettings
    account: Account
    journal: Journal | None
    max_workers: int
    ended: CassiaError | None = None

    async def hold_all(self, exchange: Exchange, put: OnDone, stop: Cancellation, halted: Callable[[], str]) -> None:
        """Run the conversations, twice as many at once as calls may be in flight: so there is always a call to make,
        and a run that is stopped leaves few conversations half done."""
        client = Client(self.account, exchange, max_workers=self.max_workers, halted=halted)
        stopping = asyncio.Event()

        def end() -> None:
            client.stop()
            stopping.set()

        loop = asyncio.get_running_loop()

        def end_soon() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed: all is done
                loop.call_soon_threadsafe(end)

        stop.on_request(end_soon)
        conversations, waiting = _Conversations(self, client), iter(self.chunk.clusters)
        width = min(2 * self.max_workers, len(self.chunk.clusters))
        workers = []
        for _ in range(width):
            workers.append(asyncio.create_task(self._run_in_turn(waiting, conversations, put, end)))
            # What one has asked goes out before the next question is written.
            await asyncio.sleep(0)
        conversations.index_ontology()
        everyone = asyncio.create_task(asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION))
        cancelled = asyncio.create_task(stopping.wait())
        waited: set[asyncio.Future[Any]] = {everyone, cancelled}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        client.stop()
        await asyncio.wait(workers, timeout=GRACE_SECONDS)
        for task in (cancelled, everyone, *workers):
            task.cancel()
        # A fault of our own in one of them is raised; who was cancelled after the grace has no answer, which is known.
        for outcome in await asyncio.gather(*workers, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def _run_in_turn(
        self, waiting: Iterator[Cluster], conversations: _Conversations, put: OnDone, end: Callable[[], None]
    ) -> None:
        for cluster in waiting:
            try:
                put(await conversations.run(cluster))
            except StoppedError:
                continue  # not reached; in a replay others may be in the journal
            except CassiaError as error:
                self.ended = self.ended or error
                end()
                return


class _Conversations:
    """The conversations of clusters: the first, further ones where they failed, and those that the journal holds."""

    def __init__(self, work: _Work, client: Client):
        chunk, self._settings = work.chunk, work.settings
        self._client = client
        self._replayer = (
            Client(work.account, work.journal.recorded(None), max_workers=work.max_workers) if work.journal else None
        )
        self._briefing = Briefing(
            chunk.dataset,
            chunk.selection,
            chunk.siblings,
            work.settings.validator_involvement,
            with_fractions=not work.settings.hide_fractions,
        )
        self._ontology = Ontology.load()
        self._asked_again: set[int] = set()

    def index_ontology(self) -> None:
        """Make its index, a third of a second's work, in a thread: while the first answers are awaited."""
        start(threading.Thread(target=self._ontology.resolve, args=("cell",), daemon=True))

    async def run(self, cluster: Cluster) -> ClusterResult:
        """The first result that is no failure, else the last; with the calls of all its conversations."""
        if not cluster.markers:
            return ClusterResult.unanswered(cluster, "")
        result = await self._converse(cluster, self._client, 0)
        replicate = 1
        while result.outcome.is_failure and (further := await self._further(cluster, replicate)):
            result = _with_earlier(further, result)
            replicate += 1
        return result

    async def _further(self, cluster: Cluster, replicate: int) -> ClusterResult | None:
        """A further conversation: one of `max_retries`, or one that an earlier run has left in the journal, or, with
        `retry_failed`, a single new one. None if it is none of these."""
        if replicate <= self._settings.max_retries:
            return await self._converse(cluster, self._client, replicate)
        if self._replayer:
            with contextlib.suppress(StoppedError):
                return await self._converse(cluster, self._replayer, replicate)
        if self._settings.retry_failed and cluster.index not in self._asked_again:
            self._asked_again.add(cluster.index)
            return await self._converse(cluster, self._client, replicate)
        return None

    async def _converse(self, cluster: Cluster, client: Client, replicate: int) -> ClusterResult:
        return await converse(cluster, self._briefing, client, self._settings, self._ontology, replicate)


def _in_thread(main: Callable[[OnDone], Coroutine[Any, Any, None]], take: OnDone, stop: Cancellation) -> None:
    """Run a coroutine in a loop of a thread of its own, and `take` here what it puts."""
    results: queue.SimpleQueue[ClusterResult | _End] = queue.SimpleQueue()

    def work() -> None:
        try:
            asyncio.run(main(results.put))
            results.put(_End(None))
        except BaseException as error:
            results.put(_End(error))

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), name="cassia", daemon=True)
    start(thread)
    try:
        while not isinstance(item := results.get(), _End):
            take(item)
    except BaseException:
        # What comes while it is stopping is a second request: at once. A daemon does not keep the process.
        if not stop.requested:
            stop.request()
            say_stopping()
            thread.join()
        raise
    thread.join()
    if item.error:
        raise item.error


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None


def _with_earlier(result: ClusterResult, earlier: ClusterResult) -> ClusterResult:
    """A further conversation's result, with what the earlier ones cost."""
    calls = (*earlier.conversation.calls, *result.conversation.calls)
    return replace(result, conversation=replace(result.conversation, calls=calls), usage=earlier.usage + result.usage)


def _run_info(account: Account, settings: AnnotateSettings) -> RunInfo:
    asked = {
        "validator_involvement": settings.validator_involvement,
        "max_rounds": settings.max_rounds,
        "temperature": settings.temperature,
        "reasoning": settings.reasoning,
        "hide_fractions": settings.hide_fractions or None,
    }
    return RunInfo(
        provider=account.provider,
        model=account.model,
        engine_version=__version__,
        notice=NOTICE,
        knowledge=f"Cell Ontology {Ontology.version}",
        ontology=Ontology.version,
        prompts=prompts.VERSION,
        parameters=tuple((name, f"{value}") for name, value in asked.items() if value is not None),
    )
