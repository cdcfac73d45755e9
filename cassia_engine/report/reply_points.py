"""What a reply says, as points for a reader: a heading, and lines with genes, marks and numbers.

Claims and verdicts are drawn as they were read in the conversation; other replies are shown as generic JSON or prose.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from cassia_engine.records import Finding, LookedUp, Ruling
from cassia_engine.records.record import Record
from cassia_engine.records.replies import Answer, Candidate, Choice, Cited, Claim, Specific, Verdict
from cassia_engine.replies.questions import VALIDATOR_QUESTIONS
from cassia_engine.replies.reading import MAX_CHARS

PASSED, FAILED, UNCLEAR = "passed", "failed", "unclear"
MARKS: Mapping[Ruling, str] = {Ruling.AGREES: PASSED, Ruling.OBJECTS: FAILED}
# What is said of objections that do not count.
NOT_COUNTED: Mapping[Ruling, str] = {
    Ruling.UNBACKED: " (not counted: too few of them are in the list)",
    Ruling.TOLERATED: " (no objection for a moderate validator)",
}


class Line(Record, frozen=True):
    """A line: words that count, words, genes, words after them; `mark` is PASSED, FAILED, UNCLEAR or empty."""

    strong: str = ""
    text: str = ""
    genes: tuple[str, ...] = ()
    after: str = ""
    mark: str = ""


class Point(Record, frozen=True):
    """A heading with its lines."""

    heading: str
    lines: tuple[Line, ...]
    numbered: bool = False


Points = tuple[Point, ...]


def of_claim(claim: Claim) -> Points:
    """An annotator's claim, in the order in which it was to think."""
    return _filled(_claimed(claim))


def of_choice(choice: Choice) -> Points:
    """An adjudicator's choice, in the order in which it was to think."""
    return _filled(
        (
            ("For a", (Line(genes=choice.for_a),) if choice.for_a else ()),
            ("For b", (Line(genes=choice.for_b),) if choice.for_b else ()),
            ("Reason", _words(choice.reason)),
            ("Choice", (Line(strong=choice.answer or "neither"),)),
        )
    )


def of_verdict(verdict: Verdict, rulings: Mapping[str, Ruling]) -> Points:
    """A validator's verdict, in the order in which it was to think, with what each answer counts for."""
    return _filled(_judged(verdict, rulings))


def of_checks(checks: Sequence[Finding]) -> tuple[Line, ...]:
    """What checks in code found, a line each with its mark."""
    return tuple(Line(text=check.text, mark=PASSED if check.passed else FAILED) for check in checks)


def of_looked_up(found: LookedUp, cluster: str) -> Points:
    """What the table says of the genes that were asked for, a line each."""
    said = (Line(genes=(gene,), after=f": {words}") for gene, words in found.words(cluster).items())
    missing = (Line(genes=found.missing),) if found.missing else ()
    return _filled((("In the table", said), ("Not in the table", missing)))


def unmarked(text: str) -> tuple[Line, ...]:
    """The lines of a text of checks of which no more is known."""
    return tuple(Line(text=line) for line in text.split("\n") if line.strip())


def anything(text: str) -> Points:
    """The fields of any JSON object as points, what is empty left out; () if the text is none."""
    if len(text) > MAX_CHARS or not text.lstrip().startswith("{"):
        return ()
    try:
        said = json.loads(text)
        return _filled((str(name).replace("_", " ").capitalize(), _lines(value)) for name, value in said.items())
    except (ValueError, RecursionError):
        return ()


def _filled(pairs: Iterable[tuple[str, Iterable[Line]]]) -> Points:
    points = (Point(heading, tuple(lines), heading == "Candidates") for heading, lines in pairs)
    return tuple(point for point in points if point.lines)


def _claimed(claim: Claim) -> Iterator[tuple[str, Iterable[Line]]]:
    yield "Evidence", _cited(claim.evidence)
    yield "Against it", _cited(claim.conflicts)
    yield "Lineage", _words(claim.lineage)
    yield "Candidates", map(_candidate, claim.candidates)
    if claim.sure:
        yield "Sure of", (Line(strong=claim.sure.cell_type),)
    if claim.specific:
        yield "Most specific type", _specific(claim.specific)
    yield (
        "Possible mixture",
        (Line(strong=p.cell_type, text="by" if p.genes else "", genes=p.genes) for p in claim.mixture),
    )
    yield "State", _words(claim.state)
    yield "Conflict with context", _words(claim.context_conflict)
    yield "Possible tissues", _words(", ".join(claim.possible_tissues))
    yield "Score", _score(claim.score, claim.score_reason)


def _judged(verdict: Verdict, rulings: Mapping[str, Ruling]) -> Iterator[tuple[str, Iterable[Line]]]:
    yield "Own best type", _words(verdict.own_type)
    yield "Questions", (_answered(name, answer, rulings[name]) for name, answer in verdict.answers.items())
    yield "Feedback", _words(verdict.feedback)
    yield "Score", _score(verdict.score, verdict.score_reason)


def _cited(cited: Iterable[Cited]) -> Iterator[Line]:
    """A line for each thing that genes speak for, with all its genes."""
    genes: dict[str, list[str]] = {}
    for one in cited:
        genes.setdefault(one.speaks_for, []).append(one.gene)
    return (Line(genes=tuple(names), after=f": {what}" if what else "") for what, names in genes.items())


def _specific(one: Specific) -> tuple[Line, ...]:
    stated = "" if one.probability is None else f"{one.probability:g} of 100"
    return (Line(strong=one.cell_type, text=stated, genes=one.separating_genes),)


def _candidate(one: Candidate) -> Line:
    other = one.cl_name and one.cl_name.casefold() != one.cell_type.casefold()
    words = (f"(in the ontology: {one.cl_name})" if other else "", "set apart by" if one.separating_genes else "")
    return Line(strong=one.cell_type or "(no name)", text=" ".join(filter(None, words)), genes=one.separating_genes)


def _answered(name: str, answer: Answer, ruling: Ruling) -> Line:
    word = "no clear answer" if answer.yes is None else "yes" if answer.yes else "no"
    return Line(
        strong=word,
        text=VALIDATOR_QUESTIONS[name].shown,
        genes=answer.genes,
        after=NOT_COUNTED.get(ruling, ""),
        mark=MARKS.get(ruling, UNCLEAR),
    )


def _score(score: float | None, reason: str) -> tuple[Line, ...]:
    given = "" if score is None else f"{score:g} of 100{':' if reason else ''}"
    return (Line(strong=given, text=reason),) if given or reason else ()


def _words(text: str) -> tuple[Line, ...]:
    return (Line(text=text),) if text else ()


def _lines(value: object) -> tuple[Line, ...]:
    parts: Iterable[object] = value if isinstance(value, list) and _has_objects(value) else (value,)
    return tuple(Line(text=text) for text in map(_spoken, parts) if text)


def _has_objects(values: list[object]) -> bool:
    return any(isinstance(value, dict) for value in values)


def _spoken(value: object) -> str:
    """A value in words: "CD3D: T cell", "yes (CD3D, CD3E)", "T cell, NK cell"; "" for nothing."""
    match value:
        case None:
            return ""
        case dict():
            first, *others = [*filter(None, map(_spoken, value.values()))] or [""]
            return f"{first} ({'; '.join(others)})" if others else first
        case list():
            return ", ".join(filter(None, map(_spoken, value)))
        case _:
            return str(value)
