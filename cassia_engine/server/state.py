"""What all handlers of a server share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from cassia_engine.server.database import Database
from cassia_engine.server.options import ServerOptions

DATABASE, LOCK = "server.db", "lock"
MOST_CHATS = 16  # at once


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request.

    Attributes:
        owner: id of the token; "" on loopback, where none is needed.
        name: of the token, as its maker called it.
    """

    owner: str = ""
    name: str = ""

    @property
    def who(self) -> str:
        """For people: the name, or "local" where the server has no tokens."""
        return self.name or "local"

    @property
    def is_local(self) -> bool:
        """Whether it is a program of this machine, let in without a token: it could use keys and network itself."""
        return not self.owner


@dataclass(frozen=True, slots=True)
class ServerState:
    """What all handlers share; the folders are made when a server starts.

    Attributes:
        keys: of models, by job, as `questions.secret_parts` has them: in memory only.
        wake: set when the queue has something to look at.
        submitting: held while a job gets one more run, whose number is the next.
        draining: the server ends; it takes no job any more.
        chats: held while a question about a cluster is with a model.
        chunks_at_work: owner, upload and number of each chunk that a request is bringing.
    """

    options: ServerOptions
    database: Database
    keys: dict[str, list[str]] = field(default_factory=dict, repr=False)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    submitting: asyncio.Lock = field(default_factory=asyncio.Lock)
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    chats: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_CHATS))
    chunks_at_work: set[tuple[str, str, int]] = field(default_factory=set)

    @property
    def uploads(self) -> Path:
        return self.options.data / "uploads"

    @property
    def jobs(self) -> Path:
        return self.options.data / "jobs"


STATE = web.AppKey("state", ServerState)
_CALLER = web.RequestKey("caller", Caller)


def state_of(request: web.Request) -> ServerState:
    return request.app[STATE]


def caller_of(request: web.Request) -> Caller:
    """Who sends a request; the middleware of `access` has found that out."""
    return request[_CALLER]


def caller_if_known(request: web.Request) -> Caller | None:
    """Who sends a request; None where it was refused before that was found out."""
    return request.get(_CALLER)


def set_caller(request: web.Request, caller: Caller) -> None:
    request[_CALLER] = caller
