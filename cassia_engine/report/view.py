"""What the page says, worked out from the records: the templates only place it.

Texts are raw here; they are escaped where they enter the page and nowhere else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from cassia_engine.records import ClusterResult, Dataset, Outcome, RunInfo, Selection, SetAside
from cassia_engine.report import calls, words
from cassia_engine.report.answers import Answer, answer
from cassia_engine.report.calls import CallRow
from cassia_engine.report.facts import facts
from cassia_engine.report.look import KINDS, Concern, concerns, sentence
from cassia_engine.report.markertable import BAR_END, COLUMNS, Column, MarkerRow, marker_rows, present_columns
from cassia_engine.report.talk import Turn, talk_summary, turns

FAILURES = frozenset(outcome.value for outcome in Outcome if outcome.is_failure)
LISTED_AT_ONCE = 8  # clusters that need a look, before the list folds


@dataclass(frozen=True, slots=True)
class Card:
    """A cluster. `answer` is None where there is no annotation; nothing is guessed in its place. An answer may name no
    type: "unresolved"."""

    id: str
    anchor: str
    outcome: str
    answer: Answer | None
    has_type: bool
    concerns: tuple[Concern, ...]
    validated: bool | None
    decided_by: str
    usage: tuple[tuple[str, str], ...]
    context: str
    n_rows: int
    n_passing: int
    set_aside: tuple[SetAside, ...]
    hints: tuple[str, ...]
    markers: tuple[MarkerRow, ...]
    turns: tuple[Turn, ...]
    talk: str
    calls: tuple[CallRow, ...]
    conversations: int
    cost_source: str

    @property
    def genes(self) -> tuple[str, ...]:
        """The genes of the overview: those that decided, else the first markers, which nobody judged."""
        return self.answer.evidence if self.answer else tuple(row.gene for row in self.markers)


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
    look: tuple[Card, ...]
    look_later: tuple[Card, ...]
    facts: tuple[tuple[str, str], ...]
    segments: tuple[Segment, ...]
    columns: tuple[str, ...]
    bars: bool
    bar_capped: bool
    cards: tuple[Card, ...]
    n_without: int
    all_validated: bool
    offline: bool
    score_meaning: str
    methods: str
    made_with: str


def page(
    dataset: Dataset,
    selection: Selection,
    run: RunInfo,
    results: Sequence[ClusterResult],
    made_with: Mapping[str, str],
) -> Page:
    """The whole view of a sample, clusters in the order given."""
    columns = present_columns(results)
    strongest = max((m.log2fc for r in results for m in r.cluster.markers if m.log2fc and m.log2fc > 0), default=0.0)
    cards = tuple(card(result, run.provider, columns, min(strongest, BAR_END)) for result in results)
    look = sorted((c for c in cards if c.concerns), key=lambda c: c.concerns[0].rank)
    typed = sum(c.has_type for c in cards)
    return Page(
        name=dataset.name,
        context=tuple(text for text in (dataset.species, dataset.tissue) if text),
        lead=words.NO_MODEL if run.provider == words.OFFLINE else "",
        have=words.have_a_type(typed, len(cards)),
        need=words.need_a_look(len(look)) if cards else "",
        notice=sentence(run.notice),
        look=tuple(look[:LISTED_AT_ONCE]),
        look_later=tuple(look[LISTED_AT_ONCE:]),
        facts=facts(dataset, selection, run, results),
        segments=segments(cards),
        columns=tuple(heading for heading, _, _ in columns),
        bars=columns[:1] == COLUMNS[:1],
        bar_capped=strongest > BAR_END,
        cards=cards,
        n_without=sum(c.answer is None for c in cards),
        all_validated=all(c.validated for c in cards),
        offline=run.provider == words.OFFLINE,
        score_meaning=words.score_meaning(run),
        methods=words.methods(dataset, selection, run, results),
        made_with=", ".join(f"{what} {version}" for what, version in made_with.items()),
    )


def anchor(cluster_id: str) -> str:
    """The fragment of a cluster's card: injective, and free of anything HTML or a URL gives a meaning."""
    return "cluster=" + quote(cluster_id, safe="", errors="surrogatepass")


def card(result: ClusterResult, provider: str, columns: Sequence[Column], bar_end: float) -> Card:
    """A cluster's card; bars of fold changes are drawn from 0 to `bar_end`."""
    a = result.annotation if result.outcome is Outcome.ANNOTATED else None
    held = result.conversation
    spoken = turns(held, result.validated)
    return Card(
        id=result.cluster.id,
        anchor=anchor(result.cluster.id),
        outcome=words.OUTCOME_WORDS[result.outcome],
        answer=answer(a, result) if a else None,
        has_type=result.has_cell_type,
        concerns=concerns(result, provider),
        validated=result.validated,
        decided_by=result.decided_by,
        usage=tuple(words.usage_facts([result])) if result.usage.calls else (),
        context=result.cluster.context,
        n_rows=result.cluster.n_rows,
        n_passing=result.cluster.n_passing,
        set_aside=result.cluster.set_aside,
        hints=tuple(map(sentence, result.cluster.hints)),
        markers=marker_rows(result.cluster.markers, a, columns, bar_end),
        turns=spoken,
        talk=talk_summary(spoken, held, result.validated),
        calls=calls.rows(held.calls),
        conversations=len({calls.replicate(call) for call in held.calls}),
        cost_source=calls.cost_sources(held.calls),
    )


def segments(cards: Sequence[Card]) -> tuple[Segment, ...]:
    """The outcome bar: clear, with a warning, no markers, then each kind of failure."""
    counts = Counter(_segment(c) for c in cards)
    order = [("clear", "clear"), ("warned", "with a warning"), ("empty", "no markers")]
    order += [("lost", words.OUTCOME_WORDS[Outcome(kind)]) for kind in KINDS if kind in FAILURES]
    found, start = [], 0
    for key in order:
        if counts[key]:
            found.append(Segment(*key, counts[key], start))
            start += counts[key]
    return tuple(found)


def _segment(c: Card) -> tuple[str, str]:
    if c.answer:
        return ("warned", "with a warning") if c.concerns else ("clear", "clear")
    return ("empty", c.outcome) if c.concerns[0].kind == "no_markers" else ("lost", c.outcome)
