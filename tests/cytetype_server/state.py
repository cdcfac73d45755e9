"""Uploads and jobs as files: a server that is killed knows them when it is started again."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class State:
    """What the server holds, in a folder."""

    def __init__(self, folder: Path):
        self._uploads, self._jobs = folder / "uploads", folder / "jobs"
        self._uploads.mkdir(parents=True, exist_ok=True)
        self._jobs.mkdir(exist_ok=True)

    def begin_upload(self, kind: str, size: int, chunk_size: int, presigned: bool, seconds: float) -> Json:
        upload: Json = {
            "id": f"up-{uuid.uuid4().hex}",
            "kind": kind,
            "size": size,
            "chunk_size": chunk_size,
            "presigned": presigned,
            "ends": time.time() + seconds,
            "complete": False,
        }
        (self._uploads / upload["id"]).mkdir()
        self.save_upload(upload)
        return upload

    def upload(self, name: str) -> Json | None:
        """An upload; None for one that is not known or whose time is over."""
        path = self._uploads / name / "upload.json"
        found = json.loads(path.read_text()) if path.exists() else None
        return found if found and found["ends"] > time.time() else None

    def save_upload(self, upload: Json) -> None:
        _write(self._uploads / upload["id"] / "upload.json", json.dumps(upload).encode())

    def store(self, upload: Json, index: int, chunk: bytes) -> str:
        """Keep a chunk; its ETag."""
        _write(self._uploads / upload["id"] / f"chunk_{index}", chunk)
        return etag(chunk)

    def chunk(self, upload: Json, index: int) -> bytes | None:
        path = self._uploads / upload["id"] / f"chunk_{index}"
        return path.read_bytes() if path.exists() else None

    def content(self, upload: Json) -> bytes:
        """The file as it came, without what is missing."""
        chunks = (self.chunk(upload, index) for index in range(n_chunks(upload)))
        return b"".join(chunk for chunk in chunks if chunk is not None)

    def uploads(self) -> list[Json]:
        return [json.loads(path.read_text()) for path in sorted(self._uploads.glob("*/upload.json"))]

    def add_job(self, request: Json) -> str:
        number = len(list(self._jobs.iterdir())) + 1
        self.save_job({"id": f"job-{number}", "request": request, "polls": 0})
        return f"job-{number}"

    def job(self, name: str) -> Json | None:
        path = self._jobs / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def save_job(self, job: Json) -> None:
        _write(self._jobs / f"{job['id']}.json", json.dumps(job).encode())

    def jobs(self) -> list[Json]:
        return [json.loads(path.read_text()) for path in sorted(self._jobs.glob("*.json"))]


def etag(chunk: bytes) -> str:
    return f'"{hashlib.md5(chunk).hexdigest()}"'


def n_chunks(upload: Json) -> int:
    return -int(-upload["size"] // upload["chunk_size"])


def _write(path: Path, content: bytes) -> None:
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    aside.write_bytes(content)
    aside.replace(path)
