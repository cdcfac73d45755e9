"""A server with one job for tests of its report: corrections are kept by the server's own handlers, and what reads the
artifacts or asks a model is played by answers of the same shapes, made from cells by chance."""

from __future__ import annotations

import asyncio
import base64
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, quantiles
from typing import Any

from aiohttp import web

from cassia_engine.records import ClusterResult, SampledCells
from cassia_engine.server import corrections
from cassia_engine.server.access.limits import BODY_MEMORY, BodyMemory
from cassia_engine.server.answers import Refused, error_answer
from cassia_engine.server.database import Database
from cassia_engine.server.metrics import METRICS, Metrics
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.page.served import PageContext, served_page
from cassia_engine.server.state import DATABASE, STATE, Caller, ServerState, set_caller
from tests.server.job_rows import add_job
from tests.server.running import listening

JOB = "0123456789abcdef0123456789abcdef"
Handler = Callable[[web.Request], Any]


@dataclass
class JobServer:
    """What the server has, and what came to it.

    Attributes:
        report: the page as it was made.
        results, cells: of the job.
        faults: by path, the status and text that a request is answered with instead.
        asked: method, path and query of each request but for the page's own.
        posted: bodies of requests to the chat, and their Origin.
        says: the events of the next answers in the chat.
        revisions: as /revisions answers; each look at them takes the next of `later`, if there is one.
    """

    folder: Path
    report: bytes
    results: Sequence[ClusterResult]
    cells: SampledCells
    who: str = "Ada"
    has_artifacts: Mapping[str, bool] = field(default_factory=lambda: {"vars_h5": True, "obs_duckdb": True})
    columns: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    faults: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    posted: list[tuple[Any, str | None]] = field(default_factory=list)
    says: list[tuple[str, Any]] = field(default_factory=list)
    revisions: list[dict[str, Any]] = field(default_factory=list)
    later: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    @property
    def labels(self) -> list[str]:
        return [result.cluster.id for result in self.results]

    def ids(self) -> dict[str, str]:
        """As the client numbers clusters: the ids of the protocol are not what the clusters are called."""
        return {label: f"n{place}" for place, label in enumerate(self.labels)}

    def said(self) -> list[tuple[str, ...]]:
        """The corrections in the database, the first one first."""
        database = self.state.database
        rows = database.now(lambda work: work.execute("SELECT * FROM corrections ORDER BY id").fetchall())
        return [(row["cluster_id"], row["label"], row["cl_id"], row["comment"], row["who"]) for row in rows]

    def fails(self, path: str, status: int = 503, text: str = "the server could not answer; its log says why") -> None:
        self.faults[path] = (status, text)

    def works(self, path: str) -> None:
        del self.faults[path]

    # --- what is served

    def start(self) -> ServerState:
        self.folder.mkdir(exist_ok=True)
        self.state = ServerState(ServerOptions(self.folder), Database(self.folder / DATABASE))
        add_job(self.state, JOB, ids=self.ids())
        return self.state

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._middleware])
        app[STATE], app[BODY_MEMORY], app[METRICS] = self.start(), BodyMemory(), Metrics()
        app.add_routes(corrections.ROUTES)
        of_job = f"/jobs/{JOB}/"
        app.router.add_get(f"/report/{JOB}", self._page)
        for part in ("genes", "expression", "embedding", "columns", "composition", "revisions"):
            app.router.add_get(of_job + part, getattr(self, f"_{part}"))
        app.router.add_post("/reannotate", self._reannotate)
        app.router.add_post("/cluster_chat", self._chat)
        return app

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        set_caller(request, Caller(name=self.who))
        if not request.path.startswith("/report/"):
            self.asked.append(f"{request.method} {request.path_qs}")
        if fault := self.faults.get(request.path):
            return web.Response(status=fault[0], text=fault[1])
        try:
            return await handler(request)  # type: ignore[no-any-return]
        except Refused as error:
            return error_answer(error)

    async def _page(self, request: web.Request) -> web.Response:
        context = PageContext(JOB, self.who, self.has_artifacts, self.ids())
        return web.Response(body=served_page(self.report, context), content_type="text/html", charset="utf-8")

    async def _genes(self, request: web.Request) -> web.Response:
        names = [gene.gene for gene in self.cells.genes] + [f"OTHER{n}" for n in range(2000)]
        return web.json_response({"genes": names, "n_cells": self.cells.n_cells})

    async def _embedding(self, request: web.Request) -> web.Response:
        cells = self.cells
        where = {"x": cells.x, "y": cells.y, "cluster": cells.clusters}
        return web.json_response({"key": cells.coordinates_key, **where, "clusters": self.labels})

    async def _expression(self, request: web.Request) -> web.Response:
        values = self.values(request.query["gene"])
        members = [[value for value, one in zip(values, self.cells.clusters, strict=True) if one == place]
                   for place in range(len(self.results))]  # fmt: skip
        found = [_summary(label, own) for label, own in zip(self.labels, members, strict=True)]
        return web.json_response({"gene": request.query["gene"], "clusters": found, "values": values})

    def values(self, gene: str) -> list[float]:
        known = {one.gene: one for one in self.cells.genes}
        if gene not in known:
            return [0.0] * len(self.cells.x)
        counts = zlib.decompress(base64.b64decode(known[gene].values))
        return [round(count / 255 * known[gene].highest, 3) for count in counts]

    async def _columns(self, request: web.Request) -> web.Response:
        found = [
            {"name": name, "kind": "numeric" if _is_numeric(values) else "categorical", "n_values": len({*values})}
            for name, values in self.columns.items()
        ]
        return web.json_response({"columns": found, "cluster_column": "leiden"})

    async def _composition(self, request: web.Request) -> web.Response:
        name = request.query["column"]
        if name not in self.columns:
            raise Refused("INVALID_REQUEST", "obs has no column of this name")
        values = self.columns[name]
        members = [[value for value, one in zip(values, self.cells.clusters, strict=True) if one == place]
                   for place in range(len(self.results))]  # fmt: skip
        return web.json_response(_composition(name, values, dict(zip(self.labels, members, strict=True))))

    async def _revisions(self, request: web.Request) -> web.Response:
        answer = web.json_response({"revisions": self.revisions})
        if self.later and self.revisions:
            self.revisions[-1] = self.revisions[-1] | self.later.pop(0)
        return answer

    async def _reannotate(self, request: web.Request) -> web.Response:
        number, query = len(self.revisions) + 1, request.query
        again = {"revision": number, "cluster": query["cluster_id"], "feedback": query["feedback"], "state": "pending"}
        self.revisions.append(again | {"reason": "", "label": "", "report_url": ""})
        return web.json_response({"job_id": JOB, "cluster_id": query["cluster_id"], "revision": number})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self.posted.append((await request.json(), request.headers.get("Origin")))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for name, data in self.says:
            await response.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
            await asyncio.sleep(0)
        return response


def _summary(label: str, own: Sequence[float]) -> dict[str, Any]:
    if not own:
        return {"cluster": label, "n_cells": 0, "percent": None, "mean": None, "quartiles": None}
    share = 100 * sum(value > 0 for value in own) / len(own)
    numbers = {"percent": round(share, 2), "mean": fmean(own), "quartiles": quantiles(own, n=4, method="inclusive")}
    return {"cluster": label, "n_cells": len(own), **numbers}


def _is_numeric(values: Sequence[Any]) -> bool:
    return all(isinstance(value, float) or value is None for value in values)


def _composition(name: str, values: Sequence[Any], members: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    if _is_numeric(values):
        found = []
        for label, own in members.items():
            known = sorted(value for value in own if value is not None)
            ends = [known[0], *quantiles(known, n=4, method="inclusive"), known[-1]] if len(known) > 1 else None
            sizes = {"n_cells": len(own), "missing": len(own) - len(known)}
            found.append({"cluster": label, **sizes, "quantiles": ends})
        return {"column": name, "kind": "numeric", "clusters": found}
    first = sorted({value for value in values if value is not None})[:10]
    others = {*values} - {None, *first}
    counted = []
    for label, own in members.items():
        counts = [own.count(value) for value in first] + [sum(value in others for value in own)] * bool(others)
        counted.append({"cluster": label, "n_cells": len(own), "missing": own.count(None), "counts": counts})
    shown = {"values": [*first, *["other"] * bool(others)], "n_other_values": len(others)}
    return {"column": name, "kind": "categorical", **shown, "clusters": counted}


@contextmanager
def running(server: JobServer) -> Iterator[JobServer]:
    """The server on a port of its own."""
    with listening(server.app, ServerOptions(server.folder, port=0)) as url:
        server.url = f"{url}/report/{JOB}"
        yield server
    server.state.database.close()
