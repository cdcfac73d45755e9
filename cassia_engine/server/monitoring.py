"""What a supervisor asks: /healthz, without a token, and /metrics."""

from __future__ import annotations

import asyncio
from shutil import disk_usage

from aiohttp import web

from cassia_engine._version import __version__
from cassia_engine.server.answers import json_answer
from cassia_engine.server.artifact_calls import READERS
from cassia_engine.server.metrics import CONTENT_TYPE, METRICS, counts
from cassia_engine.server.queue import QUEUE
from cassia_engine.server.state import ServerState, state_of
from cassia_engine.server.upload_rows import KEPT_FREE

ROUTES = web.RouteTableDef()

_DATABASE_SECONDS = 5.0


@ROUTES.get("/healthz")
async def healthz(request: web.Request) -> web.Response:
    """503 where no request should come here: the server is about to stop, or cannot keep what it is sent."""
    status = await _status(state_of(request))
    return json_answer({"status": status, "version": __version__}, 200 if status == "ok" else 503)


async def _status(state: ServerState) -> str:
    if state.draining.is_set():
        return "draining"
    try:
        async with asyncio.timeout(_DATABASE_SECONDS):
            await state.database(lambda database: database.execute("SELECT 1 FROM jobs LIMIT 1").fetchone())
    except Exception:  # whatever it is, the database does not answer
        return "no database"
    free = await asyncio.to_thread(_free_bytes, state)
    return "ok" if free > KEPT_FREE else "no free disk"


@ROUTES.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    state, app = state_of(request), request.app
    found = await state.database(counts)
    free = await asyncio.to_thread(_free_bytes, state)
    text = app[METRICS].text(found, app[QUEUE].n_at_work, app[READERS].n_running, free)
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})


def _free_bytes(state: ServerState) -> int:
    return disk_usage(state.options.data).free
