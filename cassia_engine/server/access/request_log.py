"""A line of the log for each request, without what may hold a token: query, headers and body."""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from cassia_engine.errors import shown

log = logging.getLogger(__name__)


class RequestLog(AbstractAccessLogger):
    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        log.debug(
            "%s %s from %s: %d in %.0f ms",
            request.method,
            shown(request.rel_url.raw_path),
            request.remote,
            response.status,
            time * 1000,
        )

    @property
    def enabled(self) -> bool:
        return log.isEnabledFor(logging.DEBUG)
