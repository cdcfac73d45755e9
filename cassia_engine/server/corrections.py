"""What people say of a job's clusters instead of what was answered, kept with who said it and when."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web

from cassia_engine.csv_injection import csv_row, guard
from cassia_engine.errors import UsageError
from cassia_engine.records import Correction
from cassia_engine.server import job_runs, jobs
from cassia_engine.server.access.limits import whole_body
from cassia_engine.server.answers import Refused, json_answer, read_json
from cassia_engine.server.state import Caller, ServerState, caller_of, state_of
from cassia_engine.stages.corrections import COLUMNS, read_corrections

ROUTES = web.RouteTableDef()
MOST_BYTES = 64 * 2**10  # of one that is sent
MOST = 10_000  # of a job


class NewCorrection(msgspec.Struct, frozen=True):
    """A correction as it is sent; an empty one withdraws the earlier one."""

    cluster: str
    label: str = ""
    cl_id: str = ""
    comment: str = ""


@ROUTES.get("/jobs/{job_id}/corrections")
async def listed(request: web.Request) -> web.Response:
    """All corrections of a job, the newest first."""
    return web.json_response([_entry(row) for row in await _rows(request)])


@ROUTES.get("/jobs/{job_id}/corrections.csv")
async def as_table(request: web.Request) -> web.Response:
    """What holds for each cluster, as `cassia collect` takes it."""
    text = "".join(map(csv_row, [COLUMNS, *_cells(await _rows(request))]))
    name = f"{request.match_info['job_id']}_corrections.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=headers)


@ROUTES.post("/jobs/{job_id}/corrections")
async def saved(request: web.Request) -> web.Response:
    """Keep a correction; what stays is answered, with who said it and when."""
    state, caller, job_id = state_of(request), caller_of(request), request.match_info["job_id"]
    await jobs.check_job(state, caller, job_id)
    said = await _read(request)
    if said.cluster not in await asyncio.to_thread(job_runs.cluster_ids, state, job_id):
        raise Refused("INVALID_REQUEST", "the job has no cluster of this name")
    correction = await asyncio.to_thread(_checked, said)
    return json_answer(_entry(await _keep(state, caller, job_id, said.cluster, correction)))


async def _rows(request: web.Request) -> Sequence[sqlite3.Row]:
    """The corrections of a request's job, the newest first."""
    state, job_id = state_of(request), request.match_info["job_id"]
    await jobs.check_job(state, caller_of(request), job_id)
    query = "SELECT * FROM corrections WHERE job_id = ? ORDER BY id DESC"
    return await state.database(lambda database: database.execute(query, (job_id,)).fetchall())


async def _read(request: web.Request) -> NewCorrection:
    async with whole_body(request, MOST_BYTES) as body:
        return read_json(body, NewCorrection, "the correction cannot be read")


def _checked(said: NewCorrection) -> Correction | None:
    """The correction, its label or id filled in from the other; None for one that says nothing."""
    try:
        found = read_corrections([msgspec.structs.asdict(said)]).rows
    except UsageError as error:
        raise Refused("INVALID_REQUEST", error.what) from None
    return found[0][2] if found else None


async def _keep(
    state: ServerState, caller: Caller, job_id: str, cluster: str, correction: Correction | None
) -> sqlite3.Row:
    texts = (correction.label, correction.cl_id, correction.comment) if correction else ("", "", "")
    values = (job_id, cluster, *texts, caller.who, time.time())

    def add(database: sqlite3.Connection) -> sqlite3.Row:
        [count] = database.execute("SELECT count(*) FROM corrections WHERE job_id = ?", (job_id,)).fetchone()
        if count >= MOST:
            raise Refused("QUOTA_EXCEEDED", f"the job has {count:,} corrections; no more are kept")
        names = "job_id, cluster_id, label, cl_id, comment, who, at"
        query = f"INSERT INTO corrections ({names}) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *"
        row: sqlite3.Row = database.execute(query, values).fetchone()
        return row

    return await state.database(add)


def _entry(row: sqlite3.Row) -> Mapping[str, Any]:
    return {
        "cluster": row["cluster_id"],
        "label": row["label"],
        "cl_id": row["cl_id"],
        "comment": row["comment"],
        "who": row["who"],
        "at": datetime.fromtimestamp(row["at"], UTC).isoformat(timespec="seconds"),
    }


def _cells(rows: Sequence[sqlite3.Row]) -> Sequence[Sequence[str]]:
    """The newest row of each cluster that says something, clusters in the order in which they were corrected first."""
    newest = {row["cluster_id"]: row for row in reversed(rows)}
    names = ("cluster_id", "label", "cl_id", "comment", "who")
    said = [row for row in newest.values() if row["label"] or row["cl_id"] or row["comment"]]
    return [[guard(row[name]) for name in names] for row in said]
