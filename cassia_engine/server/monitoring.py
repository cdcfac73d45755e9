"""What a supervisor asks: /healthz, without a token, and /metrics."""

from __future__ import annotations

import asyncio

from aiohttp import web

from cassia_engine._version import __version__
from cassia_engine.server.answers import json_answer
from cassia_engine.server.artifact_calls import READERS
from cassia_engine.server.disk import free_bytes, has_room
from cassia_engine.server.metrics import CONTENT_TYPE, METRICS, counts
from cassia_engine.server.queue import QUEUE
from cassia_engine.server.state import ServerState, state_of

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
    return "ok" if await has_room(state) else "no free disk"


@ROUTES.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    state, app = state_of(request), request.app
    found = await state.database(counts)
    text = app[METRICS].text(found, app[QUEUE].n_at_work, app[READERS].n_running, await free_bytes(state))
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})
