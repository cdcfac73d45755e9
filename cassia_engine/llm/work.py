"""The work on a chunk: its conversations in an event loop, many at once, until all are held or the run ends early."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cassia_engine.budget import Budget
from cassia_engine.calibration import Calibration
from cassia_engine.cancellation import GRACE_SECONDS, Cancellation
from cassia_engine.errors import CassiaError, StoppedError
from cassia_engine.event_loop import in_this_loop
from cassia_engine.journal import Journal
from cassia_engine.llm.accounts import Accounts, Models, limits_of
from cassia_engine.llm.conversations import Conversations
from cassia_engine.llm.genes import GeneReader, Genes
from cassia_engine.providers.chat import Exchange
from cassia_engine.providers.client import Client
from cassia_engine.records import Chunk, Cluster, ClusterResult, Control, ControlResult
from cassia_engine.settings import AnnotateSettings

OnDone = Callable[[ClusterResult | ControlResult], None]


@dataclass
class Work:
    """The clusters of a chunk and what their conversations need.

    Attributes:
        budget: what they may cost; None for any.
        ended: what ended them early.
        clients: whom they ask, by model, once they have begun.
        all_at_once: hold all conversations at once, as a batch is made of what all of them ask.
    """

    chunk: Chunk
    settings: AnnotateSettings
    accounts: Accounts
    journal: Journal | None
    max_workers: int
    calibration: Calibration
    genes: GeneReader | None = None
    all_at_once: bool = False
    replay: bool = False
    budget: Budget | None = None
    ended: CassiaError | None = None
    clients: Mapping[str, Client] = field(default_factory=dict)

    async def hold_all(
        self,
        exchanges: Mapping[str, Exchange],
        put: OnDone,
        stop: Cancellation,
        halted: Callable[[], str],
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        """Run the conversations, twice as many at once as calls may be in flight: so there is always a call to make,
        and a run that is stopped leaves few conversations half done.

        Args:
            exchanges: of each account, by its model.
            on_end: called when the run ends early, so that the exchanges let go of who waits.
        """
        limits, paced = limits_of(self.settings), not self.all_at_once
        self.clients = clients = self.accounts.clients(exchanges, self.max_workers, halted, limits, paced, self._gone())
        client = clients[self.accounts.first.model]  # what stops one stops all: they share their places
        stopping = asyncio.Event()

        def end() -> None:
            client.stop()
            on_end()
            if self.budget:
                self.budget.stop()
            stopping.set()

        stop.on_request(in_this_loop(end))
        models = self.accounts.models_of(clients)
        lookup = Genes(self.genes, self.chunk).lookup if self.genes and self.chunk.lookup_genes else None
        conversations = Conversations(self.chunk, self.settings, models, self._recorded(), self.calibration, lookup)
        everything: tuple[Cluster | Control, ...] = (*self.chunk.clusters, *self.chunk.controls)
        waiting = iter(everything)
        width = len(everything) if self.all_at_once else min(2 * self.max_workers, len(everything))
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

    def _gone(self) -> Mapping[tuple[str, str], str] | None:
        """Models that are known not to be served, where another one is asked in their place.

        A run finds that out anew, as a model may be served meanwhile. A replay can only go by what is on record.
        """
        if self.accounts.fallback is None:
            return None
        return self.journal.gone if self.journal and self.replay else {}

    def _recorded(self) -> Models | None:
        """The models by the journal alone."""
        if self.journal is None:
            return None
        nothing = dict.fromkeys(self.accounts.by_model, self.journal.recorded(None))
        clients = self.accounts.clients(nothing, self.max_workers)
        return self.accounts.models_of(clients, is_empty=self.journal.replies == 0)

    async def _run_in_turn(
        self, waiting: Iterator[Cluster | Control], conversations: Conversations, put: OnDone, end: Callable[[], None]
    ) -> None:
        for one in waiting:
            try:
                put(await conversations.run(one))
            except StoppedError:
                continue  # not reached; in a replay others may be in the journal
            except CassiaError as error:
                self.ended = self.ended or error
                end()
                return
