"""What the call path alone takes: `Client` over the journal over the transport, 64 calls in flight, against the mock.

    python -m benchmarks.overhead

2,000 first questions of the real size, all different, made before the clock starts; the mock is a process of its own,
and has answered each of them once before, so that it need not think.
Not counted is what a whole run also does for a call: prompts, reading and checking replies, results; for this see
benchmarks/calls.py.

CPU a call: process time of this process, all its threads, from before the first call, which opens a connection, until
the journal is closed, over the calls. The imports are done before.
Overhead of a call: the time that `Client.chat` took less the time that the mock had the request. The mock has it from
when its program has read the last byte until its program has written the answer; so waits for the mock's event loop or
for a core of this machine count as ours, its thinking and its latency do not. There is always a place free for a call,
so nothing waits for its turn. The limits are for latencies that vary by half up and down, as those of models do. In
lockstep, where all 64 answers come at once and wait for each other, the overhead is told and has no limit. Nor have the
first 64 calls, which open their connections all at once: they are told apart and are not in the median and the p99.
Ends with 1 if a limit is passed.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import math
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.calls import MAX_CPU, MAX_P99, WORKERS, split
from benchmarks.measure import machine
from cassia_engine.journal import Journal
from cassia_engine.prompts import Briefing, annotator
from cassia_engine.providers.accounts import open_account
from cassia_engine.providers.chat import Chat, Reply
from cassia_engine.providers.client import Client
from cassia_engine.providers.streams import STREAMS
from cassia_engine.providers.transport import Transport, payload_of
from cassia_engine.stagefiles import read_chunk
from tests.mock_provider.running import Running, running_mock

CALLS, LATENCY, SPREAD = 2000, 1.0, 0.5
AT_FIRST = 256  # in flight, while the mock answers what it will be asked
MAX_TOKENS = 4096
PATH = b"/v1/chat/completions"


@dataclass
class Found:
    """Seconds of process time, and of each call by the hash under which the mock knows it; the first 64 apart."""

    cpu: float = 0.0
    first: dict[str, float] = field(default_factory=dict)
    calls: dict[str, float] = field(default_factory=dict)


def chats(folder: Path, count: int) -> list[Chat]:
    """First questions about as many clusters."""
    split(folder, "many", count)
    chunk = read_chunk(folder / "many" / "chunk_00000.json")
    briefing = Briefing(chunk.dataset, chunk.selection, chunk.siblings, "v1")
    return [annotator(briefing, cluster, max_tokens=MAX_TOKENS) for cluster in chunk.clusters]


async def ask(url: str, folder: Path, asked: Sequence[Chat]) -> Found:
    """Ask all of them with 64 in flight, once without the journal and once as it is measured."""
    found, account = Found(), open_account("custom", "mock", f"{url}/v1")
    async with Transport(account, connections=AT_FIRST) as transport:
        await at_once(Client(account, transport, max_workers=AT_FIRST), asked, AT_FIRST)
    journal = Journal.open(folder, "0")
    async with Transport(account, connections=WORKERS) as transport:
        client = Client(account, journal.recorded(transport), max_workers=WORKERS)
        begun = time.process_time()
        told = await at_once(client, asked)
        journal.close()
        found.cpu = time.process_time() - begun
    found.first, found.calls = by_body(told[:WORKERS]), by_body(told[WORKERS:])
    return found


async def at_once(client: Client, asked: Sequence[Chat], width: int = WORKERS) -> list[tuple[Reply, float]]:
    """The replies in the order of the chats, with the seconds that each took."""
    told: dict[int, tuple[Reply, float]] = {}
    waiting = iter(enumerate(asked))

    async def work() -> None:
        for number, chat in waiting:
            begun = time.perf_counter()
            reply = await client.chat(chat)
            told[number] = reply, time.perf_counter() - begun

    await asyncio.gather(*(work() for _ in range(width)))
    return [told[number] for number in range(len(asked))]


def by_body(told: Sequence[tuple[Reply, float]]) -> dict[str, float]:
    stream = STREAMS["openai-chat"]()  # what a server of one's own is asked for
    return {
        hashlib.sha256(PATH + b"\0" + payload_of(reply.call, stream)).hexdigest(): seconds for reply, seconds in told
    }


def over(mock: Running, seconds: dict[str, float]) -> list[float]:
    """Milliseconds of overhead, the least first."""
    held = {line["body"]: line["ended"] - line["began"] for line in mock.calls()}
    return sorted(1000 * (took - held[body]) for body, took in seconds.items())


def share(values: Sequence[float], part: float) -> float:
    return values[math.ceil(len(values) * part) - 1]


def measure(asked: Sequence[Chat], latency: float, spread: float) -> bool:
    """Ask, and say what it took; whether the limits are kept, if there are any."""
    with tempfile.TemporaryDirectory() as scratch, running_mock(latency=latency, spread=spread) as mock:
        found = asyncio.run(ask(mock.url, Path(scratch) / "journal", asked))
        calls, first, completed = over(mock, found.calls), over(mock, found.first), mock.stats()["completed"]
    if completed != 2 * len(asked) or len(calls) + len(first) != len(asked):
        raise SystemExit(f"{completed} calls were made, not {2 * len(asked)}")
    cpu, p99 = 1000 * found.cpu / len(asked), share(calls, 0.99)
    limits = (f" (at most {MAX_CPU:g})", f" (at most {MAX_P99:g})") if spread else ("", "")
    print(
        f"\nlatency {latency * (1 - spread):g} to {latency * (1 + spread):g} s, {len(asked)} calls, {WORKERS} at once"
    )
    print(f"  {cpu:8.2f} ms CPU a call{limits[0]}")
    print(f"  {share(calls, 0.5):8.2f} ms overhead of a call, median")
    print(f"  {p99:8.2f} ms overhead of a call, p99{limits[1]}")
    print(f"  {share(first, 0.5):8.2f} ms median, {first[-1]:.2f} ms most, of the first {len(first)} at once")
    return not spread or (cpu <= MAX_CPU and p99 <= MAX_P99)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=CALLS)
    options = parser.parse_args()
    if options.calls < 2 * WORKERS:
        parser.error(f"--calls: at least {2 * WORKERS}")
    print(f"{machine()}, load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as scratch:
        asked = chats(Path(scratch), options.calls)
    kept = measure(asked, LATENCY, SPREAD)
    measure(asked, LATENCY, 0.0)
    sys.exit(int(not kept))


if __name__ == "__main__":
    main()
