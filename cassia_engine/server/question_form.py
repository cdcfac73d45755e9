"""The forms in which clients write a question: R writes a list of one as its text, and {} as [] or null."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, TypeVar

import msgspec

from cassia_engine.markers.columns.whole_ids import whole_id
from cassia_engine.server.reading.messages import LONGEST_NAME
from cassia_engine.text import CONTROLS, SURROGATES

# What a marker table takes for no label, or for its own first line.
_NO_NAME = frozenset({"", "na", "nan", "cluster"})
_UNWRITABLE = re.compile(f"[{CONTROLS}{SURROGATES}]")

Scalar = str | int | float | bool | None
# An empty object as R writes it, and an empty list as it writes a named one.
_EMPTY = msgspec.Meta(max_length=0)
Nothing = Annotated[list[None], _EMPTY]
NoGenes = Annotated[dict[str, None], _EMPTY]
Value = TypeVar("Value")


class GivenQuestion(msgspec.Struct, frozen=True, rename="camel"):
    """`input_data` as it comes, as far as it is read; `questions.Question` says what is in it."""

    marker_genes: dict[str, list[Scalar] | NoGenes | Scalar] | Nothing
    study_info: Scalar = None
    cluster_labels: dict[str, Scalar] | Nothing | None = None
    n_parallel_clusters: int | float | None = None


def object_of(given: dict[str, Value] | Nothing | None) -> dict[str, Value]:
    """An object, empty where there is none."""
    return given if isinstance(given, dict) else {}


def text_of(value: Scalar) -> str:
    """A text without what no file can hold; whole numbers have no decimals, whatever JSON has of them."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(_UNWRITABLE.sub(" ", str(value)).split())


def genes_of(given: Iterable[Scalar] | Scalar) -> list[str]:
    """The marker genes of a cluster; a single one may stand without its list."""
    listed = [given] if given is None or isinstance(given, (str, int, float)) else given
    return [gene for gene in map(text_of, listed) if gene]


def cluster_names(ids: Iterable[str], labels: Mapping[str, Scalar]) -> dict[str, str]:
    """What each cluster is called in outputs, by its id: its label where it has one, and no two alike.

    A label of several clusters has their ids behind it; a cluster without a label is called by its id.
    """
    texts = {cluster: (_name(labels.get(cluster)), _name(cluster)) for cluster in ids}
    shared = Counter(label for label, _ in texts.values())
    taken: set[str] = set()
    found = {}
    for number, (cluster, (label, name)) in enumerate(texts.items(), 1):
        both = f"{label} ({name})" if label and name else ""
        wanted = (both or name if shared[label] > 1 else label or name) or f"cluster {number}"
        found[cluster] = _distinct(wanted, taken)
    return found


def _name(value: Scalar) -> str:
    text = whole_id(text_of(value))  # as a marker table's reader makes of it
    return "" if text.lower() in _NO_NAME else text[:LONGEST_NAME]


def _distinct(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted} ({number})"
    taken.add(name)
    return name
