"""The requests of a conversation as they were sent, and the replies as they came.

Long texts stand in the page once: those of several clusters (the system prompt, the schema) in a list of the whole
page, the others in a list of their cluster.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cassia_engine.providers.dialects.turns import rest_of, turns_of
from cassia_engine.records import ClusterResult
from cassia_engine.report.calls import Entry

LONG = 120  # characters from which on a text is worth a place in a list
Ref = str | dict[str, int]


class Texts:
    """Long texts that several clusters have, by their place in the list of the page."""

    def __init__(self, results: Iterable[ClusterResult]):
        first: dict[int, int] = {}  # by their hashes: together the texts are most of the conversations
        shared: dict[str, int] = {}
        for number, result in enumerate(results):
            for text in _texts(result.conversation.calls):
                if first.setdefault(hash(text), number) != number:
                    shared.setdefault(text, len(shared))
        self._shared = shared

    def __iter__(self) -> Iterator[str]:
        return iter(self._shared)

    def of_cluster(self) -> Own:
        return Own(self._shared)


class Own:
    """Long texts of one cluster."""

    def __init__(self, shared: Mapping[str, int]):
        self._shared = shared
        self._own: dict[str, int] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._own)

    def ref(self, text: str) -> Ref:
        """The text if it is short, {"text": place in the page's list}, or {"own": place in the cluster's}."""
        if len(text) < LONG:
            return text
        if (place := self._shared.get(text)) is not None:
            return {"text": place}
        return {"own": self._own.setdefault(text, len(self._own))}


def requests(calls: Sequence[Entry], own: Own) -> list[dict[str, Any]]:
    """A mapping a call: where it went, its messages as (role, text), the rest of its body, and the reply."""
    return [
        {
            "url": _string(call.get("url")),
            "messages": [[role, own.ref(text)] for role, text in _messages(call)],
            "rest": own.ref(_rest(call)),
            "reply": own.ref(_string(call.get("response"))),
        }
        for call in calls
    ]


def _texts(calls: Sequence[Entry]) -> Iterator[str]:
    for call in calls:
        for text in (*(text for _, text in _messages(call)), _rest(call), _string(call.get("response"))):
            if len(text) >= LONG:
                yield text


def _messages(call: Entry) -> Iterator[tuple[str, str]]:
    """The messages of a body in any dialect, the system's first."""
    return turns_of(_body(call))


def _rest(call: Entry) -> str:
    """The body less its messages, as JSON."""
    rest = rest_of(_body(call))
    return json.dumps(rest, ensure_ascii=False) if rest else ""


def _body(call: Entry) -> Mapping[str, Any]:
    body = call.get("request")
    return body if isinstance(body, Mapping) else {}


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
