"""What a job's artifacts say: genes, expression, embedding, columns, composition."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
from aiohttp import web

from cassia_engine.server import jobs
from cassia_engine.server.answers import Refused, json_answer
from cassia_engine.server.reading.messages import ArtifactError
from cassia_engine.server.reading.pool import Reader, Readers
from cassia_engine.server.state import caller_of, state_of

ROUTES = web.RouteTableDef()
READERS = web.AppKey("readers", Readers)


async def readers(app: web.Application) -> AsyncIterator[None]:
    """The processes that read artifacts, for as long as an application runs."""
    app[READERS] = Readers()
    yield
    await app[READERS].close()


@ROUTES.get("/jobs/{job_id}/genes")
async def _genes(request: web.Request) -> web.Response:
    return await _answer(request, lambda reader: reader.genes())


@ROUTES.get("/jobs/{job_id}/expression")
async def _expression(request: web.Request) -> web.Response:
    gene = _told(request, "gene")
    return await _answer(request, lambda reader: reader.expression(gene))


@ROUTES.get("/jobs/{job_id}/embedding")
async def _embedding(request: web.Request) -> web.Response:
    return await _answer(request, lambda reader: reader.embedding())


@ROUTES.get("/jobs/{job_id}/columns")
async def _columns(request: web.Request) -> web.Response:
    return await _answer(request, lambda reader: reader.columns())


@ROUTES.get("/jobs/{job_id}/composition")
async def _composition(request: web.Request) -> web.Response:
    column = _told(request, "column")
    return await _answer(request, lambda reader: reader.composition(column))


async def _answer(request: web.Request, ask: Callable[[Reader], Awaitable[msgspec.Struct]]) -> web.Response:
    job_id = request.match_info["job_id"]
    found = await jobs.artifacts_of(state_of(request), caller_of(request), job_id)
    try:
        reader = await request.app[READERS].of(job_id, found.vars_h5, found.obs_duckdb, found.labels)
        return json_answer(msgspec.to_builtins(await ask(reader)))
    except ArtifactError as error:
        raise Refused("NOT_FOUND" if error.is_absent else "ARTIFACT_UNREADABLE", str(error)) from None


def _told(request: web.Request, name: str) -> str:
    if name not in request.query:
        raise Refused("INVALID_REQUEST", f"the address has to say which {name}: ?{name}=...")
    return request.query[name]
