"""The exchanges of a run: HTTP or a program, the budget around that, and the journal around both."""

from __future__ import annotations

from cassia_engine.budget import Budget, Budgeted
from cassia_engine.journal import Journal
from cassia_engine.providers.accounts import Account
from cassia_engine.providers.chat import Exchange
from cassia_engine.providers.exchanges import AccountExchange, open_exchange
from cassia_engine.settings import AnnotateSettings


def exchange_of(account: Account, settings: AnnotateSettings, connections: int) -> AccountExchange:
    """What makes attempts at calls to an account, as the settings say."""
    return open_exchange(
        account,
        proxy=settings.proxy,
        trust_env=settings.trust_env,
        connections=connections,
        timeout=settings.timeout,
        air_gap=settings.air_gap,
    )


def recorded(inner: Exchange, account: Account, journal: Journal | None, budget: Budget | None) -> Exchange:
    """The journal, if one is kept, around the budget, if there is one: what is recorded costs nothing."""
    exchange: Exchange = Budgeted(budget, account, inner) if budget else inner
    return journal.recorded(exchange) if journal else exchange


def close(journal: Journal | None, budget: Budget | None) -> None:
    """Write what is left to write; the journal whatever comes of the budget."""
    try:
        if budget:
            budget.close()
    finally:
        if journal:
            journal.close()
