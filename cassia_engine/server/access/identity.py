"""Who sends a request: a token in the header Authorization, or the session of a browser. A token in a URL is not
looked at: URLs are kept in histories and logs."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from aiohttp import web

from cassia_engine.server.access import tokens
from cassia_engine.server.access.connections import address_of
from cassia_engine.server.access.listening import is_private
from cassia_engine.server.access.sessions import Sessions
from cassia_engine.server.access.throttle import Throttle
from cassia_engine.server.answers import Refused
from cassia_engine.server.state import Caller, state_of

COOKIE = "cassia_session"
SESSIONS = web.AppKey("sessions", Sessions)
THROTTLE = web.AppKey("throttle", Throttle)
UNKNOWN_TOKEN = "this server does not know the token: it is not complete, of another server, or revoked"


async def identify(request: web.Request) -> Caller | None:
    """Who sends it; None if it has neither token nor session, and needs one.

    Raises:
        Refused: the token is not valid.
    """
    state, bearer = state_of(request), _bearer(request)
    session = request.app[SESSIONS].token_of(request.cookies.get(COOKIE, "")) if bearer is None else None
    found = await state.database(lambda connection: _look(connection, bearer, session))
    if found.token is not None:
        return Caller(found.token.id, found.token.name)
    if is_private(state.options) and not found.needed:
        return Caller()  # clients send a token always
    if bearer is None:
        return None
    count_failure(request)
    raise Refused("INVALID_TOKEN", UNKNOWN_TOKEN)


def count_failure(request: web.Request) -> None:
    """
    Raises:
        Refused: wrong tokens came too often from this address.
    """
    if not request.app[THROTTLE].take(_client(request)):
        raise Refused("RATE_LIMIT_EXCEEDED", "too many wrong tokens came from your address; wait for a minute")


class _Found(NamedTuple):
    token: tokens.Token | None
    needed: bool


def _look(connection: sqlite3.Connection, bearer: str | None, session: str | None) -> _Found:
    token = None
    if bearer is not None:
        token = tokens.verify(connection, bearer)
    elif session is not None:
        token = tokens.by_id(connection, session)
    return _Found(token, token is not None or tokens.are_needed(connection))


def _bearer(request: web.Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _client(request: web.Request) -> str:
    """The address of who sends it; a proxy adds the one that it sees at the end."""
    if state_of(request).options.behind_proxy:
        return address_of(",".join(request.headers.getall("X-Forwarded-For", [""])).rpartition(",")[2].strip())
    return address_of(request.remote or "")
