"""What a replay needs to know beyond the conversations themselves, in the conversations file: with each cluster, and
with the first one what is of the whole sample.

It is packed (base64 of zlib of JSON), as nobody reads it and the statistics of all markers are many numbers.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from cassia_engine.records import (
    NO_RUN,
    Cluster,
    ClusterResult,
    ControlKind,
    ControlResult,
    Conversation,
    Correction,
    Dataset,
    FailedCall,
    Lookups,
    Merged,
    Outcome,
    RunInfo,
    SampledCells,
    Selection,
    from_json,
)
from cassia_engine.records.record import Record
from cassia_engine.report import Section
from cassia_engine.report.pack import LEVEL

REPLAY = "replay"
VERSION = "1"
_DIGITS = 16  # of a digest
_MOST_BYTES = 2**30  # of what is unpacked
_NO_CONVERSATION = Conversation()

_Facts = TypeVar("_Facts", bound=Record)


@dataclass(frozen=True, slots=True)
class ReportParts:
    """What a report has that is not of the sample: software and its version, and further tables."""

    made_with: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()


NO_PARTS = ReportParts()


class ClusterFacts(Record, frozen=True, omit_defaults=True):
    """A cluster, and what else its conversations are held with.

    Attributes:
        run: who annotated it, the number in the sample's list.
        digest: of its result.
        correction: what a person said of it.
        failed_calls, lookups: as in its result.
        result: all of it, where it does not follow from a conversation or from marker scoring.
    """

    cluster: Cluster
    run: int
    digest: str
    correction: Correction | None = None
    failed_calls: tuple[FailedCall, ...] = ()
    lookups: tuple[Lookups, ...] = ()
    result: ClusterResult | None = None


class ControlFacts(Record, frozen=True, omit_defaults=True):
    """A control, with its calls, which no other file has."""

    kind: ControlKind
    of: tuple[str, ...]
    cluster: Cluster
    digest: str
    calls: tuple[Mapping[str, Any], ...] = ()
    failed_calls: tuple[FailedCall, ...] = ()
    result: ClusterResult | None = None


class SampleFacts(Record, frozen=True):
    """What is of the whole sample; `made_with` and `sections` are as in `ReportParts`."""

    dataset: Dataset
    selection: Selection
    n_clusters: int
    n_siblings: int
    lookup_genes: int
    runs: tuple[RunInfo, ...]
    controls: tuple[ControlFacts, ...]
    cells: SampledCells | None
    made_with: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


def facts_of(result: ClusterResult, run: RunInfo, runs: Sequence[RunInfo]) -> ClusterFacts:
    """The facts of a cluster that one of the runs has annotated."""
    whole = result.whole()
    return ClusterFacts(
        result.cluster,
        runs.index(run),
        digest(whole),
        result.correction,
        result.failed_calls or (),
        result.lookups or (),
        _carried(whole, run),
    )


def sample_facts(merged: Merged, page: ReportParts, runs: Sequence[RunInfo]) -> SampleFacts:
    """The facts of a sample."""
    asker = next((run for run in merged.runs if run is not NO_RUN), NO_RUN)
    return SampleFacts(
        merged.dataset,
        merged.selection,
        len(merged.results),
        merged.n_siblings,
        merged.lookup_genes,
        tuple(runs),
        tuple(_control_facts(control, asker) for control in merged.controls),
        merged.cells,
        page.made_with,
        page.sections,
    )


def digest(result: ClusterResult) -> str:
    """What tells a result from others with the same conversation: what was read, checked and decided. A correction is
    no part of it."""
    decided = replace(result, conversation=_NO_CONVERSATION, correction=None)
    return hashlib.sha256(msgspec.json.encode(decided)).hexdigest()[:_DIGITS]


def written(facts: ClusterFacts, sample: SampleFacts | None) -> dict[str, str]:
    """The facts as the conversations file has them."""
    found = {"version": VERSION, "cluster": _pack(facts)}
    return found if sample is None else {**found, "sample": _pack(sample)}


def unpacked(kind: type[_Facts], text: str) -> _Facts:
    """The facts of a packed text.

    Raises:
        ValueError: it is none; says why.
    """
    unpacker = zlib.decompressobj()
    try:
        data = json.loads(unpacker.decompress(base64.b64decode(text, validate=True), _MOST_BYTES))
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not unpacker.eof:
        raise ValueError("it does not end, or is larger than 1 GB unpacked")
    if not isinstance(data, dict):
        raise ValueError("expected an object")
    return from_json(kind, data)


def _control_facts(control: ControlResult, asker: RunInfo) -> ControlFacts:
    result = control.result
    calls, failed = result.conversation.calls, result.failed_calls or ()
    return ControlFacts(
        control.kind, control.of, result.cluster, digest(result), calls, failed, _carried(result, asker)
    )


def _carried(result: ClusterResult, run: RunInfo) -> ClusterResult | None:
    """The result, if nothing that is held again would lead to it: a task did not come to it, or another program or an
    earlier version made it."""
    if run.setup is not None and result.outcome is not Outcome.NOT_REACHED:
        return None
    return replace(result, correction=None)


def _pack(facts: Record) -> str:
    return base64.b64encode(zlib.compress(msgspec.json.encode(facts), LEVEL)).decode("ascii")
