"""What the page says, worked out from the records: templates and scripts only place it.

Texts are raw here; they are made visible and escaped where they enter the page, and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cassia_engine.records import ClusterResult, Dataset, Outcome, RunInfo, Selection
from cassia_engine.report import words
from cassia_engine.report.facts import facts
from cassia_engine.report.look import KINDS, sentence
from cassia_engine.report.markertable import Column, present_columns
from cassia_engine.report.methods import citations, methods
from cassia_engine.report.rows import Row, row

FAILURES = frozenset(outcome.value for outcome in Outcome if outcome.is_failure)
PERSON = ("person", "named by a person")
LISTED_AT_ONCE = 8  # clusters that need a look, before the list folds


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the outcome bar, in units of clusters from its left end."""

    kind: str
    word: str
    count: int
    start: int


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    context: tuple[str, ...]
    lead: str
    have: str
    need: str
    notice: str
    look: tuple[Row, ...]
    look_later: tuple[Row, ...]
    facts: tuple[tuple[str, str], ...]
    segments: tuple[Segment, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    all_validated: bool
    offline: bool
    score_meaning: str
    methods: tuple[str, ...]
    cited: tuple[str, ...]
    made_with: str


def page(
    dataset: Dataset,
    selection: Selection,
    run: RunInfo,
    results: Sequence[ClusterResult],
    made_with: Mapping[str, str],
) -> Page:
    """The view of a sample, clusters in the order given; what is said of one cluster alone is in `details`."""
    rows = tuple(row(result, run.provider) for result in results)
    look = sorted((r for r in rows if r.concerns), key=lambda r: r.concerns[0].rank)
    return Page(
        name=dataset.name,
        context=tuple(text for text in (dataset.species, dataset.tissue) if text),
        lead=words.NO_MODEL if run.provider == words.OFFLINE else "",
        have=words.have_a_type(
            sum(r.has_type for r in rows), len(rows), sum(r.named_by_person is not None for r in results)
        ),
        need=words.need_a_look(len(look)) if rows else "",
        notice=sentence(run.notice),
        look=tuple(look[:LISTED_AT_ONCE]),
        look_later=tuple(look[LISTED_AT_ONCE:]),
        facts=facts(dataset, selection, run, results),
        segments=segments(rows),
        columns=present_columns(results),
        rows=rows,
        all_validated=all(r.validated for r in rows),
        offline=run.provider == words.OFFLINE,
        score_meaning=words.score_meaning(run),
        methods=methods(dataset, selection, run, results, made_with),
        cited=citations(selection, run, results, made_with),
        made_with=", ".join(f"{what} {version}" for what, version in made_with.items()),
    )


def segments(rows: Sequence[Row]) -> tuple[Segment, ...]:
    """The outcome bar: clear, named by a person, with a warning, no markers, then each kind of failure."""
    counts = Counter(_segment(r) for r in rows)
    return in_order(counts)


def in_order(counts: Mapping[tuple[str, str], int]) -> tuple[Segment, ...]:
    """Parts of an outcome bar, by kind and word with their numbers of clusters, side by side; empty ones left out."""
    order = [("clear", "clear"), PERSON, ("warned", "with a warning"), ("empty", "no markers")]
    order += [("lost", words.OUTCOME_WORDS[Outcome(kind)]) for kind in KINDS if kind in FAILURES]
    found, start = [], 0
    for key in order:
        if counts.get(key):
            found.append(Segment(*key, counts[key], start))
            start += counts[key]
    return tuple(found)


def _segment(r: Row) -> tuple[str, str]:
    if r.named_by_person:
        return PERSON
    if r.annotated:
        return ("warned", "with a warning") if r.concerns else ("clear", "clear")
    return ("empty", r.outcome_word) if r.concerns[0].kind == "no_markers" else ("lost", r.outcome_word)
