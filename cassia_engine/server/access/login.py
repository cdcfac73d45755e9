"""How a person comes in: a token typed into a page becomes a session of the browser. And what a client asks of its
own token."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote

from aiohttp import web

from cassia_engine.report.page import csp_hash, environment
from cassia_engine.server.access import tokens
from cassia_engine.server.access.identity import COOKIE, SESSIONS, UNKNOWN_TOKEN, count_failure, identify
from cassia_engine.server.access.limits import body_pieces
from cassia_engine.server.access.sessions import LASTS_S
from cassia_engine.server.answers import json_answer
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.state import caller_of, state_of

ROUTES = web.RouteTableDef()
LOGIN, LOGOUT = "/login", "/logout"
_MOST_FORM_BYTES = 2**12
_LOCAL = "local"  # who needs no token
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:26em;margin:4em auto;padding:0 1em;color-scheme:light dark}"
    "input{font:inherit;width:100%;box-sizing:border-box;margin:.5em 0}button{font:inherit;padding:.3em 1.2em}"
    ".wrong{color:#c0362c}"
)


@ROUTES.get(LOGIN)
async def show_login(request: web.Request) -> web.Response:
    caller = await identify(request)
    return _page(request.query.get("next", ""), name=caller.name if caller is not None else "")


@ROUTES.post(LOGIN)
async def log_in(request: web.Request) -> web.Response:
    form = dict(
        parse_qsl(b"".join([p async for p in body_pieces(request, _MOST_FORM_BYTES)]).decode("utf-8", "replace"))
    )
    state, given = state_of(request), form.get("token", "").strip()
    token = await state.database(lambda connection: tokens.verify(connection, given))
    if token is None:
        count_failure(request)
        return _page(form.get("next", ""), f"{UNKNOWN_TOKEN.capitalize()}.", 401)
    answer = _moved(_local_path(form.get("next", "")))
    answer.set_cookie(
        COOKIE,
        request.app[SESSIONS].begin(token.id),
        max_age=int(LASTS_S),
        path="/",
        httponly=True,
        samesite="Strict",
        secure=_has_tls(state.options),
    )
    return answer


@ROUTES.post(LOGOUT)
async def log_out(request: web.Request) -> web.Response:
    request.app[SESSIONS].end(request.cookies.get(COOKIE, ""))
    answer = _moved(LOGIN)
    answer.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=_has_tls(state_of(request).options))
    return answer


@ROUTES.get("/auth/cli/credentials")
async def credentials(request: web.Request) -> web.Response:
    """What `cytetype login` shows and keeps."""
    caller, options = caller_of(request), state_of(request).options
    url = options.public_url.rstrip("/") or f"{'https' if _has_tls(options) else 'http'}://{request.host}"
    fields: dict[str, Any] = {
        "dashboardUrl": f"{url}{LOGIN}",
        "tokenId": caller.owner or _LOCAL,
        "userId": caller.owner or _LOCAL,
        "email": caller.name or _LOCAL,
    }
    return json_answer(fields)


def to_login(request: web.Request) -> web.Response:
    """The answer to a browser that wants a page and has no session."""
    return _moved(f"{LOGIN}?next={quote(request.rel_url.raw_path, safe='')}")


def _moved(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})


def _local_path(given: str) -> str:
    """Where to go after the login: a page of this server, whatever a link to the login says."""
    is_page = given == "/" or given.startswith("/report/")
    return given if is_page and given.isascii() and given.isprintable() else LOGIN


def _page(after: str, wrong: str = "", status: int = 200, name: str = "") -> web.Response:
    """The form for a token; for a browser that has a session, of the token `name`, the button that ends it."""
    template = environment("cassia_engine.server.access").get_template("login.html.j2")
    policy = (
        f"default-src 'none'; style-src {csp_hash(_STYLE)}; img-src data:; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
    # With "no-referrer" a browser would not say that the form is from here.
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
    fields = {"style": _STYLE, "after": _local_path(after), "wrong": wrong, "name": name, "login": LOGIN}
    return web.Response(
        text=template.render(logout=LOGOUT, **fields), status=status, content_type="text/html", headers=headers
    )


def _has_tls(options: ServerOptions) -> bool:
    return options.tls_cert is not None or options.behind_proxy
