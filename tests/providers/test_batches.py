"""The batch APIs, each over a real socket by the same table: what is asked, paid and recorded, whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cassia_engine.errors import CallFailedError, CassiaError, TemporaryError
from cassia_engine.journal import Journal, key_of
from cassia_engine.journal.summary import summary_of
from cassia_engine.providers.accounts import Account, open_account
from cassia_engine.providers.batches.exchange import BatchExchange
from cassia_engine.providers.batches.table import api_of, makers
from cassia_engine.providers.chat import Reply
from cassia_engine.providers.client import Client
from cassia_engine.providers.faults import Fault
from cassia_engine.providers.table import load
from cassia_engine.providers.transport import Transport
from cassia_engine.secret import Secret
from tests.batches import QUICK
from tests.conftest import ROOT
from tests.mock_provider.server import Mock, Options
from tests.providers.test_contract import KEY, place, several
from tests.raising import raises

pytestmark = pytest.mark.usefixtures("command_line")

CALLS = 10
LONG = {"seconds": 3600}  # until it is told to end
# Models that the table of prices has, so that what a run says of its costs can be looked at.
MODELS = {row.provider: row.model for row in load() if row.batch_api}
providers = pytest.mark.parametrize("provider", makers())


@dataclass
class Bench:
    """A mock, and a folder for the journal of runs at it."""

    mock: Mock
    url: str
    provider: str
    folder: Path
    ended: list[CassiaError] = field(default_factory=list)

    @property
    def account(self) -> Account:
        return open_account(
            self.provider, MODELS[self.provider], self.url + place(self.provider), Secret(KEY), environ={}
        )

    async def run(
        self,
        calls: int = CALLS,
        wait: float = 60.0,
        until: Callable[[BatchExchange], Any] | None = None,
        total: float = 20.0,
    ) -> list[Reply]:
        """The replies that a run gets; what other calls ended with is in `ended`.

        Args:
            total: seconds for each request.
            until: awaited beside the calls; when it is through, the run is told to stop.
        """
        account = self.account
        journal = Journal.open(self.folder, "test")
        try:
            async with Transport(account, total=total) as transport:
                api = api_of(account)
                async with BatchExchange(account, api, transport, journal, key_of, wait=wait, policy=QUICK) as exchange:
                    client = Client(account, journal.recorded(exchange), max_workers=1, paced=False)
                    asked = asyncio.gather(*map(client.chat, several(calls)), return_exceptions=True)
                    if until:
                        await until(exchange)
                        exchange.stop()
                    found = await asked
        finally:
            journal.close()
        self.ended = [one for one in found if isinstance(one, CassiaError)]
        assert len(self.ended) + sum(isinstance(one, Reply) for one in found) == calls, found
        return [one for one in found if isinstance(one, Reply)]

    @property
    def stats(self) -> tuple[int, int, int]:
        """Batches that were created, answers that were paid for, and how many of them twice."""
        return self.mock.stats.batches, self.mock.stats.completed, self.mock.stats.repeats


@asynccontextmanager
async def bench(folder: Path, provider: str, *plans: dict[str, Any], **options: Any) -> AsyncIterator[Bench]:
    mock = Mock(Options(require_key=KEY, **{"batch_seconds": 0.02, **options}))
    mock.batches.follow(list(plans))
    async with mock.serving() as url:
        yield Bench(mock, url, provider, folder)


def played(
    folder: Path, provider: str, *plans: dict[str, Any], **options: Any
) -> tuple[list[Reply], list[CassiaError], tuple[int, int, int]]:
    """The replies of a run, the errors of its other calls, and the mock's counts."""

    async def main() -> tuple[list[Reply], list[CassiaError], tuple[int, int, int]]:
        async with bench(folder, provider, *plans, **options) as place:
            replies = await place.run()
            return replies, place.ended, place.stats

    return asyncio.run(main())


@providers
def test_calls_go_out_as_one_batch_at_half_the_price(
    tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies, ended, stats = played(tmp_path, provider)
    assert (len(replies), ended, stats) == (CALLS, [], (1, CALLS, 0))
    assert all(reply.receipt.batch and reply.cost_source.startswith("batch prices") for reply in replies)
    # Each has its own answer, which a file brings in any order.
    assert len({reply.receipt.body for reply in replies}) == CALLS
    monkeypatch.setattr("cassia_engine.journal.summary.provider_at", lambda url: provider)
    costs = sum(reply.cost_usd or 0 for reply in replies)
    assert summary_of(tmp_path).cost_usd == pytest.approx(costs)
    assert KEY not in "".join(path.read_text() for path in tmp_path.iterdir())


@providers
def test_cost_and_replies_are_those_of_single_calls_but_for_the_price(tmp_path: Path, provider: str) -> None:
    async def main() -> None:
        async with bench(tmp_path, provider) as place_of:
            batched = await place_of.run()
            account = open_account(provider, MODELS[provider], place_of.url + place(provider), Secret(KEY), environ={})
            async with Transport(account) as transport:
                client = Client(account, transport, max_workers=8)
                single = await asyncio.gather(*map(client.chat, several(CALLS)))
            for ours, theirs in zip(batched, single, strict=True):
                assert (ours.text, ours.finish, ours.input_tokens) == (theirs.text, theirs.finish, theirs.input_tokens)
                assert ours.cost_usd == pytest.approx((theirs.cost_usd or 0) / 2)

    asyncio.run(main())


@providers
@pytest.mark.parametrize("ends", ["expired", "cancelled"])
def test_answers_of_a_batch_that_ended_early_are_kept_and_the_rest_is_asked_again(
    tmp_path: Path, provider: str, ends: str
) -> None:
    replies, ended, stats = played(tmp_path, provider, {"ends": ends, "done": 0.6})
    assert (len(replies), ended, stats) == (CALLS, [], (2, CALLS, 0))


@providers
@pytest.mark.parametrize("status", [429, 500, 503])
def test_lines_with_passing_errors_go_into_the_next_batch(tmp_path: Path, provider: str, status: int) -> None:
    replies, ended, stats = played(tmp_path, provider, {"errors": [status] * 3})
    assert (len(replies), ended, stats) == (CALLS, [], (2, CALLS, 0))


@providers
@pytest.mark.parametrize(("status", "code"), [(400, "call-failed"), (404, "model-gone")])
def test_lines_with_lasting_errors_fail_their_calls_alone(
    tmp_path: Path, provider: str, status: int, code: str
) -> None:
    replies, ended, stats = played(tmp_path, provider, {"errors": [status] * 3})
    assert (len(replies), stats) == (CALLS - 3, (1, CALLS - 3, 0))
    assert all(isinstance(error, CallFailedError) for error in ended)
    assert [error.code for error in ended] == [code] * 3


def test_a_line_is_given_up_after_so_many_batches(tmp_path: Path) -> None:
    replies, ended, stats = played(tmp_path, "openai", *[{"errors": [500]}] * QUICK.attempts)
    assert (len(replies), stats) == (CALLS - 1, (QUICK.attempts, CALLS - 1, 0))
    assert f"given up after {QUICK.attempts} batches" in str(ended[0])


# Google's answers are in the order of the requests, one for each.
@pytest.mark.parametrize("provider", [name for name in makers() if name != "google"])
def test_answers_that_are_missing_are_asked_for_again(tmp_path: Path, provider: str) -> None:
    replies, ended, stats = played(tmp_path, provider, {"missing": 2})
    assert (len(replies), ended, stats) == (CALLS, [], (2, CALLS, 0))


@providers
@pytest.mark.parametrize("create", [[503], [429], [0], [-1], [503, 0]], ids=str)
def test_a_batch_whose_creation_fails_or_is_not_answered_is_created_once(
    tmp_path: Path, provider: str, create: list[int]
) -> None:
    replies, ended, stats = played(tmp_path, provider, {"create": create})
    assert (len(replies), ended, stats) == (CALLS, [], (1, CALLS, 0))


@pytest.mark.parametrize("provider", ["openai", "groq", "mistral"])
def test_an_upload_that_fails_is_tried_again(tmp_path: Path, provider: str) -> None:
    replies, ended, stats = played(tmp_path, provider, {"upload": [503, 429]})
    assert (len(replies), ended, stats) == (CALLS, [], (1, CALLS, 0))


# Anthropic refuses a batch when it is created, or ends it.
@pytest.mark.parametrize("provider", [name for name in makers() if name != "anthropic"])
def test_a_batch_that_is_refused_as_a_whole_fails_its_calls_with_the_reason(tmp_path: Path, provider: str) -> None:
    replies, ended, stats = played(tmp_path, provider, {"ends": "failed", "said": f"no such model\nfor {KEY}"})
    assert (replies, stats) == ([], (1, 0, 0))
    assert all("no such model for ***" in str(error) for error in ended)


def test_looks_that_are_not_answered_end_the_run_and_the_batch_stays_on_record(tmp_path: Path) -> None:
    async def main() -> None:
        async with bench(tmp_path, "openai") as place:
            place.mock.batches.hold("poll")
            assert await place.run(total=0.2) == []
            assert {(type(error), error.code) for error in place.ended} == {(TemporaryError, "batch-given-up")}
            place.mock.batches.hold(None)
            assert len(await place.run()) == CALLS
            assert place.stats == (1, CALLS, 0)

    asyncio.run(main())


@providers
def test_a_completed_batch_without_any_answer_is_not_asked_again(tmp_path: Path, provider: str) -> None:
    """Its files may come later than its state."""

    async def main() -> None:
        async with bench(tmp_path, provider, LONG) as place:
            await place.run(wait=0.0)
            [batch] = place.mock.batches.batches.values()
            results, batch.results = batch.results, []
            place.mock.batches.finish()
            assert await place.run() == []
            assert {(type(error), error.code) for error in place.ended} == {(TemporaryError, "batch-without-answers")}
            batch.results = results
            assert len(await place.run()) == CALLS
            assert place.stats == (1, CALLS, 0)

    asyncio.run(main())


def test_a_full_queue_ends_the_run_to_be_gone_on_with_later(tmp_path: Path) -> None:
    plan = {"ends": "failed", "code": "token_limit_exceeded", "said": "Enqueued token limit reached"}
    replies, ended, stats = played(tmp_path, "openai", plan)
    assert (replies, stats) == ([], (1, 0, 0))
    assert {(type(error), error.code) for error in ended} == {(TemporaryError, "batch-queue-full")}
    assert Journal.open(tmp_path, "test").open_batches() == []


@providers
def test_a_creation_that_is_refused_fails_the_calls_and_leaves_nothing_open(tmp_path: Path, provider: str) -> None:
    replies, ended, stats = played(tmp_path, provider, {"create": [400]})
    assert (replies, len(ended), stats) == ([], CALLS, (0, 0, 0))
    assert Journal.open(tmp_path, "test").open_batches() == []


@providers
def test_a_run_leaves_a_batch_that_takes_too_long_and_the_next_one_fetches_it(tmp_path: Path, provider: str) -> None:
    async def main() -> None:
        async with bench(tmp_path, provider, LONG) as place:
            assert await place.run(wait=0.02) == []
            assert {(type(error), error.code) for error in place.ended} == {(TemporaryError, "batch-at-work")}
            place.mock.batches.finish()
            assert len(await place.run()) == CALLS
            assert place.stats == (1, CALLS, 0)
            # What is on record is not looked for any more.
            assert Journal.open(tmp_path, "test").open_batches() == []

    asyncio.run(main())


# Google's answers come with the batch itself.
@pytest.mark.parametrize(
    ("provider", "step"),
    [
        (name, step)
        for name in makers()
        for step in ("created", "poll", "download")
        if (name, step) != ("google", "download")
    ],
)
def test_a_run_that_is_told_to_stop_leaves_at_once_and_the_next_one_pays_nothing_again(
    tmp_path: Path, provider: str, step: str
) -> None:
    async def main() -> None:
        async with bench(tmp_path, provider) as place:
            place.mock.batches.hold(step)

            async def held(exchange: BatchExchange) -> None:
                while not place.mock.batches.held:
                    await asyncio.sleep(0.001)
                if step == "created":  # the answer to its creation is waited for, so that its id is on record
                    asyncio.get_running_loop().call_later(0.05, place.mock.batches.hold, None)

            assert await place.run(until=held) == []
            assert {error.code for error in place.ended} == {"batch-at-work"}
            place.mock.batches.hold(None)
            assert len(await place.run()) == CALLS
            assert place.stats == (1, CALLS, 0)

    asyncio.run(main())


@providers
@pytest.mark.parametrize("was_created", [True, False])
def test_a_run_that_died_before_it_knew_the_id_finds_its_batch(
    tmp_path: Path, provider: str, was_created: bool
) -> None:
    """What a kill between the request and its answer leaves: the line before the request, and no id."""

    async def main() -> None:
        async with bench(tmp_path, provider, LONG) as place:
            await place.run(wait=0.0)
            place.mock.batches.finish()
            lines = [line for path in tmp_path.iterdir() for line in path.read_bytes().splitlines(keepends=True)]
            [file] = tmp_path.iterdir()
            file.write_bytes(b"".join(line for line in lines if b'"batch-created"' not in line))
            if not was_created:
                place.mock.batches.batches.clear()
                place.mock.stats.answered.clear()
            assert len(await place.run()) == CALLS
            assert place.stats[0] == (1 if was_created else 2)
            assert place.stats[2] == 0

    asyncio.run(main())


def test_batches_of_others_are_left_alone(tmp_path: Path) -> None:
    """Anthropic keeps no name of ours with a batch: one of as many requests may be another's."""

    async def main() -> None:
        async with bench(tmp_path / "ours", "anthropic", {"create": [-1]}, batch_seconds=0.05) as place:
            other = Bench(place.mock, place.url, "anthropic", tmp_path / "others")
            place.mock.batches.follow([])
            assert len(await other.run()) == CALLS
            place.mock.stats.answered.clear()
            place.mock.batches.follow([{"create": [-1]}])
            answers = [result._replace(key="0" * 64) for result in place.mock.batches.batches["batch_1"].results]
            place.mock.batches.batches["batch_1"].results = answers
            assert len(await place.run()) == CALLS
            assert place.stats == (2, 2 * CALLS, 0)

    asyncio.run(main())


def test_calls_beyond_the_limits_of_a_batch_go_into_several(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cassia_engine.providers.batches.files.OpenAIBatches.most_lines", 4)
    replies, ended, stats = played(tmp_path, "openai")
    assert (len(replies), ended, stats) == (CALLS, [], (3, CALLS, 0))
    monkeypatch.setattr("cassia_engine.providers.batches.files.OpenAIBatches.most_bytes", 1)
    _, _, stats = played(tmp_path / "other", "openai")
    assert stats == (CALLS, CALLS, 0)


@pytest.mark.parametrize("provider", ["openrouter", "bedrock", "ollama", "custom"])
def test_providers_without_a_batch_api_are_refused(provider: str) -> None:
    environ = {"AWS_REGION": "eu-central-1"}
    account = open_account(provider, "m", "http://127.0.0.1:1", Secret(KEY), environ=environ)
    with raises("batch-not-offered", provider):
        api_of(account)


def test_a_batch_that_is_not_kept_any_more_is_asked_anew(tmp_path: Path) -> None:
    async def main(age: float) -> Sequence[CassiaError]:
        folder = tmp_path / str(age)
        async with bench(folder, "openai", LONG) as place:
            await place.run(wait=0.0)
            if age:
                [file] = folder.iterdir()
                journal = Journal.open(folder, "test")
                [known] = journal.open_batches()
                journal.batch_asked(known.tag, known.keys, known.asked - age)
                journal.close()
                assert file.exists()
            place.mock.batches.batches.clear()
            place.mock.stats.answered.clear()
            await place.run()
            return place.ended

    assert {error.code for error in asyncio.run(main(0))} == {"batch-not-fetched"}
    assert asyncio.run(main(1e6)) == []


def test_journal_tells_what_came_of_a_batch(tmp_path: Path) -> None:
    played(tmp_path, "openai")
    lines = [json.loads(line) for path in tmp_path.iterdir() for line in path.read_text().splitlines()]
    kinds = [line["kind"] for line in lines if line["kind"] not in ("intent", "reply")]
    assert kinds == ["cassia-journal", "batch", "batch-created", "batch-ended"]
    [batch] = [line for line in lines if line["kind"] == "batch"]
    assert sorted(batch["keys"]) == sorted(line["key"] for line in lines if line["kind"] == "intent")
    assert all(line["batch"] is True for line in lines if line["kind"] == "reply")
    # The end is noted when all answers are on record.
    assert lines[-1]["kind"] == "batch-ended"


def test_the_error_of_a_whole_batch_is_no_fault_of_one_call(tmp_path: Path) -> None:
    _, ended, _ = played(tmp_path, "openai", {"create": [401]})
    assert not any(isinstance(error, Fault) for error in ended)
    assert "account-refused" in {error.code for error in ended}


class Wrong(RuntimeError):
    """Nobody's fault but our own."""


def test_a_fault_of_our_own_is_raised_and_leaves_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wrong(*_: object) -> None:
        raise Wrong

    async def main() -> None:
        async with bench(tmp_path, "openai") as place, asyncio.timeout(20):
            monkeypatch.setattr(type(api_of(place.account)), "look", wrong)
            with pytest.raises(AssertionError, match="Wrong"):
                await place.run(1)

    asyncio.run(main())


def test_the_page_about_batches_has_all_apis_and_their_limits() -> None:
    page = (ROOT / "docs" / "batch.md").read_text(encoding="utf-8")
    found: dict[str, tuple[int, int]] = {}
    for names, lines, size in re.findall(r"^\| ([A-Z][\w, ]+?)(?: \(.+\))? \| ([\d,]+) \| (\d+) MB", page, re.M):
        found |= {name: (int(lines.replace(",", "")), int(size) * 2**20) for name in names.split(", ")}
    apis = {row.title.split()[0]: makers()[row.provider]("", "") for row in load() if row.batch_api}
    assert found == {name: (api.most_lines, api.most_bytes) for name, api in apis.items()}
