"""Handlers of tests, as those of the protocol are: one streams a body, one holds it, others name a job or upload."""

from __future__ import annotations

from aiohttp import web

from cassia_engine.server.access.limits import body_pieces, whole_body
from cassia_engine.server.state import caller_of

MOST = 1000  # bytes of a body


def probes() -> web.RouteTableDef:
    routes = web.RouteTableDef()

    @routes.get("/probe")
    async def probe(request: web.Request) -> web.Response:
        """Who calls."""
        return web.json_response(caller_of(request).name)

    @routes.put("/probe/stream")
    async def stream(request: web.Request) -> web.Response:
        return web.Response(text=str(sum([len(piece) async for piece in body_pieces(request, MOST)])))

    @routes.post("/probe/whole")
    async def take(request: web.Request) -> web.Response:
        async with whole_body(request, MOST) as body:
            return web.Response(body=body)

    @routes.get("/probe/jobs/{job_id}")
    @routes.get("/probe/uploads/{upload_id}/x")
    @routes.get("/report/{job_id}/probe")
    async def show(request: web.Request) -> web.Response:
        return web.Response(text=f"<p>{dict(request.match_info)}</p>", content_type="text/html")

    return routes
