"""The requests that the conversations of a chunk would send, as far as answers in the journal let them follow."""

from __future__ import annotations

import os
from collections.abc import Callable

from cassia_engine._version import __version__
from cassia_engine.calibration import open_calibration
from cassia_engine.callers import argument
from cassia_engine.cancellation import Cancellation
from cassia_engine.errors import AccountError, UsageError
from cassia_engine.event_loop import in_thread
from cassia_engine.journal import Journal
from cassia_engine.llm.accounts import Accounts, without_limits
from cassia_engine.llm.exchanges import exchange_of
from cassia_engine.llm.genes import GeneReader
from cassia_engine.llm.work import Work
from cassia_engine.providers.egress import Egress, Shown
from cassia_engine.records import Chunk
from cassia_engine.redaction import MASK
from cassia_engine.secret import Secret
from cassia_engine.settings import AnnotateSettings


def open_accounts(settings: AnnotateSettings) -> Accounts:
    """Who would be asked. A key is taken where there is one, as it decides how requests are signed; none is needed, and
    none is asked for elsewhere, as AWS lends some.

    Raises:
        UsageError: the provider, its URL or a model cannot be used.
    """
    try:
        return Accounts.opened(settings, settings.api_key, dict(os.environ))
    except AccountError:
        return Accounts.opened(settings, Secret(MASK))


def show_requests(
    chunk: Chunk,
    settings: AnnotateSettings,
    accounts: Accounts,
    genes: GeneReader | None,
    show: Callable[[Shown], None],
    fresh: bool = False,
) -> None:
    """Give each request that would be sent now to `show`. Nothing is sent, and the journal is only read.

    Args:
        genes: reads what the table says of any gene, as for an annotator.
        fresh: as if nothing were recorded.

    Raises:
        UsageError: requests would not be sent one by one.
    """
    if settings.batch:
        what = "single requests are shown, and a batch has the same bodies in one file; leave it out to see them"
        raise UsageError(f"{argument('batch')}: {what}", code="egress-of-batch")
    folder = None if settings.journal_dir is None or fresh else settings.journal_dir / chunk.dataset.name
    journal = None if folder is None else Journal.open(folder, __version__)
    calibration = open_calibration(settings.calibration, settings.provider)
    work = Work(chunk, without_limits(settings), accounts, journal, 1, calibration, genes)
    stop = Cancellation()

    async def main(give: Callable[[Shown], None]) -> None:
        recorded = journal.recorded(None) if journal else None
        exchanges = {
            model: Egress(exchange_of(account, settings, 1), recorded, give)
            for model, account in accounts.by_model.items()
        }
        await work.hold_all(exchanges, lambda result: None, stop, lambda: "")

    def take(request: Shown) -> None:
        try:
            show(request)
        except BaseException:
            stop.request()  # that nobody reads on, as behind head, is no reason to wait
            raise

    in_thread(main, take, stop)
    if work.ended:
        raise work.ended
