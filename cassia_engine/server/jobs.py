"""Jobs: submitted, looked at, their results; each has a first run, and one for each cluster that is annotated again."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from cassia_engine.cytetype.protocol import COMPLETED, FAILED, PENDING, is_id
from cassia_engine.fast_json import parsed_json
from cassia_engine.files import sync_folder
from cassia_engine.secret import Secret
from cassia_engine.server.answers import Refused
from cassia_engine.server.question_form import object_of
from cassia_engine.server.questions import (
    Question,
    Request,
    chat_settings,
    dataset,
    marker_table,
    read_question,
    read_request,
    secret_parts,
    with_feedback,
    written,
)
from cassia_engine.server.specs import MARKERS, OUTPUTS, PROGRESS, RESULTS, SPEC, Spec, read_spec, settings_json
from cassia_engine.server.state import Caller, ServerState
from cassia_engine.settings import AnnotateSettings

log = logging.getLogger(__name__)

QUERY, JOURNAL = "query.json", "journal"
REPORT = "job_report.html"
LONGEST_FEEDBACK = 2_000  # characters; of what is said of a study, a model is shown 4,000
NEEDS_KEYS = "the server was started again and keeps no keys: give the job's keys again"


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What was uploaded with a job, and what its clusters are called, by id."""

    vars_h5: Path | None
    obs_duckdb: Path | None
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a job, as the database has it; number 0 is the first, of all clusters."""

    job_id: str
    number: int
    cluster_id: str | None
    feedback: str
    state: str
    reason: str
    own_keys: bool
    created: float

    def folder(self, jobs: Path) -> Path:
        return jobs / self.job_id / ("run" if self.number == 0 else f"revisions/{self.number}")


def run_of(row: sqlite3.Row) -> Run:
    return Run(
        row["job_id"],
        row["number"],
        row["cluster_id"],
        row["feedback"],
        row["state"],
        row["reason"],
        bool(row["own_keys"]),
        row["created"],
    )


async def submit(state: ServerState, caller: Caller, body: bytes) -> str:
    """Take a job: its files are on the disk and its row is committed when this returns its id.

    Args:
        body: of the request, as JSON.

    Raises:
        Refused: the request cannot be worked on.
    """
    request = await asyncio.to_thread(read_request, body)
    uploads = await _uploads(state, caller, object_of(request.uploaded_files))
    job_id = secrets.token_hex(16)
    settings = await asyncio.to_thread(_write_job, state, caller, job_id, request)
    own_keys = settings.api_key is not None
    if own_keys:
        state.keys[job_id] = secret_parts(settings.api_key)

    def add(database: sqlite3.Connection) -> None:
        now = time.time()
        database.execute(
            "INSERT INTO jobs (id, owner, created, vars_h5, obs_duckdb) VALUES (?, ?, ?, ?, ?)",
            (job_id, caller.owner, now, uploads.get("vars_h5"), uploads.get("obs_duckdb")),
        )
        _add_run(database, job_id, 0, None, "", own_keys, now)

    await state.database(add)
    state.wake.set()
    log.info("accepted", extra={"job": job_id} | ({"owner": caller.owner} if caller.owner else {}))
    return job_id


def _write_job(state: ServerState, caller: Caller, job_id: str, request: Request) -> AnnotateSettings:
    """Write the files of a job, which may be of many megabytes: not in the thread of the event loop."""
    question = read_question(request.input_data)
    settings = chat_settings(request.llm_configs, question.n_parallel_clusters, state.options, caller.is_local)
    ids = {label: cluster for cluster, label in question.labels.items()}
    told, n_genes = dataset(question, settings.provider), question.n_genes(ids.values())
    spec = Spec(told, question.study_info, ids, settings_json(settings), n_genes)
    folder = state.jobs / job_id
    _write_run(folder / "run", marker_table(question, list(question.marker_genes)), spec)
    written(folder / QUERY, bytes(request.input_data))
    return settings


def _write_run(folder: Path, markers: str, spec: Spec) -> None:
    written(folder / MARKERS, markers)
    written(folder / SPEC, msgspec.json.encode(spec))
    for parent in (folder.parent, folder.parent.parent):  # they may be new, too
        sync_folder(parent)


def _add_run(
    database: sqlite3.Connection, job_id: str, number: int, cluster: str | None, feedback: str, keys: bool, now: float
) -> None:
    database.execute(
        "INSERT INTO runs (job_id, number, cluster_id, feedback, state, own_keys, created)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (job_id, number, cluster, feedback, PENDING, keys, now),
    )


async def _uploads(state: ServerState, caller: Caller, given: Mapping[str, str | None]) -> dict[str, str]:
    """The uploads of a request by kind, all of them complete and the caller's own."""
    if not set(given) <= {"vars_h5", "obs_duckdb"}:
        raise Refused("INVALID_REQUEST", "uploaded_files: expected the upload ids of vars_h5 and obs_duckdb")
    named = {kind: upload for kind, upload in given.items() if upload}

    def find(database: sqlite3.Connection) -> list[str]:
        query = "SELECT 1 FROM uploads WHERE id = ? AND owner = ? AND kind = ? AND completed IS NOT NULL"
        return [
            kind
            for kind, upload in named.items()
            if database.execute(query, (upload, caller.owner, kind)).fetchone() is None
        ]

    if missing := await state.database(find):
        raise Refused("UPLOAD_NOT_FOUND", f"uploaded_files: there is no complete upload of {missing[0]} with this id")
    return named


async def check_job(state: ServerState, caller: Caller, job_id: str) -> sqlite3.Row:
    """The row of a job.

    Raises:
        Refused: there is none of this id, or it is somebody else's.
    """
    query = "SELECT * FROM jobs WHERE id = ? AND owner = ?"
    row: sqlite3.Row | None = None
    if is_id(job_id):
        row = await state.database(lambda database: database.execute(query, (job_id, caller.owner)).fetchone())
    if row is None:
        raise Refused("JOB_NOT_FOUND", "there is no job of this id")
    return row


async def runs_of(state: ServerState, job_id: str) -> list[Run]:
    """The runs of a job, the first one first."""
    query = "SELECT * FROM runs WHERE job_id = ? ORDER BY number"
    rows = await state.database(lambda database: database.execute(query, (job_id,)).fetchall())
    return list(map(run_of, rows))


async def question_of(state: ServerState, job_id: str) -> Question:
    path = state.jobs / job_id / QUERY
    return await asyncio.to_thread(lambda: read_question(path.read_bytes()))


async def artifacts_of(state: ServerState, caller: Caller, job_id: str) -> Artifacts:
    """What was uploaded with a job.

    Raises:
        Refused: there is no such job.
    """
    row = await check_job(state, caller, job_id)
    found = {kind: state.uploads / row[kind] if row[kind] else None for kind in ("vars_h5", "obs_duckdb")}
    ids = await asyncio.to_thread(cluster_ids, state, job_id)
    return Artifacts(found["vars_h5"], found["obs_duckdb"], {cluster: label for label, cluster in ids.items()})


async def status(state: ServerState, caller: Caller, job_id: str) -> dict[str, Any]:
    """How far a job is, in the protocol's form."""
    await check_job(state, caller, job_id)
    first = (await runs_of(state, job_id))[0]
    clusters = await asyncio.to_thread(cluster_states, first, state.jobs)
    found = {"jobStatus": first.state, "clusterStatus": clusters}
    return found | {"message": first.reason} if first.reason else found


@contextmanager
def _files_needed() -> Iterator[None]:
    """Reads files of a job that are there as long as its row is, unless a person has touched them.

    Raises:
        Refused: they are missing or damaged; a client need not wait for that to change.
    """
    try:
        yield
    except (FileNotFoundError, ValueError) as error:  # what msgspec says of damaged JSON is a ValueError
        log.error("files of a job are missing or damaged: %s", error)
        raise Refused("JOB_FAILED", "the job's files are missing or damaged; tell who runs the server") from None


def spec_of(run: Path) -> Spec:
    """What a run is to do.

    Raises:
        Refused: its files are missing or damaged.
    """
    with _files_needed():
        return read_spec(run)


def cluster_ids(state: ServerState, job_id: str) -> Mapping[str, str]:
    """The ids of a job's clusters in the protocol, by what they are called in its outputs.

    Raises:
        Refused: the job's files are missing or damaged.
    """
    return spec_of(state.jobs / job_id / "run").ids


def cluster_states(run: Run, jobs: Path) -> dict[str, str]:
    """How far each cluster of a run is, by id."""
    folder = run.folder(jobs)
    ids = spec_of(folder).ids
    found = dict.fromkeys(ids.values(), run.state)
    try:
        lines = (folder / PROGRESS).read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return found
    for line in lines:
        done = parsed_json(line)
        found[done["cluster"]] = done["state"]
    return found


async def results(state: ServerState, caller: Caller, job_id: str) -> dict[str, Any]:
    """The results of a job: the latest annotation of each cluster, and those before it.

    Raises:
        Refused: there is no such job, or it has no results yet, or has failed.
    """
    await check_job(state, caller, job_id)
    runs = await runs_of(state, job_id)
    first = runs[0]
    if first.state == FAILED:
        raise Refused("JOB_FAILED", first.reason or "the job has failed")
    if first.state != COMPLETED:
        raise Refused("JOB_PROCESSING", first.reason or "the job is at work")
    return await asyncio.to_thread(_all_results, state, runs)


def _results_of(state: ServerState, run: Run) -> dict[str, Any]:
    with _files_needed():
        found: dict[str, Any] = parsed_json((run.folder(state.jobs) / RESULTS).read_bytes())
    return found


def _all_results(state: ServerState, runs: list[Run]) -> dict[str, Any]:
    first, *later = (_results_of(state, run) for run in runs if run.state == COMPLETED)
    for revision in later:
        _put_revision(first["annotations"], revision)
    return first


def _put_revision(annotations: dict[str, Any], revision: Mapping[str, Any]) -> None:
    for cluster, new in revision["annotations"].items():
        before = annotations.get(cluster)
        history = [] if before is None else [before["latest"], *before["history"]]
        annotations[cluster] = {"latest": new["latest"], "history": history}


async def report_path(state: ServerState, caller: Caller, job_id: str, number: int = 0) -> Path:
    """The report of a run of a job.

    Raises:
        Refused: there is no such run, or it has not ended.
    """
    await check_job(state, caller, job_id)
    run = next((run for run in await runs_of(state, job_id) if run.number == number), None)
    if run is None:
        raise Refused("JOB_NOT_FOUND", "the job has no such run")
    if run.state == FAILED:
        raise Refused("JOB_FAILED", run.reason or "the job has failed")
    if run.state != COMPLETED:
        raise Refused("JOB_NOT_COMPLETED", "the report is there once the job is completed; reload this page then")
    path = run.folder(state.jobs) / OUTPUTS / REPORT
    with _files_needed():
        path.stat()
    return path


async def reannotate(state: ServerState, caller: Caller, job_id: str, cluster: str, feedback: str) -> int:
    """Annotate a cluster of a job again, by the same model, which is told what a person says.

    Returns:
        The number of the run.

    Raises:
        Refused: there is no such cluster, the job has not ended, or no language model was asked.
    """
    await check_job(state, caller, job_id)
    runs, question = await runs_of(state, job_id), await question_of(state, job_id)
    first = runs[0]
    if first.state != COMPLETED:
        raise Refused("JOB_NOT_COMPLETED", "clusters can be annotated again once the job is completed")
    if cluster not in question.marker_genes:
        raise Refused("INVALID_REQUEST", "the job has no cluster of this id")
    feedback = feedback.strip()
    if not feedback or len(feedback) > LONGEST_FEEDBACK:
        raise Refused("INVALID_REQUEST", f"feedback: expected a text of at most {LONGEST_FEEDBACK:,} characters")
    spec = spec_of(first.folder(state.jobs))
    if "provider" not in spec.settings:
        what = "the job was annotated offline, by marker scoring, which takes no feedback"
        raise Refused("INVALID_REQUEST", what)
    told = with_feedback(spec.dataset, feedback)
    again = Spec(told, spec.context, {question.labels[cluster]: cluster}, spec.settings, question.n_genes([cluster]))
    async with state.submitting:
        number = len(await runs_of(state, job_id))
        folder = state.jobs / job_id / "revisions" / str(number)
        await asyncio.to_thread(_write_run, folder, marker_table(question, [cluster]), again)
        await state.database(
            lambda database: _add_run(database, job_id, number, cluster, feedback, first.own_keys, time.time())
        )
    state.wake.set()
    return number


async def revisions(state: ServerState, caller: Caller, job_id: str) -> list[dict[str, Any]]:
    """The clusters of a job that were annotated again, the newest last.

    Raises:
        Refused: there is no such job.
    """
    await check_job(state, caller, job_id)
    later = (await runs_of(state, job_id))[1:]
    return await asyncio.to_thread(lambda: [_revision(state, run) for run in later])


def _revision(state: ServerState, run: Run) -> dict[str, Any]:
    label = ""
    if run.state == COMPLETED:
        found = _results_of(state, run)["annotations"]
        label = "".join(one["latest"]["annotation"]["annotation"] for one in found.values())
    return {
        "revision": run.number,
        "cluster": run.cluster_id,
        "feedback": run.feedback,
        "state": run.state,
        "reason": run.reason,
        "label": label,
        "report_url": f"/report/{run.job_id}/{run.number}" if run.state == COMPLETED else "",
    }


async def give_keys(state: ServerState, caller: Caller, job_id: str, configs: list[dict[str, Any]] | None) -> None:
    """Give a job that waits for them its keys again.

    Raises:
        Refused: there is no such job, or the model is another one.
    """
    await check_job(state, caller, job_id)
    first = (await runs_of(state, job_id))[0]
    settings = chat_settings(configs, 1, state.options, caller.is_local)
    spec = spec_of(first.folder(state.jobs))
    if settings.api_key is None or (settings.provider, settings.model) != (
        spec.settings.get("provider"),
        spec.settings.get("model"),
    ):
        raise Refused("LLM_VALIDATION_FAILED", "llm_configs: expected the job's provider and name with their keys")
    state.keys[job_id] = secret_parts(settings.api_key)
    state.wake.set()


def secret_values(keys: Mapping[str, list[str]]) -> list[Secret]:
    """All keys that are held, which no log may show."""
    return [Secret(part) for parts in keys.values() for part in parts[1:] if part]
