"""How an account is asked: over HTTP, or by a program."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from cassia_engine.providers.accounts import Account
from cassia_engine.providers.chat import Exchange
from cassia_engine.providers.egress import Sender
from cassia_engine.providers.program import Program
from cassia_engine.providers.transport import Transport
from cassia_engine.records import COMMAND


class AccountExchange(Exchange, Sender, Protocol):
    """The exchange of an account, which shows a request also before it is open."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


def open_exchange(
    account: Account,
    *,
    proxy: str | None = None,
    trust_env: bool = False,
    connections: int = 16,
    timeout: float = 300.0,
    air_gap: bool = False,
) -> AccountExchange:
    """What makes attempts at calls to an account, opened as a context manager; see `Transport` for the arguments.

    Raises:
        UsageError: the proxy's URL or the program cannot be used.
    """
    if account.dialect == COMMAND:
        return Program(account, timeout=timeout)
    return Transport(
        account, proxy=proxy, trust_env=trust_env, connections=connections, timeout=timeout, air_gap=air_gap
    )
