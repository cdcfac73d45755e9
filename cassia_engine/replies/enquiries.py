"""Reads an investigator's enquiry out of its reply: hypotheses, and the genes that it wants to see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cassia_engine.providers.chat import Finish
from cassia_engine.records.replies import Enquiry, Hypothesis
from cassia_engine.replies import reply_values
from cassia_engine.replies.keys import ENTRY, TOP, Fields, unpacked
from cassia_engine.replies.placeholders import is_given, label_of, nameless, stated
from cassia_engine.replies.reading import Unreadable, read_object

MOST_HYPOTHESES = 3
_BETWEEN_TYPES = ";\n"  # names of the Cell Ontology have commas in them


def read_enquiry(text: str, finish: Finish) -> Enquiry | Unreadable:
    """The enquiry in an investigator's reply; whatever the reply is, no exception. One without a type is none."""
    found = read_object(text, finish, _is_enquiry)
    if isinstance(found, Unreadable):
        return found
    get = Fields(found.fields, TOP).get
    hypotheses = tuple(one for one in _hypotheses(get("hypotheses")) if not nameless(one.cell_type))
    if not hypotheses:
        return Unreadable("the reply has no hypothesis that names a type")
    wanted = _genes(get("wanted_genes"))
    return Enquiry(hypotheses[:MOST_HYPOTHESES], wanted, found.repaired)


def _is_enquiry(fields: Mapping[str, Any]) -> bool:
    return Fields(fields, TOP).get("hypotheses") is not None


def _hypotheses(value: Any) -> Iterator[Hypothesis]:
    for entry in _entries(unpacked(value)):
        get = Fields(entry, ENTRY).get
        yield Hypothesis(
            label_of(get("cell_type")),
            label_of(get("cl_name")),
            _genes(get("genes_for")),
            _genes(get("genes_against")),
            stated(get("still_open")),
        )


def _entries(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, of one object, of a mapping of types to objects, or of texts that name types."""
    if isinstance(value, str):
        value = list(reply_values.texts(value, _BETWEEN_TYPES))
    if isinstance(value, Mapping):
        if "cell_type" in Fields(value, ENTRY):
            value = [value]
        else:
            value = [{"cell_type": name, **(item if isinstance(item, Mapping) else {})} for name, item in value.items()]
    for item in value[: reply_values.MAX_ITEMS] if isinstance(value, list) else ():
        if isinstance(item, Mapping):
            yield item
        elif isinstance(item, str):
            yield {"cell_type": item}


def _genes(value: Any) -> tuple[str, ...]:
    return tuple(filter(is_given, reply_values.texts(value)))
