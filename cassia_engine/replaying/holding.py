"""Holds the recorded conversations again, and scores the markers again of clusters that no model was asked about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from cassia_engine.calibration import Calibration, open_calibration
from cassia_engine.callers import option
from cassia_engine.cancellation import Cancellation
from cassia_engine.errors import StoppedError, UsageError
from cassia_engine.event_loop import in_thread
from cassia_engine.files import file_sha256
from cassia_engine.llm.accounts import Models
from cassia_engine.llm.conversations import Conversations
from cassia_engine.llm.genes import numbers_of
from cassia_engine.llm.kept import LookupOf
from cassia_engine.lookup import Lookup
from cassia_engine.offline import open_annotator
from cassia_engine.prompts import VERSION
from cassia_engine.providers.accounts import CUSTOM
from cassia_engine.records import (
    SETTINGS_OF_SETUP,
    Chunk,
    Cluster,
    ClusterResult,
    Control,
    ControlResult,
    RunInfo,
    Setup,
)
from cassia_engine.replaying.reading import Held, Recorded, damaged
from cassia_engine.replaying.recording import RecordedLookup, RecordedModel, Recording
from cassia_engine.settings import AnnotateSettings
from cassia_engine.text import one_line


class Again(NamedTuple):
    """A cluster or control, by its number in the file, with what came of it now: a result, or why there is none."""

    is_control: bool
    number: int
    result: ClusterResult | None
    why_none: str = ""


class _Task(NamedTuple):
    is_control: bool
    number: int
    asked: Cluster | Control
    held: Held


def hold_again(recorded: Recorded, knowledge: Path | None) -> Iterator[Again]:
    """All clusters and controls, in any order.

    Args:
        knowledge: the file of further marker knowledge that the run was given.

    Raises:
        UsageError: that file is missing, is not needed or is another one.
    """
    runs = recorded.sample.runs
    _check_knowledge([run.setup for run in runs if run.setup], knowledge)
    tasks: dict[int, list[_Task]] = {}
    for number, one in enumerate(recorded.clusters):
        if (done := one.facts.result) is not None:
            yield Again(False, number, done)
        else:
            tasks.setdefault(one.facts.run, []).append(_Task(False, number, one.facts.cluster, one.held))
    for number, (control, held) in enumerate(zip(recorded.sample.controls, recorded.controls, strict=True)):
        if control.result is not None:
            yield Again(True, number, control.result)
        else:
            asked = Control(control.kind, control.cluster, control.of)
            tasks.setdefault(_asker(recorded), []).append(_Task(True, number, asked, held))
    for place, some in tasks.items():
        run = runs[place]
        yield from _talk(recorded, run, some) if run.of_model else _score(recorded, run, some, knowledge)


def _asker(recorded: Recorded) -> int:
    """The run that asked about controls: the first one that asked a model."""
    askers = (place for place, run in enumerate(recorded.sample.runs) if run.setup and run.of_model)
    if (first := next(askers, None)) is None:
        raise _without_setup(recorded)
    return first


def _score(recorded: Recorded, run: RunInfo, tasks: list[_Task], knowledge: Path | None) -> Iterator[Again]:
    setup = _setup(recorded, run)
    scorer = open_annotator(recorded.sample.dataset, knowledge, _calibration(recorded, run, setup))
    for task in tasks:
        assert isinstance(task.asked, Cluster)
        yield Again(False, task.number, scorer.annotate(task.asked))


def _talk(recorded: Recorded, run: RunInfo, tasks: list[_Task]) -> list[Again]:
    found: list[Again] = []

    async def main(give: Callable[[Again], None]) -> None:
        recording = Recording()
        conversations = _conversations(recorded, run, tasks, recording)
        for task in tasks:
            recording.held = task.held
            try:
                result = await conversations.run(task.asked)
            except StoppedError as error:
                give(Again(task.is_control, task.number, None, str(error)))
            else:
                own = result.result if isinstance(result, ControlResult) else result
                give(Again(task.is_control, task.number, own))
            await asyncio.sleep(0)

    in_thread(main, found.append, Cancellation())
    return found


def _conversations(recorded: Recorded, run: RunInfo, tasks: list[_Task], recording: Recording) -> Conversations:
    sample, setup = recorded.sample, _setup(recorded, run)
    clusters = [one.facts.cluster for one in recorded.clusters]
    siblings = tuple(tuple(one.genes[: sample.n_siblings]) for one in clusters) if sample.n_siblings else ()
    chunk = Chunk(
        sample.dataset,
        sample.selection,
        0,
        1,
        len(clusters),
        tuple(clusters),
        siblings,
        lookup_genes=sample.lookup_genes if setup.looks_up else 0,
    )
    numbers = numbers_of([one.id for one in clusters], siblings)

    async def lookup(cluster: Cluster) -> Lookup:
        return RecordedLookup(recording, cluster.id, numbers)

    of: LookupOf | None = lookup if chunk.lookup_genes else None
    # A conversation knows no provider; any that needs nothing else will do.
    settings = AnnotateSettings(CUSTOM, **{name: getattr(setup, name) for name in SETTINGS_OF_SETUP})
    models = _models(run, setup, recording, is_current=not _has_earlier(tasks))
    return Conversations(chunk, settings, models, models, _calibration(recorded, run, setup), of)


def _models(run: RunInfo, setup: Setup, recording: Recording, is_current: bool) -> Models:
    def model(name: str) -> RecordedModel:
        return RecordedModel(recording, run.provider, setup.dialect, name)

    return Models(
        voters=tuple(map(model, setup.voters)),
        second=None if setup.second is None else model(setup.second),
        strong=None if setup.strong is None else model(setup.strong),
        fallback=None if setup.fallback is None else model(setup.fallback),
        is_empty=is_current,
    )


def _has_earlier(tasks: list[_Task]) -> bool:
    """Whether some conversation was held with earlier prompts."""
    return any(call.prompts != VERSION for task in tasks for call in task.held.calls)


def _calibration(recorded: Recorded, run: RunInfo, setup: Setup) -> Calibration:
    if not setup.calibration:
        return open_calibration(None, run.provider)
    try:
        return Calibration.of_text(setup.calibration)
    except msgspec.DecodeError as error:
        raise damaged(recorded.path, f"its calibration: {one_line(str(error))}") from None


def _setup(recorded: Recorded, run: RunInfo) -> Setup:
    if run.setup is None:
        raise _without_setup(recorded)
    return run.setup


def _without_setup(recorded: Recorded) -> UsageError:
    return damaged(recorded.path, "it does not say how its run was set up")


def _check_knowledge(setups: list[Setup], knowledge: Path | None) -> None:
    wanted = {setup.knowledge_sha256 for setup in setups} - {""}
    name = option("knowledge", knowledge or "FILE")
    if not wanted and knowledge:
        raise UsageError(f"{name}: the run was given no such file; leave it out", code="knowledge-not-needed")
    if wanted and not knowledge:
        what = "the run was given a table of marker knowledge, which is not in the file of conversations"
        raise UsageError(f"{what}; give it by {name}", code="knowledge-needed")
    if knowledge and _sha256(knowledge) not in wanted:
        what = "not the table that the run was given; give that one, unchanged"
        raise UsageError(what, path=knowledge, code="knowledge-of-other-run")


def _sha256(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise UsageError(what, path=path, code="knowledge-not-readable-again") from error
