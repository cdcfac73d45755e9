"""What of a chat an answer depends on: the blocks of data in its messages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_BLOCK = r"^<{0}>[ \t]*\r?\n(.*?)\r?\n</{0}>[ \t]*$"
_NAMES = ("dataset", "cluster_data", "claim", "answer_a", "answer_b", "feedback", "reply")
_BLOCKS = {name: re.compile(_BLOCK.format(name), re.MULTILINE | re.DOTALL) for name in _NAMES}
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Question:
    """What of a chat an answer depends on.

    Attributes:
        title: title of the schema asked for, "" for free text.
        genes: the cluster's markers, best first.
        claim: the first candidate, the lineage of the claim that is to be judged.
        answers: the first candidates of two answers between which is to be chosen.
        named: genes of the list that the feedback of an earlier round names; None in the first round.
    """

    title: str
    genes: tuple[str, ...]
    tissue: str
    species: str
    claim: tuple[str, str] = ("", "")
    answers: tuple[str, str] = ("", "")
    named: tuple[str, ...] | None = None


def read_question(title: str, messages: Sequence[tuple[str, str]], known: Callable[[str], bool]) -> Question:
    """What is asked. Without a block of markers every word of the text that is `known` as a gene is one."""
    users = [text for role, text in messages if role == "user"]
    place, data = _last_object("cluster_data", users)
    dataset, claim = _last_object("dataset", users)[1], _last_object("claim", users)[1]
    genes = _genes(data) or tuple(filter(known, _words(users)))
    feedback = _last_object("feedback", users)[1]
    later = [json.dumps(feedback)] if feedback else users[place + 1 :] if data else []
    listed = set(genes)
    return Question(
        title=title,
        genes=genes,
        tissue=_text(dataset.get("tissue")) or "none",
        species=_text(dataset.get("species")) or "human",
        claim=(_first_type(claim.get("candidates")), _text(claim.get("lineage"))),
        answers=(_answered("answer_a", users), _answered("answer_b", users)),
        named=tuple(word for word in _words(later) if word in listed) if later else None,
    )


def last_block(name: str, texts: Sequence[str]) -> tuple[int, Any]:
    """(number of the text, content) of the last block of the name; (-1, None) if there is none that can be read."""
    for place in range(len(texts) - 1, -1, -1):
        found = _BLOCKS[name].findall(texts[place])
        if found:
            try:
                return place, json.loads(found[-1])
            except ValueError:
                return place, None
    return -1, None


def _last_object(name: str, texts: Sequence[str]) -> tuple[int, dict[str, Any]]:
    place, data = last_block(name, texts)
    return place, data if isinstance(data, dict) else {}


def _genes(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the markers, which are names, objects with a gene, or rows under columns."""
    markers, columns = data.get("markers"), data.get("columns")
    at = columns.index("gene") if isinstance(columns, list) and "gene" in columns else 0
    names = (_gene(marker, at) for marker in markers) if isinstance(markers, list) else ()
    return tuple(name for name in names if name)


def _gene(marker: Any, at: int) -> str:
    if isinstance(marker, list):
        marker = marker[at] if len(marker) > at else ""
    return _text(marker.get("gene") if isinstance(marker, Mapping) else marker)


def _answered(name: str, users: Sequence[str]) -> str:
    return _first_type(_last_object(name, users)[1].get("candidates"))


def _first_type(candidates: Any) -> str:
    first = candidates[0] if isinstance(candidates, list) and candidates else ""
    return _text(first.get("cell_type") if isinstance(first, Mapping) else first)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _words(texts: Iterable[str]) -> Iterator[str]:
    return iter(dict.fromkeys(word.strip(".-") for text in texts for word in _WORD.findall(text)))
