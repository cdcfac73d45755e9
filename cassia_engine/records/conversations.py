"""The messages and calls of a cluster's conversation, and what they cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Conversation:
    """Every message of one cluster. Texts alternate: annotations[0], checks[0], validations[0], annotations[1] ...

    `checks[i]` is what the code found in annotations[i] before anybody else read it. `calls` holds one mapping a
    request that went out (empty for the offline annotator).
    """

    annotations: tuple[str, ...] = ()
    validations: tuple[str, ...] = ()
    formatting: str | None = None
    scoring: str | None = None
    calls: tuple[Mapping[str, Any], ...] = ()
    checks: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        lists = ("annotations", "checks", "validations")
        calls = tuple(_held_once(call) for call in data["calls"])
        return cls(**{**data, **{name: tuple(map(intern, data[name])) for name in lists}, "calls": calls})


def _held_once(call: Mapping[str, Any]) -> dict[str, Any]:
    """The call with what calls have in common, such as prompts and schema, in memory once: it is most of them."""
    request = call.get("request")
    body = {"request": _shared(request)} if isinstance(request, dict) else {}
    return {intern(k): intern(v) if type(v) is str else v for k, v in {**call, **body}.items()}


def _shared(value: Any) -> Any:
    """A request's body or message with its texts interned, and other objects, such as a schema, by their JSON."""
    if isinstance(value, str):
        return intern(value)
    if isinstance(value, list):
        return [_shared(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {intern(k): _parsed(json.dumps(v)) if isinstance(v, dict) else _shared(v) for k, v in value.items()}


@lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    return json.loads(text)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a cluster cost. None is unknown, which is not 0."""

    calls: int = 0
    input_tokens: int | None = 0
    output_tokens: int | None = 0
    cost_usd: float | None = 0.0

    @property
    def words(self) -> str:
        """In words: "22 calls, 45,100 tokens in, 6,020 out, cost unknown"; "" if nobody was asked."""
        if not self.calls:
            return ""
        sent, received = ("unknown" if n is None else f"{n:,}" for n in (self.input_tokens, self.output_tokens))
        cost = "unknown" if self.cost_usd is None else f"{self.cost_usd:.2g} USD"
        return f"{self.calls:,} calls, {sent} tokens in, {received} out, cost {cost}"

    def __add__(self, other: Usage) -> Usage:
        def known(one: Any, two: Any) -> Any:
            return None if one is None or two is None else one + two

        return Usage(
            self.calls + other.calls,
            known(self.input_tokens, other.input_tokens),
            known(self.output_tokens, other.output_tokens),
            known(self.cost_usd, other.cost_usd),
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(**data)
