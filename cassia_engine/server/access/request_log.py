"""A line of the log and a count in the metrics for each request that was answered, without what may hold a token: path,
query, headers and body."""

from __future__ import annotations

import logging
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from cassia_engine.server.ids import is_id
from cassia_engine.server.metrics import METRICS, route_of
from cassia_engine.server.state import caller_if_known

log = logging.getLogger(__name__)

# Asked every few seconds by programs that watch.
_OFTEN = ("/healthz", "/metrics")


class RequestLog(AbstractAccessLogger):
    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        if not isinstance(request, web.Request) or request._match_info is None:  # what was sent is no HTTP
            return
        request.app[METRICS].observe(request, response.status, time)
        told = fields_of(request)
        level = logging.DEBUG if told["path"] in _OFTEN else logging.INFO
        more = {"status": response.status, "seconds": round(time, 6)}
        log.log(
            level,
            "%s %s: %d in %.0f ms",
            *(told["method"], told["path"], response.status, time * 1000),
            extra={**told, **more},
        )


def fields_of(request: web.Request) -> dict[str, Any]:
    """What a line of the log says of a request: of its path the route's, and a job by its id."""
    found: dict[str, Any] = {"method": request.method, "path": route_of(request)}
    job, caller = request.match_info.get("job_id", ""), caller_if_known(request)
    if is_id(job):
        found["job"] = job
    if caller is not None and caller.owner:
        found["owner"] = caller.owner
    return found
