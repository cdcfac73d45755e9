"""Prompts: what a language model is told and shown. The texts are the .txt files beside this; why, docs/prompts.md.

Pure functions, and a `Briefing` for what is the same in all conversations of a run. In every chat the stable text
comes first: the role's rules with the form of the reply, the data set, other clusters, and the cluster last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from cassia_engine.prompts.briefing import Briefing, claim_block, cluster_block, feedback_block, findings_block
from cassia_engine.prompts.data_blocks import block, clean, escaped
from cassia_engine.providers.chat import Chat, Message
from cassia_engine.records import Cluster
from cassia_engine.replies.questions import VALIDATOR_QUESTIONS
from cassia_engine.replies.shapes import ANNOTATION, VALIDATION

__all__ = ["VERSION", "Briefing", "annotator", "formatter", "revision", "validator"]

# Any change of what is sent is a new version; tests/prompts/test_prompts.py holds a digest of it.
VERSION = "1"
LONGEST_REPLY = 20_000

_ASK = "Annotate this cluster."
_ASK_TISSUE = "Annotate this cluster. Its tissue is not known: fill possible_tissues."
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
    """The first round's request for an annotation (shape ANNOTATION)."""
    ask = _ASK_TISSUE if briefing.tissue_blind else _ASK
    text = "\n".join((briefing.head, cluster_block(cluster, briefing.with_fractions), ask))
    return Chat(_annotator_rules(), (Message("user", text),), max_tokens, ANNOTATION, temperature, reasoning)


def revision(chat: Chat, reply_text: str, feedback: Sequence[str], suggestion: str) -> Chat:
    """The next round's request: `chat`, the annotator's reply to it, and what was found against that.

    Args:
        feedback: failed checks, a sentence each.
        suggestion: the validator's feedback, "" if it had none.
    """
    answer = escaped(clean(reply_text, LONGEST_REPLY)) or "(empty reply)"
    ask = Template(_text("feedback")).substitute(feedback=feedback_block(feedback, suggestion))
    return replace(chat, messages=(*chat.messages, Message("assistant", answer), Message("user", ask)))


def validator(
    briefing: Briefing,
    cluster: Cluster,
    claim: Mapping[str, Any],
    findings: Sequence[str],
    *,
    max_tokens: int,
    temperature: float | None = None,
    reasoning: str | None = None,
) -> Chat:
    """The request for a review (shape VALIDATION) of an annotator's answer.

    Args:
        claim: the answer in the shape ANNOTATION; its score and its words on genes are left out here.
        findings: what the code found in it, a sentence each.
    """
    parts = (
        briefing.head,
        cluster_block(cluster, briefing.with_fractions),
        claim_block(claim),
        findings_block(findings),
        _REVIEW,
    )
    rules = _validator_rules(briefing.involvement)
    return Chat(rules, (Message("user", "\n".join(parts)),), max_tokens, VALIDATION, temperature, reasoning)


def formatter(
    text: str,
    schema: Mapping[str, Any],
    *,
    max_tokens: int = 4096,
    temperature: float | None = None,
    reasoning: str | None = None,
) -> Chat:
    """The request to put an unreadable reply into the shape `schema`, with nothing added.

    In the answer a score of -1 is one that the reply did not state.
    """
    rules = Template(_text("formatter")).substitute(shape=_shape(schema))
    ask = "\n".join((block("reply", clean(text, LONGEST_REPLY)), _REPAIR))
    return Chat(rules, (Message("user", ask),), max_tokens, schema, temperature, reasoning)


@cache
def _annotator_rules() -> str:
    return Template(_text("annotator")).substitute(blocks=_text("blocks"), shape=_shape(ANNOTATION))


@cache
def _validator_rules(involvement: str) -> str:
    return Template(_text("validator")).substitute(
        blocks=_text("blocks"),
        stance=_stance(involvement),
        questions="\n".join(f"- {question.id}: {question.asked}" for question in VALIDATOR_QUESTIONS.values()),
        number=_NUMBERS[len(VALIDATOR_QUESTIONS)],
        shape=_shape(VALIDATION),
    )


def _stance(involvement: str) -> str:
    """How strict the validator is to be; a strict one is told which answers agree with the claim."""
    agreeing = [question.id for question in VALIDATOR_QUESTIONS.values() if question.expected]
    first, *others = (question.id for question in VALIDATOR_QUESTIONS.values() if not question.expected)
    objecting = f"{first} and the {_NUMBERS[len(others)]} after it"
    return Template(_text(f"validator_{involvement}")).substitute(agreeing=" and ".join(agreeing), objecting=objecting)


@cache
def _text(name: str) -> str:
    return (files(__name__) / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


def _shape(schema: Mapping[str, Any]) -> str:
    """A schema as an example without content, for models that get no schema beside their prompt."""
    return json.dumps(_example(schema), separators=(",", ":"))


def _example(schema: Mapping[str, Any]) -> Any:
    if "enum" in schema:
        return " or ".join(schema["enum"])
    match schema["type"]:
        case "object":
            return {name: _example(value) for name, value in schema["properties"].items()}
        case "array":
            return [_example(schema["items"])]
        case "integer":
            return 0
        case _:
            return "..."
