"""Nobody sees jobs and uploads of others, whatever route asks for them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from cassia_engine.server.answers import Refused
from cassia_engine.server.state import caller_of, state_of
from tests.server.owners import NO_JOB, NOT_FOUND, Question, check_only_the_owner_sees, fill, questions
from tests.server.running import RunningApp, running_app


def _questions() -> list[Question]:
    with tempfile.TemporaryDirectory() as folder:
        return questions(Path(folder))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("server"), own_routes(), jobs=0) as running:
        yield running


@pytest.fixture(scope="module")
def ada(server: RunningApp) -> str:
    """The token of who has a job and an upload."""
    token = server.add_token("ada")
    fill(server, server.token_id("ada"))
    return token


@pytest.fixture(scope="module")
def bob(server: RunningApp) -> str:
    """The token of somebody who has nothing."""
    return server.add_token("bob")


@pytest.mark.parametrize("asked", _questions(), ids=lambda asked: f"{asked.method} {asked.path}")
def test_others_see_nothing(server: RunningApp, ada: str, bob: str, asked: Question) -> None:
    check_only_the_owner_sees(server, ada, bob, asked)


@pytest.mark.parametrize("asked", _questions(), ids=lambda asked: f"{asked.method} {asked.path}")
def test_an_id_of_another_form_is_nobodys(server: RunningApp, ada: str, asked: Question) -> None:
    for found in ("1", "F" * 32, "0" * 33, "%2e%2e"):
        answer = asked.ask(server, ada, found, found)
        assert answer.status == 404 and answer.code in NOT_FOUND


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


def test_the_check_finds_a_route_that_shows_something(server: RunningApp, ada: str, bob: str, tmp_path: Path) -> None:
    found = questions(tmp_path, own_routes())
    careful, careless = (Question("GET", path) for path in ("/careful/{job_id}/0", "/careless/{job_id}"))
    assert {careful, careless} <= {one for one in found if one.body is None}
    check_only_the_owner_sees(server, ada, bob, careful)
    with pytest.raises(AssertionError):
        check_only_the_owner_sees(server, ada, bob, careless)
    with pytest.raises(AssertionError):
        check_only_the_owner_sees(server, ada, bob, Question("GET", f"/careful/{NO_JOB}/0"))
