"""What a token's jobs may use: how many at once, calls to models a minute, and money."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cassia_engine.cytetype.protocol import PROCESSING


@dataclass(frozen=True, slots=True)
class Share:
    """What a run gets of what its token may use.

    Attributes:
        free: whether it can begin now.
        refused: why it never can, "" if it can.
        rpm: calls to models a minute; None for any.
        max_cost: US dollars; None for any.
    """

    free: bool = True
    refused: str = ""
    rpm: float | None = None
    max_cost: float | None = None


def share_of(database: sqlite3.Connection, job_id: str, number: int, most: int) -> Share:
    """What a run of a job gets: calls and money are shared by as many runs as the token may have at work. One that was
    stopped gets what it had, as its journal counts what it has spent of that.

    Args:
        most: runs at work at once, of all tokens.
    """
    run = database.execute(
        "SELECT tokens.*, runs.max_cost AS had FROM runs JOIN jobs ON jobs.id = runs.job_id"
        " JOIN tokens ON tokens.id = jobs.owner WHERE runs.job_id = ? AND runs.number = ?",
        (job_id, number),
    ).fetchone()
    if run is None:
        return Share()
    if run["revoked"] is not None:
        return Share(refused="the token of the job was revoked before the job began")
    of_owner = "FROM runs JOIN jobs ON jobs.id = runs.job_id WHERE jobs.owner = ?"
    [at_work] = database.execute(f"SELECT count(*) {of_owner} AND runs.state = ?", (run["id"], PROCESSING)).fetchone()
    slots = min(most, run["max_jobs"] or most)
    rpm = None if run["rpm"] is None else run["rpm"] / slots
    if run["max_cost"] is None or run["had"] is not None:
        return Share(at_work < slots, rpm=rpm, max_cost=run["had"])
    left = run["max_cost"] - spent(database, run["id"])
    if left <= 0 and not at_work:
        return Share(refused=_spent_line(run["max_cost"]))
    return Share(at_work < slots and left > 0, rpm=rpm, max_cost=left / max(1, slots - at_work))


def share_of_question(database: sqlite3.Connection, job_id: str) -> Share:
    """What a question about a completed job may use of its token's calls and money: half of what is left, so that other
    questions and runs find some. It counts as a cost of the job until `settle` says what the question has cost.
    """
    token = database.execute(
        "SELECT tokens.* FROM jobs JOIN tokens ON tokens.id = jobs.owner WHERE jobs.id = ?", (job_id,)
    ).fetchone()
    if token is None or token["max_cost"] is None:
        return Share(rpm=token["rpm"] if token else None)
    left = token["max_cost"] - spent(database, token["id"])
    if left <= 0:
        return Share(refused=_spent_line(token["max_cost"]))
    add_cost(database, job_id, left / 2)
    return Share(rpm=token["rpm"], max_cost=left / 2)


def settle(database: sqlite3.Connection, job_id: str, share: Share, cost: float) -> None:
    """Count what a question has cost in place of its share, which is None where the token has no budget."""
    add_cost(database, job_id, cost - (share.max_cost or 0.0))


def add_cost(database: sqlite3.Connection, job_id: str, cost: float) -> None:
    """Add US dollars to what a job's first run, which has ended, has cost."""
    database.execute(
        "UPDATE runs SET cost_usd = coalesce(cost_usd, max_cost, 0) + ? WHERE job_id = ? AND number = 0", (cost, job_id)
    )


def _spent_line(most: float) -> str:
    return f"the token's budget of {most:.2f} US dollars is spent; ask who runs the server"


_COST = """
SELECT coalesce(sum(iif(runs.ended IS NULL, runs.max_cost, coalesce(runs.cost_usd, runs.max_cost))), 0)
FROM runs JOIN jobs ON jobs.id = runs.job_id WHERE
"""


def spent(database: sqlite3.Connection, owner: str) -> float:
    """What a token's runs have cost, in US dollars; of those that have not ended, and of those whose cost is not known,
    what is set aside for them. Runs of deleted jobs count too."""
    [found] = database.execute(f"{_COST} jobs.owner = ?", (owner,)).fetchone()
    deleted = database.execute("SELECT cost_of_deleted FROM tokens WHERE id = ?", (owner,)).fetchone()
    return float(found) + (deleted[0] if deleted else 0.0)


@contextmanager
def cost_kept(database: sqlite3.Connection, job_id: str) -> Iterator[None]:
    """What a job has cost its token still counts, where the job is deleted within the block."""
    query = "SELECT owner FROM jobs WHERE id = ?"
    before = database.execute(query, (job_id,)).fetchone()
    [cost] = database.execute(f"{_COST} jobs.id = ?", (job_id,)).fetchone()
    yield
    if before is not None and database.execute(query, (job_id,)).fetchone() is None:
        add = "UPDATE tokens SET cost_of_deleted = cost_of_deleted + ? WHERE id = ?"
        database.execute(add, (cost, before["owner"]))
