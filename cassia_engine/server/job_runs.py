"""Runs of jobs: their rows and their files. A job has a first run, and one for each cluster that is annotated again."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from cassia_engine.cytetype.protocol import COMPLETED, FAILED, PENDING, PROCESSING
from cassia_engine.fast_json import parsed_json
from cassia_engine.files import sync_folder
from cassia_engine.server.answers import Refused
from cassia_engine.server.questions import Question, read_question, written
from cassia_engine.server.specs import MARKERS, PROGRESS, RESULTS, SPEC, Spec, read_spec
from cassia_engine.server.state import ServerState

log = logging.getLogger(__name__)

QUERY, JOURNAL = "query.json", "journal"
NEEDS_KEYS = "the server was started again and keeps no keys: give the job's keys again"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a job, as the database has it; number 0 is the first, of all clusters."""

    job_id: str
    number: int
    cluster_id: str | None
    feedback: str
    state: str
    reason: str
    own_keys: bool
    created: float

    def folder(self, jobs: Path) -> Path:
        return jobs / self.job_id / ("run" if self.number == 0 else f"revisions/{self.number}")


class _Done(msgspec.Struct, frozen=True):
    """A line of how far a run is: a cluster that is done."""

    cluster: str
    state: str


def run_of(row: sqlite3.Row) -> Run:
    return Run(
        row["job_id"],
        row["number"],
        row["cluster_id"],
        row["feedback"],
        row["state"],
        row["reason"],
        bool(row["own_keys"]),
        row["created"],
    )


def write_run(folder: Path, markers: str, spec: Spec) -> None:
    written(folder / MARKERS, markers)
    written(folder / SPEC, msgspec.json.encode(spec))
    for parent in (folder.parent, folder.parent.parent):  # they may be new, too
        sync_folder(parent)


def add_run(
    database: sqlite3.Connection, job_id: str, number: int, cluster: str | None, feedback: str, keys: bool, now: float
) -> None:
    database.execute(
        "INSERT INTO runs (job_id, number, cluster_id, feedback, state, own_keys, created)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (job_id, number, cluster, feedback, PENDING, keys, now),
    )


def begin_run(database: sqlite3.Connection, run: Run, max_cost: float | None) -> bool:
    """Have a run that waits be at work; whether it still waits."""
    changed = database.execute(
        "UPDATE runs SET state = ?, reason = '', started = coalesce(started, ?), max_cost = ?"
        " WHERE job_id = ? AND number = ? AND state = ?",
        (PROCESSING, time.time(), max_cost, run.job_id, run.number, PENDING),
    )
    return changed.rowcount == 1


def note_run(database: sqlite3.Connection, run: Run, state: str, reason: str, cost: float | None) -> None:
    """Keep what became of a run. One that has ended stays as it is; what it has cost may be known later."""
    ended = time.time() if state in (COMPLETED, FAILED) else None
    database.execute(
        "UPDATE runs SET state = ?, reason = ?, ended = ? WHERE job_id = ? AND number = ? AND ended IS NULL",
        (state, reason, ended, run.job_id, run.number),
    )
    database.execute(
        "UPDATE runs SET cost_usd = coalesce(?, cost_usd) WHERE job_id = ? AND number = ?",
        (cost, run.job_id, run.number),
    )


async def runs_of(state: ServerState, job_id: str) -> list[Run]:
    """The runs of a job, the first one first."""
    query = "SELECT * FROM runs WHERE job_id = ? ORDER BY number"
    rows = await state.database(lambda database: database.execute(query, (job_id,)).fetchall())
    return list(map(run_of, rows))


async def question_of(state: ServerState, job_id: str) -> Question:
    """What a job asks.

    Raises:
        Refused: its files are missing or damaged.
    """
    path = state.jobs / job_id / QUERY

    def read() -> Question:
        with files_needed():
            return read_question(path.read_bytes())

    return await asyncio.to_thread(read)


@contextmanager
def files_needed() -> Iterator[None]:
    """Reads files of a job that are there as long as its row is, unless a person has touched them.

    Raises:
        Refused: they are missing or damaged; a client need not wait for that to change.
    """
    try:
        yield
    except (FileNotFoundError, ValueError) as error:  # what msgspec says of damaged JSON is a ValueError
        log.error("files of a job are missing or damaged: %s", error)
        raise Refused("JOB_FAILED", "the job's files are missing or damaged; tell who runs the server") from None


def spec_of(run: Path) -> Spec:
    """What a run is to do.

    Raises:
        Refused: its files are missing or damaged.
    """
    with files_needed():
        return read_spec(run)


def cluster_ids(state: ServerState, job_id: str) -> Mapping[str, str]:
    """The ids of a job's clusters in the protocol, by what they are called in its outputs.

    Raises:
        Refused: the job's files are missing or damaged.
    """
    return spec_of(state.jobs / job_id / "run").ids


def cluster_states(run: Run, jobs: Path) -> dict[str, str]:
    """How far each cluster of a run is, by id."""
    folder = run.folder(jobs)
    ids = spec_of(folder).ids
    found = dict.fromkeys(ids.values(), run.state)
    try:
        lines = (folder / PROGRESS).read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return found
    for line in lines:
        with suppress(msgspec.DecodeError, UnicodeDecodeError):  # damaged by a full disk, or a power cut
            done = msgspec.json.decode(line, type=_Done)
            found[done.cluster] = done.state
    return found


def results_of(run: Run, jobs: Path) -> dict[str, Any]:
    """The results of a completed run, in the protocol's form.

    Raises:
        Refused: its files are missing or damaged.
    """
    with files_needed():
        found: dict[str, Any] = parsed_json((run.folder(jobs) / RESULTS).read_bytes())
    return found
