"""Reads a conversations file for a replay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from cassia_engine._version import __version__
from cassia_engine.errors import UsageError, shown
from cassia_engine.outputs.replay_facts import REPLAY, VERSION, ClusterFacts, SampleFacts, unpacked
from cassia_engine.providers.adjusting import Adjustments
from cassia_engine.providers.chat import Finish
from cassia_engine.records import NO_RUN, FailedCall, Lookups, RunInfo
from cassia_engine.records.record import Number, Record
from cassia_engine.text import counted, one_line


class RecordedCall(Record, frozen=True, forbid_unknown_fields=False):
    """A call of a conversation; the fields are those of `docs/formats.md`."""

    ordinal: int
    replicate: int
    dialect: str
    url: str
    request: Mapping[str, Any]
    response: str
    model: str
    finish: Finish
    finish_reason: str
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: Number | None
    cost_source: str
    at: str
    seconds: Number
    prompts: str = ""
    adjusted: Adjustments = Adjustments()


@dataclass(frozen=True, slots=True)
class Held:
    """What was recorded of the conversations on a cluster or control."""

    calls: tuple[RecordedCall, ...]
    failed_calls: tuple[FailedCall, ...] = ()
    lookups: tuple[Lookups, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedCluster:
    """A cluster of the file: its member as it stands there, and what is packed in it."""

    member: Mapping[str, Any]
    facts: ClusterFacts
    held: Held


@dataclass(frozen=True, slots=True)
class Recorded:
    """A file that can be replayed; the clusters are in the order of the marker table."""

    path: Path
    sample: SampleFacts
    clusters: tuple[RecordedCluster, ...]
    controls: tuple[Held, ...]


def read(path: Path) -> Recorded:
    """The file.

    Raises:
        UsageError: it is missing, no conversations file, of an earlier or later version, or was changed.
    """
    members = _members(path)
    packed = {name: _replay_part(path, name, member) for name, member in members.items()}
    sample = next((_unpack(path, SampleFacts, part["sample"]) for part in packed.values() if "sample" in part), None)
    if sample is None or sample.n_clusters != len(members):
        of = "" if sample is None else f" of {sample.n_clusters:,}"
        raise damaged(path, f"it has {counted(len(members), 'cluster')}{of}, not those of a whole run")
    clusters = [_cluster(path, name, members[name], part["cluster"]) for name, part in packed.items()]
    clusters.sort(key=lambda one: one.facts.cluster.index)
    if any(not 0 <= one.facts.run < len(sample.runs) for one in clusters):
        raise damaged(path, "a cluster is of a run that there is not")
    sample = replace(sample, runs=tuple(map(_known, sample.runs)))
    controls = tuple(Held(_calls(path, "a control", one.calls), one.failed_calls) for one in sample.controls)
    return Recorded(path, sample, tuple(clusters), controls)


def _members(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", path=path, code="conversations-not-readable") from error
    except (ValueError, RecursionError) as error:
        raise _no_conversations(path, f"no JSON: {one_line(str(error))}") from None
    members = data.values() if isinstance(data, dict) else ()
    if not members or not all(isinstance(one, dict) and "calls" in one for one in members):
        raise _no_conversations(path, "not an object with the conversations of each cluster")
    return dict(data)


def _replay_part(path: Path, cluster: str, member: Mapping[str, Any]) -> Mapping[str, str]:
    part = member.get(REPLAY)
    if part is None:
        raise UsageError(
            f"cluster {shown(cluster)} has no {REPLAY!r}: an earlier cassia wrote the file, without what it needs; "
            "the same run with its journal asks nothing again and writes a file that has it",
            path=path,
            code="replay-part-missing",
        )
    version = part.get("version") if isinstance(part, dict) else None
    if isinstance(version, str) and version != VERSION:
        raise UsageError(
            f"its replay parts are of version {shown(version)}, and cassia {__version__} reads {VERSION}; use the "
            "cassia that wrote it",
            path=path,
            code="replay-version",
        )
    if isinstance(part, dict) and "cluster" in part and all(isinstance(value, str) for value in part.values()):
        return part
    raise damaged(path, f"{REPLAY!r} of cluster {shown(cluster)} is not as cassia writes it")


def _cluster(path: Path, name: str, member: Mapping[str, Any], packed: str) -> RecordedCluster:
    facts = _unpack(path, ClusterFacts, packed)
    if facts.cluster.id != name:
        raise damaged(path, f"the facts of cluster {shown(name)} are of cluster {shown(facts.cluster.id)}")
    calls = _calls(path, f"cluster {shown(name)}", member["calls"])
    return RecordedCluster(member, facts, Held(calls, facts.failed_calls, facts.lookups))


def _calls(path: Path, whose: str, calls: Any) -> tuple[RecordedCall, ...]:
    try:
        return msgspec.convert(calls, tuple[RecordedCall, ...])
    except msgspec.ValidationError as error:
        raise damaged(path, f"the calls of {whose}: {one_line(str(error))}") from None


def _unpack(path: Path, kind: Any, text: str) -> Any:
    try:
        return unpacked(kind, text)
    except (ValueError, RecursionError) as error:  # of msgspec too
        raise damaged(path, f"what is packed in it: {one_line(str(error))}") from None


def _known(run: RunInfo) -> RunInfo:
    return NO_RUN if run == NO_RUN else run


def _no_conversations(path: Path, why: str) -> UsageError:
    what = f"{why}; give the NAME_conversations.json of a run"
    return UsageError(what, path=path, code="conversations-expected")


def damaged(path: Path, why: str) -> UsageError:
    """That a file is not as cassia wrote it."""
    what = f"the file was changed ({why}); give it as cassia wrote it"
    return UsageError(what, path=path, code="conversations-changed")
