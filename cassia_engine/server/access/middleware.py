"""What all requests go through, before any handler: host, origin, ids, length, and who calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from cassia_engine.server.access import login
from cassia_engine.server.access.headers import secure_answers
from cassia_engine.server.access.hosts import check_host, check_origin
from cassia_engine.server.access.identity import SESSIONS, THROTTLE, identify
from cassia_engine.server.access.limits import BODY_MEMORY, BodyMemory, check_length
from cassia_engine.server.access.sessions import Sessions
from cassia_engine.server.access.throttle import Throttle
from cassia_engine.server.answers import Refused
from cassia_engine.server.ids import check_path
from cassia_engine.server.state import Caller, set_caller, state_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# What needs no token: the page to give one, and what a supervisor asks.
OPEN = frozenset({login.LOGIN, login.LOGOUT, "/healthz"})
START, PAGES = "/", "/report/"


def guard(app: web.Application) -> None:
    """Let through what may call; `access` has to be among the app's middlewares."""
    app[SESSIONS], app[THROTTLE], app[BODY_MEMORY] = Sessions(), Throttle(), BodyMemory()
    app.on_response_prepare.append(secure_answers)
    app.add_routes(login.ROUTES)


@web.middleware
async def access(request: web.Request, handler: Handler) -> web.StreamResponse:
    options = state_of(request).options
    check_host(request, options)
    check_origin(request, options)
    if "Content-Encoding" in request.headers:
        raise Refused("INVALID_REQUEST", "the body is compressed; send it as it is, without Content-Encoding")
    if request.path in OPEN:
        set_caller(request, Caller())
        return await handler(request)
    caller = await identify(request)
    if caller is None:
        if request.method == "GET" and (request.path == START or request.path.startswith(PAGES)):
            return login.to_login(request)
        raise Refused("AUTHENTICATION_REQUIRED", "this server needs a token; send it as Authorization: Bearer TOKEN")
    set_caller(request, caller)
    check_length(request, request.client_max_size)
    check_path(request.match_info)
    return await handler(request)
