"""The batch APIs of the mock: files and batches of OpenAI, Groq and Mistral, Anthropic's and Google's.

A batch is worked on while its time (`seconds`) lasts, and its answers are paid for when it is created. POST /batches
says what becomes of the next ones: a list with an object for each, as `Plan` has it. POST /batches/hold with
{"at": STEP} withholds the answers to a step until {"at": null}: "upload", "create" (before a batch is created),
"created" (after that), "poll", "download" or "list". POST /batches/finish ends all that are at work.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiohttp import web

from tests.mock_provider.asked import Refused
from tests.mock_provider.batch_bodies import (
    READERS,
    Batch,
    Line,
    Plan,
    Result,
    anthropic_result,
    file_result,
    json_lines,
    shown,
    shuffled,
)
from tests.mock_provider.bodies import error_body
from tests.mock_provider.fields import ANTHROPIC, GOOGLE, MISTRAL, OPENAI

UPLOAD, CREATE, CREATED, POLL, DOWNLOAD, LIST = "upload", "create", "created", "poll", "download", "list"
_ROUTES = [
    ("POST", r"(?P<mistral>/mistral)?(?:/openai)?/v1/files", UPLOAD),
    ("GET", r"(?P<mistral>/mistral)?(?:/openai)?/v1/files/(?P<id>[^/]+)/content", DOWNLOAD),
    ("POST", r"(?:/openai)?/v1/batches", CREATE),
    ("GET", r"(?:/openai)?/v1/batches", LIST),
    ("GET", r"(?:/openai)?/v1/batches/(?P<id>[^/]+)", POLL),
    ("POST", r"(?P<mistral>/mistral)/v1/batch/jobs", CREATE),
    ("GET", r"(?P<mistral>/mistral)/v1/batch/jobs", LIST),
    ("GET", r"(?P<mistral>/mistral)/v1/batch/jobs/(?P<id>[^/]+)", POLL),
    ("POST", r"(?P<anthropic>/v1/messages)/batches", CREATE),
    ("GET", r"(?P<anthropic>/v1/messages)/batches", LIST),
    ("GET", r"(?P<anthropic>/v1/messages)/batches/(?P<id>[^/]+)", POLL),
    ("GET", r"(?P<anthropic>/v1/messages)/batches/(?P<id>[^/]+)/results", DOWNLOAD),
    ("POST", r"(?P<google>/v1beta)/models/(?P<model>[^/:]+):batchGenerateContent", CREATE),
    ("GET", r"(?P<google>/v1beta)/batches", LIST),
    ("GET", r"(?P<google>/v1beta)/(?P<id>batches/[^/]+)", POLL),
]
_FLAVOURS = {"mistral": MISTRAL, "anthropic": ANTHROPIC, "google": GOOGLE}


class Found(NamedTuple):
    """What a path asks."""

    step: str
    flavour: str
    id: str
    model: str


def find(method: str, path: str) -> Found | None:
    """What a request to a batch API asks; None if it is to none."""
    for verb, pattern, step in _ROUTES:
        if verb == method and (match := re.fullmatch(pattern, path)):
            parts = match.groupdict()
            flavour = next((name for part, name in _FLAVOURS.items() if parts.get(part)), OPENAI)
            return Found(step, flavour, parts.get("id") or "", parts.get("model") or "")
    return None


def single_path(found: Found, path: str) -> str:
    """The path of single calls beside that of a batch."""
    if found.flavour == GOOGLE:
        return path.replace(":batchGenerateContent", ":generateContent")
    if found.flavour == ANTHROPIC:
        return path.removesuffix("/batches")
    return f"{path.removesuffix('/batches').removesuffix('/batch/jobs')}/chat/completions"


# What comes of a line, by the path of single calls, flavour and model; it is paid for.
Work = Callable[[str, str, str, Line], Result]


@dataclass
class Batches:
    """The files and batches of a mock.

    Attributes:
        seconds: that a batch takes.
        held: steps that are withheld now.
        lines: of all batches.
    """

    work: Work
    seconds: float
    page: int = 100
    held: int = 0
    lines: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    _plans: list[Plan] = field(default_factory=list)
    _refusals: dict[str, list[int]] = field(default_factory=lambda: {UPLOAD: [], CREATE: []})
    _hold: str | None = None
    _release: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def follow(self, plans: list[dict[str, Any]]) -> None:
        """The next batches are to fare so."""
        self._plans = [Plan(**plan) for plan in plans]
        self._refusals = {step: [s for plan in self._plans for s in getattr(plan, step)] for step in (UPLOAD, CREATE)}

    def finish(self) -> None:
        """All batches end now."""
        for batch in self.batches.values():
            batch.ready = 0.0

    def forget(self) -> None:
        """There are no batches, and the next ones fare as usual."""
        self.batches.clear()
        self.follow([])

    def hold(self, step: str | None) -> None:
        """Withhold the answers to a step; None gives all free."""
        self._hold = step
        self._release.set()
        self._release = asyncio.Event()

    async def _pass(self, step: str) -> None:
        if self._hold == step:
            self.held += 1
            try:
                await self._release.wait()
            finally:
                self.held -= 1

    async def answer(self, request: web.Request, found: Found) -> web.Response:
        """The answer to a request; the connection is closed where the plan says so."""
        raw = await request.read()
        await self._pass(found.step)
        try:
            match found.step:
                case "upload":
                    self._refuse(UPLOAD, request)
                    return web.json_response(self._upload(raw, request.content_type))
                case "create":
                    batch = await self._create(found, raw, request)
                    return web.json_response(shown(batch))
                case "list":
                    return web.json_response(self._listed(found.flavour, request.query))
                case "poll":
                    return web.json_response(shown(self._batch(found.id), with_results=True))
                case _:
                    return web.Response(body=self._content(found))
        except Refused as refused:
            body = error_body(found.flavour, refused.status, refused.message, refused.code)
            return web.json_response(body, status=refused.status)

    def _refuse(self, step: str, request: web.Request) -> None:
        planned = self._refusals[step]
        if planned and (status := planned.pop(0)) > 0:
            raise Refused("", status=status)

    def _upload(self, raw: bytes, content_type: str) -> dict[str, Any]:
        boundary = raw.partition(b"\r\n")[0]
        parts = [part.partition(b"\r\n\r\n") for part in raw.split(boundary)]
        named = {head: body.removesuffix(b"\r\n") for head, _, body in parts}
        purpose = next((body for head, body in named.items() if b'name="purpose"' in head), b"")
        content = next((body for head, body in named.items() if b'name="file"' in head), None)
        if content_type != "multipart/form-data" or purpose != b"batch" or content is None:
            raise Refused("expected a form with a file and the purpose batch")
        id = f"file-{next(self._numbers)}"
        self.files[id] = content
        about = {"object": "file", "bytes": len(content), "created_at": int(time.time()), "filename": "cassia.jsonl"}
        of_mistral = {"sample_type": "batch_request", "source": "upload"}
        return {"id": id, "purpose": "batch", "status": "processed", **of_mistral, **about}

    async def _create(self, found: Found, raw: bytes, request: web.Request) -> Batch:
        lost = False
        if planned := self._refusals[CREATE]:
            status = planned.pop(0)
            if status > 0:
                raise Refused("", status=status)
            lost = True
            if status < 0:
                _close(request)
                raise ConnectionResetError
        model, lines, about = READERS[found.flavour](self.files, found.flavour, found.model, json.loads(raw))
        if not lines or len({line.key for line in lines}) < len(lines):
            raise Refused("a batch needs requests, and each an id of its own")
        plan = self._plans.pop(0) if self._plans else Plan()
        number, now = next(self._numbers), time.time()
        id = f"batches/{number}" if found.flavour == GOOGLE else f"batch_{number}"
        seconds = self.seconds if plan.seconds is None else plan.seconds
        self.lines += len(lines)
        path = single_path(found, request.path)
        results = list(self._results(path, found.flavour, model, lines, plan))
        batch = Batch(id, found.flavour, model, about, plan, now, now + seconds, results)
        self.batches[id] = batch
        await self._pass(CREATED)
        if lost:
            _close(request)
            raise ConnectionResetError
        return batch

    def _results(self, path: str, flavour: str, model: str, lines: list[Line], plan: Plan) -> Iterator[Result]:
        if plan.ends == "failed":
            return
        done = len(lines) if plan.ends == "completed" else int(len(lines) * plan.done)
        for n, line in enumerate(lines):
            if n >= done:
                yield Result(line.key, 0, None)
            elif n < len(plan.errors):
                yield Result(line.key, plan.errors[n], error_body(flavour, plan.errors[n]))
            elif n < done - plan.missing:
                yield self.work(path, flavour, model, line)

    def _batch(self, id: str) -> Batch:
        if id not in self.batches:
            raise Refused("no such batch", status=404)
        return self.batches[id]

    def _listed(self, flavour: str, query: Mapping[str, str]) -> dict[str, Any]:
        """A page of the batches, the newest first."""
        own = [batch for batch in reversed(self.batches.values()) if batch.flavour == flavour]
        start = int(query.get("pageToken") or 0) if flavour == GOOGLE else int(query.get("page") or 0) * self.page
        after = query.get("after") or query.get("after_id")
        if after:
            start = [batch.id for batch in own].index(after) + 1
        some = [shown(batch) for batch in own[start : start + self.page]]
        more = start + self.page < len(own)
        if flavour == GOOGLE:
            return {"operations": some, **({"nextPageToken": str(start + self.page)} if more else {})}
        return {"object": "list", "data": some, "has_more": more, "total": len(own)}

    def _content(self, found: Found) -> bytes:
        if found.flavour == ANTHROPIC:
            batch = self._batch(found.id)
            if not batch.is_done:
                raise Refused("the batch has not ended", status=400)
            return json_lines(map(anthropic_result, shuffled(batch)))
        if found.id in self.files:
            return self.files[found.id]
        kind, _, id = found.id.partition("-of-")
        batch = self._batch(id)
        wanted = [one for one in shuffled(batch) if (one.status == 200) == (kind == "output")]
        return json_lines(file_result(one) for one in wanted)


def _close(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
