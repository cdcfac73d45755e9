"""Batches in the words of each API: how they are created, how they are shown, and what came of their lines."""

from __future__ import annotations

import hashlib
import json
import random
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tests.mock_provider.asked import Refused
from tests.mock_provider.fields import ANTHROPIC, GOOGLE, MISTRAL, OPENAI


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of a batch.

    Attributes:
        upload: statuses with which uploads are refused before one is taken.
        create: statuses with which creations are refused before one is taken; 0 closes the connection after the batch
            was created, -1 before.
        ends: "completed", "expired", "cancelled" or "failed".
        done: the share of its lines that are worked on, where it expires or is cancelled.
        errors: statuses of its first lines in place of their answers.
        missing: how many of its answers are left out.
        said, code: why it failed.
        seconds: that it takes; None for those of all.
    """

    upload: Sequence[int] = ()
    create: Sequence[int] = ()
    ends: str = "completed"
    done: float = 1.0
    errors: Sequence[int] = ()
    missing: int = 0
    said: str = "the input file is not valid"
    code: str = "invalid"
    seconds: float | None = None


class Line(NamedTuple):
    """A request of a batch: its id and its body."""

    key: str
    body: Any


class Result(NamedTuple):
    """What came of one; status 0 for one that was not worked on."""

    key: str
    status: int
    body: Any


@dataclass(slots=True)
class Batch:
    """A batch of the mock.

    Attributes:
        created, ready: in seconds since 1970.
        at: the time at which it is looked at, so that all that is told of it is of the same moment; 0 for any.
    """

    id: str
    flavour: str
    model: str
    about: Mapping[str, Any]
    plan: Plan
    created: float
    ready: float
    results: list[Result]
    at: float = 0.0

    @property
    def now(self) -> float:
        return self.at or time.time()

    @property
    def is_done(self) -> bool:
        return self.now >= self.ready

    def state(self) -> str:
        """How it ended, or where it is on the way, in OpenAI's words."""
        if self.is_done:
            return self.plan.ends
        share = (self.now - self.created) / (self.ready - self.created)
        return "validating" if share < 0.2 else "finalizing" if share > 0.8 else "in_progress"


def shuffled(batch: Batch) -> list[Result]:
    """The results in another order than that of the requests."""
    return random.Random(batch.id).sample(batch.results, len(batch.results))


def json_lines(lines: Any) -> bytes:
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def file_result(result: Result) -> dict[str, Any]:
    about = {"id": f"batch_req_{hashlib.sha256(result.key.encode()).hexdigest()[:8]}", "custom_id": result.key}
    if result.status == 0:
        error = {"code": "batch_expired", "message": "This request could not be executed before the batch expired."}
        return {**about, "response": None, "error": error}
    return {**about, "response": {"status_code": result.status, "request_id": "r", "body": result.body}, "error": None}


def anthropic_result(result: Result) -> dict[str, Any]:
    if result.status == 0:
        return {"custom_id": result.key, "result": {"type": "expired"}}
    if result.status == 200:
        return {"custom_id": result.key, "result": {"type": "succeeded", "message": result.body}}
    return {"custom_id": result.key, "result": {"type": "errored", "error": result.body}}


_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 13, 503: 14, 504: 4}


def _google_result(result: Result) -> dict[str, Any]:
    if result.status == 200:
        return {"response": result.body, "metadata": {"key": result.key}}
    code = 1 if result.status == 0 else _CODES[result.status]
    # Google does not send the metadata back with every answer.
    return {"error": {"code": code, "message": "The request was not worked on." if code == 1 else "An error."}}


Files = Mapping[str, bytes]
Job = Mapping[str, Any]
# The model ("" where each line has its own), the lines, and what else is shown of the batch.
Read = tuple[str, list[Line], Mapping[str, Any]]


def _read_file(
    files: Mapping[str, bytes], flavour: str, model: str, job: Mapping[str, Any]
) -> tuple[str, list[Line], Mapping[str, Any]]:
    """The job and the file of OpenAI, Groq and Mistral."""
    mistral = flavour == MISTRAL
    file = str(job.get("input_files", [""])[0] if mistral else job.get("input_file_id"))
    if file not in files or job.get("endpoint") != "/v1/chat/completions":
        raise Refused("no such file, or another endpoint")
    if not mistral and job.get("completion_window") != "24h":
        raise Refused("Invalid value for 'completion_window'")
    told = [json.loads(line) for line in files[file].splitlines()]
    if not mistral and any((one["method"], one["url"]) != ("POST", "/v1/chat/completions") for one in told):
        raise Refused("Invalid line")
    models = {job.get("model")} if mistral else {one["body"].get("model") for one in told}
    if len(models) != 1:
        raise Refused("a batch is of one model")
    [named] = models
    lines = [Line(one["custom_id"], {"model": named, **one["body"]}) for one in told]
    return str(named), lines, {"file": file, "metadata": job.get("metadata")}


def _read_anthropic(
    files: Mapping[str, bytes], flavour: str, model: str, job: Mapping[str, Any]
) -> tuple[str, list[Line], Mapping[str, Any]]:
    lines = [Line(one["custom_id"], one["params"]) for one in job["requests"]]
    if not all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", line.key) for line in lines):
        raise Refused("custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'")
    return "", lines, {}


def _read_google(
    files: Mapping[str, bytes], flavour: str, model: str, job: Mapping[str, Any]
) -> tuple[str, list[Line], Mapping[str, Any]]:
    batch = job["batch"]
    listed = batch["inputConfig"]["requests"]["requests"]
    lines = [Line(one["metadata"]["key"], one["request"]) for one in listed]
    return model, lines, {"name": batch["displayName"]}


READERS = {OPENAI: _read_file, MISTRAL: _read_file, ANTHROPIC: _read_anthropic, GOOGLE: _read_google}


def shown(batch: Batch, with_results: bool = False) -> dict[str, Any]:
    return _WRITERS[batch.flavour](replace(batch, at=time.time()), with_results)


def _counts(batch: Batch) -> tuple[int, int, int]:
    """Lines, and those that are answered or have an error by now."""
    done = batch.results if batch.is_done else []
    good = sum(one.status == 200 for one in done)
    return len(batch.results), good, sum(one.status not in (0, 200) for one in done)


def _openai_batch(batch: Batch, with_results: bool) -> dict[str, Any]:
    total, good, bad = _counts(batch)
    files: dict[str, str | None] = {"output_file_id": None, "error_file_id": None}
    if batch.is_done and batch.results:
        files["output_file_id"] = f"output-of-{batch.id}" if good else None
        files["error_file_id"] = f"error-of-{batch.id}" if good < total else None
    failed = {"object": "list", "data": [{"code": batch.plan.code, "message": batch.plan.said, "line": 1}]}
    return {
        "id": batch.id,
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "errors": failed if batch.is_done and batch.plan.ends == "failed" else None,
        "input_file_id": batch.about["file"],
        "completion_window": "24h",
        "status": batch.state(),
        "created_at": int(batch.created),
        "request_counts": {"total": total, "completed": good, "failed": bad},
        "metadata": batch.about["metadata"],
        **files,
    }


_MISTRAL_STATES = {"completed": "SUCCESS", "expired": "TIMEOUT_EXCEEDED", "cancelled": "CANCELLED", "failed": "FAILED"}


def _mistral_batch(batch: Batch, with_results: bool) -> dict[str, Any]:
    told = _openai_batch(batch, with_results)
    total, good, bad = _counts(batch)
    is_failed = batch.is_done and batch.plan.ends == "failed"
    return {
        "id": batch.id,
        "object": "batch",
        "input_files": [batch.about["file"]],
        "endpoint": "/v1/chat/completions",
        "model": batch.model,
        "metadata": batch.about["metadata"],
        "errors": [{"message": batch.plan.said, "count": 1}] if is_failed else [],
        "status": _MISTRAL_STATES[batch.plan.ends] if batch.is_done else "RUNNING",
        "created_at": int(batch.created),
        "total_requests": total,
        "completed_requests": good + bad,
        "succeeded_requests": good,
        "failed_requests": bad,
        "output_file": told["output_file_id"],
        "error_file": told["error_file_id"],
    }


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _anthropic_batch(batch: Batch, with_results: bool) -> dict[str, Any]:
    total, good, bad = _counts(batch)
    done = batch.is_done
    counts = {"succeeded": good, "errored": bad, "canceled": 0, "expired": total - good - bad if done else 0}
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": "ended" if done else "in_progress",
        "request_counts": {"processing": 0 if done else total, **counts},
        "created_at": _stamp(batch.created),
        "expires_at": _stamp(batch.created + 86400),
        "ended_at": _stamp(batch.ready) if done else None,
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": "https://elsewhere.example/results" if done else None,
    }


_GOOGLE_STATES = {"completed": "SUCCEEDED", "expired": "EXPIRED", "cancelled": "CANCELLED", "failed": "FAILED"}


def _google_batch(batch: Batch, with_results: bool) -> dict[str, Any]:
    state = _GOOGLE_STATES[batch.plan.ends] if batch.is_done else "RUNNING"
    about = {
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
        "model": f"models/{batch.model}",
        "displayName": batch.about["name"],
        "createTime": _stamp(batch.created),
        "batchStats": {"requestCount": str(len(batch.results))},
        "state": f"BATCH_STATE_{state}",
        "name": batch.id,
    }
    told: dict[str, Any] = {"name": batch.id, "metadata": about}
    if not batch.is_done:
        return told
    if batch.plan.ends == "failed":
        return {**told, "done": True, "error": {"code": 3, "message": batch.plan.said}}
    output = {"inlinedResponses": {"inlinedResponses": list(map(_google_result, batch.results))}}
    about["output"] = output if with_results else {}
    kind = "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch"
    return {**told, "done": True, **({"response": {"@type": kind, **output}} if with_results else {})}


_WRITERS = {OPENAI: _openai_batch, MISTRAL: _mistral_batch, ANTHROPIC: _anthropic_batch, GOOGLE: _google_batch}
