"""Jobs: submitted, looked at, their results and reports."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cassia_engine.cytetype.protocol import COMPLETED, FAILED
from cassia_engine.secret import Secret
from cassia_engine.server.answers import Refused
from cassia_engine.server.disk import check_room
from cassia_engine.server.ids import is_id, new_id, no_job
from cassia_engine.server.job_runs import (
    QUERY,
    Run,
    add_run,
    cluster_ids,
    cluster_states,
    files_needed,
    results_of,
    runs_of,
    spec_of,
    write_run,
)
from cassia_engine.server.question_form import object_of
from cassia_engine.server.questions import (
    Request,
    chat_settings,
    dataset,
    marker_table,
    read_question,
    read_request,
    secret_parts,
    written,
)
from cassia_engine.server.specs import OUTPUTS, Spec, settings_json
from cassia_engine.server.state import Caller, ServerState
from cassia_engine.settings import AnnotateSettings

log = logging.getLogger(__name__)

REPORT = "job_report.html"


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What was uploaded with a job, and what its clusters are called, by id."""

    vars_h5: Path | None
    obs_duckdb: Path | None
    labels: Mapping[str, str]


async def submit(state: ServerState, caller: Caller, body: bytes) -> str:
    """Take a job: its files are on the disk and its row is committed when this returns its id.

    Args:
        body: of the request, as JSON.

    Raises:
        Refused: the request cannot be worked on, or the disk has too little room.
    """
    await check_room(state)
    request = await asyncio.to_thread(read_request, body)
    uploads = await _uploads(state, caller, object_of(request.uploaded_files))
    job_id = new_id()
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
        add_run(database, job_id, 0, None, "", own_keys, now)

    try:
        await state.database(add)
    except BaseException:
        state.keys.pop(job_id, None)
        raise
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
    write_run(folder / "run", marker_table(question, list(question.marker_genes)), spec)
    written(folder / QUERY, bytes(request.input_data))
    return settings


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
        raise no_job()
    return row


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


def _all_results(state: ServerState, runs: list[Run]) -> dict[str, Any]:
    """The results of a job's first run, with what later ones have found of single clusters as the latest.

    Raises:
        Refused: the job's files are missing or damaged.
    """
    first, *later = (results_of(run, state.jobs) for run in runs if run.state == COMPLETED)
    for revision in later:
        _put_revision(first["annotations"], revision)
    return first


def _put_revision(annotations: dict[str, Any], revision: Mapping[str, Any]) -> None:
    for cluster, new in revision["annotations"].items():
        before = annotations.get(cluster)
        history = [] if before is None else [before["latest"], *before["history"]]
        annotations[cluster] = {"latest": new["latest"], "history": history}


def label_of(annotation: Mapping[str, Any] | None) -> str:
    """The latest label of a cluster, as results have it; "" for none."""
    return "" if annotation is None else str(annotation["latest"]["annotation"]["annotation"])


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
    with files_needed():
        path.stat()
    return path


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
