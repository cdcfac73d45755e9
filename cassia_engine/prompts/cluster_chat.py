"""The prompt of a person's questions about one cluster and its label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cassia_engine.prompts.briefing import LONGEST, LONGEST_PHRASE
from cassia_engine.prompts.data_blocks import block, clean, gene_name, number
from cassia_engine.prompts.texts import text_of
from cassia_engine.providers.chat import Chat, Message
from cassia_engine.records import Dataset

# Any change of what is sent is a new version; tests/server/test_chat.py holds a digest of it.
CHAT_VERSION = "chat 1"
LONGEST_TURN = 4_000  # characters
MOST_OTHERS = 100
MOST_MARKERS = 100
MOST_BY_CLUSTER = 30  # other clusters, each of which has a column
_MOST_LISTED = 30
_COLUMNS = ("gene", "percent_here", "highest_elsewhere", "where")


@dataclass(frozen=True, slots=True)
class Expression:
    """The share of cells where a gene was found, in percent: of the cluster, and of others by what they are called."""

    gene: str
    here: float | None
    elsewhere: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of the conversation.

    Attributes:
        role: "user" or "assistant".
        expression: of the genes that a question names.
        missing: genes that it names, and the data set does not have.
        meant: by what it says, the genes that were looked up, where they are called otherwise.
    """

    role: str
    text: str
    expression: Sequence[Expression] = ()
    missing: Sequence[str] = ()
    meant: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChatFacts:
    """What is known of a cluster.

    Attributes:
        annotation: the label and what stands beside it, texts and lists of texts; without what is not known.
        others: the labels of the other clusters, by what these are called.
        expression: of its markers; () where it is not known, or not to be shown.
        typical: of genes that mark the label and the alternatives, by cell type.
    """

    dataset: Dataset
    name: str
    markers: Sequence[str]
    annotation: Mapping[str, str | Sequence[str]]
    others: Mapping[str, str] = field(default_factory=dict)
    expression: Sequence[Expression] = ()
    typical: Mapping[str, Sequence[Expression]] = field(default_factory=dict)


def cluster_chat(
    facts: ChatFacts,
    turns: Sequence[Turn],
    *,
    max_tokens: int,
    temperature: float | None = None,
    reasoning: str | None = None,
) -> Chat:
    """The request for the answer to the last of the turns, which is a question, as is the first."""
    head = "\n".join(_blocks(facts))
    first, *later = map(_text, turns)
    messages = [Message("user", f"{head}\n{first}", stable=len(head) + 1)]
    messages += [Message(turn.role, text) for turn, text in zip(turns[1:], later, strict=True)]
    return Chat(text_of("chat"), tuple(messages), max_tokens, None, temperature, reasoning)


def _blocks(facts: ChatFacts) -> list[str]:
    dataset = {name: clean(getattr(facts.dataset, name), LONGEST[name]) for name in ("species", "tissue")}
    dataset["additional_info"] = clean(facts.dataset.additional_info, LONGEST["additional_info"])
    markers = list(map(gene_name, facts.markers[:MOST_MARKERS]))
    found = [
        block("dataset", dataset),
        block("cluster", {"name": clean(facts.name, LONGEST_PHRASE), "markers": markers}),
        block("annotation", {name: _plain(value) for name, value in facts.annotation.items()}),
    ]
    if facts.others:
        shown = list(facts.others.items())[:MOST_OTHERS]
        rows = [[clean(name, LONGEST_PHRASE), clean(label, LONGEST_PHRASE)] for name, label in shown]
        found.append(block("other_clusters", {"columns": ["cluster", "cell_type"], "rows": rows}))
    if facts.expression:
        found.append(block("marker_expression", _table(facts.expression)))
    if facts.typical:
        rows = [[clean(kind, LONGEST_PHRASE), *_row(one)] for kind, rows in facts.typical.items() for one in rows]
        found.append(block("typical_genes", {"columns": ["cell_type", *_COLUMNS], "rows": rows}))
    return found


def _text(turn: Turn) -> str:
    text = clean(turn.text, LONGEST_TURN)
    data = _by_cluster(turn.expression) if turn.expression else {}
    if turn.meant:
        data["looked_up_as"] = {gene_name(said): list(map(gene_name, genes)) for said, genes in turn.meant.items()}
    if turn.missing:
        data["not_in_the_data"] = list(map(gene_name, turn.missing))
    return f"{block('named_genes', data)}\n{text}" if data else text


def _table(rows: Sequence[Expression]) -> dict[str, Any]:
    return {"columns": list(_COLUMNS), "rows": list(map(_row, rows))}


def _row(one: Expression) -> list[Any]:
    where = max(one.elsewhere, key=lambda name: one.elsewhere[name], default="")
    return [*_here(one), number(one.elsewhere.get(where), 1), clean(where, LONGEST_PHRASE)]


def _here(one: Expression) -> list[Any]:
    return [gene_name(one.gene), number(one.here, 1)]


def _by_cluster(rows: Sequence[Expression]) -> dict[str, Any]:
    """With each of the other clusters, unless there are many."""
    others = list(dict.fromkeys(name for one in rows for name in one.elsewhere))
    if len(others) > MOST_BY_CLUSTER:
        return _table(rows)
    columns = [*_COLUMNS[:2], *(f"percent in {clean(name, LONGEST_PHRASE)}" for name in others)]
    values = [[*_here(one), *(number(one.elsewhere.get(name), 1) for name in others)] for one in rows]
    return {"columns": columns, "rows": values}


def _plain(value: str | Sequence[str]) -> str | list[str]:
    if isinstance(value, str):
        return clean(value, LONGEST["context"])
    return [clean(item, LONGEST["context"]) for item in value[:_MOST_LISTED]]
