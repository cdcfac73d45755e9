"""Reads an annotator's claim, an adjudicator's choice and a validator's verdict out of their replies."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cassia_engine.knowledge.known import is_symbol
from cassia_engine.providers.chat import Finish
from cassia_engine.records.replies import (
    Answer,
    Candidate,
    Choice,
    Cited,
    Claim,
    Enquiry,
    Partner,
    Said,
    Specific,
    Verdict,
)
from cassia_engine.replies import reply_values
from cassia_engine.replies.entries import candidates_of, entries
from cassia_engine.replies.keys import ENTRY, TOP, Fields, key, unpacked
from cassia_engine.replies.placeholders import is_given, is_nothing, label_of, nameless, of_the_form, stated
from cassia_engine.replies.reading import Unreadable, read_object
from cassia_engine.replies.shapes import CHOICES, QUESTIONS, VALIDATION

UNRESOLVED = "unresolved"
NEITHER = CHOICES[-1]
_CHOICE = re.compile(
    r"[\W_]*(?:(?:the )?(?:answer|option|choice|annotation)(?: is)?[\s:_]+)?"
    r"(neither\b|none\b|both\b|[ab](?=[\W_]*$|\s*[.:;,(*\"']|\s+(?:[-–—]|because|since|as|is|has)\s))[\W_]*(.*)",
    re.DOTALL,
)
# Names of the Cell Ontology have commas in them ("CD8-positive, alpha-beta T cell").
_BETWEEN_TYPES = ";\n"
_FORM, _ANSWER = VALIDATION["properties"].keys(), {"answer", "genes"}
# A symbol within a sentence of a validator.
_SYMBOL = re.compile(r"\b[A-Za-z][A-Za-z0-9]*(?:[-.][A-Za-z0-9]+)*\b")


def read_annotation(text: str, finish: Finish) -> Claim | Unreadable:
    """The claim in an annotator's reply; whatever the reply is, no exception."""
    found = read_object(text, finish, _is_annotation)
    if isinstance(found, Unreadable):
        return found
    get = Fields(found.fields, TOP).get
    claim = Claim(
        lineage=label_of(get("lineage")),
        candidates=tuple(map(_candidate, candidates_of(get("candidates")))),
        evidence=_cited(get("evidence")),
        conflicts=_cited(get("conflicts")),
        mixture=_mixture(get("mixture")),
        state=stated(get("state")),
        context_conflict=stated(get("context_conflict")),
        possible_tissues=tuple(filter(stated, reply_values.texts(get("possible_tissues")))),
        score=reply_values.score(get("score")),
        score_reason=stated(get("score_reason")),
        repaired=found.repaired,
        sure=_sure(get("sure")),
        specific=_specific(get("specific")),
        wanted_genes=_gene_names(get("wanted_genes")),
    )
    if claim.candidates or not nameless(claim.lineage) or _said(claim.lineage):
        return claim
    return Unreadable("the reply names no candidates, and its lineage is neither named nor unresolved")


def read_validation(text: str, finish: Finish) -> Verdict | Unreadable:
    """The verdict in a validator's reply; whatever the reply is, no exception. An answer left out is no answer."""
    found = read_object(text, finish, _is_validation)
    if isinstance(found, Unreadable):
        return found
    asked, others = _asked(found.fields)
    get = Fields(others, TOP).get
    answers = {question: _answer(asked.get(question), question) for question in QUESTIONS}
    if all(answer.yes is None for answer in answers.values()):
        return Unreadable("the reply answers none of the questions with yes or no")
    return Verdict(
        own_type=label_of(get("own_type")),
        answers=answers,
        feedback=stated(get("feedback")),
        score=reply_values.score(get("score")),
        score_reason=stated(get("score_reason")),
        repaired=found.repaired,
    )


def read_adjudication(text: str, finish: Finish) -> Choice | Unreadable:
    """The choice in an adjudicator's reply; whatever the reply is, no exception."""
    found = read_object(text, finish, _is_adjudication)
    if isinstance(found, Unreadable):
        return found
    get = Fields(found.fields, TOP).get
    chosen = _chosen(get("choice"))
    if not chosen:
        return Unreadable(f"the reply chooses none of {', '.join(CHOICES)}")
    return Choice(
        answer="" if chosen == NEITHER else chosen,
        for_a=_gene_names(get("for_a")),
        for_b=_gene_names(get("for_b")),
        reason=stated(get("reason")),
        repaired=found.repaired,
    )


def named_candidates(claim: Claim) -> tuple[Candidate, ...]:
    """The candidates that name a type."""
    return tuple(c for c in claim.candidates if not nameless(c.cell_type))


def answer_label(claim: Claim) -> str:
    """The label of a claim's answer: its first candidate, or its lineage where it names none."""
    named = named_candidates(claim)
    return named[0].cell_type if named else claim.lineage


def repeats_form(claim: Claim) -> bool:
    """Whether it is the form that was asked for, sent back without a type in it: no answer at all."""
    labels = (claim.lineage, *(c.cell_type for c in claim.candidates))
    return not named_candidates(claim) and nameless(claim.lineage) and any(map(of_the_form, labels))


def is_unresolved(claim: Claim) -> bool:
    """Whether it says that the markers do not tell: a valid answer."""
    return claim.lineage.casefold() == UNRESOLVED or (nameless(claim.lineage) and not named_candidates(claim))


def invented(said: Said, source: str) -> str:
    """A type or gene of `said` that the text `source` does not have in it, "" if there is none."""
    text = " ".join(source.split()).casefold()
    return next((name for name in _names(said) if name.casefold() not in text), "")


def _names(said: Said) -> Iterator[str]:
    """Every type and gene that is named."""
    if isinstance(said, Choice):
        yield from (*said.for_a, *said.for_b)
        return
    if isinstance(said, Enquiry):
        for one in said.hypotheses:
            yield from (one.cell_type, one.cl_name, *one.genes_for, *one.genes_against)
        yield from said.wanted_genes
        return
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
    if said.sure:
        yield said.sure.cell_type
        yield said.sure.cl_name
    if said.specific:
        yield said.specific.cell_type
        yield said.specific.cl_name
        yield from said.specific.separating_genes
    for partner in said.mixture:
        yield partner.cell_type
        yield from partner.genes
    yield from said.wanted_genes


def _said(lineage: str) -> bool:
    """Whether a lineage that names no type was at least given ("unknown", but not "")."""
    return bool(lineage.strip(" -?."))


def _is_annotation(fields: Mapping[str, Any]) -> bool:
    get = Fields(fields, TOP).get
    lineage = get("lineage")
    return get("candidates") is not None or (isinstance(lineage, str) and nameless(lineage) and _said(lineage))


def _is_adjudication(fields: Mapping[str, Any]) -> bool:
    return Fields(fields, TOP).get("choice") is not None


def _chosen(value: Any) -> str:
    """One of CHOICES, "" for anything else: "A", "answer b", "Neither."; not "a or b"."""
    match = _CHOICE.fullmatch(reply_values.text(value).casefold())
    if match is None or re.search(r"\bor\b|\band\b", match[2]):
        return ""
    return match[1] if match[1] in ("a", "b") else NEITHER


def _is_validation(fields: Mapping[str, Any]) -> bool:
    asked, _ = _asked(fields)
    return _has_questions(asked)


def _has_questions(fields: Fields) -> bool:
    return any(question in fields for question in QUESTIONS)


def _asked(fields: Mapping[str, Any]) -> tuple[Fields, Mapping[str, Any]]:
    """The answers by question, and the other fields. Both may lie in a field of their own, as an object or a list."""
    if _is_very_form(fields):
        return Fields(fields, {}), fields
    inner: dict[str, Any] = {}
    for value in map(unpacked, fields.values()):
        for name, item in _questions_in(value):
            inner.setdefault(name, item)
    both = {**inner, **fields}
    return Fields(both, {}), both


def _is_very_form(fields: Mapping[str, Any]) -> bool:
    """Whether it is the form as it was asked for, as most replies are: nothing needs to be looked for in it."""
    if fields.keys() != _FORM:
        return False
    answers, said = [fields[name] for name in QUESTIONS], [fields[name] for name in _FORM - set(QUESTIONS)]
    return all(
        isinstance(answer, Mapping) and answer.keys() == _ANSWER and not isinstance(answer["answer"], Mapping)
        for answer in answers
    ) and not any(isinstance(unpacked(value), (Mapping, list)) for value in said)


def _questions_in(value: Any) -> Iterator[tuple[str, Any]]:
    """The answers in an object or a list, with its other fields; nothing where no question of ours is named."""
    if isinstance(value, Mapping) and _has_questions(Fields(value, {})):
        yield from value.items()
        return
    items = list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else []
    for item in items[: reply_values.MAX_ITEMS]:
        if not isinstance(item, Mapping):
            continue
        fields = Fields(item, ENTRY)
        asked = key(reply_values.text(fields.get("question")))
        if asked in QUESTIONS:
            yield asked, {name: fields.get(name) for name in ("answer", "genes")}
        elif _has_questions(Fields(item, {})):
            yield from item.items()


def _cited(value: Any) -> tuple[Cited, ...]:
    found = (Cited(reply_values.text(c.get("gene")), reply_values.text(c.get("speaks_for"))) for c in _genes(value))
    return tuple(cited for cited in found if is_given(cited.gene))


def _genes(value: Any) -> tuple[Mapping[str, Any], ...]:
    return entries(value, "gene", "speaks_for")


def _gene_names(value: Any) -> tuple[str, ...]:
    return tuple(filter(is_given, reply_values.texts(value)))


def _mixture(value: Any) -> tuple[Partner, ...]:
    listed = entries(value, "cell_type", "genes", _BETWEEN_TYPES)
    partners = (Partner(label_of(p.get("cell_type")), _gene_names(p.get("genes"))) for p in listed)
    return tuple(p for p in partners if p.genes or not is_nothing(p.cell_type))


def _candidate(entry: Mapping[str, Any]) -> Candidate:
    genes = _gene_names(entry.get("separating_genes"))
    return Candidate(label_of(entry.get("cell_type")), label_of(entry.get("cl_name")), genes)


def _sure(value: Any) -> Candidate | None:
    """The one type of a field, None where none is named; of a list the first."""
    entry = _entry(value)
    named = _candidate(entry) if entry is not None else None
    return None if named is None or nameless(named.cell_type) else named


def _entry(value: Any) -> Mapping[str, Any] | None:
    """The object of a type. In the form that was asked for, an empty name is none: no other field is taken for it."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, Mapping) and "cell_type" in value:
        return value
    return next(iter(candidates_of(value)), None)


def _specific(value: Any) -> Specific | None:
    """The finest type, None where none is named."""
    named = _sure(value)
    if named is None:
        return None
    entry = value[0] if isinstance(value, list) and value else value
    given = Fields(entry, ENTRY).get("probability") if isinstance(entry, Mapping) else None
    return Specific(named.cell_type, named.cl_name, named.separating_genes, reply_values.score(given))


def _answer(value: Any, question: str) -> Answer:
    """An answer, alone or with genes beside it; where there are none, those that its reason names."""
    if isinstance(value, list) and len(value) > 1 and not isinstance(value[0], (list, Mapping)):
        genes = [gene for one in value[1:] for gene in reply_values.texts(one)]
        has_second = any(reply_values.yes_or_no(gene) is not None for gene in genes)
        value = {} if has_second else {"answer": value[0], "genes": genes}
    if not isinstance(value, Mapping):
        return Answer(reply_values.yes_or_no(value), _symbols_in(value))
    is_form = value.keys() == _ANSWER
    fields = {name: unpacked(item) for name, item in value.items()} if is_form else Fields(value, ENTRY)
    said = fields.get("answer") if "answer" in fields else Fields(value, {}).get(question)
    if isinstance(said, Mapping):
        said = Fields(said, ENTRY).get("answer")
    cited = _gene_names(fields.get("genes"))
    return Answer(reply_values.yes_or_no(said), cited or _symbols_in(*value.values()))


def _symbols_in(*texts: Any) -> tuple[str, ...]:
    """Symbols of genes in sentences; not those that are words too ("Was", "Rest")."""
    words = (word for text in texts for word in _SYMBOL.findall(reply_values.text(text)))
    return tuple(dict.fromkeys(word for word in words if _is_written_symbol(word)))[: reply_values.MAX_ITEMS]


def _is_written_symbol(word: str) -> bool:
    marked = word == word.upper() or any(map(str.isdigit, word))
    return len(word) > 2 and marked and is_symbol(word)
