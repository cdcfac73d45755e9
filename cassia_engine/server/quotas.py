"""What a token's jobs may use: how many at once, calls to models a minute, and money."""

from __future__ import annotations

import sqlite3
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


def share_of(database: sqlite3.Connection, job_id: str, most: int) -> Share:
    """What the next run of a job gets: calls and money are shared by as many runs as the token may have at work.

    Args:
        most: runs at work at once, of all tokens.
    """
    token = database.execute(
        "SELECT tokens.* FROM jobs JOIN tokens ON tokens.id = jobs.owner WHERE jobs.id = ?", (job_id,)
    ).fetchone()
    if token is None:
        return Share()
    of_owner = "FROM runs JOIN jobs ON jobs.id = runs.job_id WHERE jobs.owner = ?"
    [at_work] = database.execute(f"SELECT count(*) {of_owner} AND runs.state = ?", (token["id"], PROCESSING)).fetchone()
    slots = min(most, token["max_jobs"] or most)
    rpm = None if token["rpm"] is None else token["rpm"] / slots
    if token["max_cost"] is None:
        return Share(at_work < slots, rpm=rpm)
    left = token["max_cost"] - spent(database, token["id"])
    if left <= 0 and not at_work:
        said = f"the token's budget of {token['max_cost']:.2f} US dollars is spent; ask who runs the server"
        return Share(refused=said)
    return Share(at_work < slots and left > 0, rpm=rpm, max_cost=left / max(1, slots - at_work))


def spent(database: sqlite3.Connection, owner: str) -> float:
    """What a token's runs have cost, in US dollars; of those at work, what is set aside for them."""
    [found] = database.execute(
        "SELECT coalesce(sum(CASE WHEN runs.state = ? THEN runs.max_cost ELSE coalesce(runs.cost_usd, 0) END), 0)"
        " FROM runs JOIN jobs ON jobs.id = runs.job_id WHERE jobs.owner = ?",
        (PROCESSING, owner),
    ).fetchone()
    return float(found)
