"""100,000 calls through the call path with 5% mixed faults: memory over time, no lost cluster, nothing asked twice.

    python -m benchmarks.soak

The call path is `Client` over the journal over the transport, 64 calls in flight, against the mock, which is a process
of its own. The questions are of the real size and all different; each is made when its turn comes and dropped once it
is answered, so that what grows is the call path's. The mock counts what was answered twice, and afterwards every
question is asked of the journal alone, so that none is lost.

CPU a call: process time of this process from the first call until the journal is closed, over the calls, with the
further attempts that faults need. Checks of replies, marker scoring and results are not in it: see benchmarks/calls.py.
Memory: the resident set, 200 times during the run; its slope is that of a line through the last four fifths of them.
Ends with 1 if a limit is passed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.calls import WORKERS, split
from benchmarks.measure import machine
from cassia_engine.errors import CassiaError
from cassia_engine.journal import Journal
from cassia_engine.prompts import Briefing, annotator
from cassia_engine.providers.accounts import open_account
from cassia_engine.providers.chat import Chat
from cassia_engine.providers.client import Client
from cassia_engine.providers.retry_policy import RetryPolicy
from cassia_engine.providers.transport import Transport
from cassia_engine.secret import Secret
from cassia_engine.stagefiles import read_chunk
from tests.mock_provider.running import Running, running_mock

CALLS = 100_000
KINDS = ("408", "500", "502", "503_ms", "529", "reset", "close", "cut", "error_200", "html_502", "null", "half_json")
ODDS = {**dict.fromkeys(KINDS, 0.004), "429_ms": 0.002}
FAULTS = ",".join(f"{name}:{odds}" for name, odds in ODDS.items())
# The waits of a provider that has bad luck, scaled down: the faults are drawn, and do not end by waiting.
QUICK = RetryPolicy(attempts=8, backoff=0.02, longest_backoff=0.2, pause=0.02, longest_pause=0.1)
CLUSTERS = 200  # different lists of genes; the mock need not think about one twice
SAMPLES = 200
MAX_CPU, MAX_SLOPE = 0.7, 1.0  # milliseconds a call; MB for 10,000 calls


@dataclass
class Found:
    """What a soak took.

    Attributes:
        cpu: seconds of this process.
        memory: resident set in MB, by how many calls were answered.
        lost: calls that ended without an answer.
        replayed: answers that the journal alone has.
        stats: the mock's counts.
    """

    calls: int
    wall: float = 0.0
    cpu: float = 0.0
    memory: list[tuple[int, float]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    replayed: int = 0
    stats: dict[str, Any] = field(default_factory=dict)

    @property
    def slope(self) -> float:
        """MB that the resident set grows by in 10,000 calls, after the first fifth."""
        late = [(n, mb) for n, mb in self.memory if n >= self.calls / 5]
        middle, level = (sum(values) / len(late) for values in zip(*late, strict=True))
        spread = sum((n - middle) ** 2 for n, _ in late)
        return float(10_000 * sum((n - middle) * (mb - level) for n, mb in late) / spread)


def questions(folder: Path, count: int) -> Iterator[Chat]:
    """So many first questions, all different."""
    split(folder, "many", CLUSTERS)
    chunk = read_chunk(folder / "many" / "chunk_00000.json")
    briefing = Briefing(chunk.dataset, chunk.selection, chunk.siblings, "v1")
    asked = [annotator(briefing, cluster, max_tokens=4096) for cluster in chunk.clusters]
    for number in range(count):
        chat = asked[number % len(asked)]
        [message] = chat.messages
        yield replace(chat, messages=(replace(message, text=f"{message.text} [{number}]"),))


async def soak(mock: Running, folder: Path, calls: int = CALLS) -> Found:
    """Ask all, and then the journal alone."""
    found, account = Found(calls), open_account("openai", "mock", f"{mock.url}/v1", Secret("soak"))
    begun = time.perf_counter()
    journal = Journal.open(folder / "journal", "0")
    async with Transport(account, connections=WORKERS) as transport:
        client = Client(account, journal.recorded(transport), max_workers=WORKERS, retry_policy=QUICK)
        cpu = time.process_time()
        await ask(client, questions(folder, calls), found)
        journal.close()
    found.cpu, found.wall, found.stats = time.process_time() - cpu, time.perf_counter() - begun, mock.stats()
    again, journal = Found(calls), Journal.open(folder / "journal", "1")
    await ask(Client(account, journal.recorded(None), max_workers=WORKERS), questions(folder, calls), again)
    journal.close()
    found.replayed = calls - len(again.lost)
    return found


async def ask(client: Client, asked: Iterator[Chat], found: Found) -> None:
    """Ask with 64 in flight; what is answered is dropped."""
    answered = 0

    async def work() -> None:
        nonlocal answered
        for chat in asked:
            try:
                await client.chat(chat)
            except CassiaError as error:
                found.lost.append(str(error))
            answered += 1
            if answered % max(1, found.calls // SAMPLES) == 0:
                found.memory.append((answered, resident()))

    await asyncio.gather(*(work() for _ in range(WORKERS)))


def resident() -> float:
    """The resident set of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def told(found: Found) -> bool:
    """Say it; whether the limits are kept."""
    stats, cpu = found.stats, 1000 * found.cpu / found.calls
    faults = sum(stats["by_fault"].values())
    first, last = found.memory[len(found.memory) // 5][1], found.memory[-1][1]
    print(f"\n{found.calls:,} calls, {WORKERS} at once, {found.wall:.0f} s; {faults:,} faults of {len(ODDS)} kinds")
    print(f"  {cpu:8.2f} ms CPU a call (at most {MAX_CPU:g})")
    print(f"  {found.slope:8.2f} MB for 10,000 calls (at most {MAX_SLOPE:g}); {first:.0f} MB, at the end {last:.0f} MB")
    print(f"  {len(found.lost):8d} lost, {found.calls - found.replayed} not in the journal (none)")
    print(f"  {stats['repeats']:8d} asked again after an answer (none)")
    whole = not found.lost and found.replayed == found.calls and not stats["repeats"]
    return whole and cpu <= MAX_CPU and found.slope <= MAX_SLOPE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=CALLS)
    options = parser.parse_args()
    print(f"{machine()}, load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as scratch, running_mock(faults=FAULTS, seed=7) as mock:
        sys.exit(int(not told(asyncio.run(soak(mock, Path(scratch), options.calls)))))


if __name__ == "__main__":
    main()
