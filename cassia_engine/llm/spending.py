"""The budget of a run, by its settings: what it may spend, and where it is held."""

from __future__ import annotations

from pathlib import Path

from cassia_engine.budget import Budget, FileLedger, Ledger
from cassia_engine.budget.amounts import cap_of
from cassia_engine.budget.exchange import price_for
from cassia_engine.budget.folders import budget_folder, read_cap, read_reached, say_reached
from cassia_engine.callers import argument
from cassia_engine.errors import UsageError
from cassia_engine.llm.accounts import Accounts
from cassia_engine.providers.transport import longest_answer
from cassia_engine.settings import AnnotateSettings

_MARGIN = 60.0  # seconds: machines do not agree on the time, and file systems show things late


class Spending:
    """What a run may spend.

    Args:
        sample: whose budget it is, where the run has none of its own.

    Raises:
        UsageError: the budget has no journal, or no usable name.
    """

    def __init__(self, settings: AnnotateSettings, sample: str):
        self._settings = settings
        self._folder: Path | None = None
        if settings.journal_dir is not None:
            self._folder = budget_folder(settings.journal_dir, sample, settings.budget)
        elif settings.budget is not None:
            what = f"{argument('budget')} is held in the journal; give its folder as {argument('journal_dir')}"
            raise UsageError(what, code="budget-without-journal")

    @property
    def is_capped(self) -> bool:
        return self._settings.max_cost is not None or self._settings.budget is not None

    def check(self, accounts: Accounts) -> None:
        """Make sure that the cost of every call can be told before it is sent, and that there is a cap.

        Raises:
            UsageError: the price of a model is not known, or the budget has no cap.
        """
        if self.is_capped:
            self._cap()
            for account in accounts.by_model.values():
                price_for(account)

    def open(self, accounts: Accounts) -> Budget | None:
        """The budget of this task; None where anything may be spent.

        Raises:
            UsageError, TemporaryError: its folder cannot be read.
        """
        if not self.is_capped:
            return None
        ledger = Ledger() if self._folder is None else FileLedger(self._folder)
        longest = max(longest_answer(one, self._settings.timeout) for one in accounts.by_model.values())
        return Budget(ledger, cap_of(self._cap()), longest + _MARGIN)

    def say_reached(self, line: str) -> None:
        """Leave a line for those who ask why clusters were not reached.

        Raises:
            UsageError, TemporaryError: it cannot be written.
        """
        if self._folder is not None:
            say_reached(self._folder, line)

    def reached(self) -> str:
        """Why a task of this budget has stopped, "" if none has."""
        return "" if self._folder is None else read_reached(self._folder)

    def _cap(self) -> float:
        if self._settings.max_cost is not None:
            return self._settings.max_cost
        assert self._folder is not None
        return read_cap(self._folder)
