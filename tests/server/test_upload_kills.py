"""A server that is killed during an upload has every chunk that it has acknowledged, and the upload goes on."""

from __future__ import annotations

import asyncio
import http.client
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cassia_engine.cytetype.http import Http
from cassia_engine.cytetype.job_file import VERSION, JobFile, JobState, read_state
from cassia_engine.cytetype.ranges import indexes
from cassia_engine.cytetype.service import Service
from cassia_engine.cytetype.upload import Uploader
from cassia_engine.cytetype.upload_progress import OnUpload, UploadProgress
from cassia_engine.cytetype.waiting import Pace
from cassia_engine.errors import CassiaError
from cassia_engine.secret import Secret
from tests.cytetype.runs import fake_clock
from tests.server import small_chunks
from tests.server.processes import Serving, serving
from tests.server.uploading import Client, chunks, content

pytestmark = pytest.mark.slow

CHUNK = small_chunks.CHUNK_BYTES
N = 60
DATA = content(size=N * CHUNK - 99)


def send_until_killed(server: Serving, upload: str, todo: list[int], kill_after: int) -> set[int]:
    """Send chunks, four at once, and kill the server at once when so many are acknowledged; those that were."""
    parts, client, got = chunks(DATA, CHUNK), Client(server.url), set()

    def send(index: int) -> None:
        try:
            answer = client.put(upload, index, parts[index])
        except (OSError, http.client.HTTPException):
            return
        assert answer.status == 200, answer.body
        got.add(index)
        if len(got) == kill_after:
            server.kill()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(send, todo))
    return got


def test_a_killed_server_has_what_it_has_acknowledged(tmp_path: Path) -> None:
    draw, known = random.Random(18), set[int]()
    with serving(tmp_path / "data", module=small_chunks.__name__) as server:
        upload = Client(server.url).begin(len(DATA))
        for _ in range(4):
            todo = [index for index in range(N) if index not in known]
            known |= send_until_killed(server, upload, draw.sample(todo, len(todo)), draw.randint(1, 12))
            server.start()
            there = set(indexes(Client(server.url).shown(upload).data["received_chunks"]))
            assert known <= there
            file = (tmp_path / "data" / "uploads" / upload).read_bytes()
            for index in there:
                assert file[index * CHUNK :][:CHUNK] == chunks(DATA, CHUNK)[index]
        client = Client(server.url)
        for index in set(range(N)) - there | {0}:
            assert client.put(upload, index, chunks(DATA, CHUNK)[index]).status == 200
        assert client.complete(upload).data["size_bytes"] == len(DATA)
        assert (tmp_path / "data" / "uploads" / upload).read_bytes() == DATA


def run(folder: Path, url: str, told: OnUpload) -> str:
    """The upload of a file by cassia's own client, which goes on with what its job file says; the upload's id."""
    path = folder / "job.json"

    async def work() -> str:
        clock, _ = fake_clock()
        async with Http(url, Secret("any token")) as http:
            job = JobFile.begin(path, read_state(path) or JobState(VERSION, url, "question"))
            return await Uploader(Service(http), job, Pace(clock=clock), told=told).upload(
                "vars_h5", folder / "vars.h5"
            )

    return asyncio.run(work())


def test_our_client_goes_on_when_the_server_has_started_again(tmp_path: Path) -> None:
    (tmp_path / "vars.h5").write_bytes(DATA)
    with serving(tmp_path / "data", module=small_chunks.__name__) as server:

        def told(progress: UploadProgress) -> None:
            if progress.sent == 7 * CHUNK:
                server.kill()
                server.start()

        upload = run(tmp_path, server.url, told)
        assert Client(server.url).shown(upload).data["completed"]
    assert (tmp_path / "data" / "uploads" / upload).read_bytes() == DATA


def test_our_client_goes_on_later_with_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "vars.h5").write_bytes(DATA)
    sent: list[int] = []
    with serving(tmp_path / "data", module=small_chunks.__name__) as server:

        def told(progress: UploadProgress) -> None:
            sent.append(progress.sent)
            if progress.sent == 7 * CHUNK and len(sent) <= 8:
                server.kill()

        with pytest.raises(CassiaError):
            run(tmp_path, server.url, told)
        before = len(sent)
        server.start()
        upload = run(tmp_path, server.url, told)
        assert sent[before] == sent[before - 1] >= 7 * CHUNK
        assert len(sent) == N + 2  # the first of each run says what is there before anything is sent
    assert (tmp_path / "data" / "uploads" / upload).read_bytes() == DATA
