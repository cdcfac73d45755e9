"""Anthropic's Message Batches: requests in the body, answers in a file of JSON Lines, in any order.

A batch has no field of our own, so that one whose id is not known is recognised by the ids of its answers alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cassia_engine.providers.batches.batch_api import (
    Answer,
    Batch,
    Line,
    Requests,
    State,
    json_lines,
    json_object,
    paged,
    timestamp,
)
from cassia_engine.providers.dialects.json_access import mapping, number, string

_PAGE = 1000
# Of single calls, by the kind of the error, which is all that a line's error tells.
_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}


class AnthropicBatches:
    """That of Anthropic."""

    most_lines = 100_000
    most_bytes = 250 * 2**20

    def __init__(self, url: str, model: str):
        self._url = f"{url}/batches"

    async def upload(self, requests: Requests, lines: Sequence[Line]) -> str:
        return ""

    async def create(self, requests: Requests, tag: str, file: str, lines: Sequence[Line]) -> Batch:
        listed = b",".join(b'{"custom_id":"%b","params":%b}' % (line.key.encode(), line.payload) for line in lines)
        return _batch(json_object(await requests.request("POST", self._url, b'{"requests":[%b]}' % listed)))

    async def listed(self, requests: Requests, since: float) -> list[Batch]:
        return await paged(requests, f"{self._url}?limit={_PAGE}", "after_id", _batch, since)

    async def look(self, requests: Requests, id: str) -> Batch:
        return _batch(json_object(await requests.request("GET", f"{self._url}/{quote(id, safe='')}")))

    async def answers(self, requests: Requests, batch: Batch, keys: Sequence[str]) -> list[Answer]:
        # Not results_url: the key goes to the account's own address only.
        raw = await requests.request("GET", f"{self._url}/{quote(batch.id, safe='')}/results")
        return list(map(_answer, json_lines(raw)))


def _batch(told: Mapping[str, Any]) -> Batch:
    status = string(told.get("processing_status"))
    counts = [number(count) for count in mapping(told.get("request_counts")).values()]
    return Batch(
        id=string(told.get("id")),
        state=State.COMPLETED if status == "ended" else State.AT_WORK,
        created=timestamp(string(told.get("created_at"))),
        total=int(sum(count or 0 for count in counts)) if counts else -1,
        said=status,
        fields=told,
    )


def _answer(told: Mapping[str, Any]) -> Answer:
    key, result = string(told.get("custom_id")), mapping(told.get("result"))
    match result.get("type"):
        case "succeeded":
            return Answer(key, 200, json.dumps(result.get("message")))
        case "errored":
            error = mapping(result.get("error"))
            kind = string(mapping(error.get("error")).get("type"))
            return Answer(key, _STATUSES.get(kind, 500), json.dumps(error))
        case _:
            return Answer(key, 0)
