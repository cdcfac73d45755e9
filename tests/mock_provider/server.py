"""The mock provider as a web server: it counts and checks each request, and answers it or fails as told."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakSet

from aiohttp import web

from cassia_engine.providers.clock import Clock
from tests.mock_provider.acting import PLAIN, Scene, act, json_response, send
from tests.mock_provider.answers import answer, open_scorer
from tests.mock_provider.asked import Asked, Refused
from tests.mock_provider.batch_bodies import Line, Result
from tests.mock_provider.batches import Batches, Found, find
from tests.mock_provider.bodies import PRICES, count_tokens, error_body, error_headers, refusal_body
from tests.mock_provider.caching import PromptCache
from tests.mock_provider.choosing import MODEL, Choice
from tests.mock_provider.clouds import key_of_signature
from tests.mock_provider.faults import Kind, find_fault
from tests.mock_provider.limits import Limits
from tests.mock_provider.requests import dialect_of, read_request
from tests.mock_provider.stats import Log, Stats

HOST = "127.0.0.1"
GRACE_S = 0.2  # for answers under way when the mock ends
BATCH_SHARE = 0.5  # of the price


@dataclass(frozen=True, slots=True)
class Options:
    """How the mock behaves.

    Attributes:
        latency: seconds before each answer.
        spread: share of the latency by which it varies, up and down; a request always has the same.
        faults: odds by fault.
        steady: odds by fault, of a request whenever it comes.
        script: the n-th call gets the n-th fault, or none.
        variety: share of the clusters whose first annotation is not the best one; a second opinion corrects it.
        asks_for_genes: second annotators ask for genes, where they may.
        model: the one model there is, with all whose names begin with it and "-"; "" for any.
        rpm, tpm, max_in_flight: limits; None is none.
        bucket: seconds of these limits that may be used at once.
        speed: how many seconds pass here in one of the machine's.
        require_key: the key that must be sent, "" for any; None needs none.
        hold_after: from this call on (the first is 1) answers are withheld until /release.
        caches: beginnings of prompts are kept, see caching.py.
        redirect: where the fault "redirect" leads.
        batch_seconds: that a batch takes.
    """

    latency: float = 0.0
    spread: float = 0.0
    faults: Mapping[str, float] = field(default_factory=dict)
    steady: Mapping[str, float] = field(default_factory=dict)
    script: tuple[str | None, ...] = ()
    seed: int = 0
    variety: float = 0.0
    asks_for_genes: bool = False
    model: str = ""
    rpm: float | None = None
    tpm: float | None = None
    max_in_flight: int | None = None
    bucket: float = 60.0
    speed: float = 1.0
    require_key: str | None = None
    hold_after: int | None = None
    log: Path | None = None
    caches: bool = False
    redirect: str = ""
    batch_seconds: float = 0.0


class Mock:
    """The mock provider. `stats` counts; `serving` opens a port."""

    def __init__(self, options: Options = Options()):
        self.options = options
        self.stats = Stats()
        self.choice = Choice(options.faults, options.script, options.seed, options.steady)
        self._limits = Limits(options.rpm, options.tpm, Clock(options.speed).now, options.bucket)
        self._log = Log(options.log)
        self._cache = PromptCache() if options.caches else None
        self._hold_after = options.hold_after
        self._release = asyncio.Event()
        self._transports: WeakSet[Any] = WeakSet()
        self.batches = Batches(self._work, options.batch_seconds)

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[str]:
        """Serve on a port of this machine, any free one for 0; gives the URL without a path."""
        # The knowledge is read before the first call, which would have to wait for it.
        open_scorer("none", "human")
        runner = web.AppRunner(
            self._application(), handler_cancellation=True, access_log=None, shutdown_timeout=GRACE_S
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, port, backlog=1024).start()
            yield f"http://{HOST}:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()
            self._log.close()

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=256 * 1024 * 1024)
        app.add_routes(
            [
                web.get("/stats", self._show_stats),
                web.post("/reset", self._reset),
                web.post("/script", self._follow),
                web.post("/hold", self._hold),
                web.post("/release", self._let_go),
                web.post("/batches", self._plan_batches),
                web.post("/batches/hold", self._hold_batches),
                web.post("/batches/finish", self._finish_batches),
                web.route("*", "/{path:.*}", self._call),
            ]
        )
        return app

    async def _show_stats(self, request: web.Request) -> web.Response:
        return web.json_response({**self.stats.to_json(), "batches_held": self.batches.held})

    async def _reset(self, request: web.Request) -> web.Response:
        """Counts start anew, and batches are forgotten; what is under way goes on being counted as that."""
        old = self.stats
        self.stats = Stats(in_flight=old.in_flight, held=old.held, peak_in_flight=old.in_flight)
        self.batches.forget()
        return web.json_response({})

    async def _follow(self, request: web.Request) -> web.Response:
        try:
            self.choice.follow(await request.json())
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({})

    async def _hold(self, request: web.Request) -> web.Response:
        """Body {"after": N}: from call number N on, answers are withheld; null ends that for calls to come."""
        self._hold_after = (await request.json())["after"]
        self._release = asyncio.Event()
        return web.json_response({})

    async def _let_go(self, request: web.Request) -> web.Response:
        self._hold_after = None
        self._release.set()
        return web.json_response({})

    async def _plan_batches(self, request: web.Request) -> web.Response:
        self.batches.follow(await request.json())
        return web.json_response({})

    async def _hold_batches(self, request: web.Request) -> web.Response:
        self.batches.hold((await request.json())["at"])
        return web.json_response({})

    async def _finish_batches(self, request: web.Request) -> web.Response:
        self.batches.finish()
        return web.json_response({})

    async def _of_batch(self, request: web.Request, found: Found) -> web.Response:
        """The answer to a request to a batch API."""
        known = len(self.batches.batches)
        try:
            self._key(request.headers)
            return await self.batches.answer(request, found)
        except Refused as refused:
            return json_response(refusal_body(found.flavour, refused), refused.status)
        except ConnectionResetError:
            return web.Response(status=499)
        finally:
            self.stats.batches += len(self.batches.batches) - known

    def _work(self, path: str, flavour: str, model: str, line: Line) -> Result:
        """What comes of a line of a batch, which is paid at half the price."""
        raw = json.dumps(line.body, separators=(",", ":")).encode()
        body = hashlib.sha256(path.encode() + b"\0" + raw).hexdigest()
        self.stats.batch_lines += 1
        dialect, _ = dialect_of(path) or ("", "")
        headers = {"Content-Type": "application/json", "anthropic-version": "2023-06-01"}
        try:
            asked = read_request(dialect, flavour, raw, headers, path)
            name = self.choice.fault({}, asked.model, body)
            self._check_model(asked.model)
        except Refused as refused:
            self.stats.work(body, paid=False)
            return Result(line.key, refused.status, refusal_body(flavour, refused))
        fault = find_fault(name) if name else PLAIN
        self.stats.by_fault.update([name] if name else [])
        if fault.kind is Kind.ERROR:
            self.stats.work(body, paid=False)
            return Result(line.key, fault.status, error_body(flavour, fault.status, fault.message, fault.code))
        scene = Scene(asked, self._text(asked), fault)
        self.stats.work(body, paid=fault.paid)
        if fault.paid:
            self._count(scene, BATCH_SHARE)
        return Result(line.key, 200, scene.answer())

    async def _call(self, request: web.Request) -> web.StreamResponse:
        self._meet(request.transport)
        path = request.raw_path
        if of_batch := find(request.method, request.path):
            return await self._of_batch(request, of_batch)
        spoken = dialect_of(path)
        if spoken is None or request.method != "POST":
            return web.json_response(
                {"error": {"message": f"Invalid URL ({request.method} {request.path})"}}, status=404
            )
        raw = await request.read()
        body = hashlib.sha256(path.encode() + b"\0" + raw).hexdigest()
        began, number = time.time(), self.stats.arrive(body)
        status: int | None = None
        fault, paid, ended = None, False, 0.0
        try:
            outcome = await self._prepare(request, *spoken, raw, body)
            if isinstance(outcome, web.Response):
                response, status = await send(request, outcome)
                return response
            fault, scene = outcome
            await self._wait(number, body)
            response, status = await act(request, scene)
            ended = time.time()
            paid = scene.fault.paid
            if paid:
                self._count(scene)
            return response
        except ConnectionResetError:
            # The client went while it was answered: nobody reads this, and that is no error of the mock.
            return web.Response(status=499)
        finally:
            # A cancelled task or a broken connection leaves the status at None: the client had gone.
            self.stats.leave(body, status, paid)
            self._log.write(number, body, status, fault, began, ended or time.time())

    def _meet(self, transport: asyncio.Transport | None) -> None:
        if transport is not None and transport not in self._transports:
            self._transports.add(transport)
            self.stats.connections += 1

    async def _prepare(
        self, request: web.Request, dialect: str, flavour: str, raw: bytes, body: str
    ) -> web.Response | tuple[str | None, Scene]:
        """The refusal of a request, or (name of its fault, what to do)."""
        try:
            key = self._key(request.headers)
            asked = read_request(dialect, flavour, raw, request.headers, request.raw_path)
            name = self.choice.fault(request.headers, asked.model, body)
            self._check_model(asked.model)
        except Refused as refused:
            headers = error_headers(flavour, refused.status)
            return json_response(refusal_body(flavour, refused), refused.status, headers)
        except ValueError as error:
            return json_response(error_body(flavour, 400, str(error)), 400)
        if (waits := self._over_limit(asked)) is not None:
            headers = {**error_headers(flavour, 429), **waits}
            return json_response(error_body(flavour, 429, "", "rate_limit_exceeded"), 429, headers)
        if self._cache is not None:
            asked = self._cache.counted(asked)
        self.stats.by_fault.update([name] if name else [])
        return name, Scene(asked, self._text(asked), find_fault(name) if name else PLAIN, key, self.options.redirect)

    def _text(self, asked: Asked) -> str:
        how = self.options
        return answer(asked.title, asked.messages, asked.system, how.seed, how.variety, how.asks_for_genes)

    def _key(self, headers: Mapping[str, str]) -> str:
        """The key that came.

        Raises:
            Refused: it is not the one required.
        """
        own = headers.get("x-api-key") or headers.get("x-goog-api-key") or key_of_signature(headers)
        key = own or headers.get("Authorization", "").removeprefix("Bearer ")
        required = self.options.require_key
        if required is not None and not (key if required == "" else key == required):
            raise Refused("Incorrect API key provided.", code="invalid_api_key", status=401)
        return key

    def _check_model(self, model: str) -> None:
        own = self.options.model
        if own and model != own and not model.startswith((f"{own}-", MODEL)):
            raise Refused(f"The model '{model}' does not exist.", "model", "model_not_found", 404)

    def _over_limit(self, asked: Asked) -> dict[str, str] | None:
        """Headers of the refusal, None if the request may pass."""
        most = self.options.max_in_flight
        if most is not None and self.stats.in_flight > most:
            return {"retry-after": "1", "retry-after-ms": "50"}
        return self._limits.take(count_tokens(asked, "").input + (asked.max_tokens or 0))

    async def _wait(self, number: int, body: str) -> None:
        if self.options.latency:
            await asyncio.sleep(self._latency(body) / self.options.speed)
        if self._hold_after is not None and number >= self._hold_after:
            self.stats.held += 1
            try:
                await self._release.wait()
            finally:
                self.stats.held -= 1

    def _latency(self, body: str) -> float:
        latency, spread = self.options.latency, self.options.spread
        if not spread:
            return latency
        return latency * random.Random(f"{self.options.seed} {body}").uniform(1 - spread, 1 + spread)

    def _count(self, scene: Scene, share: float = 1.0) -> None:
        usage = count_tokens(scene.asked, scene.said or "")
        self.stats.cost_usd += share * (usage.input * PRICES[0] + usage.output * PRICES[1])
        self.stats.input_tokens += usage.input
        self.stats.output_tokens += usage.output
