"""A server that is killed again and again, what it has acknowledged, and what its model was asked."""

from __future__ import annotations

import http.client
import os
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import msgspec

from cassia_engine.cytetype.job import JobOptions, run_job
from cassia_engine.cytetype.job_file import JobState
from cassia_engine.cytetype.question import Question
from cassia_engine.cytetype.ranges import indexes
from cassia_engine.cytetype.results import JobResults
from cassia_engine.cytetype.waiting import Clock
from cassia_engine.secret import Secret
from tests.cytetype.child import FASTER, _sleep
from tests.kills.records import read_journal
from tests.mock_provider.running import Running
from tests.server.processes import PATIENCE_S, Serving, question, serving
from tests.server.uploading import Client, chunks, content, until

KEY = "sk-canary-5d2e1c70b8f94a36"
CHUNK, N_CHUNKS = 2**23, 10
DATA = content(size=N_CHUNKS * CHUNK - 99)
# What a client gets when the server goes away, which is what this is about.
GONE = (OSError, http.client.HTTPException)


class Killed:
    """A server that is killed at moments that a seed draws, half of the times with all processes of its runs.

    Attributes:
        upload: its id; chunks: those that were acknowledged.
        jobs: that were acknowledged.
        polled: what clients that wait for their jobs will get.
        snapshots: after each kill, how many calls had come to the model, and what of them the journals have answers to.
    """

    def __init__(self, folder: Path, mock: Running, seed: int):
        self.folder, self.data = folder, folder / "data"
        self._mock, self.draw = mock, random.Random(seed)
        # With a strict validator each of the three clusters of a job has three calls.
        asked = ("--provider", "custom", "--model", "mock", "--base_url", f"{mock.url}/v1")
        self._options = (*asked, "--validator_involvement", "v0", "--jobs", "4")
        self._port = 0
        self.upload, self.chunks = "", set[int]()
        self.jobs: list[str] = []
        self.polled: list[Future[JobResults]] = []
        self.snapshots: list[tuple[int, set[str]]] = []
        self.threads = ThreadPoolExecutor(16)

    def serving(self) -> AbstractContextManager[Serving]:
        """A server at the same port as the one before."""
        return serving(self.data, *self._options, "--port", str(self._port), env={"CUSTOM_API_KEY": KEY})

    def kill_at(self, moment: Callable[[Serving], None]) -> None:
        """Start a server, have a look at what it has, and kill it at a moment."""
        with self.serving() as server:
            self._port = int(server.url.rpartition(":")[2])
            self.check(server)
            moment(server)
            server.kill()
            if self.draw.random() < 0.5:
                self._kill_runs()
        replies = [read_journal(folder).replies.values() for folder in self.data.glob("jobs/*/journal")]
        self.snapshots.append((self._mock.stats()["calls"], {body for bodies in replies for body in bodies}))

    def _kill_runs(self) -> None:
        place = str(self.data.resolve() / "jobs").encode()
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if place in (folder / "cmdline").read_bytes():
                    os.kill(int(folder.name), signal.SIGKILL)

    def check(self, server: Serving) -> None:
        """All that was acknowledged is there."""
        if self.upload:
            there = set(indexes(Client(server.url).shown(self.upload).data["received_chunks"]))
            assert self.chunks <= there
            file = (self.data / "uploads" / self.upload).read_bytes()
            assert all(file[index * CHUNK :][:CHUNK] == DATA[index * CHUNK :][:CHUNK] for index in there)
        for job in self.jobs:
            assert server.call("GET", f"/status/{job}")[0] == 200

    def while_it_uploads(self, server: Serving) -> None:
        client, parts, most = Client(server.url), chunks(DATA), self.draw.randint(1, 2)
        self.upload = self.upload or client.begin(len(DATA))
        before = len(self.chunks)

        def send(index: int) -> None:
            with suppress(*GONE):
                assert client.put(self.upload, index, parts[index]).status == 200
                self.chunks.add(index)
                if len(self.chunks) - before >= most:
                    server.kill()

        list(self.threads.map(send, self.draw.sample(range(N_CHUNKS), N_CHUNKS)))

    def while_jobs_come(self, server: Serving) -> None:
        most, before = self.draw.randint(1, 2), len(self.jobs)

        def submit(number: int) -> None:
            with suppress(*GONE):
                self.jobs.append(server.submit(question(studyInfo=f"Human blood, donor {number} of {before}")))
                if len(self.jobs) - before >= most:
                    server.kill()

        list(self.threads.map(submit, range(3)))

    def while_the_model_is_asked(self, server: Serving) -> None:
        self._submit(server)
        wanted = self._mock.stats()["completed"] + self.draw.randint(1, 6)
        until(lambda: self._mock.stats()["completed"] >= wanted)

    def while_the_report_is_written(self, server: Serving) -> None:
        job = self._submit(server)
        server.wait_for(job, lambda found: set(found["clusterStatus"].values()) == {"completed"})
        time.sleep(self.draw.uniform(0, 0.3))

    def _submit(self, server: Serving) -> str:
        """Have a client wait for a job of its own, whatever becomes of the server; the job's id once it has that."""
        number = len(self.polled)
        asked = Question(question(studyInfo=f"Human blood of client {number}"), {})
        path = self.folder / f"{number}_job.json"
        clock = Clock(_sleep, lambda: time.monotonic() * FASTER)
        options = JobOptions(clock=clock, timeout=10 * PATIENCE_S * FASTER)
        polled = self.threads.submit(
            run_job, asked, api_url=server.url, token=Secret("any token"), job_file=path, options=options
        )
        self.polled.append(polled)
        until(lambda: path.exists() and state_of(path).phase != "uploading" and bool(state_of(path).job_id))
        self.jobs.append(state_of(path).job_id)
        return self.jobs[-1]

    def asked_again(self) -> list[int]:
        """The numbers of calls to the model whose answers were in a journal already."""
        calls = [(call["n"], call["body"]) for call in self._mock.calls()]
        assert {body for _, body in calls} & self.snapshots[-1][1]
        return [n for known, journaled in self.snapshots for n, body in calls if n > known and body in journaled]


def state_of(path: Path) -> JobState:
    return msgspec.json.decode(path.read_bytes(), type=JobState)
