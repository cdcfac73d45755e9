"""Which job a job file is of, and whether it may go on."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from cassia_engine.callers import argument, option
from cassia_engine.cytetype.address import check_api_url
from cassia_engine.cytetype.job_file import VERSION, JobFile, JobState, read_state
from cassia_engine.cytetype.question import Question
from cassia_engine.errors import UsageError


def asked_state(question: Question, api_url: str) -> JobState:
    """A job that is asked a question, of which no server has got anything yet."""
    data = question.data_fingerprint
    return JobState(VERSION, check_api_url(api_url), question.fingerprint, data_sha256=data)


def open_job(path: Path, asked: JobState, resume: bool, resubmit: bool, place: str = "outdir") -> JobFile:
    """The job file to go on with, or a new one.

    Args:
        place: the option that says where the job file is.

    Raises:
        UsageError: what is there is of another question, or needs a decision; the file stays as it is.
        OSError: it cannot be written.
    """
    return JobFile.begin(path, next_state(path, asked, resume, resubmit, place))


def next_state(path: Path, asked: JobState, resume: bool, resubmit: bool, place: str = "outdir") -> JobState:
    """The job to run: that of the job file, or a new one. Nothing is written.

    Args:
        place: as of `open_job`.

    Raises:
        UsageError: as `open_job`.
    """
    found = read_state(path)
    if found is None:
        return asked
    if not (resume or resubmit):
        if found.has_ended or found.is_blank:
            return asked.after(found)
        raise UsageError(
            f"this is of a job that has not ended; go on with it by {option('resume', True)}, or {_elsewhere(place)} "
            "for another job",
            path=path,
            code="job-unfinished",
        )
    if found.is_blank:
        return asked.after(found)
    if not resubmit and found.before and _is_of(found.before, asked) and not _is_of(found, asked):
        found = found.before
    _check_server(path, found, asked)
    if resubmit:
        return replace(asked.after(found), files=found.files)
    _check_resumed(path, found, asked, place)
    return found


def _elsewhere(place: str) -> str:
    return f"give another {argument(place)}"


def _is_of(found: JobState, asked: JobState) -> bool:
    return (found.api_url, found.input_sha256) == (asked.api_url, asked.input_sha256)


def _check_server(path: Path, found: JobState, asked: JobState) -> None:
    if found.api_url != asked.api_url:
        what = f"the job {found.job_id}" if found.job_id else "an upload that has begun"
        raise UsageError(
            f"this is of {what} at another server; give {option('api_url', found.api_url)} to go on there, or "
            "remove this file to begin anew",
            path=path,
            code="job-of-other-server",
        )


def _check_resumed(path: Path, found: JobState, asked: JobState, place: str) -> None:
    if found.input_sha256 != asked.input_sha256:
        raise UsageError(
            f"this job was asked another question: the data or the options have changed since; ask the same, or "
            f"{_elsewhere(place)}, or submit it anew by {option('resubmit', True)}",
            path=path,
            code="job-of-other-question",
        )
    if found.phase == "submitting":
        raise UsageError(
            f"the job was sent at {found.submitting_since}, and the process ended before the server's answer was "
            f"read, so that it may be there already; look for it at {found.api_url}, and submit it anew by "
            f"{option('resubmit', True)} if it is not, or if a second one does not matter",
            path=path,
            code="job-maybe-submitted",
        )
