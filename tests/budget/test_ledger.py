"""The ledger of a budget: what its tasks claim together is never more than the cap, whoever is killed and when."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cassia_engine.budget import Budget, FileLedger, Ledger, dollars, nano
from cassia_engine.budget.amounts import cap_of
from cassia_engine.budget.ledger import Entry
from cassia_engine.errors import BudgetError, StoppedError, TemporaryError
from tests.raising import raises

LONG = 1000.0  # seconds that a call may take


def entries(folder: Path) -> list[list[str]]:
    return [str(path.readlink()).split() for path in sorted(folder.iterdir())]


def assert_sound(folder: Path, cap: int) -> None:
    """Each entry's sums are those of all entries before it, and none is above the cap."""
    claimed: dict[str, int] = defaultdict(int)
    spent: dict[str, int] = defaultdict(int)
    for owner, _, own_claimed, own_spent, all_claimed, all_spent in entries(folder):
        claimed[owner], spent[owner] = int(own_claimed), int(own_spent)
        assert (sum(claimed.values()), sum(spent.values())) == (int(all_claimed), int(all_spent))
        assert int(all_spent) <= int(all_claimed) <= cap


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.sampled_from(["call", "abandon", "end"]), st.integers(1, 60), st.integers(0, 100)
        ),
        max_size=60,
    )
)
def test_tasks_that_come_and_go_never_pass_the_cap(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str, int, int]]
) -> None:
    """One step after the other: calls of four tasks, which now and then are killed with a call under way, or end."""
    folder, cap = tmp_path_factory.mktemp("b") / "ledger", 100

    def task() -> Budget:
        return Budget(FileLedger(folder), cap, LONG)

    tasks, paid = [task() for _ in range(4)], 0

    async def play() -> None:
        nonlocal paid
        for number, what, most, share in steps:
            budget = tasks[number]
            if what == "end":
                budget.close()
                tasks[number] = task()
                continue
            try:
                async with asyncio.timeout(0):
                    await budget.reserve(most)
            except (TimeoutError, BudgetError):
                continue
            # Of one that was killed nobody knows what was paid: all, at worst.
            cost = most if what == "abandon" else most * share // 100
            paid += cost
            if what == "abandon":
                tasks[number] = task()
            else:
                budget.settle(most, cost)

    asyncio.run(play())
    assert paid <= cap
    if folder.exists():
        assert_sound(folder, cap)


def test_threads_that_claim_at_once_never_claim_the_same(tmp_path: Path) -> None:
    """Real races: each thread is a task with a ledger of its own; a third of them are abandoned in the middle."""
    folder, cap, paid = tmp_path / "ledger", 10_000, []
    start = threading.Barrier(8)

    async def task(number: int) -> None:
        draw, budget = random.Random(number), Budget(FileLedger(folder), cap, LONG)
        for call in range(60):
            most = draw.randint(50, 400)
            try:
                async with asyncio.timeout(0.02):
                    await budget.reserve(most)
            except (TimeoutError, BudgetError):
                continue
            cost = most if number % 3 == 0 and call > 5 else draw.randint(1, most // 4)
            paid.append(cost)
            if cost == most:
                return  # killed
            budget.settle(most, cost)
        budget.close()

    def run(number: int) -> None:
        start.wait()
        asyncio.run(task(number))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < sum(paid) <= cap
    assert_sound(folder, cap)


CHILD = """
import asyncio, os, sys
from pathlib import Path
from cassia_engine.budget import Budget, FileLedger
async def main():
    budget = Budget(FileLedger(Path(sys.argv[1])), 100, 1000.0)
    await budget.reserve(60)
    print("reserved", flush=True)
    sys.stdin.read()
asyncio.run(main())
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def test_what_a_killed_process_held_is_spent_and_nobody_waits_for_it(ledger: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(ledger)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout and process.stdout.readline()
    other = Budget(FileLedger(ledger), 100, LONG)

    async def waits() -> None:
        async with asyncio.timeout(0.3):
            await other.reserve(50)

    with pytest.raises(TimeoutError):  # it may be given back
        asyncio.run(waits())
    process.kill()
    process.communicate()
    with raises("budget-reached", "$0.00000006 is held for calls whose end is not known"):
        asyncio.run(other.reserve(50))
    again = Budget(FileLedger(ledger), 100, LONG)
    asyncio.run(again.reserve(40))


def test_old_reservations_are_not_waited_for(ledger: Path) -> None:
    """Of a task on another machine nobody knows whether it lives; no call lasts longer than calls may."""
    elsewhere = FileLedger(ledger, owner="elsewhere-1-a")
    elsewhere.change(lambda totals: 80, 10)
    assert FileLedger(ledger).reserved_elsewhere(LONG) == 70
    assert FileLedger(ledger).reserved_elsewhere(0.0) == 0
    with raises("budget-reached"):
        asyncio.run(Budget(FileLedger(ledger), 100, 0.0).reserve(50))


def test_a_task_waits_until_another_gives_back(ledger: Path) -> None:
    async def main() -> None:
        first, second = (Budget(FileLedger(ledger), 100, LONG) for _ in range(2))
        await first.reserve(80)
        waiting = asyncio.create_task(second.reserve(60))
        await asyncio.sleep(0)
        first.settle(80, 8)
        await waiting
        assert first.spent == pytest.approx(8e-9)
        second.settle(60, 60)
        assert second.spent == pytest.approx(68e-9)
        assert second.cap == pytest.approx(100e-9)
        with raises("budget-reached"):
            await first.reserve(33)
        await second.reserve(32)  # for others there may be room

    asyncio.run(main())


def test_calls_of_one_task_wait_for_each_other() -> None:
    """In memory: a hundred calls that might cost ten times what they do."""

    async def main() -> None:
        budget, most_open = Budget(Ledger(), 1000, LONG), 0

        async def call() -> None:
            nonlocal most_open
            await budget.reserve(90)
            most_open = max(most_open, budget._open)
            await asyncio.sleep(0)
            budget.settle(90, 9)

        await asyncio.gather(*(call() for _ in range(100)))
        assert most_open > 500 and budget.spent == pytest.approx(900e-9)

    asyncio.run(main())


def test_who_waits_is_let_go_when_the_run_stops() -> None:
    async def main() -> None:
        budget = Budget(Ledger(), 100, LONG)
        await budget.reserve(80)
        waiting = asyncio.create_task(budget.reserve(80))
        await asyncio.sleep(0)
        budget.stop()
        with pytest.raises(StoppedError):
            await waiting
        budget.settle(80, 5)

    asyncio.run(main())


def test_what_cost_more_than_reserved_is_spent_all_the_same(ledger: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        budget = Budget(FileLedger(ledger), 100, LONG)
        await budget.reserve(90)
        budget.settle(90, 120)
        assert budget.spent == pytest.approx(120e-9)
        with raises("budget-reached"):
            await budget.reserve(1)

    asyncio.run(main())
    assert "a reply cost $0.00000012, more than" in caplog.text


def test_a_higher_cap_goes_on_and_a_lower_one_does_not(ledger: Path) -> None:
    async def spend(cap: int, amount: int) -> None:
        budget = Budget(FileLedger(ledger), cap, LONG)
        await budget.reserve(amount)
        budget.settle(amount, amount)
        budget.close()

    asyncio.run(spend(100, 90))
    for cap in (100, 50):
        with raises("budget-reached"):
            asyncio.run(spend(cap, 20))
    asyncio.run(spend(200, 110))
    assert entries(ledger)[-1][-2:] == ["200", "200"]


class FullLater(Ledger):
    """A ledger whose disk is full once it has an entry."""

    def _write(self, entry: Entry) -> bool:
        if self.own.serial:
            raise TemporaryError("the disk is full", code="journal-disk-full")
        return super()._write(entry)


@pytest.mark.parametrize("cost", [5, 95])
def test_an_answer_is_not_lost_where_its_cost_cannot_be_written(cost: int, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        budget = Budget(FullLater(), 100, LONG)
        await budget.reserve(90)
        budget.settle(90, cost)
        with raises("journal-disk-full"):
            await budget.reserve(1)
        budget.close()

    asyncio.run(main())
    assert "the disk is full; $" in caplog.text


def test_a_large_run_writes_few_entries(ledger: Path) -> None:
    async def main() -> None:
        budget = Budget(FileLedger(ledger), 10**9, LONG)
        for _ in range(2000):
            await budget.reserve(90_000)
            budget.settle(90_000, 9_000)
        budget.close()

    asyncio.run(main())
    assert len(entries(ledger)) < 10


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("elsewhere"), lambda path: path.write_text("a 1 2")])
def test_what_is_no_entry_is_refused(ledger: Path, make: Callable[[Path], Any]) -> None:
    ledger.mkdir()
    make(ledger / "0000001")
    with raises("budget-damaged", path="0000001"):
        FileLedger(ledger)


def test_amounts_are_whole_numbers_on_the_safe_side() -> None:
    assert (nano(0.1), nano(1e-10), cap_of(0.3), cap_of(1e-10)) == (100_000_000, 1, 300_000_000, 0)
    assert [dollars(nano(cost)) for cost in (1.0, 12.345, 0.05, 0.0234, 0.0)] == [
        "$1.00",
        "$12.35",
        "$0.05",
        "$0.023",
        "$0.00",
    ]
