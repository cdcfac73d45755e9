"""What a run of a job is to do, as a file: its process may be started again later, by another server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from cassia_engine.errors import UsageError, shown
from cassia_engine.records import Dataset
from cassia_engine.records.record import Record
from cassia_engine.secret import Secret
from cassia_engine.server.network import Network
from cassia_engine.settings import AnnotateSettings
from cassia_engine.settings.declaration import parameters

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MARKERS, SPEC, PROGRESS, RESULTS, OUTCOME = "markers.csv", "spec.json", "progress.jsonl", "results.json", "outcome.json"
OUTPUTS, LOCK, LOG = "outputs", "lock", "run.log"
NO_OUTCOME = 75  # exit code of a run's process that cannot write how it ended
DISK_FULL = "the server's disk is full, or cannot be written; the job goes on when that is corrected"


class Spec(Record, frozen=True):
    """What a run is to do.

    Attributes:
        dataset: with what is known of the study.
        context: the study's own words, which results have.
        ids: by label, as the marker table has it, the id of the cluster in the protocol.
        settings: those parameters of `AnnotateSettings` that are not at their default; never a key,
            nor how models are reached.
        n_genes: the most marker genes of a cluster.
    """

    dataset: Dataset
    context: str
    ids: Mapping[str, str]
    settings: Mapping[str, Any]
    n_genes: int = 1


class Nextflow(Record, frozen=True):
    """How runs of the pipeline are started.

    Attributes:
        program: of Nextflow.
        pipeline: its folder.
        profile, config: the site's; "" for none.
    """

    program: str
    pipeline: str
    profile: str = ""
    config: str = ""


class Told(Record, frozen=True):
    """What the process of a run reads from standard input, and no file holds.

    Attributes:
        executor: local or nextflow.
        journal_dir: of the job, which may have moved since the run was made.
        key: of the model, as `questions.secret_parts` has it; empty for that in the environment.
        max_cost, rpm: US dollars and calls a minute that the run may use; None for any.
        nextflow: what runs of the pipeline are started with.
        network: how the model is reached.
    """

    journal_dir: str
    executor: Literal["local", "nextflow"] = "local"
    key: tuple[str, ...] = ()
    max_cost: float | None = None
    rpm: float | None = None
    nextflow: Nextflow | None = None
    network: Network = Network()


class Outcome(Record, frozen=True):
    """How the process of a run ended.

    Attributes:
        state: completed; failed; or stopped, which is done again.
        reason: one line for the person, "" where all went well.
        retry: it was not told to stop: the provider was down, and is asked again later.
        cost_usd: None where it is not known.
    """

    state: Literal["completed", "failed", "stopped"]
    reason: str = ""
    cost_usd: float | None = None
    retry: bool = False


def settings_json(settings: DataclassInstance) -> dict[str, Any]:
    """Those settings that are not at their default, as JSON holds them, without a key; a later server may be started in
    another folder, and paths are absolute."""
    declared = parameters(type(settings)).values()
    given = {one.name: getattr(settings, one.name) for one in declared if getattr(settings, one.name) != one.default}
    return {name: str(value.absolute()) if isinstance(value, Path) else value for name, value in given.items()}


def settings_from(spec: Spec, key: Secret | None) -> AnnotateSettings:
    """The settings of a run, with the key that it was given.

    Raises:
        UsageError: they are none of this version.
    """
    declared = parameters(AnnotateSettings)
    if unknown := sorted(set(spec.settings) - set(declared)):
        what = f"the job has the setting {shown(unknown[0])}, which this cassia does not know; use the one that made it"
        raise UsageError(what, code="server-job-version")
    given = {name: _value(value, declared[name].kind) for name, value in spec.settings.items()}
    return replace(AnnotateSettings(**given), api_key=key)


def _value(value: Any, kind: type) -> Any:
    if kind is Path:
        return Path(value)
    return tuple(value) if isinstance(value, list) else value


def read_spec(folder: Path) -> Spec:
    return msgspec.json.decode((folder / SPEC).read_bytes(), type=Spec)


def read_outcome(folder: Path) -> Outcome | None:
    """How the process of a run ended; None if it has not, or was killed."""
    try:
        return msgspec.json.decode((folder / OUTCOME).read_bytes(), type=Outcome)
    except FileNotFoundError:
        return None
