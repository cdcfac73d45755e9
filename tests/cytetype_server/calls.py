"""What each call of the protocol does to the state, and what it answers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.cytetype_server.answers import results
from tests.cytetype_server.settings import Settings
from tests.cytetype_server.state import State, etag, n_chunks

FILES = {"vars_h5": "vars.h5", "obs_duckdb": "obs.duckdb"}
# The status that goes with a code.
CODES = {
    "INVALID_TOKEN": 401,
    "TOKEN_INACTIVE": 401,
    "AUTHENTICATION_REQUIRED": 401,
    "ACCESS_DENIED": 403,
    "LICENSE_EXPIRED": 403,
    "VPN_BLOCKED": 403,
    "RATE_LIMIT_EXCEEDED": 429,
    "QUOTA_EXCEEDED": 402,
    "JOB_NOT_FOUND": 404,
    "JOB_FAILED": 422,
    "LLM_VALIDATION_FAILED": 422,
    "CLIENT_DISCONNECTED": 499,
    "JOB_PROCESSING": 409,
    "JOB_NOT_COMPLETED": 409,
    "INTERNAL_ERROR": 500,
    "UPLOAD_NOT_FOUND": 404,
    "UPLOAD_INCOMPLETE": 409,
    "INVALID_REQUEST": 400,
}
_PATHS = {
    "initiate": re.compile(r"POST /upload/(?P<kind>vars_h5|obs_duckdb)/initiate"),
    "chunk": re.compile(r"PUT /upload/(?P<upload>[^/]+)/chunk/(?P<index>\d+)"),
    "part": re.compile(r"PUT /store/(?P<upload>[^/]+)/(?P<index>\d+)"),
    "complete": re.compile(r"POST /upload/(?P<upload>[^/]+)/complete"),
    "annotate": re.compile(r"POST /annotate"),
    "status": re.compile(r"GET /status/(?P<job>[^/]+)"),
    "results": re.compile(r"GET /results/(?P<job>[^/]+)"),
    "report": re.compile(r"GET /report/(?P<job>[^/]+)"),
    "credentials": re.compile(r"GET /auth/cli/credentials"),
}
_INPUT = {"markerGenes": dict, "clusterLabels": dict, "expressionData": dict, "nParallelClusters": int}


class Refused(Exception):
    """A structured error."""

    def __init__(self, code: str, message: str, status: int | None = None):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status or CODES.get(code, 400)


@dataclass
class Reply:
    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A call as it came: its name, what its path says, and its token (None for none)."""

    name: str
    token: str | None
    url: str
    kind: str | None = None
    upload: str | None = None
    index: int | None = None
    job: str | None = None
    signature: str = ""


def read_call(method: str, path: str, token: str | None, url: str, signature: str) -> Call | None:
    """The call of a request, None if the protocol has none like it."""
    for name, pattern in _PATHS.items():
        if found := pattern.fullmatch(f"{method} {path}"):
            parts: dict[str, Any] = found.groupdict()
            if "index" in parts:
                parts["index"] = int(parts["index"])
            return Call(name, token, url, signature=signature, **parts)
    return None


def json_reply(data: Any) -> Reply:
    return Reply(json.dumps(data).encode())


def error_reply(error: Refused) -> Reply:
    return Reply(json.dumps({"error_code": error.code, "message": error.message}).encode(), error.status)


class Calls:
    """The calls, by name."""

    def __init__(self, state: State, settings: Settings):
        self._state, self._settings = state, settings

    def answer(self, call: Call, body: bytes) -> Reply:
        """Raises:
        Refused: an error of the protocol.
        """
        if call.name not in ("part", "report"):
            self._check_token(call)
        reply: Reply = getattr(self, f"_{call.name}")(call, body)
        return reply

    def _check_token(self, call: Call) -> None:
        if not call.token:
            raise Refused("AUTHENTICATION_REQUIRED", "Sign in first")
        if self._settings.token not in ("", call.token):
            raise Refused("INVALID_TOKEN", f"Unknown token {call.token}")

    def _initiate(self, call: Call, body: bytes) -> Reply:
        size, settings = json.loads(body)["file_size_bytes"], self._settings
        assert call.kind
        upload = self._state.begin_upload(
            call.kind, size, settings.chunk_size, settings.presigned, settings.upload_seconds
        )
        answer: dict[str, Any] = {"upload_id": upload["id"], "chunk_size_bytes": settings.chunk_size, "more": "new"}
        if settings.max_size is not None:
            answer["max_size_bytes"] = settings.max_size
        if settings.presigned:
            places = range(max(1, n_chunks(upload)))
            answer["presigned_urls"] = [f"{call.url}/store/{upload['id']}/{n}?signature=s{n}%2Fx" for n in places]
            answer["r2_upload_id"] = f"r2-{upload['id']}"
        return json_reply(answer)

    def _upload_of(self, call: Call) -> dict[str, Any]:
        assert call.upload
        upload = self._state.upload(call.upload)
        if upload is None:
            raise Refused("UPLOAD_NOT_FOUND", "No such upload, or no longer")
        return upload

    def _put(self, call: Call, body: bytes) -> str:
        upload = self._upload_of(call)
        assert call.index is not None
        wanted = min(upload["chunk_size"], upload["size"] - call.index * upload["chunk_size"])
        if len(body) != wanted:
            raise Refused("INVALID_REQUEST", f"A chunk of {len(body)} bytes, {wanted} expected")
        return self._state.store(upload, call.index, body)

    def _chunk(self, call: Call, body: bytes) -> Reply:
        self._put(call, body)
        return json_reply({"ok": True})

    def _part(self, call: Call, body: bytes) -> Reply:
        """As a store does it: its errors are XML, and a signature beside a token is refused."""
        if call.token is not None:
            return Reply(b"<Error><Code>InvalidArgument</Code></Error>", 400, "application/xml")
        if call.signature != f"s{call.index}/x":
            return Reply(b"<Error><Code>SignatureDoesNotMatch</Code></Error>", 403, "application/xml")
        try:
            tag = self._put(call, body)
        except Refused:
            return Reply(b"<Error><Code>NoSuchUpload</Code></Error>", 404, "application/xml")
        return Reply(b"", headers={"ETag": tag})

    def _complete(self, call: Call, body: bytes) -> Reply:
        upload = self._upload_of(call)
        missing = [n for n in range(n_chunks(upload)) if self._state.chunk(upload, n) is None]
        if missing:
            raise Refused("UPLOAD_INCOMPLETE", f"Chunks {missing} are missing")
        if upload["presigned"]:
            self._check_parts(upload, json.loads(body)["parts"])
        self._state.save_upload({**upload, "complete": True})
        ends = datetime.fromtimestamp(upload["ends"], UTC).isoformat().replace("+00:00", "Z")
        return json_reply(
            {
                "upload_id": upload["id"],
                "file_kind": upload["kind"],
                "file_name": FILES[upload["kind"]],
                "size_bytes": len(self._state.content(upload)),
                "expires_at": ends,
            }
        )

    def _check_parts(self, upload: dict[str, Any], parts: list[dict[str, Any]]) -> None:
        wanted = [
            {"ETag": etag(self._state.chunk(upload, n) or b""), "PartNumber": n + 1} for n in range(n_chunks(upload))
        ]
        if parts != wanted:
            raise Refused("INVALID_REQUEST", "InvalidPart")

    def _annotate(self, call: Call, body: bytes) -> Reply:
        request = json.loads(body)
        given = request["input_data"]
        if wrong := [name for name, kind in _INPUT.items() if not isinstance(given.get(name), kind)]:
            raise Refused("INVALID_REQUEST", f"input_data: {wrong}")
        for kind, name in (request.get("uploaded_files") or {}).items():
            upload = self._state.upload(name) if name else None
            if name and (upload is None or not upload["complete"] or upload["kind"] != kind):
                raise Refused("UPLOAD_NOT_FOUND", f"No such {kind}, or no longer")
        return json_reply({"job_id": self._state.add_job(request)})

    def _job_of(self, call: Call) -> dict[str, Any]:
        job = self._state.job(call.job or "")
        if job is None:
            raise Refused("JOB_NOT_FOUND", "No such job")
        return job

    def _status(self, call: Call, body: bytes) -> Reply:
        job, settings = self._job_of(call), self._settings
        job["polls"] += 1
        self._state.save_job(job)
        polls = job["polls"] - settings.not_found
        if polls <= 0:
            raise Refused("JOB_NOT_FOUND", "No such job yet")
        names = list(job["request"]["input_data"]["markerGenes"])
        ended = polls >= settings.polls
        n_done = len(names) if ended else len(names) * polls // settings.polls
        clusters = {name: "completed" if n < n_done else "processing" for n, name in enumerate(names)}
        failed = settings.failed_clusters
        state = "processing" if not ended else "completed" if failed is None else "failed"
        if ended:
            clusters.update(dict.fromkeys(failed or (), "failed"))
        return json_reply({"jobStatus": state, "clusterStatus": clusters})

    def _results(self, call: Call, body: bytes) -> Reply:
        job, settings = self._job_of(call), self._settings
        if job["polls"] - settings.not_found < settings.polls:
            raise Refused("JOB_PROCESSING", "The job is at work")
        if settings.failed_clusters is not None:
            raise Refused("JOB_FAILED", "The job has failed")
        return json_reply(results(job["request"]["input_data"], settings.form))

    def _report(self, call: Call, body: bytes) -> Reply:
        job = self._job_of(call)
        return Reply(f"<!doctype html><title>{job['id']}</title>".encode(), content_type="text/html")

    def _credentials(self, call: Call, body: bytes) -> Reply:
        mail = "someone@example.org"
        return json_reply({"dashboardUrl": f"{call.url}/dashboard", "tokenId": "t1", "userId": "u1", "email": mail})
