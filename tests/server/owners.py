"""Every route that names a job or an upload, asked by somebody else.

A route that is added to the application is tested without being named here; what it has to be told in the query stands
in `QUERIES`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from cassia_engine.server.app import make_app
from cassia_engine.server.database import Database
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.state import DATABASE, ServerState
from tests.server.running import RunningApp

# What else an address has to say.
QUERIES = {
    "/reannotate": {"job_id": "{job_id}", "cluster_id": "0", "feedback": "x"},
    "/jobs/{job_id}/expression": {"gene": "CD3D"},
    "/jobs/{job_id}/composition": {"column": "sample"},
}
JOB, UPLOAD = "0" * 31 + "1", "0" * 31 + "2"  # somebody's
OTHERS = {"job_id": "0" * 31 + "8", "upload_id": "0" * 31 + "9"}  # nobody's


def routes_with_ids(folder: Path, further: web.RouteTableDef | None = None) -> list[tuple[str, str]]:
    """Method and path of each, with {job_id} or {upload_id} in it and all else filled in."""
    database = Database(folder / DATABASE)
    try:
        app = make_app(ServerState(ServerOptions(folder), database))
    finally:
        database.close()
    app.add_routes(further or [])
    found = []
    for route in app.router.routes():
        path = route.resource.canonical if route.resource is not None else ""
        if path in QUERIES:
            path = f"{path}?{urlencode(QUERIES[path], safe='{}')}"
        if re.search(r"\{(job|upload)_id\}", path) and route.method != "HEAD":
            found.append((route.method, re.sub(r"\{(?!job_id|upload_id)\w+\}", "0", path)))
    return sorted(found)


def fill(server: RunningApp, owner: str) -> None:
    """Make the job `JOB` and the upload `UPLOAD` of an owner."""
    server.state.database.now(
        lambda connection: (
            connection.execute(
                "INSERT INTO uploads (id, owner, kind, size, chunk_size, created, expires) "
                "VALUES (?, ?, 'vars_h5', 4, 4, 0, 1e11)",
                (UPLOAD, owner),
            ),
            connection.execute("INSERT INTO jobs (id, owner, created) VALUES (?, ?, 0)", (JOB, owner)),
            connection.execute(
                "INSERT INTO runs (job_id, number, state, own_keys, created) VALUES (?, 0, 'completed', 0, 0)", (JOB,)
            ),
        )
    )
    (server.state.jobs / JOB / "run").mkdir(parents=True)
    (server.state.jobs / JOB / "run" / "results.json").write_text('{"annotations": {}}')


def check_others_see_nothing(server: RunningApp, token: str, method: str, path: str) -> None:
    """Somebody's job or upload is answered like nobody's."""
    body: Any = b"abcd" if method == "PUT" else {} if method == "POST" else None
    ours, nobodys = (
        server.request(method, path.format(**ids), token=token, body=body)
        for ids in ({"job_id": JOB, "upload_id": UPLOAD}, OTHERS)
    )
    assert ours.status == 404
    assert ours.code in ("JOB_NOT_FOUND", "UPLOAD_NOT_FOUND")
    assert (ours.status, ours.code) == (nobodys.status, nobodys.code)
    assert (
        ours.body.replace(JOB.encode(), OTHERS["job_id"].encode()).replace(
            UPLOAD.encode(), OTHERS["upload_id"].encode()
        )
        == nobodys.body
    )
