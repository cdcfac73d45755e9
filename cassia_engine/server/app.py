"""The application of a server: its handlers, by method and path, and what all requests go through."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from cassia_engine.server import artifact_calls, calls, chat, corrections, monitoring, page_calls, uploads
from cassia_engine.server.access.middleware import access, guard
from cassia_engine.server.access.protocol import SlowBody
from cassia_engine.server.access.request_log import fields_of
from cassia_engine.server.answers import Refused, Unavailable, error_answer, unavailable
from cassia_engine.server.metrics import METRICS, Metrics
from cassia_engine.server.pruning import pruning
from cassia_engine.server.queue import QUEUE, Queue
from cassia_engine.server.state import STATE, ServerState

log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

DRAIN_SECONDS = 25.0  # longer than a run waits for answers that are on their way
MOST_JSON_BYTES = 256 * 2**20  # of a question: expression of all genes by cluster


def make_app(state: ServerState) -> web.Application:
    """The application; whoever runs it has made the folders of `state`."""
    app = web.Application(middlewares=[_errors, access], client_max_size=MOST_JSON_BYTES)
    app[STATE] = state
    app[QUEUE], app[METRICS] = Queue(state), Metrics()
    guard(app)
    app.add_routes(uploads.ROUTES)
    app.add_routes(calls.ROUTES)
    app.add_routes(chat.ROUTES)
    app.add_routes(artifact_calls.ROUTES)
    app.add_routes(monitoring.ROUTES)
    app.add_routes(corrections.ROUTES)
    app.add_routes(page_calls.ROUTES)
    app.cleanup_ctx.append(_working)
    app.cleanup_ctx.append(pruning)
    app.cleanup_ctx.append(artifact_calls.readers)
    return app


async def _working(app: web.Application) -> AsyncIterator[None]:
    """Runs are started and watched while the application is up."""
    app[QUEUE].start()
    yield
    await drain(app)


async def drain(app: web.Application) -> None:
    """Take no job any more, and have runs at work stop; requests are still answered."""
    await app[QUEUE].stop(DRAIN_SECONDS)


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors in the protocol's form. What is not known to be the request's fault is a plain 503, as clients give up at
    any structured error."""
    try:
        return await handler(request)
    except Refused as error:
        return error_answer(error)
    except (Unavailable, SlowBody) as error:
        return unavailable(str(error))
    except ConnectionError:
        if request.transport is not None and not request.transport.is_closing():
            raise
        return unavailable("the client is gone")
    except web.HTTPException as error:
        if error.status in (404, 405):
            return error_answer(Refused("NOT_FOUND", f"there is no {request.method} {request.path}"))
        raise
    except Exception:
        told = fields_of(request)
        log.exception("%s %s failed", told["method"], told["path"], extra=told)
        return unavailable("the server could not answer; its log says why")
