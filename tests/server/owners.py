"""Every route that is asked about a job or an upload, asked by somebody else.

A route with {job_id} or {upload_id} in its path is found by itself. What it has to be told besides, and routes that
have ids in their bodies, stand in `TOLD`.
"""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from cassia_engine.server.app import make_app
from cassia_engine.server.database import Database
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.state import DATABASE, ServerState
from tests.server.processes import question
from tests.server.running import Answer, RunningApp

JOB, UPLOAD = "0" * 31 + "1", "0" * 31 + "2"  # somebody's
NO_JOB, NO_UPLOAD = "0" * 31 + "8", "0" * 31 + "9"  # nobody's
NOT_FOUND = ("JOB_NOT_FOUND", "UPLOAD_NOT_FOUND")
_AGAIN = {"job_id": "{job_id}", "cluster_id": "0", "feedback": "x"}
# Queries and bodies, by method and path of the route.
TOLD: dict[tuple[str, str], Any] = {
    ("GET", "/jobs/{job_id}/expression"): "?gene=CD3D",
    ("GET", "/jobs/{job_id}/composition"): "?column=sample",
    ("PUT", "/upload/{upload_id}/chunk/{index}"): b"abcd",
    ("POST", "/reannotate"): _AGAIN,
    ("POST", "/annotate"): {"input_data": question(), "uploaded_files": {"vars_h5": "{upload_id}"}},
    ("POST", "/cluster_chat"): {**_AGAIN, "messages": [{"role": "user", "content": "why?"}]},
}
# Routes that ask for nothing that is there.
OF_NOBODY = {("POST", "/login"), ("POST", "/logout"), ("POST", "/upload/{kind}/initiate")}


@dataclass(frozen=True)
class Question:
    """A request with {job_id} and {upload_id} where its ids are to be."""

    method: str
    path: str
    body: Any = None

    def ask(self, server: RunningApp, token: str, job: str, upload: str) -> Answer:
        """The answer about a job or an upload, with the ids left out of it."""

        def filled(text: str) -> str:
            return text.replace("{job_id}", job).replace("{upload_id}", upload)

        as_it_is = self.body is None or isinstance(self.body, bytes)
        given = self.body if as_it_is else json.loads(filled(json.dumps(self.body)))
        answer = server.request(self.method, filled(self.path), token=token, body=given)
        return Answer(answer.status, {}, answer.body.replace(job.encode(), b"JOB").replace(upload.encode(), b"UPLOAD"))


def questions(folder: Path, further: web.RouteTableDef | None = None) -> list[Question]:
    """All that can be asked about jobs and uploads."""
    database = Database(folder / DATABASE)
    try:
        app = make_app(ServerState(ServerOptions(folder), database))
    finally:
        database.close()
    app.add_routes(further or [])
    routes = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource is not None}
    return [_question(*route) for route in sorted(routes - OF_NOBODY) if route[0] != "HEAD" and _is_asked(*route)]


def _is_asked(method: str, path: str) -> bool:
    """Whether a route has an id, in its path or, as may be, in a body."""
    return "_id}" in path or method != "GET"


def _question(method: str, path: str) -> Question:
    told = TOLD.get((method, path), None if method == "GET" else {})
    query = told if isinstance(told, str) else ""
    filled = re.sub(r"\{(?!job_id|upload_id)\w+\}", "0", path)
    return Question(method, filled + query, None if query else told)


def fill(server: RunningApp, owner: str) -> None:
    """Make the job `JOB` and the upload `UPLOAD` of an owner."""
    for table, fields in (
        (
            "uploads (id, owner, kind, size, chunk_size, created, expires, completed)",
            (UPLOAD, owner, "vars_h5", 4, 4, 0, 1e11, 1),
        ),
        ("jobs (id, owner, created)", (JOB, owner, 0)),
        ("runs (job_id, number, state, own_keys, created)", (JOB, 0, "completed", 0, 0)),
    ):
        places = ", ".join("?" * len(fields))
        statement = f"INSERT INTO {table} VALUES ({places})"
        server.state.database.now(partial(_execute, statement, fields))
    (server.state.uploads / UPLOAD).write_bytes(b"abcd")
    run = server.state.jobs / JOB / "run"
    run.mkdir(parents=True)
    (run / "results.json").write_text('{"annotations": {}}')


def _execute(statement: str, fields: tuple[Any, ...], connection: sqlite3.Connection) -> None:
    connection.execute(statement, fields)


def check_only_the_owner_sees(server: RunningApp, owner: str, other: str, asked: Question) -> None:
    """Somebody's job or upload is answered like nobody's to others, and otherwise to its owner."""
    somebodys = asked.ask(server, other, JOB, UPLOAD)
    assert somebodys.status == 404 and somebodys.code in NOT_FOUND
    assert somebodys == asked.ask(server, other, NO_JOB, NO_UPLOAD)
    own = asked.ask(server, owner, JOB, UPLOAD)
    assert not any(code.encode() in own.body for code in NOT_FOUND)
