"""Uploads arrive as they are, in whatever order and how often they come, and nobody gets at those of others."""

from __future__ import annotations

import hashlib
import os
import random
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cassia_engine.server import upload_files, upload_rows
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.upload_rows import MOST_UNFINISHED
from cassia_engine.server.uploads import CHUNK_BYTES
from tests.server.running import RunningApp, running_app
from tests.server.uploading import SIZE, Client, chunks, content, file_of, new_client, until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with running_app(tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture
def client(server: RunningApp) -> Client:
    """An owner for each test."""
    return new_client(server)


@pytest.mark.parametrize("kind", ["vars_h5", "obs_duckdb"])
def test_chunks_come_at_once_and_in_any_order(server: RunningApp, client: Client, kind: str) -> None:
    data = content(kind)
    begun = client.initiate(len(data), kind).data
    assert begun["chunk_size_bytes"] == CHUNK_BYTES
    upload, parts = begun["upload_id"], chunks(data)
    order = random.Random(1).sample(range(len(parts)), len(parts))
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda index: client.put(upload, index, parts[index]), order))
    assert [answer.status for answer in answers] == [200] * len(parts)
    digests = [hashlib.sha256(part) for part in parts]
    assert {answer.data["chunk"]: answer.data["sha256"] for answer in answers} == {
        index: digest.hexdigest() for index, digest in enumerate(digests)
    }
    done = client.complete(upload).data
    ends = datetime.fromisoformat(done.pop("expires_at")) - datetime.now(UTC)
    assert timedelta(days=6.9) < ends < timedelta(days=7.1)
    assert done == {
        "upload_id": upload,
        "file_kind": kind,
        "file_name": {"vars_h5": "vars.h5", "obs_duckdb": "obs.duckdb"}[kind],
        "size_bytes": len(data),
        "chunks_sha256": hashlib.sha256(b"".join(digest.digest() for digest in digests)).hexdigest(),
    }
    assert file_of(server, upload) == data


def test_an_upload_ends_once_and_says_the_same_again(server: RunningApp, client: Client) -> None:
    data = content()
    upload = client.upload(data)
    again = [client.complete(upload) for _ in range(2)]
    assert again[0] == again[1] and again[0].data["size_bytes"] == SIZE
    assert client.put(upload, 1, chunks(data)[1]).status == 200
    assert file_of(server, upload) == data


def test_a_chunk_comes_again(server: RunningApp, client: Client) -> None:
    data = content()
    parts = chunks(data)
    upload = client.begin(len(data))
    assert client.put(upload, 1, parts[1]).body == client.put(upload, 1, parts[1]).body
    before = file_of(server, upload)
    assert client.put(upload, 1, bytes(CHUNK_BYTES)).refusal == (400, "INVALID_REQUEST")
    assert file_of(server, upload) == before
    assert client.shown(upload).data["received_chunks"] == [[1, 1]]


def test_what_is_there_is_shown(client: Client) -> None:
    parts = chunks(content(size=5 * CHUNK_BYTES))
    upload = client.begin(5 * CHUNK_BYTES)
    for index in (4, 0, 1):
        client.put(upload, index, parts[index])
    shown = client.shown(upload).data
    assert shown.pop("expires_at")
    assert shown == {
        "upload_id": upload,
        "file_kind": "vars_h5",
        "size_bytes": 5 * CHUNK_BYTES,
        "chunk_size_bytes": CHUNK_BYTES,
        "received_chunks": [[0, 1], [4, 4]],
        "completed": False,
    }
    answer = client.complete(upload)
    assert answer.refusal == (409, "UPLOAD_INCOMPLETE")
    assert "2 of 5 chunks are missing: 2, 3" in answer.data["message"]


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES + 1])
@pytest.mark.parametrize("told", [True, False], ids=["length", "chunked"])
def test_a_chunk_of_another_size_is_refused(client: Client, size: int, told: bool) -> None:
    upload = client.begin(SIZE)
    body: Any = content(size=CHUNK_BYTES + 1)[:size]
    answer = client.put(upload, 0, body if told else iter([body]))
    assert answer.status in (400, 413), answer.body
    assert client.shown(upload).data["received_chunks"] == []
    assert client.put(upload, 0, chunks(content())[0]).status == 200


@pytest.mark.parametrize("index", ["3", "999999999", "-1", "0x1", "1e3", "9999999999", "%31%32%33", "..%2f0", "\u0661"])
def test_there_is_no_such_chunk(client: Client, index: str) -> None:
    upload = client.begin(SIZE)
    answer = client.put(upload, index if index.isascii() else "%D9%A1", b"x")
    assert answer.refusal == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("kind", ["vars_h5", "obs_duckdb"])
def test_another_kind_of_file_is_refused_by_its_first_chunk(client: Client, kind: str) -> None:
    other = "obs_duckdb" if kind == "vars_h5" else "vars_h5"
    upload = client.begin(1000, kind)
    answer = client.put(upload, 0, content(other, 1000))
    assert answer.refusal == (400, "INVALID_REQUEST")
    assert "is not" in answer.data["message"]
    tiny = client.begin(3, kind)
    assert client.put(tiny, 0, b"\x89HD").refusal == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ('{"file_size_bytes": 0}', (400, "INVALID_REQUEST")),
        ('{"file_size_bytes": -5}', (400, "INVALID_REQUEST")),
        ('{"file_size_bytes": 1.5}', (400, "INVALID_REQUEST")),
        ('{"file_size_bytes": "7"}', (400, "INVALID_REQUEST")),
        ('{"file_size_bytes": 1e400}', (400, "INVALID_REQUEST")),
        ("{}", (400, "INVALID_REQUEST")),
        ("[]", (400, "INVALID_REQUEST")),
        ("", (400, "INVALID_REQUEST")),
        (b"\xff\xfe", (400, "INVALID_REQUEST")),
        ('{"file_size_bytes": 53687091201}', (413, "UPLOAD_TOO_LARGE")),
        (f'{{"file_size_bytes": {10**30}}}', (413, "UPLOAD_TOO_LARGE")),
        (f'{{"file_size_bytes": 1, "x": "{"x" * 5000}"}}', (413, "UPLOAD_TOO_LARGE")),
    ],
)
def test_a_size_that_cannot_be_is_refused(client: Client, body: str | bytes, refusal: tuple[int, str]) -> None:
    assert client.send("POST", "/upload/vars_h5/initiate", body).refusal == refusal


def test_kinds_are_two(client: Client) -> None:
    assert client.initiate(1000, "x_h5").refusal == (404, "NOT_FOUND")


def test_each_kind_has_its_limit_and_the_server_may_have_a_lower_one(tmp_path: Path, client: Client) -> None:
    assert client.initiate(2 * 2**30 + 1, "obs_duckdb").refusal == (413, "UPLOAD_TOO_LARGE")
    with running_app(tmp_path, max_upload_bytes=1000) as small:
        other = new_client(small)
        assert other.initiate(1000).data["max_size_bytes"] == 1000
        answer = other.initiate(1001)
        assert answer.refusal == (413, "UPLOAD_TOO_LARGE")
        assert "1001" in answer.data["message"] and "1000" in answer.data["message"]


def test_uploads_of_others_are_as_if_they_were_not_there(server: RunningApp, client: Client) -> None:
    data = content()
    upload, other = client.begin(len(data)), new_client(server)
    for answer in (
        other.put(upload, 0, chunks(data)[0]),
        other.complete(upload),
        other.shown(upload),
    ):
        assert answer.refusal == (404, "UPLOAD_NOT_FOUND")
        assert answer.body == other.shown("0" * 32).body
    assert set(file_of(server, upload)) == set()
    assert client.shown(upload).data["received_chunks"] == []


@pytest.mark.parametrize(
    "upload", ["0" * 32, "0" * 31, "F" * 32, "..", "..%2F..%2Fserver.db", "%2Fetc%2Fpasswd", "x%00y", "' OR 1=1 --"]
)
def test_ids_that_are_none(client: Client, upload: str) -> None:
    upload = upload.replace(" ", "%20")
    for answer in (client.put(upload, 0, b"x"), client.complete(upload), client.shown(upload)):
        assert answer.status == 404
        assert answer.data["error_code"] in ("UPLOAD_NOT_FOUND", "NOT_FOUND")


def test_a_file_that_would_not_fit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What other uploads still need is not free either."""
    statvfs, room = os.statvfs, 3 * CHUNK_BYTES

    def small(path: str) -> os.statvfs_result:
        found = statvfs(path)
        return os.statvfs_result(
            (found[0], 1, found[2], found[3], (ServerOptions(tmp_path).min_free_bytes + room), *found[5:])
        )

    with running_app(tmp_path) as server:
        client = new_client(server)
        monkeypatch.setattr(os, "statvfs", small)
        answer = client.initiate(room + 1)
        assert answer.refusal == (402, "QUOTA_EXCEEDED")
        assert str(room) in answer.data["message"]
        begun = client.begin(2 * CHUNK_BYTES)
        assert client.initiate(CHUNK_BYTES + 1).refusal == (402, "QUOTA_EXCEEDED")
        client.put(begun, 0, chunks(content())[0])
        # The disk here is as free as before, so that there is room for one chunk more.
        assert client.initiate(2 * CHUNK_BYTES).status == 200


def test_a_disk_that_is_full_keeps_what_it_has(
    server: RunningApp, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = content()
    upload, parts = client.begin(len(data)), chunks(data)
    assert client.put(upload, 0, parts[0]).status == 200

    def full(handle: int, piece: bytes, at: int) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        assert client.put(upload, 1, parts[1]).refusal == (402, "QUOTA_EXCEEDED")
    for index in (1, 2):
        assert client.put(upload, index, parts[index]).status == 200
    assert client.complete(upload).status == 200
    assert file_of(server, upload) == data


def test_an_owner_begins_only_so_many(client: Client, server: RunningApp, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_UNFINISHED >= 50
    monkeypatch.setattr(upload_rows, "MOST_UNFINISHED", 2)
    first = client.begin(1000)
    client.begin(1000)
    assert client.initiate(1000).refusal == (402, "QUOTA_EXCEEDED")
    assert new_client(server).initiate(1000).status == 200
    client.put(first, 0, content(size=1000))
    client.complete(first)
    assert client.initiate(1000).status == 200


def test_of_two_requests_for_a_chunk_the_second_is_told_to_come_again(server: RunningApp, client: Client) -> None:
    data = content(size=CHUNK_BYTES)
    upload = client.begin(len(data))
    go_on = threading.Event()

    def slowly() -> Iterator[bytes]:
        yield data[:1000]
        assert go_on.wait(60)
        yield data[1000:]

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(client.put, upload, 0, slowly())
        until(lambda: bool(server.state.chunks_at_work))
        second = client.put(upload, 0, data)
        go_on.set()
        assert first.result().status == 200
    assert (second.status, second.data) == (503, None)
    assert client.put(upload, 0, data).status == 200
    assert not server.state.chunks_at_work


def test_a_client_that_goes_away_leaves_nothing(
    server: RunningApp, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    data = content(size=CHUNK_BYTES)
    upload, place = client.begin(len(data)), urlsplit(client.url)
    with socket.create_connection((place.hostname, place.port)) as gone:
        head = (
            f"PUT /upload/{upload}/chunk/0 HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {client.token}\r\n"
        )
        gone.sendall(f"{head}Content-Length: {CHUNK_BYTES}\r\n\r\n".encode() + data[: CHUNK_BYTES // 2])
        until(lambda: bool(server.state.chunks_at_work))
    until(lambda: not server.state.chunks_at_work)
    assert client.shown(upload).data["received_chunks"] == []
    assert "Traceback" not in caplog.text
    assert client.put(upload, 0, data).status == 200
    assert file_of(server, upload) == data


def test_a_file_that_somebody_removed_is_an_upload_that_is_lost(server: RunningApp, client: Client) -> None:
    upload = client.begin(1000)
    (server.state.uploads / upload).unlink()
    assert client.put(upload, 0, content(size=1000)).refusal == (404, "UPLOAD_NOT_FOUND")


def test_a_chunk_is_never_in_memory_whole(server: RunningApp, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    write = upload_files._write

    def seen(handle: int, piece: bytes, at: int) -> None:
        sizes.append(len(piece))
        write(handle, piece, at)

    monkeypatch.setattr(upload_files, "_write", seen)
    upload = client.begin(SIZE)
    client.put(upload, 0, chunks(content())[0])
    assert sum(sizes) == CHUNK_BYTES
    assert max(sizes) < CHUNK_BYTES / 8


def test_each_chunk_puts_the_end_off(client: Client, server: RunningApp) -> None:
    upload = client.begin(SIZE)
    server.state.database.now(lambda it: it.execute("UPDATE uploads SET expires = 5 WHERE id = ?", (upload,)))
    client.put(upload, 0, chunks(content())[0])
    assert datetime.fromisoformat(client.shown(upload).data["expires_at"]) > datetime.now(UTC) + timedelta(days=6.9)
