"""Clusters of a job that are annotated again, with what a person says of them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from cassia_engine.cytetype.protocol import COMPLETED
from cassia_engine.server.answers import Refused
from cassia_engine.server.disk import check_room
from cassia_engine.server.job_runs import Run, add_run, question_of, results_of, runs_of, spec_of, write_run
from cassia_engine.server.jobs import check_job, label_of, results
from cassia_engine.server.questions import marker_table, with_feedback
from cassia_engine.server.specs import Spec
from cassia_engine.server.state import Caller, ServerState

LONGEST_FEEDBACK = 2_000  # characters; of what is said of a study, a model is shown 4,000


async def reannotate(state: ServerState, caller: Caller, job_id: str, cluster: str, feedback: str) -> int:
    """Annotate a cluster of a job again, by the same model, which is told what a person says.

    Returns:
        The number of the run.

    Raises:
        Refused: there is no such cluster, the job has not ended, no model was asked, or the disk has too little room.
    """
    await check_job(state, caller, job_id)
    await check_room(state)
    runs, question = await runs_of(state, job_id), await question_of(state, job_id)
    first = runs[0]
    if first.state != COMPLETED:
        raise Refused("JOB_NOT_COMPLETED", "clusters can be annotated again once the job is completed")
    if cluster not in question.marker_genes:
        raise Refused("INVALID_REQUEST", "the job has no cluster of this id")
    feedback = feedback.strip()
    if not feedback or len(feedback) > LONGEST_FEEDBACK:
        what = f"feedback: expected a text of 1 to {LONGEST_FEEDBACK:,} characters, found {len(feedback):,}"
        raise Refused("INVALID_REQUEST", what)
    spec = spec_of(first.folder(state.jobs))
    if "provider" not in spec.settings:
        what = "the job was annotated offline, by marker scoring, which takes no feedback"
        raise Refused("INVALID_REQUEST", what)
    label = label_of((await results(state, caller, job_id))["annotations"].get(cluster))
    told = with_feedback(spec.dataset, feedback, label)
    again = Spec(told, spec.context, {question.labels[cluster]: cluster}, spec.settings, question.n_genes([cluster]))
    async with state.submitting:
        number = len(await runs_of(state, job_id))
        folder = state.jobs / job_id / "revisions" / str(number)
        await asyncio.to_thread(write_run, folder, marker_table(question, [cluster]), again)
        await state.database(
            lambda database: add_run(database, job_id, number, cluster, feedback, first.own_keys, time.time())
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
        found = results_of(run, state.jobs)["annotations"]
        label = "".join(map(label_of, found.values()))
    return {
        "revision": run.number,
        "cluster": run.cluster_id,
        "feedback": run.feedback,
        "state": run.state,
        "reason": run.reason,
        "label": label,
        "report_url": f"/report/{run.job_id}/{run.number}" if run.state == COMPLETED else "",
    }
