"""The contract of the providers: every dialect with every fault of the mock, over real sockets, as one table.

For each: what the fault is taken for, how many requests go out, that nothing is lost and nothing is asked twice.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest

from cassia_engine.errors import AccountError, CallFailedError, CassiaError, ModelGoneError, TemporaryError
from cassia_engine.journal import Journal
from cassia_engine.providers.accounts import Account, open_account
from cassia_engine.providers.chat import Chat, Finish, Message, Reply
from cassia_engine.providers.client import Client
from cassia_engine.providers.dialects import DIALECTS as KNOWN_DIALECTS
from cassia_engine.providers.retry_policy import RetryPolicy
from cassia_engine.providers.table import load
from cassia_engine.providers.transport import Transport
from cassia_engine.records import COMMAND
from cassia_engine.replies.shapes import ANNOTATION
from cassia_engine.secret import Secret
from tests.mock_provider.answers import answer
from tests.mock_provider.faults import FAULTS
from tests.mock_provider.server import Mock, Options

KEY = "sk-canary-5f1e9c0b7a2d4e68"
QUICK = RetryPolicy(
    attempts=3, backoff=0.001, longest_backoff=0.01, pause=0.001, longest_pause=0.03, jitter=0, max_wait=5
)
# Where the mock speaks as the provider does: at the path of the provider's address, but for these.
PLACES = {"mistral": "/mistral/v1", "custom": "/v1"}
# A provider for each dialect, which is run through every fault.
DIALECTS = {
    "custom": "openai-chat",
    "anthropic": "anthropic-messages",
    "ollama": "ollama-chat",
    "google": "google-generate-content",
    "bedrock": "bedrock-converse",
}

# What a fault is taken for: an error of a class, or an answer.
WAIT, RETRY, STOP, FAIL, GONE = "wait", "retry", "stop the run", "fail the call", "no such model"
ANSWERED, REFUSED, TRUNCATED = "answered", "refused", "truncated"
STATED: Mapping[str, str] = {
    WAIT: """
        429 498 429_ms 429_seconds 429_zero 429_date 429_past 429_garbage 429_negative 429_nan 429_day ramp_limit
        in_flight_budget_exhausted error_200_limit""",
    RETRY: """
        408 409 424 500 502 503 504 529 503_ms html_502 echo_key_500 error_200 empty_choices null list number empty
        not_json half_json nested html utf16 reset close cut cut_chunked hang""",
    STOP: """
        401 402 403 html_403 insufficient_quota credit_balance_exhausted spend_limit project_spend_limit usage_limit
        echo_key error_200_key""",
    GONE: "404 model_not_found",
    FAIL: """
        400 413 422 context_length echo_key_400 redirect redirect_here huge huge_chunked""",
    REFUSED: "refusal content_filter",
    TRUNCATED: "length",
    ANSWERED: """
        null_content encoding bom keepalive no_usage strange_usage drip fenced prose two_blocks string_for_list
        list_for_string numbers deep nan null_fields null_text verdict_words trailing_comma empty_text html_text
        control_characters hostile""",
}
_SPENT = "insufficient_quota credit_balance_exhausted spend_limit project_spend_limit usage_limit"
WITHOUT_CODES = {
    **dict.fromkeys(_SPENT.split(), WAIT),
    "in_flight_budget_exhausted": STOP,
    "error_200_limit": RETRY,
    "error_200_key": RETRY,
}
# Ollama and Bedrock have no codes, and Ollama knows no refusal; Anthropic's content may be empty, but is a list.
APART: Mapping[tuple[str, str], str] = {
    **{(who, name): outcome for who in ("ollama", "bedrock") for name, outcome in WITHOUT_CODES.items()},
    # A server of one's own may still be at work.
    ("custom", "hang"): FAIL,
    ("ollama", "hang"): FAIL,
    ("ollama", "refusal"): ANSWERED,
    ("ollama", "content_filter"): ANSWERED,
    ("anthropic", "empty_choices"): ANSWERED,
    ("anthropic", "null_content"): RETRY,
}
EXPECTED = {name: outcome for outcome, names in STATED.items() for name in names.split()}
TABLE = [
    (provider, name, APART.get((provider, name), outcome))
    for provider in DIALECTS
    for name, outcome in EXPECTED.items()
]
ENDS = {STOP: AccountError, FAIL: CallFailedError, GONE: ModelGoneError}
FINISHES = {REFUSED: Finish.REFUSED, TRUNCATED: Finish.LENGTH}


def question(genes: str = "CD3D CD3E IL7R TRAC", **more: Any) -> Chat:
    data = {"dataset": {"tissue": "PBMC", "species": "human"}, "cluster_data": {"markers": genes.split()}}
    text = "\n".join(f"<{name}>\n{json.dumps(content)}\n</{name}>" for name, content in data.items())
    return Chat("Role: annotator.", (Message("user", text),), max_tokens=500, schema=ANNOTATION, **more)


def several(number: int) -> list[Chat]:
    """So many different chats."""
    genes = ["CD3D", "CD3E", "MS4A1", "CD79A", "LYZ", "CD14", "NKG7", "GNLY", "PPBP", "PF4"]
    return [question(" ".join((*genes[n % 10 :], f"GENE{n}"))) for n in range(number)]


@dataclass(frozen=True)
class Bench:
    """A mock, and clients of an account at it that share the journal of a folder."""

    mock: Mock
    account: Account
    folder: Path

    @asynccontextmanager
    async def client(
        self, policy: RetryPolicy = QUICK, total: float = 20.0, sends: bool = True
    ) -> AsyncIterator[Client]:
        """A client as a task has it; without `sends` it knows the journal only."""
        journal = Journal.open(self.folder, "test")
        try:
            async with Transport(self.account, connections=8, total=total) as transport:
                exchange = journal.recorded(transport if sends else None)
                yield Client(self.account, exchange, max_workers=8, retry_policy=policy)
        finally:
            journal.close()

    @property
    def calls(self) -> int:
        return self.mock.stats.calls


def place(provider: str) -> str:
    """The path of the mock's address for a provider."""
    address = next(row.base_url for row in load() if row.provider == provider)
    return PLACES.get(provider, urlsplit(address).path)


@asynccontextmanager
async def bench(folder: Path, provider: str, model: str = "mock", **options: Any) -> AsyncIterator[Bench]:
    mock = Mock(Options(require_key=KEY, **options))
    async with mock.serving() as url:
        account = open_account(provider, model, url + place(provider), Secret(KEY), environ={})
        yield Bench(mock, account, folder)


async def attempt(client: Client, chat: Chat) -> Reply | CassiaError:
    try:
        return await client.chat(chat)
    except CassiaError as error:
        return error


def test_the_table_has_every_dialect_and_fault() -> None:
    assert set(DIALECTS.values()) == set(KNOWN_DIALECTS) - {
        COMMAND
    }  # which is no HTTP: tests/providers/test_program.py
    assert sorted(EXPECTED) == sorted(FAULTS)
    assert len(EXPECTED) == sum(len(names.split()) for names in STATED.values())


@pytest.mark.parametrize(("provider", "fault", "outcome"), TABLE, ids=[f"{p}-{f}" for p, f, _ in TABLE])
def test_a_fault_is_taken_for_what_it_is(
    provider: str, fault: str, outcome: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    chats = question(), question("CD79A MS4A1 CD79B")

    async def run() -> None:
        async with bench(tmp_path, provider, script=(fault,)) as at:
            async with at.client(total=1.0 if fault == "hang" else 20.0) as client:
                first = await attempt(client, chats[0])
                assert at.calls == (2 if outcome in (WAIT, RETRY) else 1), first
                other = await attempt(client, chats[1])
            check(first, outcome)
            check(other, STOP if outcome == STOP else ANSWERED)
            # Whoever was refused for good sends nothing more.
            asked = at.calls
            assert asked == {WAIT: 3, RETRY: 3, STOP: 1}.get(outcome, 2)
            assert KEY not in f"{first!r} {other!r} {getattr(first, '__context__', '')!r}"
            await check_next_run(at, chats, (first, other))

    caplog.set_level(logging.DEBUG)
    asyncio.run(run())
    check_no_key(tmp_path, caplog)


async def check_next_run(at: Bench, chats: Sequence[Chat], ends: Sequence[Reply | CassiaError]) -> None:
    """The next run asks what has no answer, and only that; the one after that needs no provider."""
    before = at.calls
    async with at.client() as client:
        again = [await client.chat(chat) for chat in chats]
    assert at.calls - before == sum(isinstance(end, CassiaError) for end in ends)
    assert at.mock.stats.repeats == 0
    async with at.client(sends=False) as client:
        replayed = [await client.chat(chat) for chat in chats]
    for end, later, last in zip(ends, again, replayed, strict=True):
        if isinstance(end, Reply):
            assert later == replace(end, receipt=replace(end.receipt, recorded=True))
        assert last == replace(later, receipt=replace(later.receipt, recorded=True))


def check(end: Reply | CassiaError, outcome: str) -> None:
    if error := ENDS.get(outcome):
        assert type(end) is error
        assert "\n" not in str(end)
    else:
        assert isinstance(end, Reply), end
        assert end.finish is FINISHES.get(outcome, Finish.STOP)
        assert not end.receipt.recorded


def check_no_key(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert KEY not in caplog.text
    for path in folder.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("provider", DIALECTS)
@pytest.mark.parametrize(
    ("faults", "ends", "requests"),
    [
        ("503 " * 9, [TemporaryError, TemporaryError], 3),  # nothing ever came: the provider is down
        ("429 " * 9, [Reply, Reply], 11),  # pauses cost no attempt
        ("- 503 503 503", [Reply, CallFailedError], 4),  # others are answered: the run goes on
        ("503 429 503 429 -", [Reply, Reply], 6),
    ],
)
def test_faults_that_come_again(provider: str, faults: str, ends: list[type], requests: int, tmp_path: Path) -> None:
    script = tuple(None if name == "-" else name for name in faults.split())

    async def run() -> None:
        async with bench(tmp_path, provider, script=script) as at, at.client() as client:
            if ends[1] is CallFailedError:
                got = [type(end) for end in await asyncio.gather(*(attempt(client, c) for c in several(2)))]
                assert sorted(got, key=repr) == sorted(ends, key=repr)
            else:
                assert [type(await attempt(client, chat)) for chat in several(2)] == ends
            assert at.calls == requests

    asyncio.run(run())


@pytest.mark.parametrize("provider", DIALECTS)
def test_pauses_without_any_success_end(provider: str, tmp_path: Path) -> None:
    async def run() -> None:
        short = replace(QUICK, max_wait=0.1)
        async with bench(tmp_path, provider, faults={"429": 1.0}) as at, at.client(short) as client:
            with pytest.raises(TemporaryError):
                await client.chat(question())
            before = at.calls
            with pytest.raises(TemporaryError):
                await client.chat(question("CD79A"))
            assert at.calls == before

    asyncio.run(run())


@pytest.mark.parametrize("provider", DIALECTS)
def test_a_bad_day_loses_nothing_and_pays_nothing_twice(
    provider: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odds = dict.fromkeys(("503", "429_ms", "reset", "cut", "error_200", "html_502", "null", "529"), 0.04)

    async def run() -> None:
        async with bench(tmp_path, provider, faults=odds, seed=7, latency=0.002) as at:
            async with at.client(replace(QUICK, attempts=8)) as client:
                replies = await asyncio.gather(*(client.chat(chat) for chat in several(80)))
            stats = at.mock.stats
            assert stats.by_fault.total() > 10
            assert (stats.completed, stats.repeats, stats.unanswered) == (80, 0, 0)
            assert stats.calls == 80 + stats.by_fault.total()
            assert stats.peak_in_flight <= 8
            own = [answer("cassia_annotation", [("user", chat.messages[0].text)]) for chat in several(80)]
            assert [reply.text for reply in replies] == own
            await check_next_run(at, several(80), replies)

    asyncio.run(run())
    check_no_key(tmp_path, caplog)


@pytest.mark.parametrize(
    ("provider", "model", "asked", "dropped"),
    [
        ("custom", "mock-reasoner", {"temperature": 0.0}, "temperature"),
        ("custom", "mock-no-reasoning", {"reasoning": "low"}, "reasoning"),
        ("custom", "mock-no-schema", {}, "schema"),
        ("anthropic", "mock-no-reasoning", {"reasoning": "low"}, "reasoning"),
        ("anthropic", "mock-no-schema", {}, "schema"),
        ("ollama", "mock-reasoner", {"temperature": 0.0}, "temperature"),
        ("ollama", "mock-no-schema", {}, "schema"),
        ("ollama", "gpt-oss-no-reasoning", {"reasoning": "low"}, "reasoning"),
        ("google", "gemini-2.5-reasoner", {"temperature": 0.0}, "temperature"),
        ("google", "mock-no-schema", {}, "schema"),
        ("google", "mock-no-reasoning", {"reasoning": "low"}, "reasoning"),
        ("bedrock", "mock-reasoner", {"temperature": 0.0}, "temperature"),
        ("bedrock", "anthropic.no-schema", {}, "schema"),
        ("bedrock", "anthropic.no-reasoning", {"reasoning": "low"}, "reasoning"),
    ],
)
def test_a_parameter_that_the_model_refuses_is_left_out_from_then_on(
    provider: str, model: str, asked: dict[str, Any], dropped: str, tmp_path: Path
) -> None:
    chats = [question(**asked), question("CD79A MS4A1", **asked)]

    async def run() -> None:
        async with bench(tmp_path, provider, model) as at:
            async with at.client() as client:
                replies = [await client.chat(chat) for chat in chats]
            assert at.calls == 3
            assert all(dropped not in reply.sent for reply in replies)
            await check_next_run(at, chats, replies)

    asyncio.run(run())


# Models whose requests mark what many have in common, by provider; the others find it by themselves, or have no cache.
CACHES = {
    "openrouter": "anthropic/claude-sonnet-5.5",
    "anthropic": "claude-sonnet-5-5",
    "bedrock": "global.anthropic.claude-sonnet-5-5",
}


@pytest.mark.parametrize("provider", [row.provider for row in load() if row.provider != COMMAND])
def test_what_many_requests_have_in_common_is_read_from_the_cache(provider: str, tmp_path: Path) -> None:
    """The rules, and with them what the first message says of the data set."""
    # Long enough together only: rules of 900 tokens, and 600 of what all messages begin with.
    rules, head = "Role: annotator. " + "Rule. " * 520, "<other_clusters>\n" + "[1]\n" * 520 + "</other_clusters>\n"
    first, second = (
        replace(chat, system=rules, messages=(Message("user", head + chat.messages[0].text, len(head)),))
        for chat in several(2)
    )

    async def run() -> None:
        async with bench(tmp_path, provider, CACHES.get(provider, "mock"), caches=True) as at, at.client() as client:
            before, after = await client.chat(first), await client.chat(second)
            assert not before.cached_tokens
            if provider == "ollama":
                assert after.cached_tokens is None
                return
            assert after.cached_tokens is not None and after.input_tokens is not None
            assert 1024 <= after.cached_tokens < after.input_tokens
            if after.cost_usd is not None and before.cost_usd is not None:
                assert after.cost_usd < before.cost_usd

    asyncio.run(run())


@pytest.mark.parametrize("provider", [row.provider for row in load() if row.provider != COMMAND])
@pytest.mark.parametrize(
    "asked", [{}, {"temperature": 0.0}, {"reasoning": "high"}, {"temperature": 1.0, "reasoning": "low"}]
)
def test_what_goes_out_is_what_the_api_takes(provider: str, asked: dict[str, Any], tmp_path: Path) -> None:
    async def run() -> None:
        rows = [row for row in load() if row.provider == provider]
        for model in dict.fromkeys((rows[0].model, rows[0].fast_model, "mock")):
            async with bench(tmp_path / (model or "none"), provider, model or "mock") as at, at.client() as client:
                reply = await client.chat(question(**asked))
                # Bedrock does not say who answered.
                said = "" if provider == "bedrock" else model or "mock"
                assert (at.calls, reply.finish, reply.model) == (1, Finish.STOP, said)
                assert reply.input_tokens
                assert reply.output_tokens
                jsonschema.validate(json.loads(reply.text), ANNOTATION)

    asyncio.run(run())
