"""Lists of objects in a reply, in whatever form they came: texts, mappings, lists in lists, a list as an object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cassia_engine.knowledge.known import is_symbol
from cassia_engine.replies import reply_values
from cassia_engine.replies.keys import ENTRY, Fields, key, unpacked

Entry = Mapping[str, Any]
_CANDIDATE = ("cell_type", "cl_name", "separating_genes")
_DEEPEST = 4  # lists and objects in each other
# Names that number candidates and are none.
_RANKS = frozenset(
    {"first", "second", "third", "primary", "secondary", "tertiary", "top", "best", "main", "answer", "rank"}
    | {"alternative", "alternatives", "candidate", "candidates", "others", "other", "list", "items", "ranked"}
)


def entries(value: Any, name: str, other: str = "", separators: str = ",;\n") -> tuple[Entry, ...]:
    """The objects of a list, with the fields `name` and `other` under these names.

    What stands where an object was meant: a text becomes {name: text}, and with `other` a mapping of names to values
    {name: name, other: value} each. A list of texts under `name` is an entry for each of them.
    """
    value = unpacked(value)
    if isinstance(value, str):
        value = list(reply_values.texts(value, separators))
    if isinstance(value, Mapping):
        value = _of_mapping(value, name, other)
    if not isinstance(value, list):
        return ()
    flat = [item for one in value[: reply_values.MAX_ITEMS] for item in _of_list(one, name, other)]
    objects = ({name: item} if isinstance(item, str) else item for item in flat[: reply_values.MAX_ITEMS])
    named = (_named(item, (name, other)) for item in objects if isinstance(item, Mapping))
    return tuple(one for entry in named for one in _each(entry, name))[: reply_values.MAX_ITEMS]


def _of_list(item: Any, name: str, other: str) -> list[Any]:
    """The items of a list in a list; a pair such as ["CD3D", "T cell"] is one."""
    if not isinstance(item, list):
        return [item]
    if other and len(item) == 2 and all(isinstance(one, str) for one in item) and not is_symbol(item[1]):
        return [{name: item[0], other: item[1]}]
    return item


def _each(entry: Entry, name: str) -> list[Entry]:
    several = entry.get(name)
    return [{**entry, name: one} for one in several] if isinstance(several, list) else [entry]


def _of_mapping(value: Entry, name: str, other: str) -> list[Any]:
    fields = Fields(value, ENTRY)
    if not other or name in fields or other in fields:
        return [value]
    if value and all(isinstance(item, Mapping) for item in value.values()):
        return [{name: label, **item} for label, item in value.items()]
    if name == "gene" and all(isinstance(item, list) for item in value.values()) and not any(map(is_symbol, value)):
        return [{name: item, other: label} for label, item in value.items()]  # genes by what they speak for
    return [{name: label, other: item} for label, item in value.items()]


def candidates_of(value: Any) -> tuple[Entry, ...]:
    """The candidates in their order, of any list, object or text, each as an object; equal ones once."""
    found: list[Entry] = []
    for one in _candidates(value, _DEEPEST):
        if len(found) == reply_values.MAX_ITEMS:
            break
        if one not in found:
            found.append(one)
    return tuple(found)


def _candidates(value: Any, depth: int) -> Iterator[Entry]:
    value = unpacked(value)
    if isinstance(value, str):
        yield from ({"cell_type": text} for text in reply_values.texts(value, ";\n"))
    elif isinstance(value, list) and depth:
        for item in value[: reply_values.MAX_ITEMS]:
            # A list's own text is one type, whatever signs it holds.
            yield from [{"cell_type": item}] if isinstance(item, str) else _candidates(item, depth - 1)
    elif isinstance(value, Mapping) and depth:
        yield from _of_object(value, depth)


def _of_object(value: Entry, depth: int) -> Iterator[Entry]:
    named = _named(value, _CANDIDATE)
    if reply_values.text(named.get("cell_type")):
        yield named
        return
    for label, item in value.items():
        if key(label) in _CANDIDATE:
            continue
        if _is_rank(label):
            yield from _candidates(item, depth - 1)
        elif isinstance(item, Mapping):
            inner = Fields(item, ENTRY)
            own = bool(reply_values.text(inner.get("cell_type")))
            yield from _candidates(item, depth - 1) if own else [_named({"cell_type": label, **item}, _CANDIDATE)]
        elif isinstance(item, list) and any(isinstance(one, Mapping) for one in item):
            yield from _candidates(item, depth - 1)
        elif isinstance(item, list):
            yield {"cell_type": label, "separating_genes": item}
        else:
            yield {"cell_type": label}


def _is_rank(label: str) -> bool:
    words = key(label).split("_")
    return bool(words) and all(word.isdigit() or word in _RANKS for word in words)


def _named(entry: Entry, names: tuple[str, ...]) -> Entry:
    """The entry's fields under the names asked for; those that it has not are left out."""
    if entry.keys() == set(names):  # as the form has them
        return {name: unpacked(entry[name]) for name in names}
    return Fields(entry, ENTRY).under(filter(None, names))
