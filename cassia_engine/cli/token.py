"""`cassia token`: who may call a server of `cassia serve`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cassia_engine.cli.options import FilePath, Number
from cassia_engine.errors import UsageError, shown
from cassia_engine.server.options import DEFAULT_DATA, MOST_COUNT

if TYPE_CHECKING:
    from cassia_engine.server.database import Database

log = logging.getLogger(__name__)
_LEAST_RPM = 0.01  # as of every run
Function = TypeVar("Function", bound=Callable[..., Any])

data_option = click.option(
    "--data", type=FilePath, default=DEFAULT_DATA, help="Folder of all that the server keeps, as `cassia serve` has it."
)


@click.group()
def token() -> None:
    """Say who may call a server.

    A server that has a token, or had one, answers nobody without one. It looks at each request: a new token opens it,
    and a revoked one closes it, while it runs. Each token sees its own jobs only.

    \b
    cassia token add ada --max_jobs 4 --max_cost 20
    cassia token list
    cassia token revoke ada
    """


@token.command()
@click.argument("name")
@data_option
@click.option(
    "--max_jobs", type=click.IntRange(1, MOST_COUNT), help="Jobs at work at once, others wait; no limit if not given."
)
@click.option(
    "--rpm",
    type=Number(_LEAST_RPM),
    help="Calls to models a minute, of all jobs together; no limit if not given.",
)
@click.option(
    "--max_cost",
    type=Number(0, min_open=True),
    help="Dollars that all jobs may cost together; no limit if not given.",
)
def add(name: str, data: Path, max_jobs: int | None, rpm: float | None, max_cost: float | None) -> None:
    """Make a token NAME and print it.

    It is shown this once: the server keeps its hash. Clients get it as CYTETYPE_AUTH_TOKEN or auth_token, and people
    type it into the page that a report's address leads to.
    """
    from cassia_engine.server.access.tokens import add as add_token

    if not data.is_dir():
        log.info("%s: a new folder, which no server has; start one with --data %s", data, data)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _database(data) as database:
        secret = database.now(lambda connection: add_token(connection, name, max_jobs, rpm, max_cost))
    click.echo(secret.reveal())
    log.info("%s: the token of %s, for the server of this folder; it is shown this once", data, shown(name))


@token.command(name="list")
@data_option
def list_tokens(data: Path) -> None:
    """List the tokens, without what would let somebody use them: a table, tab-separated."""
    from cassia_engine.server.access.tokens import all_tokens

    with _database(data) as database:
        found = database.now(all_tokens)
    click.echo("\t".join(("name", "id", "created", "revoked", "max_jobs", "rpm", "max_cost")))
    for one in found:
        cells = (one.name, one.id, _time(one.created), _time(one.revoked), one.max_jobs, one.rpm, one.max_cost)
        click.echo("\t".join("" if cell is None else str(cell) for cell in cells))


@token.command()
@click.argument("name")
@data_option
def revoke(name: str, data: Path) -> None:
    """Let the token NAME open nothing any more, from the next request on; its jobs stay."""
    from cassia_engine.server.access.tokens import revoke as revoke_token

    with _database(data) as database:
        database.now(lambda connection: revoke_token(connection, name))


@contextmanager
def _database(data: Path) -> Iterator[Database]:
    from cassia_engine.server.database import Database
    from cassia_engine.server.state import DATABASE

    if not data.is_dir():
        raise UsageError(
            "there is no such folder; give that of the server, or make its first token by `cassia token add NAME`",
            path=data,
            code="token-data-missing",
        )
    database = Database(data / DATABASE)
    try:
        yield database
    finally:
        database.close()


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
