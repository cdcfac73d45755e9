"""Nobody sees jobs and uploads of others, whatever route asks for them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from cassia_engine.server.answers import Refused
from cassia_engine.server.state import caller_of, state_of
from tests.server.owners import check_others_see_nothing, fill, routes_with_ids
from tests.server.running import RunningApp, running_app


def _routes() -> list[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        return routes_with_ids(Path(folder))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("server"), own_routes()) as running:
        running.add_token("ada")
        fill(running, running.token_id("ada"))
        yield running


@pytest.fixture(scope="module")
def bob(server: RunningApp) -> str:
    """The token of somebody who has nothing."""
    return server.add_token("bob")


@pytest.mark.parametrize(("method", "path"), _routes())
def test_others_see_nothing(server: RunningApp, bob: str, method: str, path: str) -> None:
    check_others_see_nothing(server, bob, method, path)


def own_routes() -> web.RouteTableDef:
    routes = web.RouteTableDef()

    @routes.get("/careful/{job_id}/{gene}")
    async def careful(request: web.Request) -> web.Response:
        key = (request.match_info["job_id"], caller_of(request).owner)
        query = "SELECT 1 FROM jobs WHERE id = ? AND owner = ?"
        if await state_of(request).database(lambda connection: connection.execute(query, key).fetchone()) is None:
            raise Refused("JOB_NOT_FOUND", "there is no such job")
        return web.Response()

    @routes.get("/careless/{job_id}")
    async def careless(request: web.Request) -> web.Response:
        return web.Response()

    return routes


def test_the_check_finds_a_route_that_shows_something(server: RunningApp, bob: str, tmp_path: Path) -> None:
    found = routes_with_ids(tmp_path, own_routes())
    assert {("GET", "/careful/{job_id}/0"), ("GET", "/careless/{job_id}")} <= {*found}
    check_others_see_nothing(server, bob, "GET", "/careful/{job_id}/0")
    with pytest.raises(AssertionError):
        check_others_see_nothing(server, bob, "GET", "/careless/{job_id}")
