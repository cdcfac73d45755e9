"""Uploads as tests make them: contents, single requests over a socket, and a server in a thread or a process."""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cassia_engine.server import uploads
from cassia_engine.server.access.listening import serve
from cassia_engine.server.app import make_app
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.starting import open_state
from cassia_engine.server.uploads import CHUNK_BYTES
from tests.conftest import ROOT
from tests.server.running import RunningApp, running_app

STARTS = {"vars_h5": b"\x89HDF\r\n\x1a\n", "obs_duckdb": bytes(8) + b"DUCK"}
SIZE = 2 * CHUNK_BYTES + 1017


def content(kind: str = "vars_h5", size: int = SIZE, seed: int = 0) -> bytes:
    """The bytes of a file that is one of its kind by its start."""
    return STARTS[kind] + random.Random(seed).randbytes(size - len(STARTS[kind]))


def chunks(data: bytes, size: int = CHUNK_BYTES) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@dataclass(frozen=True)
class Answer:
    """What came back; `data` is None where the body is no JSON."""

    status: int
    body: bytes

    @property
    def data(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def refusal(self) -> tuple[int, str]:
        return self.status, self.data["error_code"]


@dataclass
class Client:
    """Requests by one token, a connection each."""

    url: str
    token: str = "any"

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {self.token}"})
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()

    def initiate(self, size: int, kind: str = "vars_h5") -> Answer:
        return self.send("POST", f"/upload/{kind}/initiate", json.dumps({"file_size_bytes": size}))

    def begin(self, size: int, kind: str = "vars_h5") -> str:
        answer = self.initiate(size, kind)
        assert answer.status == 200, answer.body
        return str(answer.data["upload_id"])

    def put(self, upload: str, index: int | str, body: Any) -> Answer:
        return self.send("PUT", f"/upload/{upload}/chunk/{index}", body)

    def complete(self, upload: str) -> Answer:
        return self.send("POST", f"/upload/{upload}/complete")

    def shown(self, upload: str) -> Answer:
        return self.send("GET", f"/upload/{upload}")

    def upload(self, data: bytes, kind: str = "vars_h5") -> str:
        """Bring a file whole, its chunks several at once and the last first."""
        upload, parts = self.begin(len(data), kind), chunks(data)
        with ThreadPoolExecutor(4) as threads:
            answers = threads.map(lambda index: self.put(upload, index, parts[index]), reversed(range(len(parts))))
            assert {answer.status for answer in answers} == {200}
        assert self.complete(upload).status == 200
        return upload


class Server:
    """A server in a thread of this process."""

    def __init__(self, app: RunningApp):
        self._app, self.state, self.url = app, app.state, app.url

    @cached_property
    def client(self) -> Client:
        return self.new_client()

    def new_client(self) -> Client:
        """With a token of its own, so that uploads of others are not its."""
        return Client(self.url, self._app.add_token(secrets.token_hex(8)))

    def file(self, upload: str) -> bytes:
        return (self.state.uploads / upload).read_bytes()


@contextmanager
def serving(folder: Path, **options: Any) -> Iterator[Server]:
    """A server over a folder, ended afterwards.

    Args:
        options: fields of `ServerOptions`.
    """
    with running_app(folder, **options) as app:
        yield Server(app)


class Process:
    """A server as a process, which can be killed and started again on its port."""

    def __init__(self, data: Path, chunk: int):
        self._data, self._chunk, self._port = data, chunk, 0
        self.start()

    def start(self) -> None:
        words = [sys.executable, "-m", "tests.server.uploading", *map(str, (self._data, self._port, self._chunk))]
        self._process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().removeprefix("listening on ").strip()
        self._port = urlsplit(self.url).port or 0

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def process(data: Path, chunk: int) -> Iterator[Process]:
    found = Process(data, chunk)
    try:
        yield found
    finally:
        found.kill()


async def _serve(data: Path, port: int, chunk: int) -> None:
    uploads.CHUNK_BYTES = chunk
    options = ServerOptions(data, port=port)
    await serve(make_app(open_state(options)), options, lambda url: print(f"listening on {url}", flush=True))


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
