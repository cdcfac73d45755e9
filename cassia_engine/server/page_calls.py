"""The pages of a server: a job's report, and the list of a caller's jobs."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence

from aiohttp import web

from cassia_engine.cytetype.protocol import COMPLETED, FAILED
from cassia_engine.server import calls, job_runs, jobs
from cassia_engine.server.answers import Refused
from cassia_engine.server.ids import NUMBER
from cassia_engine.server.page.jobs_page import JobRow, jobs_page
from cassia_engine.server.page.served import PageContext, served_page
from cassia_engine.server.state import Caller, ServerState, caller_of, state_of

ROUTES = web.RouteTableDef()
MOST_JOBS = 500  # of a list
_FIRST_RUNS = """
SELECT jobs.id, jobs.created, runs.state, runs.reason, runs.started
FROM jobs JOIN runs ON runs.job_id = jobs.id AND runs.number = 0
WHERE jobs.owner = ? ORDER BY jobs.created DESC, jobs.rowid DESC LIMIT ?
"""


@ROUTES.get("/")
async def start(request: web.Request) -> web.Response:
    """The caller's jobs, the newest first."""
    state, caller = state_of(request), caller_of(request)
    values = (caller.owner, MOST_JOBS)
    found = await state.database(lambda database: database.execute(_FIRST_RUNS, values).fetchall())
    page = _page(jobs_page(await asyncio.to_thread(_listed, state, found), caller.name).encode("utf-8"))
    # Without a referrer a browser would not say that a form is from here.
    page.headers["Referrer-Policy"] = "same-origin"
    return page


def _listed(state: ServerState, found: Sequence[sqlite3.Row]) -> list[JobRow]:
    return [_job_row(state, row) for row in found]


def _job_row(state: ServerState, row: sqlite3.Row) -> JobRow:
    try:
        spec = job_runs.spec_of(state.jobs / row["id"] / "run")
    except Refused as error:
        return JobRow(row["id"], row["created"], FAILED, 0, error.message)
    link = f"report/{row['id']}" if row["state"] == COMPLETED else ""
    about = row["id"], row["created"], row["state"], len(spec.ids), row["reason"]
    return JobRow(*about, link, spec.context, row["started"])


@ROUTES.post("/cancel/{job_id}")
async def cancel(request: web.Request) -> web.Response:
    """What the list's button sends; the list is shown again."""
    await calls.cancel_job(request)
    return web.Response(status=303, headers={"Location": "/"})


@ROUTES.get("/report/{job_id}")
async def report(request: web.Request) -> web.Response:
    """The report of a job, with what needs the server."""
    state, caller, job_id = state_of(request), caller_of(request), request.match_info["job_id"]
    path = await jobs.report_path(state, caller, job_id)
    context = await _context(state, caller, job_id)
    return _page(await asyncio.to_thread(lambda: served_page(path.read_bytes(), context)))


@ROUTES.get(f"/report/{{job_id}}/{{number:{NUMBER}}}")
async def revision(request: web.Request) -> web.Response:
    """The report of a cluster that was annotated again, as it was made."""
    job_id, number = request.match_info["job_id"], int(request.match_info["number"])
    path = await jobs.report_path(state_of(request), caller_of(request), job_id, number)
    return _page(await asyncio.to_thread(path.read_bytes))


async def _context(state: ServerState, caller: Caller, job_id: str) -> PageContext:
    row = await jobs.check_job(state, caller, job_id)
    has = {kind: row[kind] is not None for kind in ("vars_h5", "obs_duckdb")}
    ids = await asyncio.to_thread(job_runs.cluster_ids, state, job_id)
    return PageContext(job_id, caller.who, has, ids)


def _page(html: bytes) -> web.Response:
    return web.Response(body=html, content_type="text/html", charset="utf-8")
