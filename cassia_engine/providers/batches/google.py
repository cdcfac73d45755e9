"""The batch mode of Google's Gemini API: requests and answers in the bodies, answers in the order of the requests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cassia_engine.fast_json import ascii_json
from cassia_engine.providers.batches.batch_api import Answer, Batch, Line, Requests, State, json_object, timestamp
from cassia_engine.providers.dialects.json_access import mapping, mappings, number, string

_NAME = "cassia-"
_PAGE = 100
# What a line's error says is a code of gRPC; the endpoint of single calls has these statuses for them.
_STATUSES = {3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 10: 409, 13: 500, 14: 503, 16: 401}
_STATES = {
    **dict.fromkeys(("SUCCEEDED", "PARTIALLY_SUCCEEDED"), State.COMPLETED),
    **dict.fromkeys(("CANCELLED", "EXPIRED"), State.CUT_SHORT),
    "FAILED": State.FAILED,
}


class GoogleBatches:
    """That of Google."""

    most_lines = 50_000
    most_bytes = 19 * 2**20  # of a body with its requests: 20 MB

    def __init__(self, url: str, model: str):
        self._create = f"{url.removesuffix(':generateContent')}:batchGenerateContent"
        self._root = url.removesuffix(":generateContent").rpartition("/")[0].rpartition("/")[0]

    async def upload(self, requests: Requests, lines: Sequence[Line]) -> str:
        return ""

    async def create(self, requests: Requests, tag: str, file: str, lines: Sequence[Line]) -> Batch:
        listed = b",".join(
            b'{"request":%b,"metadata":{"key":"%b"}}' % (line.payload, line.key.encode()) for line in lines
        )
        name = ascii_json({"displayName": f"{_NAME}{tag}"})[:-1]
        payload = b'{"batch":%b,"inputConfig":{"requests":{"requests":[%b]}}}}' % (name, listed)
        return _batch(json_object(await requests.request("POST", self._create, payload)))

    async def listed(self, requests: Requests, since: float) -> list[Batch]:
        found: list[Batch] = []
        token = ""
        while True:
            page = json_object(await requests.request("GET", f"{self._root}/batches?pageSize={_PAGE}{token}"))
            found += map(_batch, mappings(page.get("operations")))
            if not (following := string(page.get("nextPageToken"))):
                return [batch for batch in found if batch.created >= since]
            token = f"&pageToken={quote(following, safe='')}"

    async def look(self, requests: Requests, id: str) -> Batch:
        return _batch(json_object(await requests.request("GET", f"{self._root}/{quote(id, safe='/')}")))

    async def answers(self, requests: Requests, batch: Batch, keys: Sequence[str]) -> list[Answer]:
        told = batch.fields or {}
        output = mapping(told.get("response")) or mapping(mapping(told.get("metadata")).get("output"))
        listed = mappings(mapping(output.get("inlinedResponses")).get("inlinedResponses"))
        named = [string(mapping(one.get("metadata")).get("key")) for one in listed]
        # Some answers come without their metadata; they are in the order of the requests.
        in_order = keys if len(keys) == len(listed) else [""] * len(listed)
        return [_answer(key or place, one) for key, place, one in zip(named, in_order, listed, strict=True)]


def _batch(told: Mapping[str, Any]) -> Batch:
    about = mapping(told.get("metadata"))
    state = string(about.get("state")).removeprefix("BATCH_STATE_").removeprefix("JOB_STATE_")
    return Batch(
        id=string(told.get("name")),
        state=_STATES.get(state, State.AT_WORK),
        tag=string(about.get("displayName")).removeprefix(_NAME),
        created=timestamp(string(about.get("createTime"))),
        total=_count(mapping(about.get("batchStats")).get("requestCount")),
        said=string(mapping(told.get("error")).get("message")) or state.lower(),
        fields=told,
    )


def _answer(key: str, told: Mapping[str, Any]) -> Answer:
    if isinstance(response := told.get("response"), dict):
        return Answer(key, 200, json.dumps(response))
    error = mapping(told.get("error"))
    status = _STATUSES.get(int(number(error.get("code")) or 0), 0)
    return Answer(key, status, json.dumps({"error": {**error, "code": status}}))


def _count(told: Any) -> int:
    """A whole number of 64 bits, which Google writes as a text."""
    return int(told) if isinstance(told, str) and told.isdecimal() else int(number(told) or -1)
