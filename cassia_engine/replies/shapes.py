"""The shapes of replies, as JSON schemas in the order in which a model should think: evidence before the label.

All fields are required and no others allowed, as strict structured output wants it. "" and [] stand for nothing.
"""

from __future__ import annotations

from typing import Any

from cassia_engine.replies.questions import VALIDATOR_QUESTIONS

TEXT = {"type": "string"}
GENES = {"type": "array", "items": TEXT}


def _object(title: str = "", **fields: Any) -> dict[str, Any]:
    head = {"title": title} if title else {}
    return {**head, "type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _list(**fields: Any) -> dict[str, Any]:
    return {"type": "array", "items": _object(**fields)}


# Annotator. `lineage` is the general type or "unresolved"; `candidates` are ranked, best first, up to three, none if
# unresolved; `sure` is the narrowest type that is sure, `specific` the finest to which the genes point; `mixture` has
# no entry or one per partner; `possible_tissues` is for data without a tissue.
ANNOTATION = _object(
    "cassia_annotation",
    evidence=_list(gene=TEXT, speaks_for=TEXT),
    conflicts=_list(gene=TEXT, speaks_for=TEXT),
    lineage=TEXT,
    candidates=_list(cell_type=TEXT, cl_name=TEXT, separating_genes=GENES),
    sure=_object(cell_type=TEXT, cl_name=TEXT),
    specific=_object(cell_type=TEXT, cl_name=TEXT, separating_genes=GENES, probability={"type": "integer"}),
    mixture=_list(cell_type=TEXT, genes=GENES),
    state=TEXT,
    context_conflict=TEXT,
    possible_tissues={"type": "array", "items": TEXT},
    score={"type": "integer"},
    score_reason=TEXT,
)
# As prompts of version 1 asked for it.
ANNOTATION_1 = _object(
    "cassia_annotation",
    **{name: form for name, form in ANNOTATION["properties"].items() if name not in ("sure", "specific")},
)

# Second annotator, where genes can be looked up for it.
OPINION = _object("cassia_opinion", **ANNOTATION["properties"], wanted_genes=GENES)

# Investigator. Up to three hypotheses, the likeliest first, and the genes whose statistics it wants; none ends it.
ENQUIRY = _object(
    "cassia_enquiry",
    hypotheses=_list(cell_type=TEXT, cl_name=TEXT, genes_for=GENES, genes_against=GENES, still_open=TEXT),
    wanted_genes=GENES,
)

# Adjudicator. Two answers without their authors, and which of them the list supports.
CHOICES = ("a", "b", "neither")
ADJUDICATION = _object(
    "cassia_adjudication",
    for_a=GENES,
    for_b=GENES,
    reason=TEXT,
    choice={"type": "string", "enum": list(CHOICES)},
)

# Validator. It names its own best type before it looks at the claim; each question is answered yes or no, with genes.
QUESTIONS = tuple(VALIDATOR_QUESTIONS)
_ANSWER = _object(answer={"type": "string", "enum": ["yes", "no"]}, genes=GENES)
VALIDATION = _object(
    "cassia_validation",
    own_type=TEXT,
    **dict.fromkeys(QUESTIONS, _ANSWER),
    feedback=TEXT,
    score={"type": "integer"},
    score_reason=TEXT,
)
