"""The tables of a sample: which columns the summary has, in which order, and what stands in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from cassia_engine.cells.agreement import compared_witnesses
from cassia_engine.csv_injection import csv_row, guard
from cassia_engine.files import atomic_write
from cassia_engine.outputs.replay_facts import NO_PARTS, REPLAY, ReportParts, facts_of, sample_facts, written
from cassia_engine.records import SECOND, Annotation, ClusterResult, Conversation, Correction, Dataset, Merged, RunInfo
from cassia_engine.records.json_form import to_json
from cassia_engine.report.review_flags import review_flags
from cassia_engine.report.voting import votes_words

Value = Callable[[ClusterResult, RunInfo, Dataset], str]


def _of_annotation(value: Callable[[Annotation], str], by_person: Callable[[Correction], str] | None = None) -> Value:
    """A column of the answer; empty where there is none, or a person's label stands in its place and says nothing."""

    def cell(result: ClusterResult, run: RunInfo, dataset: Dataset) -> str:
        if result.standing:
            return value(result.standing)
        named = result.named_by_person
        return by_person(named) if by_person and named else ""

    return cell


def _validated(result: ClusterResult) -> str:
    if result.validated is None or result.replaced:
        return ""
    return "yes" if result.validated else "no"


def _cross_check(result: ClusterResult) -> str:
    """What marker scoring says, and what that is compared with the answer: "broader: lymphocyte"."""
    found = result.cross_check
    return f"{found.relation}: {found.label}" if found and found.label else ""


def _second_opinion(result: ClusterResult) -> str:
    if result.adjudication is None:
        return ""
    return "agrees" if result.adjudication.agree else "differs"


def _prompts(result: ClusterResult, run: RunInfo) -> str:
    """The version of the prompts: a conversation that was replayed may be of an earlier one than the run."""
    return next((str(call["prompts"]) for call in result.conversation.calls if "prompts" in call), run.prompts)


def _genes(items: Iterable[str]) -> str:
    return ", ".join(items)


def _types(items: Iterable[str]) -> str:
    # Names of the Cell Ontology have commas in them ("CD8-positive, alpha-beta T cell").
    return "; ".join(items)


def _number(value: float | None) -> str:
    """A number without needless digits; unknown stays empty, which is not 0."""
    return "" if value is None else f"{value:.10g}"


# The first eleven names and their order are those that users of CASSIA's tables have scripts for.
COLUMNS: Mapping[str, Value] = {
    "Cluster ID": lambda r, run, d: r.cluster.id,
    "Predicted General Cell Type": _of_annotation(lambda a: a.general_type, lambda c: c.general_type),
    "Predicted Detailed Cell Type": _of_annotation(
        lambda a: _types(t.label for t in a.detailed_types), lambda c: c.label
    ),
    "Possible Mixed Cell Types": _of_annotation(lambda a: _types(a.mixed_types)),
    "Marker Number": lambda r, run, d: str(len(r.cluster.markers)),
    "Marker List": lambda r, run, d: _genes(r.cluster.genes),
    "Iterations": lambda r, run, d: str(r.iterations),
    "Model": lambda r, run, d: run.model,
    "Provider": lambda r, run, d: run.provider,
    "Tissue": lambda r, run, d: d.tissue,
    "Species": lambda r, run, d: d.species,
    "Status": lambda r, run, d: r.outcome.value,
    "Reason": lambda r, run, d: r.reason,
    "CL ID": _of_annotation(lambda a: a.cl_id, lambda c: c.cl_id),
    "CL Label": _of_annotation(lambda a: a.cl_label, lambda c: c.cl_label),
    "Cell State": _of_annotation(lambda a: a.state),
    "Confidence": _of_annotation(lambda a: a.confidence.value),
    "Score": lambda r, run, d: "" if r.replaced else _number(r.score),
    "Validated": lambda r, run, d: _validated(r),
    "Evidence Genes": _of_annotation(lambda a: _genes(a.evidence_genes)),
    "Conflicting Genes": _of_annotation(lambda a: _genes(a.conflicting_genes)),
    "Unsupported Genes": _of_annotation(lambda a: _genes(a.unsupported_genes)),
    "Decided By": lambda r, run, d: r.named_by_person.decided_by if r.named_by_person else r.decided_by,
    "Calls": lambda r, run, d: str(r.usage.calls),
    "Input Tokens": lambda r, run, d: _number(r.usage.input_tokens),
    "Output Tokens": lambda r, run, d: _number(r.usage.output_tokens),
    "Cost (USD)": lambda r, run, d: _number(r.usage.cost_usd),
    "CL Match": _of_annotation(lambda a: a.match.text, lambda c: c.match.text),
    "Possible Tissues": _of_annotation(lambda a: _types(a.possible_tissues)),
    "Genes Set Aside": lambda r, run, d: "; ".join(f"{s.kind}: {_genes(s.genes)}" for s in r.cluster.set_aside),
    "Prompt Version": lambda r, run, d: _prompts(r, run),
    "Parameters Sent": lambda r, run, d: sent_words(r.conversation),
    "Corrected From": lambda r, run, d: r.annotation.label if r.annotation and r.replaced else "",
    "Comment": lambda r, run, d: r.correction.comment if r.correction else "",
    "Cells": lambda r, run, d: _number(r.cluster.n_cells),
    "Witnesses": lambda r, run, d: _types(one.text for one in compared_witnesses(r)),
    "Needs Review": lambda r, run, d: "yes" if review_flags(r, run.provider) else "no",
    "Review Reason": lambda r, run, d: _types(flag.word for flag in review_flags(r, run.provider)),
    "Probability Exact": _of_annotation(lambda a: _number(a.probability)),
    "Probability Near": _of_annotation(lambda a: _number(a.probability_near)),
    "Finer Cell Type": _of_annotation(lambda a: a.specific.label if a.specific else ""),
    "Marker Scoring": lambda r, run, d: "" if r.replaced else _cross_check(r),
    "Second Opinion": lambda r, run, d: "" if r.replaced else _second_opinion(r),
    "Votes": lambda r, run, d: "" if r.replaced else votes_words(r),
    "Agreement": lambda r, run, d: "" if r.replaced else _number(r.agreement),
}
ONLY_FULL: Mapping[str, Value] = {
    "Conversation History": lambda r, run, d: text_of(r),
}
FULL_COLUMNS: Mapping[str, Value] = {**COLUMNS, **ONLY_FULL}


# The columns that hold numbers; all others are text, ids first of all.
NUMBERS = (
    *("Marker Number", "Iterations", "Score", "Calls", "Input Tokens", "Output Tokens", "Cost (USD)", "Cells"),
    *("Probability Exact", "Probability Near", "Agreement"),
)


def summary_rows(merged: Merged) -> list[dict[str, str]]:
    """The summary as text, a mapping a cluster, as it is: nothing is guarded against spreadsheets."""
    return [
        {name: value(result, run, merged.dataset) for name, value in COLUMNS.items()}
        for result, run in zip(merged.results, merged.runs, strict=True)
    ]


def write_tables(merged: Merged, outdir: Path, page: ReportParts = NO_PARTS) -> list[Path]:
    """Write `<name>_summary.csv`, `<name>_full.csv` and `<name>_conversations.json`; returns their paths.

    Args:
        page: what the report has of its own, for a replay.
    """
    stem = outdir / merged.dataset.name
    summary, full, conversations = (
        stem.with_name(stem.name + end) for end in ("_summary.csv", "_full.csv", "_conversations.json")
    )
    with atomic_write(summary) as short, atomic_write(full) as long, atomic_write(conversations) as held:
        short.write(csv_row(COLUMNS))
        long.write(csv_row(FULL_COLUMNS))
        runs = tuple(dict.fromkeys(merged.runs))
        # All of a cluster at once: its conversation may have to be read from a file.
        for number, (result, run) in enumerate(zip(merged.results, merged.runs, strict=True)):
            cells = [guard(value(result, run, merged.dataset)) for value in COLUMNS.values()]
            short.write(csv_row(cells))
            long.write(csv_row((*cells, *(guard(value(result, run, merged.dataset)) for value in ONLY_FULL.values()))))
            facts = written(facts_of(result, run, runs), None if number else sample_facts(merged, page, runs))
            held.write(("," if number else "{") + member(result, run, facts))
        held.write("\n}\n" if merged.results else "{}\n")
    return [summary, full, conversations]


def sent_words(conversation: Conversation) -> str:
    """The parameters that really went out, "max_tokens 4096; temperature 0"; where calls differ, each value."""
    found: dict[str, list[str]] = {}
    for call in conversation.calls:
        for name, value in call.get("sent", {}).items():
            values = found.setdefault(name, [])
            if f"{value}" not in values:
                values.append(f"{value}")
    return "; ".join(f"{name} {' or '.join(values)}" for name, values in sorted(found.items()))


def text_of(result: ClusterResult) -> str:
    """A cluster's conversation as plain text, in the order in which it was held."""
    turns: list[str] = []
    conversation = result.conversation
    seconds = [number for number, one in enumerate(result.rounds) if one.role == SECOND]
    looked_up = {number: one.looked_up for number, one in enumerate(result.rounds) if one.looked_up}
    for number, annotation in enumerate(conversation.annotations):
        if number in looked_up:
            turns.append("Genes looked up:\n" + "\n".join(looked_up[number].lines(result.cluster.id)))
        who = "Second annotator" if number in seconds else "Annotator"
        turns.append(f"{who}:\n{annotation}")
        turns += [f"Checks in code:\n{text}" for text in conversation.checks[number : number + 1]]
        turns += [f"Validator:\n{text}" for text in conversation.validations[number : number + 1] if text]
    if conversation.adjudication:
        turns.append(f"Adjudicator:\n{conversation.adjudication}")
    if conversation.formatting:
        turns.append(f"Answer:\n{conversation.formatting}")
    if conversation.scoring:
        turns.append(f"Scorer:\n{conversation.scoring}")
    return "\n\n".join(turns)


def member(result: ClusterResult, run: RunInfo, replay: Mapping[str, Any]) -> str:
    """A cluster's conversation as a member of the object of all, with the answer, what its probability follows from
    and who gave it, for `cassia calibrate`, with its witnesses if it has any, and with what a replay needs to know."""
    name, answer = json.dumps(result.cluster.id, ensure_ascii=False), result.annotation
    typed = answer if answer and answer.detailed_types else None
    added: dict[str, Any] = {
        "label": typed.label if typed else "",
        "cl_id": typed.cl_id if typed else "",
        "features": dict(result.features),
        "provider": run.provider,
        "model": run.model,
    }
    if said := compared_witnesses(result):
        added["witnesses"] = [{**to_json(one.witness), "relation": one.relation} for one in said]
    added[REPLAY] = dict(replay)
    held = f"{result.conversation_json.removesuffix('}')}, {json.dumps(added, ensure_ascii=False).removeprefix('{')}"
    return msgspec.json.format(f"{{{name}:{held}}}", indent=1).removeprefix("{").removesuffix("\n}")
