"""The calls of the protocol about jobs, and those about their further runs."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from cassia_engine.server import jobs, revisions
from cassia_engine.server.access.limits import whole_body
from cassia_engine.server.answers import Unavailable, json_answer, read_json
from cassia_engine.server.queue import QUEUE
from cassia_engine.server.state import caller_of, state_of

ROUTES = web.RouteTableDef()
_MOST_OBJECT_BYTES = 2**20  # feedback, or keys


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object that a request has as its body.

    Raises:
        Refused: it has none.
    """
    async with whole_body(request, _MOST_OBJECT_BYTES) as body:
        return read_json(body, dict[str, Any], "the body is no JSON object")


@ROUTES.post("/annotate")
async def annotate(request: web.Request) -> web.Response:
    state = state_of(request)
    if state.draining.is_set():
        raise Unavailable("the server is about to stop; send the job again in a minute")
    async with whole_body(request, request.client_max_size) as body:
        return json_answer({"job_id": await jobs.submit(state, caller_of(request), body)})


@ROUTES.get("/status/{job_id}")
async def status(request: web.Request) -> web.Response:
    return json_answer(await jobs.status(state_of(request), caller_of(request), request.match_info["job_id"]))


@ROUTES.get("/results/{job_id}")
async def results(request: web.Request) -> web.Response:
    return json_answer(await jobs.results(state_of(request), caller_of(request), request.match_info["job_id"]))


@ROUTES.post("/reannotate")
async def reannotate(request: web.Request) -> web.Response:
    """The cluster and the feedback are in the query, as CyteType has them, or in a JSON body."""
    given = await read_object(request) if request.can_read_body else dict(request.query)
    job_id, cluster, feedback = (_text(given.get(name)) for name in ("job_id", "cluster_id", "feedback"))
    number = await revisions.reannotate(state_of(request), caller_of(request), job_id, cluster, feedback)
    return json_answer({"job_id": job_id, "cluster_id": cluster, "revision": number})


def _text(value: Any) -> str:
    return "" if value is None else str(value)


@ROUTES.get("/jobs/{job_id}/revisions")
async def list_revisions(request: web.Request) -> web.Response:
    found = await revisions.revisions(state_of(request), caller_of(request), request.match_info["job_id"])
    return json_answer({"revisions": found})


@ROUTES.post("/jobs/{job_id}/cancel")
async def cancel(request: web.Request) -> web.Response:
    """End a job; one that has ended stays as it is. The answer is its status."""
    await cancel_job(request)
    return json_answer(await jobs.status(state_of(request), caller_of(request), request.match_info["job_id"]))


async def cancel_job(request: web.Request) -> None:
    """End the job that a request names.

    Raises:
        Refused: there is no such job.
    """
    caller, job_id = caller_of(request), request.match_info["job_id"]
    await jobs.check_job(state_of(request), caller, job_id)
    await request.app[QUEUE].cancel(job_id, f"cancelled by {caller.who}")


@ROUTES.post("/jobs/{job_id}/keys")
async def keys(request: web.Request) -> web.Response:
    configs = (await read_object(request)).get("llm_configs")
    await jobs.give_keys(state_of(request), caller_of(request), request.match_info["job_id"], configs)
    return json_answer({"job_id": request.match_info["job_id"]})
