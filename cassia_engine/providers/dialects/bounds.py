"""A schema with limits: a small model that is held to one without fills its lists and texts to the last token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cassia_engine.providers.dialects.per_schema import once_per_schema

# Entries of a list, and of one whose entries have lists in them.
_ENTRIES, _NESTED = 12, 5
# Characters of a text of its own, and of one in a list or an object.
_TEXT, _INNER_TEXT = 600, 100


@once_per_schema
def bounded(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with maxItems and maxLength wherever it has none."""
    found: dict[str, Any] = _bounded(schema, 0)
    return found


def _bounded(schema: Any, depth: int) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    kind, limits = schema.get("type"), dict[str, Any]()
    if kind == "array":
        inner = schema.get("items", {}).get("properties", {}).values()
        lists = any(isinstance(one, Mapping) and one.get("type") == "array" for one in inner)
        limits = {"maxItems": _NESTED if lists else _ENTRIES, "items": _bounded(schema.get("items", {}), depth + 1)}
    elif kind == "string" and "enum" not in schema:
        limits = {"maxLength": _TEXT if depth <= 1 else _INNER_TEXT}
    elif kind == "object":
        fields = schema.get("properties", {})
        limits = {"properties": {name: _bounded(field, depth + 1) for name, field in fields.items()}}
    return {**limits, **schema, **{name: limits[name] for name in ("items", "properties") if name in limits}}
