"""Uploads as tests make them: contents, and single requests over a socket."""

from __future__ import annotations

import http.client
import json
import random
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cassia_engine.server.uploads import CHUNK_BYTES
from tests.server.running import RunningApp

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


def new_client(server: RunningApp) -> Client:
    """A client with a token of its own, so that it has none of the uploads of others."""
    return Client(server.url, server.add_token(secrets.token_hex(8)))


def file_of(server: RunningApp, upload: str) -> bytes:
    """What a server has of an upload."""
    return (server.state.uploads / upload).read_bytes()


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
