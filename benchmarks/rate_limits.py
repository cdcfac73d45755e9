"""Calls to an account with limits a minute: time and refusals, beside plain exponential backoff and beside the ideal.

    python -m benchmarks.rate_limits
    python -m benchmarks.rate_limits --speed 10     slower and more exact
    python -m benchmarks.rate_limits --bucket 1     an account that lets in no more than a second's calls at once
    python -m benchmarks.rate_limits --own          the client is told the limit, as by --rpm and --tpm

The mock provider refuses calls beyond its limits with status 429 and says how long to wait; its limits are buckets that
hold 15 seconds of them. The clocks of mock and client run 20 times faster than the machine's. Scenarios:

    one task     1,200 calls of 3,000 tokens, 400,000 tokens a minute, median latency 8 s, 64 calls in flight at most
    eight tasks  the same calls by 8 clients that know nothing of each other, 16 in flight each
    requests     100 calls, 10 requests a minute, median latency 1 s, 16 in flight at most

The ideal is what the limit lets through with a full bucket at first, and the latency of the last call. Plain backoff:
each call by itself waits 1, 2, 4, ... s, with as much again at random, up to 60 s; it never gives up here. Ends with 1
if a limit is passed; limits of time and attempts are for buckets of 15 s. A bucket that holds less than one call of a
scenario would be none: the scenario is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.measure import machine
from cassia_engine.providers.accounts import Account, open_account
from cassia_engine.providers.allowance import NO_LIMITS, Limits
from cassia_engine.providers.chat import Call, Chat, Message, Request
from cassia_engine.providers.client import Client
from cassia_engine.providers.clock import Clock
from cassia_engine.providers.dialects import DIALECTS
from cassia_engine.providers.faults import Fault, FaultAction
from cassia_engine.providers.limiter import CallLimiter
from cassia_engine.providers.transport import Transport
from tests.mock_provider.running import running_mock

PROMPT, REPLY = 2000, 1000  # tokens of a call
BUCKET = 15.0  # seconds
MAX_OF_IDEAL, MAX_OF_BACKOFF, MAX_ATTEMPTS = 1.10, 1 / 3, 1.3


@dataclass(frozen=True)
class Scenario:
    """So many calls by so many tasks, with so many in flight each; `a_minute` is of `limit`, an option of the mock."""

    name: str
    calls: int
    tasks: int
    workers: int
    latency: float
    limit: str
    a_minute: float
    of_a_call: float

    def fits(self, bucket: float) -> bool:
        return self.a_minute * bucket / 60 >= self.of_a_call

    def ideal(self, bucket: float) -> float:
        """Seconds."""
        at_once = self.a_minute * bucket / 60
        return max(0.0, self.calls * self.of_a_call - at_once) / self.a_minute * 60 + self.latency


TOKENS = ("tpm", 400_000.0, PROMPT + REPLY)
SCENARIOS = (
    Scenario("one task", 1200, 1, 64, 8.0, *TOKENS),
    Scenario("eight tasks", 1200, 8, 16, 8.0, *TOKENS),
    Scenario("requests", 100, 1, 16, 1.0, "rpm", 10.0, 1.0),
)


@dataclass(frozen=True)
class Outcome:
    seconds: float
    refused: int
    answered: int

    @property
    def refusals(self) -> float:
        return self.refused / self.answered


Run = Callable[[Account, Scenario, Clock], Coroutine[Any, Any, int]]


def chats(number: int, task: int) -> list[Chat]:
    text = "x" * int(PROMPT * 3.5 - 10)
    return [Chat("s", (Message("user", f"{task} {n} {text}"),), max_tokens=REPLY) for n in range(number)]


async def controlled(account: Account, scenario: Scenario, clock: Clock, limits: Limits = NO_LIMITS) -> int:
    """All calls by the client; how many were answered."""

    async def task(number: int) -> int:
        async with Transport(account, connections=scenario.workers) as transport:
            limiter = CallLimiter(scenario.workers, clock)
            client = Client(account, transport, max_workers=scenario.workers, limiter=limiter, limits=limits)
            replies = await asyncio.gather(*map(client.chat, chats(scenario.calls // scenario.tasks, number)))
            return len(replies)

    return sum(await asyncio.gather(*map(task, range(scenario.tasks))))


async def told(account: Account, scenario: Scenario, clock: Clock) -> int:
    """The same by a client that knows the limit, each task its share."""
    limits = replace(NO_LIMITS, **{scenario.limit: scenario.a_minute / scenario.tasks})
    return await controlled(account, scenario, clock, limits)


async def backing_off(account: Account, scenario: Scenario, clock: Clock) -> int:
    """The same, each call for itself."""
    dialect = DIALECTS[account.dialect]

    async def call(transport: Transport, places: asyncio.Semaphore, chat: Chat) -> None:
        body, _ = dialect.body(chat, account.model, account.traits)
        request, wait = Request(dialect.name, dialect.url(account.base_url, account.model), body), 1.0
        async with places:
            while not await let_in(transport, Call(request)):
                await asyncio.sleep(clock.real(wait * (1 + random.random())))
                wait = min(2 * wait, 60.0)

    async def task(number: int) -> int:
        async with Transport(account, connections=scenario.workers) as transport:
            places = asyncio.Semaphore(scenario.workers)
            wanted = chats(scenario.calls // scenario.tasks, number)
            await asyncio.gather(*(call(transport, places, chat) for chat in wanted))
            return len(wanted)

    return sum(await asyncio.gather(*map(task, range(scenario.tasks))))


async def let_in(transport: Transport, call: Call) -> bool:
    try:
        await transport.exchange(call)
    except Fault as fault:
        if fault.action is not FaultAction.BACK_OFF:
            raise
        return False
    return True


def measured(run: Run, scenario: Scenario, clock: Clock, bucket: float) -> Outcome:
    options: dict[str, Any] = {"latency": scenario.latency, "spread": 0.5, "bucket": bucket, "speed": clock.speed}
    options[scenario.limit] = scenario.a_minute
    with running_mock(**options) as mock:
        account = open_account("custom", "mock", f"{mock.url}/v1", environ={})
        began = clock.now()
        answered = asyncio.run(run(replace(account, streams=False), scenario, clock))
        return Outcome(clock.now() - began, mock.stats()["by_status"].get("429", 0), answered)


def over(scenario: Scenario, bucket: float, ours: Outcome, plain: Outcome) -> list[str]:
    """What passes a limit."""
    found = []
    if ours.answered < scenario.calls:
        found.append(f"{scenario.calls - ours.answered} calls were lost")
    if bucket >= BUCKET and scenario.limit == "rpm" and 1 + ours.refusals > MAX_ATTEMPTS:
        found.append(f"more than {MAX_ATTEMPTS} attempts a call")
    if bucket >= BUCKET and scenario.limit == "tpm" and ours.seconds > MAX_OF_IDEAL * scenario.ideal(bucket):
        found.append(f"more than {MAX_OF_IDEAL} of the ideal time")
    if ours.refusals > MAX_OF_BACKOFF * plain.refusals:
        found.append("more than a third of the refusals of plain backoff")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speed", type=float, default=20.0)
    parser.add_argument("--bucket", type=float, default=BUCKET, help="seconds of a limit that it holds (default: 15)")
    parser.add_argument("--own", action="store_true", help="tell the client the limit")
    given = parser.parse_args()
    clock, bucket = Clock(given.speed), given.bucket
    print(machine())
    passed = []
    for scenario in (one for one in SCENARIOS if one.fits(bucket)):
        outcomes = []
        for name, run in (("controlled", told if given.own else controlled), ("plain backoff", backing_off)):
            out = measured(run, scenario, clock, bucket)
            outcomes.append(out)
            print(
                f"{scenario.name:12} {name:14} {out.answered} of {scenario.calls} in {out.seconds:.0f} s, "
                f"{out.seconds / scenario.ideal(bucket):.2f} of the ideal, {out.refusals:.2f} refusals an answer",
                flush=True,
            )
        passed += [f"{scenario.name}: {what}" for what in over(scenario, bucket, *outcomes)]
    print("\n".join(passed) or "within all limits")
    return int(bool(passed))


if __name__ == "__main__":
    raise SystemExit(main())
