"""The files of a run: its job file, and those that it sends, as an unfinished run has left them or written anew."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from cassia_engine.callers import option
from cassia_engine.cytetype.job_file import FileState, JobState, read_state
from cassia_engine.cytetype.protocol import Kind
from cassia_engine.errors import UsageError, shown

log = logging.getLogger(__name__)


def write_missing(
    paths: Mapping[Kind, Path],
    begun: Mapping[Kind, FileState],
    write: Callable[[Kind, Path], None],
    required: bool = True,
) -> Iterator[Kind]:
    """Write the files that are not there; each that is there, one after the other.

    Args:
        begun: uploads that go on: their files are not written anew.
        required: whether a file that cannot be written ends the run.

    Raises:
        UsageError, OSError: a file that is required cannot be written.
    """
    for kind, path in paths.items():
        try:
            if _is_there(path, begun.get(kind)):
                since = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                what = "%s of %s UTC is taken as it is, and not made again; remove it if the AnnData has changed since"
                log.info(what, path, f"{since:%Y-%m-%d %H:%M:%S}")
            else:
                write(kind, path)
        except Exception as error:  # whatever the fault, a run that does not require the file goes on, and says why
            if required:
                log.error("%s cannot be written; %s goes on without it", path, option("require_artifacts", False))
                if not isinstance(error, OSError):
                    what = "if the AnnData is valid, please report this as an issue of cassia (%s)"
                    log.error(what, type(error).__name__)
                raise
            log.warning("%s cannot be written (%s): the server's report lacks what it has", path, error)
        else:
            yield kind


def _is_there(path: Path, upload: FileState | None) -> bool:
    """Whether a file is as it was when its upload began."""
    if upload is None or not path.is_file():
        return False
    now = path.stat()
    return (upload.name, upload.size, upload.mtime_ns) == (path.name, now.st_size, now.st_mtime_ns)


def begun_uploads(job: JobState | None, asked: str) -> Mapping[Kind, FileState]:
    """The uploads of a job that go on: those of an unfinished job of the question with this fingerprint."""
    return {} if job is None or job.has_ended or job.input_sha256 != asked else job.files


def job_file_name(prefix: str, fingerprint: str) -> str:
    """What the job file of a run is called; its question's fingerprint keeps two questions apart."""
    return f"{prefix}_{fingerprint[:8]}_job.json"


def has_job(folder: Path, job_id: str) -> bool:
    """Whether a folder has the job file of a job, so that cassia has submitted it.

    Where none of them has it, those that cannot be read are named: one of them may be the job's.
    """
    unreadable = []
    for path in sorted(folder.glob("*_job.json")) if folder.is_dir() else ():
        try:
            job = read_state(path)
        except UsageError:
            unreadable.append(path)
        else:
            if job is not None and job.job_id == job_id:
                return True
    if unreadable:
        what = (
            "%s: no job file of this version of cassia, or damaged, so that whether cassia has submitted the job %s is "
            "not known; it is taken for a job of the CyteType client, which numbers the clusters"
        )
        log.warning(what, ", ".join(map(str, unreadable)), shown(job_id))
    return False


def last_job(folder: Path, prefix: str, data_sha256: str, api_url: str | None) -> JobState | None:
    """The job of a prefix that was changed last, of those that were submitted; None if there is none.

    Args:
        data_sha256: of the clusters that it must be of: others may have their jobs in the same folder.
        api_url: of the server that it must be at; None for any. A token for one server goes to no other.

    Raises:
        UsageError: a job file cannot be read.
    """
    named = re.compile(re.escape(prefix) + r"_[0-9a-f]{8}_job\.json")
    paths = [path for path in folder.iterdir() if named.fullmatch(path.name)] if folder.is_dir() else []
    found = None
    for path in sorted(paths, key=lambda path: path.stat().st_mtime_ns):
        state = read_state(path)
        job = state and state.last_sent
        if job is None or not job.job_id or api_url not in (None, job.api_url):
            continue
        if job.data_sha256 in ("", data_sha256):
            found = job
    return found
