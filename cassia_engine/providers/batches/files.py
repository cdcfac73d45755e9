"""The batch APIs of OpenAI, Groq and Mistral, which take the requests as a file of JSON Lines."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cassia_engine.fast_json import ascii_json, parsed_json
from cassia_engine.providers.batches.batch_api import (
    Answer,
    Batch,
    Line,
    Requests,
    State,
    json_lines,
    json_object,
    paged,
)
from cassia_engine.providers.dialects.json_access import mapping, mappings, number, string

_PATH = "/v1/chat/completions"  # in a line, whatever the base URL
_TAG = "cassia"
_PAGE = 100
_FULL = "token_limit_exceeded"  # of an account's queue


class OpenAIBatches:
    """That of OpenAI and of Groq.

    Args:
        url: of single calls.
    """

    most_lines = 50_000
    most_bytes = 100 * 2**20  # Groq's; OpenAI takes 200 MB
    _batches = "batches"
    _outputs = ("output_file_id", "error_file_id")

    def __init__(self, url: str, model: str):
        self._base, self._model = url.removesuffix("/chat/completions"), model

    async def upload(self, requests: Requests, lines: Sequence[Line]) -> str:
        boundary = secrets.token_hex(16)
        payload = _form(boundary, b"".join(map(self._line, lines)))
        content_type = f"multipart/form-data; boundary={boundary}"
        raw = await requests.request("POST", f"{self._base}/files", payload, content_type)
        return string(json_object(raw).get("id"))

    async def create(self, requests: Requests, tag: str, file: str, lines: Sequence[Line]) -> Batch:
        raw = await requests.request("POST", f"{self._base}/{self._batches}", ascii_json(self._job(tag, file)))
        return self._batch(json_object(raw))

    async def listed(self, requests: Requests, since: float) -> list[Batch]:
        return await paged(requests, f"{self._base}/{self._batches}?limit={_PAGE}", "after", self._batch, since)

    async def look(self, requests: Requests, id: str) -> Batch:
        return self._batch(
            json_object(await requests.request("GET", f"{self._base}/{self._batches}/{quote(id, safe='')}"))
        )

    async def answers(self, requests: Requests, batch: Batch, keys: Sequence[str]) -> list[Answer]:
        told = batch.fields or {}
        found: list[Answer] = []
        for file in filter(None, (string(told.get(name)) for name in self._outputs)):
            raw = await requests.request("GET", f"{self._base}/files/{quote(file, safe='')}/content")
            found += map(_answer, json_lines(raw))
        return found

    def _line(self, line: Line) -> bytes:
        return b'{"custom_id":"%b","method":"POST","url":"%b","body":%b}\n' % (
            line.key.encode(),
            _PATH.encode(),
            line.payload,
        )

    def _job(self, tag: str, file: str) -> dict[str, Any]:
        return {"input_file_id": file, "endpoint": _PATH, "completion_window": "24h", "metadata": {_TAG: tag}}

    def _batch(self, told: Mapping[str, Any]) -> Batch:
        errors = _errors(told)
        messages = filter(None, (string(one.get("message")) for one in errors))
        return Batch(
            id=string(told.get("id")),
            state=_STATES.get(string(told.get("status")).lower(), State.AT_WORK),
            tag=string(mapping(told.get("metadata")).get(_TAG)),
            created=number(told.get("created_at")) or 0.0,
            total=int(number(mapping(told.get("request_counts")).get("total")) or -1),
            said="; ".join(messages) or string(told.get("status")).lower(),
            is_full=any(one.get("code") == _FULL for one in errors),
            fields=told,
        )


class MistralBatches(OpenAIBatches):
    """Mistral's: other paths and words, and the model is named once."""

    most_bytes = 200 * 2**20
    _batches = "batch/jobs"
    _outputs = ("output_file", "error_file")

    async def listed(self, requests: Requests, since: float) -> list[Batch]:
        found: list[Batch] = []
        for page in range(10_000):
            query = f"page={page}&page_size={_PAGE}&order_by=-created"
            told = json_object(await requests.request("GET", f"{self._base}/{self._batches}?{query}"))
            batches = list(map(self._batch, mappings(told.get("data"))))
            found += batches
            if len(batches) < _PAGE or batches[-1].created < since:
                break
        return [batch for batch in found if batch.created >= since]

    def _line(self, line: Line) -> bytes:
        body = {name: value for name, value in parsed_json(line.payload).items() if name != "model"}
        return b'{"custom_id":"%b","body":%b}\n' % (line.key.encode(), ascii_json(body))

    def _job(self, tag: str, file: str) -> dict[str, Any]:
        return {
            "input_files": [file],
            "endpoint": _PATH,
            "model": self._model,
            "metadata": {_TAG: tag},
            "timeout_hours": 24,
        }


_STATES = {
    **dict.fromkeys(("completed", "success"), State.COMPLETED),
    **dict.fromkeys(("expired", "cancelled", "timeout_exceeded"), State.CUT_SHORT),
    "failed": State.FAILED,
}


def _errors(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Why a batch failed: OpenAI has {"data": [...]}, Mistral a list."""
    errors = told.get("errors")
    return mappings(errors.get("data") if isinstance(errors, dict) else errors)


def _answer(told: Mapping[str, Any]) -> Answer:
    key, response = string(told.get("custom_id")), mapping(told.get("response"))
    status = int(number(response.get("status_code")) or 0)
    body = response.get("body")
    if status and body is not None:
        return Answer(key, status, body if isinstance(body, str) else json.dumps(body))
    return Answer(key, 0)


def _form(boundary: str, content: bytes) -> bytes:
    """A form with the purpose and the file."""
    start = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--{boundary}\r\n'
        'Content-Disposition: form-data; name="file"; filename="cassia.jsonl"\r\n'
        "Content-Type: application/jsonl\r\n\r\n"
    )
    return b"%b%b\r\n--%b--\r\n" % (start.encode(), content, boundary.encode())
