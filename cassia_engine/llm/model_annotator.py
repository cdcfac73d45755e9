"""The language-model annotator: a conversation per cluster, many at once, in an event loop of its own thread.

The thread lets it work where a loop is running already, as in a notebook, and keeps the caller free to hear Ctrl-C.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TypeVar

from msgspec import structs

from cassia_engine import prompts
from cassia_engine._version import __version__
from cassia_engine.calibration import Calibration, open_calibration
from cassia_engine.callers import argument, option
from cassia_engine.cancellation import Cancellation
from cassia_engine.errors import AccountError, BudgetError, CassiaError, TemporaryError
from cassia_engine.event_loop import in_this_loop, in_thread
from cassia_engine.journal import Journal, account_id, read_stop, stop_of, write_stop
from cassia_engine.llm.accounts import Accounts, for_replay, limits_of
from cassia_engine.llm.batching import Batching
from cassia_engine.llm.exchanges import close, exchange_of, recorded
from cassia_engine.llm.genes import GeneReader
from cassia_engine.llm.spending import Spending
from cassia_engine.llm.work import OnDone, Work
from cassia_engine.ontology import Ontology
from cassia_engine.process_limits import check_open_files, forbid_core_dumps
from cassia_engine.progress import Activity
from cassia_engine.providers.accounts import default_workers, warnings_of
from cassia_engine.providers.chat import ChatModel, Exchange
from cassia_engine.providers.client import Client
from cassia_engine.providers.command_line import check_program
from cassia_engine.providers.transport import Transport
from cassia_engine.records import (
    COMMAND,
    SETTINGS_OF_SETUP,
    Chunk,
    ClusterResult,
    ControlResult,
    Dataset,
    RunInfo,
    Setup,
)
from cassia_engine.secret import Secret
from cassia_engine.settings import AnnotateSettings
from cassia_engine.text import counted

log = logging.getLogger(__name__)

NOTICE = "the cell types are a language model's answers: hypotheses to be checked"
KEPT = "what was answered is in the journal, run the same again to go on"

Result = TypeVar("Result")


class ModelAnnotator:
    """Asks the model of an account. Opening it sends nothing.

    Args:
        replay: only read what the journal holds; nothing is sent and no key is needed.
        genes: reads what the table says of any gene; None where second annotators cannot ask for genes.

    Raises:
        UsageError, AccountError: the provider, its URL or its key cannot be used, or open files are too few.
    """

    def __init__(
        self, settings: AnnotateSettings, dataset: Dataset, replay: bool = False, genes: GeneReader | None = None
    ):
        self._calibration = open_calibration(settings.calibration, settings.provider)
        key = settings.api_key or (Secret("replay") if replay else None)
        self._accounts = Accounts.opened(settings, key)
        self._account = self._accounts.first
        workers = settings.max_workers or default_workers(self._account)
        self._workers = max(1, workers // settings.tasks)
        if not replay:
            check_open_files(self._workers)
            forbid_core_dumps()
            if self._account.dialect == COMMAND:
                check_program(self._account.base_url)
            if settings.max_workers is None and self._workers == 1:
                who = "the program" if self._account.dialect == COMMAND else "a server on this machine"
                log.info("%s is asked one call at a time; %s allows more", who, argument("max_workers"))
        self._settings = for_replay(settings) if replay else settings
        self._replay, self._genes = replay, genes
        self._work: Work | None = None
        self._batches = Batching(settings, self._accounts) if settings.batch and not replay else None
        self._account_id = account_id(self._account)
        self.warnings = tuple(line for account in self._accounts.by_model.values() for line in warnings_of(account))
        self.run_info = _run_info(self._accounts, settings, self._calibration, looks_up=genes is not None)
        self._spending = Spending(settings, dataset.name)
        if not replay:
            self._spending.check(self._accounts)
        self._folder = None if settings.journal_dir is None else settings.journal_dir / dataset.name

    def annotate_all(self, chunk: Chunk, put: OnDone, stop: Cancellation) -> CassiaError | None:
        """Give the result of each cluster and control that is done to `put`; returns what ended the work early.

        If it is interrupted (KeyboardInterrupt), answers on their way are waited for and recorded before the interrupt
        goes on; a second one ends that.
        """
        journal = None if self._folder is None else Journal.open(self._folder, __version__)
        self._work = work = Work(
            chunk,
            self._settings,
            self._accounts,
            journal,
            self._workers,
            self._calibration,
            self._genes,
            all_at_once=self._batches is not None,
            replay=self._replay,
            budget=None if self._replay else self._spending.open(self._accounts),
        )
        # Genes are offered only for tables with more of them than were shown, which is first known here.
        if (setup := self.run_info.setup) and setup.looks_up and not chunk.lookup_genes:
            self.run_info = structs.replace(self.run_info, setup=structs.replace(setup, looks_up=False))
        n_done = 0

        def take(result: ClusterResult | ControlResult) -> None:
            nonlocal n_done
            n_done += 1
            put(result)

        if chunk.controls and not self._replay:
            many = counted(len(chunk.controls), "list")
            log.info("%s as controls: a call each more (%s for none)", many, option("controls", 0))
        try:
            in_thread(lambda give: self._main(work, give, stop), take, stop)
        except KeyboardInterrupt:
            kept = f"; {KEPT}" if journal else ""
            log.warning("stopped, and no output is written%s", kept)
            raise
        if journal and journal.reused and not self._replay:
            total = journal.reused + journal.answered
            log.info("%d of %d answers are from the journal; %d calls were sent", journal.reused, total, journal.asked)
        if work.budget:
            spent, cap = work.budget.words
            log.info("%s of the %s that %s allows is spent", spent, cap, argument("max_cost"))
        if work.ended is None and stop.requested and n_done < len(chunk.clusters) + len(chunk.controls):
            return TemporaryError(f"stopped; {KEPT}", code="stopped-with-journal")
        return work.ended

    def activity(self) -> Activity | None:
        """What goes on at the provider; None before anything is asked, and in a replay."""
        clients = () if self._replay or self._work is None else tuple(self._work.clients.values())
        if not clients:
            return None
        costs, budget = [client.spent.cost_usd for client in clients], self._work.budget if self._work else None
        return Activity(
            in_flight=sum(client.in_flight for client in clients),
            paused=max(client.pause_left for client in clients),
            held=any(client.held for client in clients),
            tokens=sum(client.spent.tokens for client in clients),
            cost_usd=None if None in costs else sum(filter(None, costs)),
            cap_usd=budget.cap if budget else None,
        )

    def hold(self, talk: Callable[[ChatModel], Awaitable[Result]], stop: Cancellation) -> Result:
        """Hold one conversation of another kind with the model; its replies are recorded as those on clusters are.

        Raises:
            AccountError, TemporaryError, StoppedError: no further call can be made.
        """
        held: list[Result] = []

        async def main(give: Callable[[Result], None]) -> None:
            give(await self.hold_here(talk, stop))

        in_thread(main, held.append, stop)
        return held[0]

    async def hold_here(self, talk: Callable[[ChatModel], Awaitable[Result]], stop: Cancellation) -> Result:
        """The same in the loop that is running.

        Raises:
            AccountError, TemporaryError, StoppedError: no further call can be made.
        """
        journal = None if self._folder is None else Journal.open(self._folder, __version__)
        budget = self._spending.open(self._accounts)
        try:
            async with exchange_of(self._account, self._settings, self._workers) as transport:
                exchange = recorded(transport, self._account, journal, budget)
                client = Client(
                    self._account,
                    exchange,
                    max_workers=self._workers,
                    halted=self._halted,
                    limits=limits_of(self._settings),
                )

                def end() -> None:
                    client.stop()
                    if budget:
                        budget.stop()

                stop.on_request(in_this_loop(end))
                return await talk(client)
        except AccountError as error:
            self._say_why(error)
            raise
        finally:
            close(journal, budget)

    async def _main(self, work: Work, put: OnDone, stop: Cancellation) -> None:
        journal, budget = work.journal, work.budget
        if self._replay:
            assert journal is not None, "nothing to replay without a journal"
            nothing = journal.recorded(None)
            await work.hold_all(dict.fromkeys(self._accounts.by_model, nothing), put, stop, lambda: "")
            return
        try:
            async with AsyncExitStack() as open_ones:
                exchanges: dict[str, Exchange] = {}
                for model, account in self._accounts.by_model.items():
                    exchange: Exchange = await open_ones.enter_async_context(
                        exchange_of(account, self._settings, self._workers)
                    )
                    if self._batches and journal and isinstance(exchange, Transport):
                        gathered = self._batches.exchange(account, exchange, journal)
                        exchange = await open_ones.enter_async_context(gathered)
                    exchanges[model] = recorded(exchange, account, journal, budget)
                await work.hold_all(exchanges, put, stop, self._halted, self._stop_batches)
        finally:
            close(journal, budget)
        if isinstance(work.ended, AccountError):
            self._say_why(work.ended)

    def _say_why(self, ended: AccountError) -> None:
        """Leave a line for other tasks, and for those who ask why clusters were not reached."""
        if isinstance(ended, BudgetError):
            self._spending.say_reached(str(ended))
        elif self._settings.journal_dir is not None:
            write_stop(self._settings.journal_dir, self._account_id, str(ended))

    def _stop_batches(self) -> None:
        if self._batches:
            self._batches.stop()

    def stopped(self) -> str:
        """Why tasks of this run have stopped, and what to do: the account has refused, which is known without the key
        that a replay does not have, or the budget is spent; "" if neither is known."""
        folder = self._settings.journal_dir
        refused = "" if folder is None else stop_of(folder, self._account.provider)
        return f"{refused}; when that is corrected, run again with -resume" if refused else self._spending.reached()

    def _halted(self) -> str:
        """Why another task of the run has found that this account refuses, "" if none has."""
        folder = self._settings.journal_dir
        return "" if folder is None else read_stop(folder, self._account_id)


def _run_info(accounts: Accounts, settings: AnnotateSettings, calibration: Calibration, looks_up: bool) -> RunInfo:
    asked = {
        "validator_involvement": settings.validator_involvement,
        "second_model": settings.second_model,
        "votes": settings.votes if settings.votes > 1 else None,
        "escalate_to": accounts.strong.model if accounts.strong else None,
        "fallback_model": accounts.fallback.model if accounts.fallback else None,
        "depth": settings.depth,
        "max_rounds": settings.max_rounds,
        "temperature": settings.temperature,
        "reasoning": settings.reasoning,
        "hide_fractions": settings.hide_fractions or None,
    }
    return RunInfo(
        provider=accounts.first.provider,
        model=accounts.models,
        engine_version=__version__,
        notice=NOTICE,
        knowledge=f"Cell Ontology {Ontology.version}",
        ontology=Ontology.version,
        prompts=prompts.VERSION,
        parameters=tuple((name, f"{value}") for name, value in asked.items() if value is not None),
        calibration=calibration.basis,
        setup=Setup(
            dialect=accounts.first.dialect,
            voters=tuple(account.model for account in accounts.voters),
            second=accounts.second.model if accounts.second else None,
            strong=accounts.strong.model if accounts.strong else None,
            fallback=accounts.fallback.model if accounts.fallback else None,
            looks_up=looks_up,
            calibration=calibration.text if settings.calibration else "",
            **{name: getattr(settings, name) for name in SETTINGS_OF_SETUP},
        ),
    )
