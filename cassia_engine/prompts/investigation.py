"""The prompts of an investigation of one cluster: hypotheses, genes that are looked up, and the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from string import Template
from typing import Any

from cassia_engine.fast_json import ascii_json
from cassia_engine.prompts.briefing import LONGEST, LONGEST_PHRASE, Briefing, cluster_block
from cassia_engine.prompts.data_blocks import block, clean, escaped, gene_name
from cassia_engine.prompts.texts import shape_of, statistics_rule, text_of
from cassia_engine.providers.chat import Chat, Message
from cassia_engine.records import Cluster
from cassia_engine.records.replies import Enquiry
from cassia_engine.replies.shapes import ANNOTATION, ENQUIRY

# Any change of what is sent is a new version; tests/boosting/test_prompts.py holds a digest of it.
BOOST_VERSION = "boost 1"
MOST_GENES = 15  # that are looked up in a round


def opening(
    briefing: Briefing,
    cluster: Cluster,
    others: Mapping[int, Sequence[str]],
    earlier: Mapping[str, Any],
    rounds: int,
    *,
    max_tokens: int,
    temperature: float | None = None,
    reasoning: str | None = None,
) -> Chat:
    """The first round's request (shape ENQUIRY).

    Args:
        others: the first genes of the other clusters, by their numbers.
        earlier: what an earlier annotation said, texts and lists of texts; {} for nothing.
        rounds: how many there are.
    """
    parts = [briefing.head]
    if others:
        rows = [{"cluster": number, "first_genes": list(map(gene_name, genes))} for number, genes in others.items()]
        parts.append(block("clusters_by_number", rows))
    parts.append(cluster_block(cluster, briefing.with_fractions))
    if earlier:
        parts.append(block("earlier_answer", {name: _plain(value) for name, value in earlier.items()}))
    parts.append(_ask(1, rounds))
    return Chat(_rules(), (Message("user", "\n".join(parts)),), max_tokens, ENQUIRY, temperature, reasoning)


def next_round(chat: Chat, said: Enquiry, statistics: Mapping[str, Any], number: int, rounds: int) -> Chat:
    """The request of the next round: with what was found for the genes of the last one."""
    return _continued(chat, said, f"{_block(statistics)}\n{_ask(number, rounds)}", ENQUIRY)


def closing(chat: Chat, said: Enquiry, statistics: Mapping[str, Any] | None) -> Chat:
    """The request for the answer (shape ANNOTATION); `statistics` is None where none were asked for."""
    ask = Template(text_of("boost_answer")).substitute(shape=shape_of(ANNOTATION))
    return _continued(chat, said, f"{_block(statistics)}\n{ask}" if statistics else ask, ANNOTATION)


def _continued(chat: Chat, said: Enquiry, text: str, schema: Mapping[str, Any]) -> Chat:
    messages = (*chat.messages, Message("assistant", _form(said)), Message("user", text))
    return replace(chat, messages=messages, schema=schema)


def _form(said: Enquiry) -> str:
    """An enquiry in the form that was asked for, whatever form it came in."""
    hypotheses = [
        {
            "cell_type": clean(one.cell_type, LONGEST_PHRASE),
            "cl_name": clean(one.cl_name, LONGEST_PHRASE),
            "genes_for": list(map(gene_name, one.genes_for)),
            "genes_against": list(map(gene_name, one.genes_against)),
            "still_open": clean(one.still_open, LONGEST["context"]),
        }
        for one in said.hypotheses
    ]
    wanted = list(map(gene_name, said.wanted_genes))
    return escaped(ascii_json({"hypotheses": hypotheses, "wanted_genes": wanted}).decode())


def _block(statistics: Mapping[str, Any] | None) -> str:
    return block("gene_statistics", statistics)


def _ask(number: int, rounds: int) -> str:
    last = " It is the last one: the answer comes next." if number == rounds else ""
    return f"Round {number} of {rounds}: your hypotheses, and the genes that you want to see.{last}"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value, LONGEST["context"])
    return [clean(item, LONGEST_PHRASE) for item in value[:50]]


@cache
def _rules() -> str:
    return Template(text_of("boost")).substitute(
        blocks=text_of("blocks"),
        statistics=statistics_rule("you", "one of clusters_by_number"),
        shape=shape_of(ENQUIRY),
        most_genes=MOST_GENES,
    )
