"""Which job a job file is of, and whether it may go on."""

from __future__ import annotations

from pathlib import Path

from cassia_engine.callers import option
from cassia_engine.cytetype.job_file import JobFile, JobState
from cassia_engine.errors import UsageError


def open_job(path: Path, asked: JobState, resume: bool, resubmit: bool) -> JobFile:
    """The job file to go on with, or a new one.

    Raises:
        UsageError: what is there is of another question, or needs a decision.
    """
    job = JobFile.read(path)
    if job is None:
        return JobFile.begin(path, asked)
    if not (resume or resubmit):
        if not job.state.has_ended:
            raise UsageError(
                f"this is of a job that has not ended; go on with it by {option('resume', True)}, or choose another "
                "name for another job",
                path=path,
                code="job-unfinished",
            )
        return JobFile.begin(path, asked)
    if job.state.api_url != asked.api_url:
        if not job.state.job_id and job.state.phase == "uploading" and not job.state.files:
            return JobFile.begin(path, asked)  # nothing has got to the other server, as where its URL was mistyped
        what = f"the job {job.state.job_id}" if job.state.job_id else "an upload that has begun"
        raise UsageError(
            f"this is of {what} at another server; give {option('api_url', job.state.api_url)} to go on there, or "
            "remove this file to begin anew",
            path=path,
            code="job-of-other-server",
        )
    if resubmit:
        job.update(
            phase="uploading",
            job_id="",
            report_url="",
            submitting_since="",
            input_sha256=asked.input_sha256,
            data_sha256=asked.data_sha256,
        )
    if job.state.input_sha256 != asked.input_sha256:
        raise UsageError(
            "this job was asked another question: the data or the options have changed since; ask the same, or choose "
            f"another name, or submit it anew by {option('resubmit', True)}",
            path=path,
            code="job-of-other-question",
        )
    if job.state.phase == "submitting":
        raise UsageError(
            f"the job was sent at {job.state.submitting_since}, and the process ended before the server's answer was "
            f"read, so that it may be there already; look for it at {job.state.api_url}, and submit it anew by "
            f"{option('resubmit', True)} if it is not, or if a second one does not matter",
            path=path,
            code="job-maybe-submitted",
        )
    return job
