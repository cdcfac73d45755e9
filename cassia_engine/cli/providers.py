"""`cassia providers`: whom language models can be asked from, and whether it works."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import click

from cassia_engine.cli.options import parameter_option
from cassia_engine.errors import CallFailedError, TemporaryError, UsageError
from cassia_engine.providers.chat import Chat, Message
from cassia_engine.settings import AnnotateSettings
from cassia_engine.settings.declaration import parameters
from cassia_engine.settings.of_command import check_options

if TYPE_CHECKING:
    from cassia_engine.providers.accounts import Account
    from cassia_engine.providers.chat import Call, Exchange, Receipt, Reply
    from cassia_engine.providers.table import Provider

log = logging.getLogger(__name__)

COLUMNS = ("provider", "key_variable", "key", "model", "fast_model", "dialect", "base_url")
_SCHEMA = {
    "title": "cassia_check",
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
# Room for a model that reasons before it says a word.
_QUESTION = Chat("Reply as asked.", (Message("user", 'Reply with {"answer": "ok"} in JSON.'),), 1000, _SCHEMA)


@click.command()
@click.option("--check", metavar="NAME", help="Make one tiny call to this provider (or URL), and say what is wrong.")
@click.option("--model", help="Model or alias to check; the provider's default without it.")
@click.option("--base_url", help="URL to check, where it is not the provider's own.")
@click.option("--command", help="Command line of the program to check, for --check command.")
@click.option("--allow_http", is_flag=True, help="Allow http to other machines than this one.")
@click.option("--proxy", help="URL of a proxy for the call.")
@click.option("--trust_env", is_flag=True, help="Take the proxy from the environment (HTTPS_PROXY, NO_PROXY).")
@parameter_option(parameters(AnnotateSettings)["air_gap"])
def providers(
    check: str | None,
    model: str | None,
    base_url: str | None,
    command: str | None,
    allow_http: bool,
    proxy: str | None,
    trust_env: bool,
    air_gap: bool,
) -> None:
    """List the providers of language models, with the environment variables of their keys.

    A table on a terminal, tab-separated lines elsewhere. Keys are never shown, only whether they are set.
    """
    if check is None:
        names = ("model", "base_url", "command", "proxy")
        if given := [name for name in names if click.get_current_context().params[name]]:
            raise UsageError(
                f"--{given[0]} goes with --check NAME; without it the providers are listed", code="option-without-check"
            )
        _list()
        return
    from cassia_engine.providers.accounts import open_account, warnings_of
    from cassia_engine.providers.exchanges import open_exchange

    check_options(check, command, click.get_current_context().params)
    account = open_account(check, model, base_url, allow_http=allow_http, command=command, air_gap=air_gap)
    for warning in warnings_of(account):
        log.warning("%s", warning)
    exchange = open_exchange(account, proxy=proxy, trust_env=trust_env, connections=1, air_gap=air_gap)
    reply = asyncio.run(_ask(account, exchange))
    click.echo(_verdict(account, reply))


def _list() -> None:
    from rich.console import Console

    from cassia_engine.providers.table import load

    rows = [_cells(row) for row in load()]
    console = Console()
    if console.is_terminal:
        console.print(_listing(rows))
    else:
        for cells in (COLUMNS, *rows):
            click.echo("\t".join(cells))
    log.info(
        "cassia providers --check NAME makes one tiny call to one of them; --provider offline needs none of them, "
        "it scores markers and asks no language model"
    )


def _cells(row: Provider) -> tuple[str, ...]:
    from cassia_engine.providers.accounts import default_models
    from cassia_engine.providers.keys import key_is_set

    unset = "not needed" if row.key == "optional" else "not set"
    key = "set" if key_is_set(row, os.environ) else unset
    return row.provider, row.key_variable, key, *default_models(row), row.dialect, row.base_url


def _listing(rows: Sequence[Sequence[str]]) -> Any:
    from rich.table import Column, Table
    from rich.text import Text

    # Names are there to be copied: two lines a provider, so that none is folded where a terminal is narrow.
    titles = ("Provider\nDialect", "Variable of the key\nKey", "Default model\nFast model")
    table = Table(*(Column(title, no_wrap=True) for title in titles), box=None, pad_edge=False, padding=(0, 2, 1, 0))
    for provider, variable, key, model, fast_model, dialect, _ in rows:
        pairs = ((provider, dialect), (variable, key), (model, fast_model))
        # Text, so that square brackets are not taken for markup.
        table.add_row(*(Text("\n".join(pair)) for pair in pairs))
    return table


class _AtOnce:
    """An exchange that does not wait for better times: a check is about how it is now."""

    def __init__(self, inner: Exchange):
        self._inner = inner

    def find(self, call: Call) -> None:
        """Nothing is recorded here."""

    async def exchange(self, call: Call) -> Receipt:
        from cassia_engine.providers.faults import Fault, FaultAction

        try:
            return await self._inner.exchange(call)
        except Fault as fault:
            if fault.action not in (FaultAction.BACK_OFF, FaultAction.RETRY):
                raise
            text = fault.what
        raise TemporaryError(f"{text}; try again later", code="provider-busy")

    def void(self, call: Call) -> None:
        self._inner.void(call)


async def _ask(account: Account, opened: AbstractAsyncContextManager[Exchange]) -> Reply:
    """The reply to one tiny question.

    Raises:
        UsageError: the provider refuses the request, most often because it has no such model.
        AccountError, TemporaryError: as their names say.
    """
    from cassia_engine.providers.client import Client
    from cassia_engine.providers.retry_policy import RetryPolicy

    async with opened as exchange:
        client = Client(account, _AtOnce(exchange), max_workers=1, retry_policy=RetryPolicy(attempts=1, max_wait=0.0))
        try:
            return await client.chat(_QUESTION)
        except CallFailedError as error:
            text = str(error)
    raise UsageError(text, code="provider-check-failed")


def _verdict(account: Account, reply: Reply) -> str:
    who = f"{account.provider} works: {account.model}"
    answerer = f" (as {reply.model})" if reply.model not in ("", account.model) else ""
    cost = "cost unknown" if reply.cost_usd is None else f"${reply.cost_usd:.6f} ({reply.cost_source})"
    tokens = f"{_known(reply.input_tokens)} tokens in, {_known(reply.output_tokens)} out"
    shape = f"by {reply.sent['schema']}" if "schema" in reply.sent else "in words"
    ending = f"finish: {reply.finish_reason or 'not told'}"
    return (
        f"{who}{answerer} answered in {reply.receipt.seconds:.1f} s; {tokens}, {cost}; JSON asked for {shape}; {ending}"
    )


def _known(count: int | None) -> str:
    return "?" if count is None else str(count)
