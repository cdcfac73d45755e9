"""A replay: what the recorded answers lead to now, compared with what they led to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from cassia_engine._version import __version__
from cassia_engine.errors import ReplayDiffersError, shown
from cassia_engine.outputs.replay_facts import REPLAY, ClusterFacts, ControlFacts, digest
from cassia_engine.outputs.summary_tables import member
from cassia_engine.records import ClusterResult, ControlResult, Merged
from cassia_engine.replaying.holding import Again, hold_again
from cassia_engine.replaying.reading import Recorded, RecordedCluster, read
from cassia_engine.report import Section
from cassia_engine.stages.collect import merge
from cassia_engine.text import counted

MOST_LINES = 20  # clusters that are named


@dataclass(frozen=True, slots=True)
class Replayed:
    """A sample as it was, and what else its report has."""

    merged: Merged
    made_with: Mapping[str, str]
    sections: tuple[Section, ...]
    n_calls: int


def replayed(path: Path, knowledge: Path | None = None) -> Replayed:
    """The sample of a conversations file, each conversation held again with the recorded answers.

    Args:
        knowledge: the file of further marker knowledge that the run was given.

    Raises:
        UsageError: the file cannot be replayed.
        ReplayDiffersError: something else than what is recorded came of it; a line for each cluster.
    """
    recorded = read(path)
    clusters: dict[int, ClusterResult] = {}
    controls: dict[int, ClusterResult] = {}
    differences: dict[tuple[bool, int], str] = {}
    for again in hold_again(recorded, knowledge):
        if why := _difference(recorded, again):
            differences[again.is_control, again.number] = why
        elif again.result:
            (controls if again.is_control else clusters)[again.number] = again.result
    if differences:
        raise _differs(recorded, [line for _, line in sorted(differences.items())])
    sample = recorded.sample
    asked = [ControlResult(one.kind, one.of, controls[place]) for place, one in enumerate(sample.controls)]
    merged = merge(
        sample.dataset,
        sample.selection,
        [
            (replace(clusters[place], correction=one.facts.correction), sample.runs[one.facts.run])
            for place, one in enumerate(recorded.clusters)
        ],
        sample.cells,
        asked,
        sample.n_siblings,
        sample.lookup_genes,
    )
    n_calls = sum(len(held.calls) for held in (*(one.held for one in recorded.clusters), *recorded.controls))
    return Replayed(merged, dict(sample.made_with), sample.sections, n_calls)


def _difference(recorded: Recorded, again: Again) -> str:
    """The line that says how something else than before came of a cluster or control; "" if nothing else did."""
    if again.is_control:
        facts: ClusterFacts | ControlFacts = recorded.sample.controls[again.number]
        name = f"control {again.number + 1}"
    else:
        facts = recorded.clusters[again.number].facts
        name = f"cluster {shown(facts.cluster.id)}"
    if again.result is None:
        return f"{name}: {again.why_none}"
    if not again.is_control and (why := _of_member(recorded, recorded.clusters[again.number], again.result)):
        return f"{name}: {why}"
    if digest(again.result) != facts.digest:
        return f"{name}: the conversation is as recorded, but the result that it leads to is another"
    return ""


def _of_member(recorded: Recorded, one: RecordedCluster, result: ClusterResult) -> str:
    run = recorded.sample.runs[one.facts.run]
    made = json.loads("{" + member(result, run, {}) + "}")[one.facts.cluster.id]
    names = [name for name in dict.fromkeys((*one.member, *made)) if name != REPLAY]
    other = [name for name in names if made.get(name) != one.member.get(name)]
    if not other:
        return ""
    if "label" in other:
        return f"its label is now {_label(made)} and was {_label(one.member)}"
    return f"the recorded answers lead to other {', '.join(other)}"


def _label(member: Mapping[str, Any]) -> str:
    return shown(member.get("label") or "none")


def _differs(recorded: Recorded, lines: list[str]) -> ReplayDiffersError:
    versions = {run.engine_version for run in recorded.sample.runs} - {"", __version__}
    by = f"cassia {', '.join(sorted(versions))} wrote it, and this is {__version__}" if versions else "it was changed"
    more = [f"and {len(lines) - MOST_LINES:,} more"] if len(lines) > MOST_LINES else []
    total = counted(len(recorded.clusters) + len(recorded.controls), "conversation")
    last = f"{recorded.path}: {len(lines):,} of {total} not as recorded ({by}), and nothing is written"
    return ReplayDiffersError("\n".join((*lines[:MOST_LINES], *more, last)), code="replay-differs")
