"""Batches in place of single calls: an exchange for each model, and the journal by which a batch is found again."""

from __future__ import annotations

import math

from cassia_engine.journal import Journal, key_of
from cassia_engine.llm.accounts import Accounts
from cassia_engine.providers.accounts import Account
from cassia_engine.providers.batches.exchange import BatchExchange
from cassia_engine.providers.batches.table import api_of
from cassia_engine.providers.transport import Transport
from cassia_engine.settings import AnnotateSettings
from cassia_engine.settings.durations import seconds_of


class Batching:
    """The batches of a run.

    Raises:
        UsageError: the provider has no batch API.
    """

    def __init__(self, settings: AnnotateSettings, accounts: Accounts):
        self._apis = {model: api_of(account) for model, account in accounts.by_model.items()}
        self._wait = math.inf if settings.batch_wait is None else seconds_of(settings.batch_wait)
        self._exchanges: list[BatchExchange] = []

    def exchange(self, account: Account, transport: Transport, journal: Journal) -> BatchExchange:
        """The exchange for a model, to be opened."""
        api = self._apis[account.model]
        exchange = BatchExchange(account, api, transport, journal, key_of, wait=self._wait)
        self._exchanges.append(exchange)
        return exchange

    def stop(self) -> None:
        """Let batches that are at work go on at the provider, and wait for none of them any more."""
        for exchange in self._exchanges:
            exchange.stop()
