"""Conversations with a model for tests of the report, made by hand: replies in form, checks and calls.

What is said in here is invented; only the gene names are real.
"""

from __future__ import annotations

import json
from typing import Any

from cassia_engine.conversation.judging import rule
from cassia_engine.conversation.rounds import NOT_ASKED
from cassia_engine.evidence import GeneList
from cassia_engine.providers.chat import Finish
from cassia_engine.records import Cluster, Conversation, FailedReply, Finding, Judgement, Outcome, Round
from cassia_engine.records.replies import Claim, Verdict
from cassia_engine.replies import Unreadable, invented, read_annotation, read_validation
from cassia_engine.replies.shapes import QUESTIONS

CHECKS = "[yes] All genes cited for or against are in the list.\n[NO] The answer explains 5% of the first 10 genes."
SCORING = "Score 88 of 100, the validator's (the annotator gave 91).\nConfidence High: all checks passed."
AGREES = {"lineage_fits": "yes", "type_fits": "yes"}


def claim(**changes: Any) -> str:
    """An annotator's reply: a natural killer cell."""
    fields = {
        "evidence": [
            {"gene": "GNLY", "speaks_for": "cytotoxic lymphocyte"},
            {"gene": "KLRD1", "speaks_for": "natural killer cell"},
            {"gene": "GZMB", "speaks_for": "cytotoxic lymphocyte"},
        ],
        "conflicts": [{"gene": "CD3D", "speaks_for": "T cell"}],
        "lineage": "lymphocyte",
        "candidates": [
            {"cell_type": "NK cell", "cl_name": "natural killer cell", "separating_genes": ["KLRD1", "FGFBP2"]},
            {"cell_type": "gamma-delta T cell", "cl_name": "gamma-delta T cell", "separating_genes": []},
        ],
        "mixture": [],
        "state": "",
        "context_conflict": "",
        "possible_tissues": [],
        "score": 91,
        "score_reason": "Strong cytotoxic genes.",
    }
    return json.dumps({**fields, **changes})


def verdict(**changes: Any) -> str:
    """A validator's reply that agrees; a question's change is its answer, or all of it."""
    answers = {name: {"answer": AGREES.get(name, "no"), "genes": ["GNLY"]} for name in QUESTIONS}
    fields = {"own_type": "NK cell", **answers, "feedback": "", "score": 88, "score_reason": "It fits."}
    return json.dumps({**fields, **changes})


def call(role: str = "annotator", round: int = 1, **changes: Any) -> dict[str, Any]:
    """A call as conversation.log keeps it."""
    entry = {
        "role": role,
        "round": round,
        "replicate": 0,
        "model": "some/model-1",
        "finish": "stop",
        "finish_reason": "stop",
        "response": "",
        "sent": {"max_tokens": 4096, "schema": "json_schema"},
        "input_tokens": 1700,
        "output_tokens": 300,
        "cost_usd": 0.0095,
        "cost_source": "provider",
        "seconds": 1.234,
        "at": "2026-11-21T09:49:22.691+00:00",
        "repaired": [],
    }
    return {**entry, **changes}


def held(**changes: Any) -> Conversation:
    """A conversation of one round in which the validator agreed."""
    fields: dict[str, Any] = {
        "annotations": (claim(),),
        "checks": (CHECKS,),
        "validations": (verdict(),),
        "formatting": "{}",
        "scoring": SCORING,
        "calls": (call(), call("validator")),
    }
    return Conversation(**{**fields, **changes})


def rounds(held: Conversation, cluster: Cluster, validated: bool | None, involvement: str = "v1") -> tuple[Round, ...]:
    """What the conversation is read as; of its last verdict `validated` says whether it agreed."""
    n_rounds = max(len(held.annotations), len(held.validations))
    return tuple(_round(held, number, cluster, validated, involvement) for number in range(1, n_rounds + 1))


def _round(held: Conversation, number: int, cluster: Cluster, validated: bool | None, involvement: str) -> Round:
    at = slice(number - 1, number)
    last = number == max(len(held.annotations), len(held.validations))
    verdict, added = _read(held, "validator", number, *held.validations[at])
    claim, _ = _read(held, "annotator", number, *held.annotations[at])
    lines = [line for text in held.checks[at] for line in text.splitlines()]
    judgement = Judgement(() if last and validated else ("The validator objects.",))
    return Round(
        claim=claim if isinstance(claim, Claim) else None,
        checks=tuple(Finding("", line.startswith("[yes]"), line.partition("] ")[2] or line) for line in lines),
        sent_back=held.validations[at] == (NOT_ASKED,),
        verdict=verdict if isinstance(verdict, Verdict) else None,
        rulings=rule(verdict, GeneList(cluster), involvement) if isinstance(verdict, Verdict) else {},
        judgement=judgement if isinstance(verdict, Verdict) and not added else None,
        failed=FailedReply("validator", number, Outcome.UNPARSED, "it added something", added) if added else None,
    )


def _read(held: Conversation, role: str, number: int, text: str = "") -> tuple[Claim | Verdict | Unreadable, str]:
    """A reply of a role as it is read, and what a formatter has added to it."""
    formatted, speaker = "", ""
    for one in held.calls:
        if one.get("round") == number and one.get("role") == "formatter":
            formatted = str(one.get("response", "")) if speaker == role else formatted
        elif one.get("round") == number:
            speaker = str(one.get("role"))
    read = (read_annotation if role == "annotator" else read_validation)(formatted or text, Finish.STOP)
    return read, "" if isinstance(read, Unreadable) or not formatted else invented(read, text)


def hostile(text: str) -> Conversation:
    """Two rounds of replies in form with this text in each of their fields, and in whatever a call may say."""
    annotation = claim(
        evidence=[{"gene": f"A {text}", "speaks_for": f"B {text}"}],
        conflicts=[{"gene": f"C {text}", "speaks_for": f"D {text}"}],
        lineage=f"E {text}",
        candidates=[{"cell_type": f"F {text}", "cl_name": f"G {text}", "separating_genes": [f"H {text}"]}],
        mixture=[{"cell_type": f"I {text}", "genes": [f"J {text}"]}],
        state=f"K {text}",
        context_conflict=f"L {text}",
        possible_tissues=[f"M {text}"],
        score_reason=f"N {text}",
    )
    answers = {name: {"answer": "no", "genes": [f"O {text}"]} for name in QUESTIONS}
    judged = verdict(own_type=f"P {text}", **answers, feedback=f"Q {text}", score_reason=f"R {text}")
    other = json.dumps({f"S {text}": {"a": f"T {text}", "b": [f"U {text}"]}})
    said = {"model": text, "finish": "other", "finish_reason": text, "cost_source": text, "response": other}
    sent = {"max_tokens": 9, "schema": text, f"V {text}": text}
    calls = tuple(
        call(role, number, **said, repaired=[text], sent=sent)
        for number in (1, 2)
        for role in ("annotator", "validator", "formatter")
    )
    line = text.replace("\n", " ")
    checks = (f"[yes] {line}\n[NO] {line}\n{line}", f"[NO] {line}")
    return Conversation((annotation, other), (judged, other), other, text, calls, checks)


def prose(text: str) -> Conversation:
    """What was said in no form at all, with a call of which nothing is as it should be."""
    broken = {"request": text, "sent": text, "round": text, "finish": 7, "repaired": text, "cost_usd": text}
    return Conversation((text,), (text,), text, text, (broken,), ("[NO] ?",))
