"""Every way in which models and servers answer leads to the right outcome, with a call for each role if it is good."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from msgspec.structs import replace

from cassia_engine.calibration import Calibration
from cassia_engine.conversation import Advisers, converse
from cassia_engine.errors import AccountError, CassiaError, TemporaryError
from cassia_engine.ontology import Ontology
from cassia_engine.prompts import Briefing
from cassia_engine.providers.client import Client
from cassia_engine.providers.retry_policy import RetryPolicy
from cassia_engine.providers.transport import Transport
from cassia_engine.records import ClusterResult, Confidence, Outcome
from cassia_engine.settings import AnnotateSettings
from tests import reply_modes as modes
from tests.factories import DATASET, SELECTION, cluster
from tests.mock_provider.answers import answer
from tests.mock_provider.bodies import answer_body
from tests.mock_provider.requests import read_request
from tests.providers.servers import account_at, response_of, serving

# Whatever has no fault is of High confidence.
NEAR = Calibration("nothing", 0, 0, exact={}, near={"intercept": 4.0})
FAST = RetryPolicy(backoff=0.001, longest_backoff=0.002, pause=0.001, longest_pause=0.002, max_wait=1.0)
CLUSTERS = (
    cluster("0", ["MS4A1", "CD79A", "CD79B", "BANK1", "TCL1A", "HLA-DRA", "CD74", "VPREB3", "LINC00926", "CD19"]),
    cluster("1", ["CD3D", "CD3E", "IL7R", "LDHB", "CD3G", "TRAC", "LTB", "MAL", "LEF1", "TCF7"], index=1),
)


def same(value: Any) -> Any:
    return value


@dataclass
class Server:
    """A good model in OpenAI's form behind a mode.

    Attributes:
        refuse: what a request is answered instead, None for nothing.
        text, body: what becomes of a reply's text, and of its body.
        answered, refused: how many requests were.
    """

    refuse: Callable[[modes.Body], modes.Refusal | None] = lambda asked: None
    text: Callable[[str], str | None] = same
    body: Callable[[modes.Body], modes.Body] = same
    answered: int = 0
    refused: int = 0
    asked: list[Any] = field(default_factory=list)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        raw = await request.read()
        self.asked.append(json.loads(raw))
        if refusal := self.refuse(self.asked[-1]):
            self.refused += 1
            return response_of(*refusal)
        self.answered += 1
        asked = read_request("openai-chat", "openai-chat", raw, request.headers)
        body = answer_body(asked, answer(asked.title, asked.messages, asked.system))
        message = body["choices"][0]["message"]
        message["content"] = self.text(message["content"])
        return response_of(200, self.body(body))


def run(server: Server, **settings: Any) -> list[ClusterResult]:
    """The results of two clusters, one after the other."""

    async def main() -> list[ClusterResult]:
        # Each cluster gets a second opinion and a review, so that replies of all these roles are read.
        how = AnnotateSettings(provider="custom", validator_involvement="v0", **settings)
        briefing = Briefing(replace(DATASET, tissue="blood"), SELECTION, involvement="v0")
        async with serving(server) as url, Transport(account_at(url)) as transport:
            client = Client(account_at(url), transport, max_workers=2, retry_policy=FAST)
            advisers = Advisers(calibration=NEAR)
            ontology = Ontology.load()
            return [await converse(one, briefing, client, how, ontology, advisers=advisers) for one in CLUSTERS]

    return asyncio.run(main())


def check_good(results: list[ClusterResult], server: Server) -> None:
    """Annotated, annotated again and validated, with nothing unsupported."""
    assert server.answered == 3 * len(CLUSTERS)
    for result, label in zip(results, ("B cell", "T cell"), strict=True):
        assert (result.outcome, result.validated) == (Outcome.ANNOTATED, True)
        assert result.annotation is not None
        assert label in result.annotation.detailed_types[0].label
        assert result.annotation.unsupported_genes == ()
        assert result.annotation.confidence is not Confidence.LOW


@pytest.fixture(scope="module")
def plain() -> list[ClusterResult]:
    server = Server()
    results = run(server)
    check_good(results, server)
    return results


def votes_of(results: list[ClusterResult]) -> list[Any]:
    return [result.annotation for result in results]


def assert_as_plain(server: Server, plain: list[ClusterResult], **options: Any) -> None:
    """The same annotations as of plain replies, by two calls a cluster."""
    results = run(server, **options)
    check_good(results, server)
    assert votes_of(results) == votes_of(plain)


@pytest.mark.parametrize("mode", modes.GENES)
def test_genes_however_they_are_written(mode: str, plain: list[ClusterResult]) -> None:
    server = Server(text=lambda text: json.dumps(modes.in_genes(json.loads(text), modes.GENES[mode])))
    assert_as_plain(server, plain)


@pytest.mark.parametrize("mode", modes.TEXTS)
def test_replies_however_they_are_wrapped(mode: str, plain: list[ClusterResult]) -> None:
    server = Server(text=modes.TEXTS[mode])
    assert_as_plain(server, plain)


@pytest.mark.parametrize("mode", modes.BODIES)
def test_odd_bodies_with_an_answer(mode: str, plain: list[ClusterResult]) -> None:
    server = Server(body=modes.BODIES[mode])
    assert_as_plain(server, plain)


@pytest.mark.parametrize("mode", modes.PICKY)
def test_servers_that_want_another_form(mode: str, plain: list[ClusterResult]) -> None:
    refuse, most = modes.PICKY[mode]
    server = Server(refuse=refuse)
    assert_as_plain(server, plain, temperature=0.0)
    assert server.refused <= most


@pytest.mark.parametrize("mode", modes.HOPELESS)
def test_texts_without_an_answer(mode: str) -> None:
    results = run(Server(text=modes.HOPELESS[mode]))
    assert {result.outcome for result in results} == {Outcome.UNPARSED}


def test_replies_that_were_cut() -> None:
    results = run(Server(body=modes.CUT["length"]))
    assert {result.outcome for result in results} == {Outcome.TRUNCATED}
    assert "the context is full" in results[0].reason
    results = run(Server(body=modes.CUT["only_reasoning"]))
    assert {result.outcome for result in results} == {Outcome.UNPARSED}
    assert "check the server's reasoning parser" in results[0].reason


@pytest.mark.parametrize("mode", modes.FAILING)
def test_requests_that_fail_in_every_form(mode: str) -> None:
    refusal, words = modes.FAILING[mode]
    server = Server(refuse=lambda asked: refusal)
    results = run(server)
    assert {result.outcome for result in results} == {Outcome.FAILED}
    assert words in results[0].reason
    assert server.refused <= 3, "at most once more in another form"


@pytest.mark.parametrize("mode", [*modes.ACCOUNT, *modes.DOWN])
def test_what_ends_the_run(mode: str) -> None:
    refusal, words = modes.ACCOUNT.get(mode, (modes.DOWN.get(mode), ""))
    expected: type[CassiaError] = AccountError if mode in modes.ACCOUNT else TemporaryError
    with pytest.raises(expected) as caught:
        run(Server(refuse=lambda asked: refusal))
    assert words in str(caught.value)
