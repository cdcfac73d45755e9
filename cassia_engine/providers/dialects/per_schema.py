"""What is made of a schema, made once: a run has two schemas for thousands of calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

_Made = TypeVar("_Made")
_MOST = 16


def once_per_schema(make: Callable[[Mapping[str, Any]], _Made]) -> Callable[[Mapping[str, Any]], _Made]:
    """Keep what a function makes of a schema. Neither the schema nor that is to be changed any more."""
    # By identity, as a schema cannot be hashed; with the schema, so that no other one gets its identity.
    known: dict[int, tuple[Mapping[str, Any], _Made]] = {}

    @wraps(make)
    def of(schema: Mapping[str, Any]) -> _Made:
        if id(schema) not in known:
            if len(known) >= _MOST:
                known.clear()
            known[id(schema)] = schema, make(schema)
        return known[id(schema)][1]

    return of
