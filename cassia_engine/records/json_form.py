"""Records as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from cassia_engine.records.clusters import Marker

_PLAIN = frozenset((str, int, float, bool, type(None)))


def to_json(record: Any) -> Any:
    """The plain JSON form of a record: dataclasses become objects, tuples become lists.

    Absent statistics of a marker are left out, so that a simplified table's chunk is a list of names; so are other
    fields that are marked for it ("omit_none"), and those that no file has ("derived").
    """
    kind: type = type(record)
    # By type, and plain values first: a result has thousands of them.
    if kind in _PLAIN:
        return record
    if kind is Marker:
        return {k: v for k in _names(kind) if (v := getattr(record, k)) is not None}
    if names := _names(kind):
        omitted = _omitted(kind)
        return {k: to_json(v) for k in names if (v := getattr(record, k)) is not None or k not in omitted}
    if isinstance(record, (tuple, list)):
        return [v if type(v) in _PLAIN else to_json(v) for v in record]
    if isinstance(record, Mapping):
        return {k: v if type(v) in _PLAIN else to_json(v) for k, v in record.items()}
    return record


@cache
def _names(kind: type) -> tuple[str, ...]:
    """The names of a dataclass's fields that files have, () of any other type."""
    return tuple(f.name for f in fields(kind) if not f.metadata.get("derived")) if is_dataclass(kind) else ()


@cache
def _omitted(kind: type) -> frozenset[str]:
    """The names of a dataclass's fields that are left out where they are None."""
    return frozenset(f.name for f in fields(kind) if f.metadata.get("omit_none"))
