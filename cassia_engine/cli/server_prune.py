"""`cassia serve prune`: what a server may delete."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from cassia_engine.callers import option
from cassia_engine.cli.options import FilePath, Number
from cassia_engine.errors import UsageError
from cassia_engine.server.options import DEFAULT_DATA, MOST_DAYS

log = logging.getLogger(__name__)


@click.command()
@click.option("--data", type=FilePath, default=DEFAULT_DATA, help="Folder of all that the server keeps.")
@click.option("--job_days", type=Number(0, MOST_DAYS), help="Delete jobs that ended so many days ago.  [default: none]")
@click.option("--yes/--dry_run", default=False, help="Delete what is listed, or list it only.")
def prune(data: Path, job_days: float | None, yes: bool) -> None:
    """List what has expired, with its size and why, and delete it with --yes; the server may run meanwhile.

    A file that no job uses expires when the server said at its upload. Jobs are kept, with the files that they use,
    unless --job_days is given. Nothing of a job at work is deleted.

    A line for each, tab-separated: job or upload, its id, size, and why.
    """
    import time

    from cassia_engine.server.database import Database
    from cassia_engine.server.options import ServerOptions
    from cassia_engine.server.pruning import delete, prunable
    from cassia_engine.server.state import DATABASE, ServerState

    if not (data / DATABASE).is_file():
        what = f"no server has kept anything here; give the folder that it was started with as {option('data')}"
        raise UsageError(what, path=data, code="server-data-missing")
    database, now = Database(data / DATABASE), time.time()
    try:
        state = ServerState(ServerOptions(data, job_days=job_days), database)
        found, total = prunable(state, now), 0
        for one in found:
            size = one.size
            if not yes or delete(state, one, now):
                total += size
                click.echo(f"{one.kind}\t{one.id}\t{_shown(size)}\t{one.why}")
    finally:
        database.close()
    if not found:
        log.info("%s: nothing has expired", data)
    elif yes:
        log.info("%s are deleted", _shown(total))
    else:
        log.info("%s would be deleted; %s deletes them", _shown(total), option("yes", True))


def _shown(size: int) -> str:
    return f"{size / 2**30:.1f} GB" if size >= 2**30 else f"{size / 2**20:.1f} MB"
