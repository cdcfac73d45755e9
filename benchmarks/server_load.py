"""`cassia serve` with 50 clients at once, each with a file of 20 MB and a job of 10 clusters, annotated offline.

    python -m benchmarks.server_load

Each client uploads its file, four chunks at a time, submits its job, looks at it every second and takes its results.
The clients are a process of their own. Memory: the resident set of the server's process, and with it those of its runs,
five times a second. Status calls: one after the other, 20 a second, on one connection, from the first job until the
last one has its results. Ends with 1 if a client fails or a limit is passed.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from benchmarks.measure import machine
from tests.server.processes import MARKERS, question, serving

CLIENTS, MB, CLUSTERS = 50, 20, 10
AT_ONCE = 4  # chunks of a client
LOOK_S, SAMPLE_S, CALL_S = 1.0, 0.2, 0.05
MAX_GROWTH, MAX_CALL = 400.0, 20.0  # MB; milliseconds
KIND = "vars_h5"
MAGIC = b"\x89HDF\r\n\x1a\n"


@dataclass
class Found:
    """What a load took.

    Attributes:
        failed: what went wrong, of each client that has no results.
        uploaded, ended: seconds from the start until the last client had uploaded, and had its results.
        memory: resident set in MB: of the server, and of it and its runs.
        calls: seconds of each status call.
    """

    failed: list[str] = field(default_factory=list)
    uploaded: float = 0.0
    ended: float = 0.0
    memory: list[tuple[float, float]] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """MB by which the server's memory is at its peak above that at the start."""
        return max(own for own, _ in self.memory) - self.memory[0][0]

    @property
    def peaks(self) -> tuple[float, float]:
        return max(own for own, _ in self.memory), max(whole for _, whole in self.memory)


def measure(folder: Path, clients: int = CLIENTS, mb: float = MB) -> Found:
    """A server in this folder with so many clients, each with a file of so many MB."""
    found, told = Found(), multiprocessing.get_context("spawn").Queue()
    with serving(folder / "data", "--provider", "offline") as server, _sampling(server.process.pid, found):
        arguments = (server.url, clients, int(mb * 1e6), told)
        load = multiprocessing.get_context("spawn").Process(target=_load, args=arguments)
        began = time.perf_counter()
        load.start()
        _follow(server.url, told, found, began)
        load.join()
    return found


def _follow(url: str, told: Queue[tuple[str, str]], found: Found, began: float) -> None:
    """Take what the clients tell, and look at the status of the first job meanwhile."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    job = ""
    while True:
        while not told.empty() or not job:
            word, value = told.get(timeout=600)
            job = job or (value if word == "job" else "")
            if word == "failed":
                found.failed.append(value)
            if word == "uploaded":
                found.uploaded = time.perf_counter() - began
            if word == "ended":
                found.ended = time.perf_counter() - began
                connection.close()
                return
        start = time.perf_counter()
        connection.request("GET", f"/status/{job}")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        found.calls.append(time.perf_counter() - start)
        time.sleep(CALL_S)


def _load(url: str, clients: int, size: int, told: Queue[tuple[str, str]]) -> None:
    asyncio.run(_all_clients(url, clients, size, told))


async def _all_clients(url: str, clients: int, size: int, told: Queue[tuple[str, str]]) -> None:
    rest = os.urandom(size)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, connector=connector, headers={"Authorization": "Bearer any"}) as session:
        works = [_client(session, number, size, rest, told) for number in range(clients)]
        for error in await asyncio.gather(*works, return_exceptions=True):
            if error is not None:
                told.put(("failed", repr(error)))
    told.put(("ended", ""))


async def _client(
    session: aiohttp.ClientSession, number: int, size: int, rest: bytes, told: Queue[tuple[str, str]]
) -> None:
    head = MAGIC + number.to_bytes(8, "big")
    upload = await _upload(session, memoryview(head + rest[len(head) :]))
    told.put(("uploaded", ""))
    genes = list(MARKERS.values())
    markers = {str(cluster): genes[cluster % len(genes)] for cluster in range(CLUSTERS)}
    asked = {"input_data": question(markers), "llm_configs": None, "uploaded_files": {KIND: upload}}
    job = (await _send(session, "POST", "/annotate", json=asked))["job_id"]
    told.put(("job", job))
    while (status := (await _send(session, "GET", f"/status/{job}"))["jobStatus"]) not in ("completed", "failed"):
        await asyncio.sleep(LOOK_S)
    assert status == "completed"
    assert len((await _send(session, "GET", f"/results/{job}"))["annotations"]) == CLUSTERS


async def _upload(session: aiohttp.ClientSession, content: memoryview) -> str:
    begun = await _send(session, "POST", f"/upload/{KIND}/initiate", json={"file_size_bytes": len(content)})
    upload, chunk, places = begun["upload_id"], begun["chunk_size_bytes"], asyncio.Semaphore(AT_ONCE)

    async def put(index: int) -> None:
        async with places:
            part = content[index * chunk : (index + 1) * chunk]
            await _send(session, "PUT", f"/upload/{upload}/chunk/{index}", data=part)

    await asyncio.gather(*map(put, range(-(-len(content) // chunk))))
    await _send(session, "POST", f"/upload/{upload}/complete")
    return str(upload)


async def _send(session: aiohttp.ClientSession, method: str, path: str, **body: Any) -> Any:
    async with session.request(method, path, **body) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


@contextmanager
def _sampling(pid: int, found: Found) -> Iterator[None]:
    ended = threading.Event()

    def sample() -> None:
        found.memory.append((_resident(pid), sum(map(_resident, _tree(pid)))))
        while not ended.wait(SAMPLE_S):
            found.memory.append((_resident(pid), sum(map(_resident, _tree(pid)))))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _tree(pid: int) -> list[int]:
    """A process, its children, and theirs."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def _resident(pid: int) -> float:
    """MB; 0 of a process that has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--mb", type=float, default=MB)
    arguments = parser.parse_args()
    print(machine())
    print(f"load average {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), arguments.clients, arguments.mb)
    call = statistics.median(found.calls) * 1000
    late = statistics.quantiles(found.calls, n=100)[98] * 1000
    own, whole = found.peaks
    print(f"{arguments.clients} clients with {arguments.mb:g} MB each: {len(found.failed)} failed {found.failed[:3]}")
    print(f"uploaded after {found.uploaded:.1f} s, all results after {found.ended:.1f} s")
    print(f"server {found.memory[0][0]:.0f} MB at the start, at its peak {own:.0f} MB (at most {MAX_GROWTH:.0f} more)")
    print(f"server and its runs {whole:.0f} MB at the peak")
    print(f"{len(found.calls)} status calls: median {call:.1f} ms (at most {MAX_CALL:.0f}), 99 of 100 in {late:.1f} ms")
    sys.exit(int(bool(found.failed) or found.growth > MAX_GROWTH or call > MAX_CALL))


if __name__ == "__main__":
    main()
