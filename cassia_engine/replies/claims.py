"""What was said, as typed records: the annotator's claim and the validator's verdict."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cassia_engine.providers.chat import Finish
from cassia_engine.replies import plain
from cassia_engine.replies.entries import candidates_of, entries
from cassia_engine.replies.keys import ENTRY, TOP, Fields
from cassia_engine.replies.reading import Unreadable, read_object
from cassia_engine.replies.shapes import QUESTIONS

UNRESOLVED = "unresolved"
# Words that name no type. A lineage of these, without a candidate, says "unresolved".
NAMELESS = frozenset(
    {"", "unresolved", "unknown", "unknown cell", "unknown cell type", "undetermined", "not determined", "unidentified"}
    | {"unassigned", "unclassified", "uncertain", "unclear", "ambiguous", "none", "null", "n/a", "na", "other", "mixed"}
    | {"cell", "cells", "cell type", "unspecified", "-", "?"}
)
# Words of a form that was not filled in. An "N/A" or "null" alone may also say that nothing is known.
_FORM = frozenset(
    {"string", "str", "text", "value", "name", "type", "label", "placeholder", "example", "candidate", "tbd", "xxx"}
    | {
        "cell type",
        "lineage",
        "lineage name",
        "cl name",
        "cell type name",
        "cell type here",
        "name of cell type",
        "candidate type",
    }
    | {"your answer", "your answer here", "insert cell type", "insert cell type here", "enter cell type", "foo", "bar"}
    | {"broad cell type", "general cell type", "main cell type", "detailed cell type", "sub cell type", "subtype"}
    | {"the broad cell type", "the cell type", "the lineage", "most likely cell type", "to be determined", "your type"}
)
_UNFILLED = frozenset({"n/a", "na", "null", "none", "not applicable", "not available", "undefined", "nan"})
_BRACED = re.compile(
    r"<[^<>]*>|\[[^\[\]]*\]|\{[^{}]*\}|\$\w+|[\W_]*(?:\.\.\.|…)[\W_]*"
    r"|(?:cell ?type|candidate|lineage|cluster) ?[0-9a-z]"
)
_NOTHING = frozenset({"none", "n/a", "na", "no", "null", "nothing", "-", "none identified", "not applicable", "..."})
# Names of the Cell Ontology have commas in them ("CD8-positive, alpha-beta T cell").
_BETWEEN_TYPES = ";\n"
_ANSWERS = ("questions", "answers", "the_questions")  # where a validator may put its answers together


@dataclass(frozen=True, slots=True)
class Cited:
    """A gene and what it speaks for."""

    gene: str
    speaks_for: str


@dataclass(frozen=True, slots=True)
class Candidate:
    cell_type: str
    cl_name: str
    separating_genes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Partner:
    """A type that may be mixed into the cluster, and the genes that show it."""

    cell_type: str
    genes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """An annotator's answer. Fields that it left out are empty; the score is None where there is none from 0 to 100.

    `repaired` says what had to be done to the reply to read it.
    """

    lineage: str
    candidates: tuple[Candidate, ...]
    evidence: tuple[Cited, ...] = ()
    conflicts: tuple[Cited, ...] = ()
    mixture: tuple[Partner, ...] = ()
    state: str = ""
    context_conflict: str = ""
    possible_tissues: tuple[str, ...] = ()
    score: float | None = None
    score_reason: str = ""
    repaired: tuple[str, ...] = ()

    @property
    def named(self) -> tuple[Candidate, ...]:
        """The candidates that name a type."""
        return tuple(c for c in self.candidates if not nameless(c.cell_type))

    @property
    def copied(self) -> bool:
        """Whether it is the form that was asked for, sent back without a type in it: no answer at all."""
        labels = (self.lineage, *(c.cell_type for c in self.candidates))
        return not self.named and nameless(self.lineage) and any(map(_of_the_form, labels))

    @property
    def unresolved(self) -> bool:
        """Whether it says that the markers do not tell: a valid answer."""
        return self.lineage.casefold() == UNRESOLVED or (nameless(self.lineage) and not self.named)

    def for_validator(self) -> dict[str, Any]:
        """The claim as its judge sees it: without the score and the reasons given for it."""
        return {
            "evidence": [{"gene": c.gene, "speaks_for": c.speaks_for} for c in self.evidence],
            "conflicts": [{"gene": c.gene, "speaks_for": c.speaks_for} for c in self.conflicts],
            "lineage": self.lineage,
            "candidates": [
                {"cell_type": c.cell_type, "cl_name": c.cl_name, "separating_genes": list(c.separating_genes)}
                for c in self.candidates
            ],
            "mixture": [{"cell_type": p.cell_type, "genes": list(p.genes)} for p in self.mixture],
            "state": self.state,
            "context_conflict": self.context_conflict,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a validator's question; `yes` is None where it was neither yes nor no."""

    yes: bool | None
    genes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A validator's reply: its own best type and an answer to each of `shapes.QUESTIONS`."""

    own_type: str
    answers: Mapping[str, Answer]
    feedback: str = ""
    score: float | None = None
    score_reason: str = ""
    repaired: tuple[str, ...] = ()


def nameless(label: str) -> bool:
    """Whether a label names no cell type."""
    return _plain(label) in NAMELESS or placeholder(label)


def placeholder(label: str) -> bool:
    """Whether a label is what stands in a form before it is filled in: "...", "<cell type>", "string", "N/A"."""
    return _of_the_form(label) or _plain(label) in _UNFILLED


def _of_the_form(label: str) -> bool:
    plain = _plain(label)
    return plain in _FORM or bool(_BRACED.fullmatch(label.strip()) or _BRACED.fullmatch(plain))


def _plain(label: str) -> str:
    return " ".join(label.replace("_", " ").casefold().strip(" .").split())


def read_annotation(text: str, finish: Finish) -> Claim | Unreadable:
    """The claim in an annotator's reply; whatever the reply is, no exception."""
    found = read_object(text, finish, _is_annotation)
    if isinstance(found, Unreadable):
        return found
    get = Fields(found.fields, TOP).get
    claim = Claim(
        lineage=plain.text(get("lineage")),
        candidates=tuple(map(_candidate, candidates_of(get("candidates")))),
        evidence=_cited(get("evidence")),
        conflicts=_cited(get("conflicts")),
        mixture=tuple(
            Partner(plain.text(p.get("cell_type")), plain.texts(p.get("genes")))
            for p in entries(get("mixture"), "cell_type", "genes", _BETWEEN_TYPES)
        ),
        state=_stated(get("state")),
        context_conflict=_stated(get("context_conflict")),
        possible_tissues=tuple(filter(_stated, plain.texts(get("possible_tissues")))),
        score=plain.score(get("score")),
        score_reason=_stated(get("score_reason")),
        repaired=found.repaired,
    )
    if claim.candidates or not nameless(claim.lineage) or _said(claim.lineage):
        return claim
    return Unreadable("the reply names no candidates, and its lineage is neither named nor unresolved")


def read_validation(text: str, finish: Finish) -> Verdict | Unreadable:
    """The verdict in a validator's reply; whatever the reply is, no exception. An answer left out is no answer."""
    found = read_object(text, finish, _is_validation)
    if isinstance(found, Unreadable):
        return found
    get = Fields(found.fields, TOP).get
    asked = _asked(found.fields)
    answers = {question: _answer(asked.get(question)) for question in QUESTIONS}
    if all(answer.yes is None for answer in answers.values()):
        return Unreadable("the reply answers none of the questions with yes or no")
    return Verdict(
        own_type=plain.text(get("own_type")),
        answers=answers,
        feedback=_stated(get("feedback")),
        score=plain.score(get("score")),
        score_reason=_stated(get("score_reason")),
        repaired=found.repaired,
    )


def invented(said: Claim | Verdict, source: str) -> str:
    """A type or gene of `said` that the text `source` does not have in it, "" if there is none."""
    text = " ".join(source.split()).casefold()
    return next((name for name in _names(said) if name.casefold() not in text), "")


def _names(said: Claim | Verdict) -> Iterator[str]:
    """Every type and gene that is named."""
    if isinstance(said, Verdict):
        yield said.own_type
        for answer in said.answers.values():
            yield from answer.genes
        return
    yield said.lineage
    yield from (cited.gene for cited in (*said.evidence, *said.conflicts))
    for candidate in said.candidates:
        yield candidate.cell_type
        yield candidate.cl_name
        yield from candidate.separating_genes
    for partner in said.mixture:
        yield partner.cell_type
        yield from partner.genes


def _stated(value: Any) -> str:
    """A text; "" for words that say that there is nothing to say, and for those of the form itself."""
    said = plain.text(value)
    return "" if said.casefold().strip(" .") in _NOTHING or _of_the_form(said) else said


def _said(lineage: str) -> bool:
    """Whether a lineage that names no type was at least given ("unknown", but not "")."""
    return bool(lineage.strip(" -?."))


def _is_annotation(fields: Mapping[str, Any]) -> bool:
    get = Fields(fields, TOP).get
    lineage = get("lineage")
    return get("candidates") is not None or (isinstance(lineage, str) and nameless(lineage) and _said(lineage))


def _is_validation(fields: Mapping[str, Any]) -> bool:
    asked = _asked(fields)
    return any(question in asked for question in QUESTIONS)


def _asked(fields: Mapping[str, Any]) -> Fields:
    """The answers by question: fields of the reply, or put together in a field of their own, as an object or a list."""
    own = Fields(fields, {})
    inner = next((value for name in _ANSWERS if isinstance(value := own.get(name), (Mapping, list))), None)
    if isinstance(inner, list):
        named = [Fields(item, ENTRY) for item in inner[: plain.MAX_ITEMS] if isinstance(item, Mapping)]
        inner = {plain.text(one.get("question")): {n: one.get(n) for n in ("answer", "genes")} for one in named}
    return Fields({**(inner or {}), **fields}, {})


def _cited(value: Any) -> tuple[Cited, ...]:
    found = (Cited(plain.text(c.get("gene")), plain.text(c.get("speaks_for"))) for c in _genes(value))
    return tuple(cited for cited in found if cited.gene and not _of_the_form(cited.gene))


def _genes(value: Any) -> tuple[Mapping[str, Any], ...]:
    return entries(value, "gene", "speaks_for")


def _candidate(entry: Mapping[str, Any]) -> Candidate:
    genes = plain.texts(entry.get("separating_genes"))
    return Candidate(plain.text(entry.get("cell_type")), plain.text(entry.get("cl_name")), genes)


def _answer(value: Any) -> Answer:
    if isinstance(value, Mapping):
        get = Fields(value, ENTRY).get
        return Answer(plain.yes_or_no(get("answer")), plain.texts(get("genes")))
    return Answer(plain.yes_or_no(value))
