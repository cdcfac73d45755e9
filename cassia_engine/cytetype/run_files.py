"""The files that a run sends: as an unfinished run has left them, else written anew."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path

from cassia_engine.artifacts.compressed import Compression
from cassia_engine.artifacts.obs_duckdb import write_obs_duckdb
from cassia_engine.artifacts.vars_h5 import write_vars_h5
from cassia_engine.callers import option
from cassia_engine.cytetype.job_file import JobFile
from cassia_engine.cytetype.preparation import Prepared
from cassia_engine.cytetype.protocol import Kind
from cassia_engine.h5ad.annotated import AnnotatedData

log = logging.getLogger(__name__)


def write_missing(
    data: AnnotatedData,
    prepared: Prepared,
    paths: Mapping[Kind, Path],
    job_file: Path,
    asked: str,
    found: dict[Kind, Path],
    required: bool = True,
    compression: Compression = Compression.GZIP,
) -> None:
    """Write the files that are not there.

    Args:
        job_file: of the run; what it has begun to upload is not written anew, if its question was the same.
        asked: the fingerprint of the question.
        found: gets each file that is there.
        required: whether a file that cannot be written ends the run.

    Raises:
        UsageError, OSError: a file that is required cannot be written.
    """
    for kind, path in paths.items():
        try:
            if not _is_of_job(job_file, asked, kind, path):
                log.info("writing %s", path)
                _write(kind, path, data, prepared, compression)
            found[kind] = path
        except Exception as error:
            if required:
                log.error("%s cannot be written; %s goes on without it", path, option("require_artifacts", False))
                if not isinstance(error, OSError):
                    what = "if the AnnData is valid, please report this as an issue of cassia (%s)"
                    log.error(what, type(error).__name__)
                raise
            log.warning("%s cannot be written (%s): the server's report lacks what it has", path, error)


def _write(kind: Kind, path: Path, data: AnnotatedData, prepared: Prepared, compression: Compression) -> None:
    if kind == "vars_h5":
        write_vars_h5(path, data, prepared.symbols, compression)
    else:
        write_obs_duckdb(path, data, prepared.coordinates_key)


def job_file_name(prefix: str, fingerprint: str) -> str:
    """What the job file of a run is called; its question's fingerprint keeps two questions apart."""
    return f"{prefix}_{fingerprint[:8]}_job.json"


def last_job(folder: Path, prefix: str, data_sha256: str, api_url: str | None) -> JobFile | None:
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
        job = JobFile.read(path)
        if job is None or not job.state.job_id or api_url not in (None, job.state.api_url):
            continue
        if job.state.data_sha256 in ("", data_sha256):
            found = job
    return found


def has_ended(job_file: Path) -> bool:
    """Whether a job file is of a job that has ended."""
    job = JobFile.read(job_file)
    return job is not None and job.state.phase in ("completed", "failed")


def is_submitted(job_file: Path, asked: str) -> bool:
    """Whether a job file is of a job of this question that the server has, and which needs no files any more."""
    job = JobFile.read(job_file)
    return job is not None and bool(job.state.job_id) and job.state.input_sha256 == asked


def _is_of_job(job_file: Path, asked: str, kind: Kind, path: Path) -> bool:
    """Whether a file is there as a job of this question that has not ended has begun to upload it."""
    job = JobFile.read(job_file)
    if job is None or has_ended(job_file) or kind not in job.state.files or not path.is_file():
        return False
    if job.state.input_sha256 != asked:
        return False
    state, now = job.state.files[kind], path.stat()
    return (state.name, state.size, state.mtime_ns) == (path.name, now.st_size, now.st_mtime_ns)
