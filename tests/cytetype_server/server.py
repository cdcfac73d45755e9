"""The server as one aiohttp application."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from tests.cytetype_server import faults
from tests.cytetype_server.calls import Call, Calls, Refused, Reply, error_reply, read_call
from tests.cytetype_server.record import Record
from tests.cytetype_server.settings import CALLS, Settings
from tests.cytetype_server.state import State

HOST = "127.0.0.1"


class Server:
    """A server whose state is in a folder."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.settings = Settings.load(folder)
        self.state, self.record = State(folder), Record(folder)
        self._held = 0
        self._release = asyncio.Event()
        self._url = ""

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[str]:
        """Serve on a port of this machine, any free one for 0; gives the URL."""
        app = web.Application(client_max_size=2**30)
        app.add_routes(
            [
                web.get("/control", self._show),
                web.post("/control", self._change),
                web.post("/release", self._let_go),
                web.post("/reset", self._reset),
                web.route("*", "/{path:.*}", self._call),
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, port, backlog=128, reuse_address=True).start()
            self._url = f"http://{HOST}:{runner.addresses[0][1]}"
            yield self._url
        finally:
            await runner.cleanup()
            self.record.close()

    async def _show(self, request: web.Request) -> web.Response:
        data = {
            "held": self._held,
            "events": self.record.events(),
            "uploads": self.state.uploads(),
            "jobs": self.state.jobs(),
        }
        return web.json_response(data)

    async def _change(self, request: web.Request) -> web.Response:
        try:
            self.change(await request.json())
        except (ValueError, msgspec.ValidationError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({})

    def change(self, fields: dict[str, Any]) -> None:
        """Behave otherwise.

        Raises:
            ValueError: there is no such setting, call or fault.
        """
        found = self.settings.changed(fields)
        for rule in found.rules:
            faults.check_fault(rule.fault)
            if rule.call not in CALLS:
                raise ValueError(f"no call {rule.call}")
        self.settings = found
        found.save(self._folder)

    async def _let_go(self, request: web.Request) -> web.Response:
        self._release.set()
        self._release = asyncio.Event()
        return web.json_response({})

    async def _reset(self, request: web.Request) -> web.Response:
        """Uploads, jobs, events and settings are gone."""
        self.record.close()
        shutil.rmtree(self._folder)
        self._folder.mkdir()
        self.settings = Settings()
        self.state, self.record = State(self._folder), Record(self._folder)
        return await self._let_go(request)

    async def _call(self, request: web.Request) -> web.StreamResponse:
        bearer = request.headers.get("Authorization")
        token = None if bearer is None else bearer.removeprefix("Bearer ")
        call = read_call(request.method, request.path, token, self._url, request.query.get("signature", ""))
        if call is None:
            return _response(error_reply(Refused("NOT_FOUND", f"No {request.method} {request.path}", 404)))
        kind = call.kind or self._kind_of(call.upload)
        about = {"upload": call.upload, "kind": kind, "index": call.index, "job": call.job}
        self.record.add("arrived", call=call.name, token=token, **about)
        fault = self.settings.fault(call.name, kind, call.index)
        self.settings.save(self._folder)
        try:
            reply = await self._acted(request, call, fault)
        except faults.Dropped:
            self.record.add("answered", call=call.name, dropped=True, **about)
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        self.record.add("answered", call=call.name, status=reply.status, **about)
        return _response(reply)

    def _kind_of(self, upload: str | None) -> str | None:
        found = self.state.upload(upload) if upload else None
        return found["kind"] if found else None

    async def _acted(self, request: web.Request, call: Call, fault: str) -> Reply:
        if fault == "drop":
            raise faults.Dropped
        if fault == "drop_middle":
            await request.content.readany()
            raise faults.Dropped
        body = await request.read()
        if fault == "hold":
            await self._hold()
            if request.transport is None or request.transport.is_closing():
                raise faults.Dropped
        if (instead := faults.without_work(fault)) is not None:
            return instead
        try:
            reply = Calls(self.state, self.settings).answer(call, body)
        except Refused as error:
            return error_reply(error)
        if call.name in ("chunk", "part") and reply.status == 200:
            self.record.add("stored", upload=call.upload, kind=self._kind_of(call.upload), index=call.index)
        if fault == "hold_done":
            await self._hold()
        return faults.changed(fault, reply)

    async def _hold(self) -> None:
        self._held += 1
        try:
            await self._release.wait()
        finally:
            self._held -= 1


def _response(reply: Reply) -> web.Response:
    return web.Response(
        body=reply.body, status=reply.status, headers={"Content-Type": reply.content_type, **reply.headers}
    )
