"""The pages of a server: a job's report."""

from __future__ import annotations

import asyncio

from aiohttp import web

from cassia_engine.server import corrections, jobs
from cassia_engine.server.page.served import PageContext, served_page
from cassia_engine.server.state import Caller, ServerState, caller_of, state_of

ROUTES = web.RouteTableDef()


@ROUTES.get("/report/{job_id}")
async def report(request: web.Request) -> web.Response:
    """The report of a job, with what needs the server."""
    state, caller, job_id = state_of(request), caller_of(request), request.match_info["job_id"]
    path = await jobs.report_path(state, caller, job_id)
    context = await _context(state, caller, job_id)
    return _page(await asyncio.to_thread(lambda: served_page(path.read_bytes(), context)))


@ROUTES.get(r"/report/{job_id}/{number:\d{1,6}}")
async def revision(request: web.Request) -> web.Response:
    """The report of a cluster that was annotated again, as it was made."""
    job_id, number = request.match_info["job_id"], int(request.match_info["number"])
    path = await jobs.report_path(state_of(request), caller_of(request), job_id, number)
    return _page(await asyncio.to_thread(path.read_bytes))


async def _context(state: ServerState, caller: Caller, job_id: str) -> PageContext:
    row = await jobs.check_job(state, caller, job_id)
    has = {kind: row[kind] is not None for kind in ("vars_h5", "obs_duckdb")}
    ids = await asyncio.to_thread(jobs.cluster_ids, state, job_id)
    return PageContext(job_id, caller.name or corrections.NOBODY, has, ids)


def _page(html: bytes) -> web.Response:
    return web.Response(body=html, content_type="text/html", charset="utf-8")
