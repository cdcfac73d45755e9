"""`--max_cost` over real sockets: what the mock was paid, by its own count, is never more than the cap."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cassia_engine._version import __version__
from cassia_engine.budget import Budget, Budgeted, FileLedger, Ledger
from cassia_engine.budget.amounts import cap_of
from cassia_engine.errors import BudgetError, CallFailedError, CassiaError
from cassia_engine.journal import Journal
from cassia_engine.providers.chat import Chat, Message, Reply
from cassia_engine.providers.client import Client
from cassia_engine.providers.prices import Price, given_price
from cassia_engine.providers.retry_policy import RetryPolicy
from cassia_engine.providers.transport import Transport
from cassia_engine.settings import AnnotateSettings
from tests.command import cassia
from tests.conftest import EXAMPLES
from tests.mock_provider.bodies import PRICES
from tests.mock_provider.faults import FAULTS
from tests.mock_provider.running import running_mock
from tests.mock_provider.server import Mock, Options
from tests.providers.servers import HELLO, Scripted, account_at, completion, serving
from tests.raising import raises

PRICE = given_price(PRICES[0] * 1e6, PRICES[1] * 1e6)
FAST = RetryPolicy(attempts=3, backoff=0.001, longest_backoff=0.01, pause=0.01, longest_pause=0.05, max_wait=5.0)
LONG = 60.0


def chats(count: int) -> list[Chat]:
    return [replace(HELLO, messages=(Message("user", f"{n} " * 50),), max_tokens=500) for n in range(count)]


async def ask(
    mock: Mock, budget: Budget, count: int, timeout: float = 0.3, journal: Journal | None = None
) -> list[Any]:
    """Ask so much at once; each reply, or the error in its place."""
    async with mock.serving() as url:
        account = account_at(f"{url}/v1", price=PRICE)
        async with Transport(account, connections=32, timeout=timeout) as transport:
            exchange = Budgeted(budget, account, transport)
            client = Client(
                account, journal.recorded(exchange) if journal else exchange, max_workers=16, retry_policy=FAST
            )
            return await asyncio.gather(*map(client.chat, chats(count)), return_exceptions=True)


def cost_of(mock: Mock) -> float:
    return float(mock.stats.to_json()["cost_usd"])


def test_nearly_all_of_the_cap_is_spent_and_no_more() -> None:
    """Each call may cost ten times what it does: who finds no room waits for others."""
    mock, budget = Mock(Options(latency=0.01)), Budget(Ledger(), cap_of(0.02), LONG)
    found = asyncio.run(ask(mock, budget, 300))
    replies = [one for one in found if isinstance(one, Reply)]
    assert all(isinstance(one, (Reply, BudgetError)) for one in found)
    assert cost_of(mock) == pytest.approx(budget.spent, abs=1e-6)
    assert 0.01 < budget.spent <= 0.02 and 10 < len(replies) < 300
    assert mock.stats.completed == len(replies)


@pytest.mark.parametrize("seed", range(3))
def test_the_cap_holds_whatever_goes_wrong(seed: int) -> None:
    """All faults there are, drawn at random; some answers say nothing of their cost, or have been lost on the way."""
    ends = ("401", "402", "403", "quota", "credit", "limit", "key", "hang", "huge", "html_403")
    names = [name for name in FAULTS if not any(word in name for word in ends)]
    script = tuple(random.Random(seed).choices([*names, None, None], k=3000))
    mock, budget = Mock(Options(script=script)), Budget(Ledger(), cap_of(0.05), LONG)
    found = asyncio.run(ask(mock, budget, 150, timeout=2.0))
    assert all(isinstance(one, (Reply, CassiaError)) for one in found)
    assert any(isinstance(one, BudgetError) for one in found)
    assert 0 < cost_of(mock) <= budget.spent <= 0.05


@pytest.mark.parametrize(
    ("fault", "is_free"),
    [
        *((fault, True) for fault in ("503", "400", "429_zero", "redirect")),
        *((fault, False) for fault in ("reset", "close", "cut", "hang", "null", "error_200")),
    ],
)
def test_what_may_have_been_paid_counts_as_paid(fault: str, is_free: bool) -> None:
    mock, budget = Mock(Options(script=(fault,) * 3)), Budget(Ledger(), cap_of(1.0), LONG)
    found = asyncio.run(ask(mock, budget, 1))
    free = budget.spent < 0.001  # the reply after the fault, if there was one
    assert isinstance(found[0], (Reply, CassiaError)) and free == is_free


def test_nothing_is_spent_on_a_provider_that_is_not_there() -> None:
    async def main() -> Budget:
        budget = Budget(Ledger(), cap_of(0.01), LONG)
        account = account_at("http://127.0.0.1:9/v1", price=PRICE)
        async with Transport(account) as transport:
            with raises("provider-down"):
                await Client(account, Budgeted(budget, account, transport), max_workers=1, retry_policy=FAST).chat(
                    HELLO
                )
        return budget

    assert asyncio.run(main()).spent == 0


def test_a_call_that_was_not_sent_is_on_record_as_ended(tmp_path: Path) -> None:
    mock, budget = Mock(Options()), Budget(FileLedger(tmp_path / "budget"), cap_of(0.009), LONG)
    journal = Journal.open(tmp_path / "s", __version__)
    found = asyncio.run(ask(mock, budget, 60, journal=journal))
    budget.close()
    journal.close()
    assert 0 < sum(isinstance(one, Reply) for one in found) < 60 and 0 < cost_of(mock) <= 0.009
    assert Journal.open(tmp_path / "s", __version__).unanswered == 0


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        ({"prompt_tokens": 100, "completion_tokens": 10}, (100 * 3 + 10 * 15) / 1e6),
        ({"prompt_tokens": 100, "completion_tokens": 10, "cost": 0.25}, 0.25),
        ({"prompt_tokens": 100, "completion_tokens": 10, "cost": 1.5}, 1.5),
    ],
)
def test_a_reply_costs_what_its_usage_says(usage: Mapping[str, Any], cost: float) -> None:
    async def main() -> float:
        budget = Budget(Ledger(), cap_of(1.0), LONG)
        async with serving(Scripted([(200, completion(usage=usage))])) as url:
            account = account_at(url, price=PRICE)
            async with Transport(account) as transport:
                await Client(account, Budgeted(budget, account, transport), max_workers=1).chat(HELLO)
        return budget.spent

    assert asyncio.run(main()) == pytest.approx(cost)


def test_a_prompt_that_is_too_long_for_the_known_prices_is_not_sent() -> None:
    async def main() -> None:
        budget = Budget(Ledger(), cap_of(1.0), LONG)
        account = account_at("http://127.0.0.1:9/v1", price=Price(1, 1, 1, 1, up_to=10))
        async with Transport(account) as transport:
            client = Client(account, Budgeted(budget, account, transport), max_workers=1)
            with pytest.raises(CallFailedError, match="too long for the prices that are known"):
                await client.chat(HELLO)

    asyncio.run(main())


RUN = ("run", EXAMPLES / "pbmc68k_scanpy.csv", "--name", "s", "--tissue", "blood", "--species", "human")


def arguments(url: str, *more: str) -> tuple[Any, ...]:
    asked = ("--provider", "custom", "--base_url", f"{url}/v1", "--model", "mock", "--outdir", "out")
    return (*RUN, *asked, "--price_in", "3", "--price_out", "15", *more)


def test_a_run_stops_at_its_cap_and_a_higher_one_goes_on(tmp_path: Path) -> None:
    with running_mock(tmp_path) as mock:
        done = cassia(*arguments(mock.url, "--max_cost", "0.15"), cwd=tmp_path)
        assert done.returncode == 77, done.stderr
        last = done.stderr.splitlines()[-1]
        assert last.startswith("cassia: error: --max_cost of $0.15 is reached: $0.") and "a higher --max_cost" in last
        first = mock.stats()
        assert 0 < first["cost_usd"] <= 0.15
        summary = (tmp_path / "out" / "s_summary.csv").read_text()
        assert "annotated" in summary and "not_reached" in summary
        assert not list((tmp_path / ".cassia" / "journal").glob("STOP-*"))
        listed = cassia("journal", cwd=tmp_path).stdout.splitlines()
        assert [line.split("\t")[0] for line in listed] == ["sample", "s", "total"]

        same = cassia(*arguments(mock.url, "--max_cost", "0.15"), cwd=tmp_path)
        assert same.returncode == 77 and mock.stats()["cost_usd"] <= 0.15

        whole = cassia(*arguments(mock.url, "--max_cost", "5"), cwd=tmp_path)
        assert whole.returncode == 0, whole.stderr
        assert "of the $5.00 that --max_cost allows is spent" in whole.stderr
        assert mock.stats()["repeats"] == 0

        anew = cassia(*arguments(mock.url, "--max_cost", "0.15", "--fresh"), cwd=tmp_path)
        assert anew.returncode == 77 and mock.stats()["calls"] > first["calls"]


def test_samples_of_a_pipeline_share_a_budget_that_its_launch_has_made(tmp_path: Path) -> None:
    budget = tmp_path / ".cassia" / "journal" / ".budgets" / "run-1"
    budget.mkdir(parents=True)
    with running_mock(tmp_path) as mock:
        asked = arguments(mock.url, "--budget", "run-1")[len(RUN) :]

        def annotate(sample: str, *more: str) -> Any:
            split = ("split", *RUN[1:2], "--name", sample, *RUN[4:], "--outdir", sample)
            assert cassia(*split, cwd=tmp_path).returncode == 0
            # As of a task: its own result is lost with it.
            options = [word for word in asked if word not in ("--outdir", "out")]
            chunk = f"{sample}/chunk_00000.json"
            return cassia("annotate", chunk, "--output", tmp_path / "lost.jsonl", *options, *more, cwd=tmp_path)

        without = annotate("a")
        assert without.returncode == 2 and "cap: expected the cap of this budget" in without.stderr
        (budget / "cap").write_text("0.15\n")
        first, spent = annotate("a"), mock.stats()["cost_usd"]
        assert first.returncode == 77 and 0 < spent <= 0.15
        second = annotate("b")
        assert second.returncode == 77 and "--max_cost of $0.15 is reached" in second.stderr
        assert mock.stats()["cost_usd"] == spent
        done = cassia("collect", "a/chunk_00000.json", *asked, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        summary = (tmp_path / "out" / "a_summary.csv").read_text()
        assert "annotated" in summary and "--max_cost of $0.15 is reached" in summary
        wrong = annotate("a", "--budget", "../x")
        assert wrong.returncode == 2 and "--budget ../x: expected a name" in wrong.stderr


def test_a_model_without_a_known_price_needs_one(tmp_path: Path) -> None:
    wanted = (*RUN, "--provider", "ollama", "--max_cost", "1", "--outdir", "out")
    done = cassia(*wanted, cwd=tmp_path)
    assert done.returncode == 2
    assert "--max_cost: the price of " in done.stderr and "give --price_in and --price_out" in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_batch_is_not_capped() -> None:
    for cap in ({"max_cost": 1.0}, {"budget": "run-1"}):
        with raises("max-cost-with-batch"):
            AnnotateSettings(provider="openai", batch=True, **cap)


def test_without_a_journal_the_cap_is_that_of_the_call(tmp_path: Path) -> None:
    import cassia_engine

    with running_mock(tmp_path) as mock, raises("budget-reached", "max_cost of $0.15 is reached"):
        cassia_engine.annotate(
            RUN[1],
            tissue="blood",
            species="human",
            provider=f"{mock.url}/v1",
            model="mock",
            price_in=3,
            price_out=15,
            max_cost=0.15,
            journal_dir=None,
            show_progress=False,
        )
