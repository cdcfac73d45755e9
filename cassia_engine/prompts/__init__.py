"""Prompts: what a language model is told and shown. The texts are the .txt files beside this; why, docs/prompts.md.

Pure functions, and a `Briefing` for what is the same in all conversations of a run. In every chat the stable text
comes first: the role's rules with the form of the reply, the data set, other clusters, and the cluster last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from string import Template
from typing import Any

from cassia_engine.prompts.briefing import (
    EARLIER,
    VERSION,
    Briefing,
    answer_block,
    claim_block,
    cluster_block,
    feedback_block,
    findings_block,
)
from cassia_engine.prompts.data_blocks import block, clean, escaped
from cassia_engine.prompts.texts import shape_of, statistics_rule, text_of
from cassia_engine.providers.chat import Chat, Message
from cassia_engine.records import Cluster
from cassia_engine.records.replies import Claim
from cassia_engine.replies.questions import VALIDATOR_QUESTIONS
from cassia_engine.replies.shapes import ADJUDICATION, ANNOTATION, ANNOTATION_1, OPINION, VALIDATION

__all__ = [
    "EARLIER",
    "VERSION",
    "Briefing",
    "adjudicator",
    "annotator",
    "formatter",
    "revision",
    "second_annotator",
    "second_with_statistics",
    "validator",
]

LONGEST_REPLY = 20_000

_ASK = "Annotate this cluster."
_ASK_TISSUE = "Annotate this cluster. Its tissue is not known: fill possible_tissues."
_CHOOSE = "Choose between these answers."
_REVIEW = "Review this claim."
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_REPAIR = "Put this reply into the form."


def annotator(
    briefing: Briefing,
    cluster: Cluster,
    *,
    max_tokens: int,
    temperature: float | None = None,
    reasoning: str | None = None,
) -> Chat:
    """The first round's request for an annotation."""
    return Chat(
        _annotator_rules(briefing.version),
        _asked(briefing, cluster),
        max_tokens,
        shape(briefing),
        temperature,
        reasoning,
    )


def second_annotator(
    briefing: Briefing,
    cluster: Cluster,
    *,
    max_tokens: int,
    temperature: float | None = None,
    reasoning: str | None = None,
) -> Chat:
    """The request for a second opinion: the same data, and nothing of the first one.

    Its shape is ANNOTATION, or OPINION where genes can be looked up.
    """
    rules, form = _second_rules(briefing.lookup_genes), OPINION if briefing.lookup_genes else ANNOTATION
    return Chat(rules, _asked(briefing, cluster), max_tokens, form, temperature, reasoning)


def second_with_statistics(briefing: Briefing, chat: Chat, reply_text: str, statistics: Mapping[str, Any]) -> Chat:
    """The same once more (shape ANNOTATION): `chat`, the reply to it, and what was found for the genes it wanted."""
    ask = Template(text_of("second_statistics")).substitute(
        statistics=statistics_text(briefing, "you", statistics),
        shape=shape_of(ANNOTATION),
    )
    return replace(_continued(chat, reply_text, ask), schema=ANNOTATION)


def adjudicator(
    briefing: Briefing,
    cluster: Cluster,
    a: Claim,
    b: Claim,
    statistics: Mapping[str, Any] | None = None,
    *,
    max_tokens: int,
    temperature: float | None = None,
    reasoning: str | None = None,
) -> Chat:
    """The request to choose between two answers (shape ADJUDICATION).

    Args:
        statistics: of genes that one of the annotators wanted to see; None for none.
    """
    parts = (
        briefing.head,
        _cluster_block(briefing, cluster),
        *([block("gene_statistics", statistics)] if statistics else []),
        answer_block("answer_a", a),
        answer_block("answer_b", b),
        _CHOOSE,
    )
    rules = _adjudicator_rules(_numbered(briefing) if statistics else "")
    return Chat(rules, (_message(briefing, parts),), max_tokens, ADJUDICATION, temperature, reasoning)


def shape(briefing: Briefing) -> Mapping[str, Any]:
    """The shape of an annotator's reply."""
    return ANNOTATION_1 if briefing.version == EARLIER else ANNOTATION


def _asked(briefing: Briefing, cluster: Cluster) -> tuple[Message, ...]:
    ask = _ASK_TISSUE if briefing.tissue_blind else _ASK
    return (_message(briefing, (briefing.head, _cluster_block(briefing, cluster), ask)),)


def _message(briefing: Briefing, parts: Sequence[str]) -> Message:
    """The parts in one message, the briefing's head first. Earlier prompts are replayed as they were sent."""
    stable = 0 if briefing.version == EARLIER else len(briefing.head) + 1
    return Message("user", "\n".join(parts), stable)


def _cluster_block(briefing: Briefing, cluster: Cluster) -> str:
    return cluster_block(cluster, briefing.with_fractions, briefing.version)


def revision(chat: Chat, reply_text: str, feedback: Sequence[str], suggestion: str, statistics: str = "") -> Chat:
    """The next round's request: `chat`, the annotator's reply to it, and what was found against that.

    Args:
        feedback: failed checks, a sentence each.
        suggestion: the validator's feedback, "" if it had none.
        statistics: `statistics_text` of genes that the answer may cite, "" for none.
    """
    ask = Template(text_of("feedback")).substitute(feedback=feedback_block(feedback, suggestion))
    return _continued(chat, reply_text, f"{statistics}\n{ask}" if statistics else ask)


def statistics_text(briefing: Briefing, whom: str, statistics: Mapping[str, Any]) -> str:
    """The statistics of genes that somebody wanted to see, with what is to be known of them."""
    return f"{statistics_rule(whom, _numbered(briefing))}\n{block('gene_statistics', statistics)}"


def _continued(chat: Chat, reply_text: str, ask: str) -> Chat:
    answer = escaped(clean(reply_text, LONGEST_REPLY)) or "(empty reply)"
    return replace(chat, messages=(*chat.messages, Message("assistant", answer), Message("user", ask)))


def validator(
    briefing: Briefing,
    cluster: Cluster,
    claim: Mapping[str, Any],
    findings: Sequence[str],
    statistics: Mapping[str, Any] | None = None,
    *,
    max_tokens: int,
    temperature: float | None = None,
    reasoning: str | None = None,
) -> Chat:
    """The request for a review (shape VALIDATION) of an annotator's answer.

    Args:
        claim: the answer in the shape ANNOTATION; its score and its words on genes are left out here.
        findings: what the code found in it, a sentence each.
        statistics: of genes that the author wanted to see; None for none.
    """
    parts = (
        briefing.head,
        _cluster_block(briefing, cluster),
        *([block("gene_statistics", statistics)] if statistics else []),
        claim_block(claim),
        findings_block(findings),
        _REVIEW,
    )
    rules = _validator_rules(briefing.involvement, briefing.version, _numbered(briefing) if statistics else "")
    return Chat(rules, (_message(briefing, parts),), max_tokens, VALIDATION, temperature, reasoning)


def formatter(
    text: str,
    schema: Mapping[str, Any],
    *,
    max_tokens: int = 4096,
    temperature: float | None = None,
    reasoning: str | None = None,
    version: str = VERSION,
) -> Chat:
    """The request to put an unreadable reply into the shape `schema`, with nothing added.

    In the answer a score of -1 is one that the reply did not state.
    """
    name = "v1/formatter" if version == EARLIER else "formatter"
    rules = Template(text_of(name)).substitute(shape=shape_of(schema))
    ask = "\n".join((block("reply", clean(text, LONGEST_REPLY)), _REPAIR))
    return Chat(rules, (Message("user", ask),), max_tokens, schema, temperature, reasoning)


@cache
def _annotator_rules(version: str) -> str:
    if version == EARLIER:
        return Template(text_of("v1/annotator")).substitute(blocks=text_of("v1/blocks"), shape=shape_of(ANNOTATION_1))
    return _rules("annotator", role="annotator", more="", shape=shape_of(ANNOTATION))


@cache
def _second_rules(lookup_genes: int) -> str:
    more = [text_of("second"), *([text_of("second_lookup")] if lookup_genes else [])]
    form = OPINION if lookup_genes else ANNOTATION
    rules = _rules("annotator", role="second annotator", more="\n".join(more) + "\n", shape=shape_of(form))
    wanted = Template(text_of("wanted_genes")).substitute(most_genes=lookup_genes)
    return f"{rules}\n{wanted}" if lookup_genes else rules


@cache
def _adjudicator_rules(numbered: str) -> str:
    """Those of an adjudicator who sees statistics too, where the other clusters in them are `numbered` somehow."""
    cite = "of the list and of gene_statistics" if numbered else "of the list"
    return _rules("adjudicator", cite=cite, more=_statistics_too(numbered), shape=shape_of(ADJUDICATION))


def _statistics_too(numbered: str) -> str:
    return statistics_rule("an annotator", numbered) + "\n" if numbered else ""


def _numbered(briefing: Briefing) -> str:
    """What the numbers of other clusters in gene_statistics stand for."""
    return "the place of another one in other_clusters" if briefing.shows_siblings else "another one"


def _rules(name: str, **said: str) -> str:
    return Template(text_of(name)).substitute(blocks=text_of("blocks"), **said)


@cache
def _validator_rules(involvement: str, version: str, numbered: str) -> str:
    return Template(text_of("validator")).substitute(
        blocks=text_of("v1/blocks" if version == EARLIER else "blocks"),
        more=_statistics_too(numbered),
        cite="genes of the list or of gene_statistics" if numbered else "listed genes",
        stance=_stance(involvement),
        questions="\n".join(f"- {question.id}: {question.asked}" for question in VALIDATOR_QUESTIONS.values()),
        number=_NUMBERS[len(VALIDATOR_QUESTIONS)],
        shape=shape_of(VALIDATION),
    )


def _stance(involvement: str) -> str:
    """How strict the validator is to be; a strict one is told which answers agree with the claim."""
    agreeing = [question.id for question in VALIDATOR_QUESTIONS.values() if question.expected]
    first, *others = (question.id for question in VALIDATOR_QUESTIONS.values() if not question.expected)
    objecting = f"{first} and the {_NUMBERS[len(others)]} after it"
    return Template(text_of(f"validator_{involvement}")).substitute(
        agreeing=" and ".join(agreeing), objecting=objecting
    )
