"""Everything else of a cluster, which the page unpacks when its view is opened."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from cassia_engine.cells.agreement import ComparedWitness, compared_witnesses
from cassia_engine.records import OFFLINE, ClusterCells, ClusterResult, MarkerScoring, RunInfo, SetAside
from cassia_engine.records.record import Record
from cassia_engine.report import calls, wording
from cassia_engine.report.answers import COMPARED, Answer, answer, named
from cassia_engine.report.calls import CallRow
from cassia_engine.report.dialogue import Turn, dialogue_summary, turns
from cassia_engine.report.pack import given
from cassia_engine.report.requests import Own, requests
from cassia_engine.report.review_flags import ReviewFlag, review_flags, sentence
from cassia_engine.report.rows import opinion, row, row_data


class Detail(Record, frozen=True):
    """The view of a cluster beside its row and its markers; what is empty is left out of the data.

    `answer` and `review_flags` are of what was answered, also where a person has corrected it; `before` says who
    answered where a person's label stands first. `named` is of the label that a person gave in its place. `scoring` is
    how offline marker scoring came to its answer; then there is no conversation. `dialogue` sums the turns up.
    `cells` is what its cells say, where they are known.
    """

    n_rows: int
    n_passing: int
    before: str = ""
    answer: Answer | None = None
    named: Answer | None = None
    review_flags: tuple[ReviewFlag, ...] = ()
    context: str = ""
    cells: ClusterCells | None = None
    set_aside: tuple[SetAside, ...] = ()
    hints: tuple[str, ...] = ()
    usage: tuple[tuple[str, str], ...] = ()
    scoring: MarkerScoring | None = None
    turns: tuple[Turn, ...] = ()
    dialogue: str = ""
    calls: tuple[CallRow, ...] = ()
    conversations: int = 0
    cost_source: str = ""


def detail(result: ClusterResult, run: RunInfo) -> Detail:
    provider = run.provider
    before = uncorrected(result)
    a = opinion(before)
    said = result.named_by_person
    held = result.conversation
    spoken = (
        turns(held, result.rounds, result.adjudication, result.cluster.id) if held.calls or provider != OFFLINE else ()
    )
    return Detail(
        n_rows=result.cluster.n_rows,
        n_passing=result.cluster.n_passing,
        before=who_answered(provider) if result.replaced else "",
        answer=answer(a, result) if a else None,
        named=named(said) if said and opinion(result) is None else None,
        review_flags=review_flags(before, provider),
        context=result.cluster.context,
        cells=result.cluster.cells or None,
        set_aside=result.cluster.set_aside,
        hints=tuple(map(sentence, result.cluster.hints)),
        usage=tuple(wording.usage_facts([result])) if result.usage.calls else (),
        scoring=result.scoring,
        turns=spoken,
        dialogue=dialogue_summary(spoken, result),
        calls=calls.rows(held.calls),
        conversations=len({(calls.vote(call), calls.replicate(call)) for call in held.calls}),
        cost_source=calls.cost_sources(held.calls),
    )


def uncorrected(result: ClusterResult) -> ClusterResult:
    """The result as it was answered."""
    return replace(result, correction=None)


def who_answered(provider: str) -> str:
    """The start of a line that tells the answer where a person's label stands first."""
    return "The marker scoring said" if provider == OFFLINE else "The model said"


def detail_data(result: ClusterResult, run: RunInfo, own: Own) -> dict[str, Any]:
    """A cluster's details as the scripts get them; its long texts are in `texts`."""
    found = detail(result, run)
    data = given(found)
    if result.replaced:
        data["answered"] = row_data(row(uncorrected(result), run.provider))
    if found.cells:
        lineages = [{**given(pair), "by_chance": pair.by_chance} for pair in found.cells.lineages]
        more = {"lineages": lineages, "witnesses": list(map(_witness, compared_witnesses(result)))}
        data["cells"] = {**given(found.cells), **{name: values for name, values in more.items() if values}}
    if found.review_flags:
        data["review_flags"] = [{**given(flag), "tone": flag.tone} for flag in found.review_flags]
    if found.turns:
        data["turns"] = [{**given(turn), "text": own.ref(turn.text)} for turn in found.turns]
    if result.conversation.calls:
        data["requests"] = requests(result.conversation.calls, own)
    if texts := list(own):
        data["texts"] = texts
    return data


def _witness(one: ComparedWitness) -> dict[str, Any]:
    compared = {"compared": COMPARED[one.relation]} if one.witness.label is not None else {}
    return {**given(one.witness), **compared, "contradicts": one.contradicts}
