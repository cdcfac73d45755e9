"""Records as plain JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from cassia_engine.records.clusters import Chunk, Selection
from cassia_engine.records.record import Record
from cassia_engine.records.run_info import RunInfo
from cassia_engine.records.terms import TermMatch

_Kind = TypeVar("_Kind", bound=Record)


def to_json(record: Record) -> dict[str, Any]:
    """What `json.dumps` writes of a record: objects in the order of the fields.

    Left out are absent statistics of a marker, so that a simplified table's chunk is a list of names, an absent
    mismatch of the species, the ranking that a table has none of, absent controls, genes that cannot be looked up, the
    setup of a run where it is not known, and what is known only once results are merged.
    """
    data: dict[str, Any] = msgspec.to_builtins(record)
    if isinstance(record, RunInfo):
        del data["mixed"]
        if data["setup"] is None:
            del data["setup"]
    if isinstance(record, Chunk):
        for name in ("controls", "lookup_genes"):
            if not data[name]:
                del data[name]
    selection = data["selection"] if isinstance(record, Chunk) else data if isinstance(record, Selection) else {}
    for name in ("species_mismatch", "ranking"):
        if selection.get(name, "") is None:
            del selection[name]
    return data


def from_json(kind: type[_Kind], data: Mapping[str, Any]) -> _Kind:
    """The record of this JSON form, also of one that an earlier version wrote.

    Raises:
        msgspec.ValidationError: it is of another form; says where, as in "Expected `int`, got `str` - at `$.calls`".
    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError:
        return msgspec.convert(_of_today(data), kind)


def _of_today(data: Mapping[str, Any]) -> dict[str, Any]:
    """A cluster's result as it is written today: earlier files have some values as text."""
    found = {name: value for name, value in data.items() if name != "confidence_reason"}
    if earlier := data.get("confidence_reason"):
        found.setdefault("confidence_reasons", [{"code": "", "text": earlier}])
    if isinstance(votes := data.get("votes"), (list, tuple)):
        found["votes"] = [_with_match(vote) for vote in votes]
    if correction := data.get("correction"):
        found["correction"] = _with_match(correction)
    return found


def _with_match(data: Any) -> Any:
    """An annotation or correction with how its term was found, which earlier files have as text."""
    if not isinstance(data, Mapping) or not isinstance(text := data.get("cl_match"), str):
        return data
    found = {name: value for name, value in data.items() if name != "cl_match"}
    return {"match": msgspec.to_builtins(TermMatch.from_text(text)), **found}
