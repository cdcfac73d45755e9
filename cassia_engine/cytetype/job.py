"""A job of a CyteType server, from the upload to the results; one job for one run, however often it is killed.

    uploading -> submitting -> submitted -> completed or failed

Each phase is in the job file before its request goes out. A process that is killed while it uploads or waits goes on
where it was. Between `submitting` and `submitted` lies the one request that nobody can repeat: the protocol gives jobs
no key of the client's, so that a job sent twice is two jobs. Where a process ended there, a person decides.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cassia_engine.callers import option
from cassia_engine.cancellation import Cancellation
from cassia_engine.cytetype import errors, polling, upload
from cassia_engine.cytetype.address import check_api_url
from cassia_engine.cytetype.http import Http
from cassia_engine.cytetype.in_thread import in_thread
from cassia_engine.cytetype.job_file import JobFile, held
from cassia_engine.cytetype.opening import asked_state, open_job
from cassia_engine.cytetype.polling import Polling
from cassia_engine.cytetype.protocol import COMPLETED, FAILED, MOST_BYTES, Kind, check_id
from cassia_engine.cytetype.question import Question, request_body
from cassia_engine.cytetype.results import JobResults
from cassia_engine.cytetype.service import Service
from cassia_engine.cytetype.upload import Uploader, check_artifact, is_upload_lost
from cassia_engine.cytetype.upload_progress import OnUpload
from cassia_engine.cytetype.waiting import Clock, Pace
from cassia_engine.errors import UsageError, shown
from cassia_engine.process_limits import forbid_core_dumps
from cassia_engine.secret import Secret

log = logging.getLogger(__name__)

_REFUSALS = (
    errors.AuthenticationError,
    errors.AuthorizationError,
    errors.QuotaExceededError,
    errors.RateLimitError,
    errors.LLMValidationError,
)


@dataclass(frozen=True, slots=True)
class JobOptions:
    """How a job is run; times in seconds.

    Attributes:
        require_artifacts: a file that cannot be uploaded ends the run; else the job goes on without it.
        upload_timeout: for one request of an upload.
        upload_workers: chunks in flight at once.
        poll_interval, timeout: between two looks at the job, and for all of them.
        proxy, trust_env: a proxy's URL, or that of the environment.
        air_gap: connect to this machine only.
        on_upload: is called with each progress of an upload.
        on_accepted: is called once the server has the job, before its results are waited for.
        stop: what may ask to stop.
        place: the option that says where the job file is.
    """

    require_artifacts: bool = True
    upload_timeout: float = upload.TIMEOUT_S
    upload_workers: int = upload.WORKERS
    poll_interval: float = polling.INTERVAL_S
    timeout: float = polling.TIMEOUT_S
    proxy: str | None = None
    trust_env: bool = False
    air_gap: bool = False
    on_upload: OnUpload | None = None
    on_accepted: Callable[[], None] | None = None
    stop: Cancellation | None = None
    clock: Clock | None = None
    place: str = "outdir"


def run_job(
    question: Question,
    *,
    api_url: str,
    token: Secret,
    job_file: Path,
    resume: bool = False,
    resubmit: bool = False,
    options: JobOptions | None = None,
) -> JobResults:
    """The results of a job: files are uploaded, the job is submitted and waited for.

    Args:
        api_url: of the server; https, or http on this machine.
        token: goes to that server only.
        job_file: `<name>_job.json`, which holds all that a later process needs.
        resume: go on with the job of that file, if it is there.
        resubmit: submit anew, whatever became of the job of that file; its uploads are used again.

    Raises:
        UsageError: nothing may be sent to that URL, a file cannot be uploaded, or the job file is of another question
            or server, is in use, or has a job that is to be resumed.
        CyteTypeError: the server refuses, or does not answer.
        StoppedError: `options.stop` was requested.
    """
    chosen = options or JobOptions()
    return in_thread(lambda stop: _run(question, api_url, token, job_file, resume, resubmit, chosen, stop), chosen.stop)


def look_up(api_url: str, job_id: str, token: Secret, air_gap: bool = False) -> JobResults | None:
    """The results of a job, looked at once; None where it has none yet.

    Args:
        air_gap: connect to this machine only.

    Raises:
        UsageError: nothing may be sent to that URL.
        JobNotFoundError: the server does not know the job.
        CyteTypeError: the server refuses, does not answer, or the job has failed.
    """
    url = check_api_url(api_url, air_gap)
    return in_thread(lambda stop: _look_up(url, job_id, token, air_gap), None)


async def _look_up(api_url: str, job_id: str, token: Secret, air_gap: bool) -> JobResults | None:
    forbid_core_dumps()
    async with Http(api_url, token, air_gap=air_gap) as http:
        service = Service(http)
        try:
            status = await service.status(check_id(job_id))
        except errors.JobNotFoundError:
            text = f"{api_url} does not know the job {shown(job_id)}: it is of another account, was removed there, or "
            text += "was sent a moment ago"
            raise errors.JobNotFoundError(text, "JOB_NOT_FOUND", code="cytetype-no-such-job") from None
        if status.jobStatus == FAILED:
            text = f"the job {job_id} has failed; run it again with {option('resubmit', True)} to submit it anew"
            raise errors.JobFailedError(text, "JOB_FAILED", code="cytetype-job-failed")
        return await service.results(job_id) if status.jobStatus == COMPLETED else None


async def _run(
    question: Question,
    api_url: str,
    token: Secret,
    path: Path,
    resume: bool,
    resubmit: bool,
    options: JobOptions,
    stop: Cancellation,
) -> JobResults:
    forbid_core_dumps()
    asked = asked_state(question, api_url)
    with held(path, options.place):
        job = open_job(path, asked, resume, resubmit, options.place)
        try:
            return await _ended(job, question, token, options, stop)
        finally:
            job.give_way()


async def _ended(
    job: JobFile, question: Question, token: Secret, options: JobOptions, stop: Cancellation
) -> JobResults:
    goes_on = bool(job.state.job_id)
    async with _http(job, token, options, question.secrets) as http:
        work = _Work(job, Service(http), Pace(stop, options.clock), options)
        if goes_on:
            what = "the job %s goes on with the data that were sent for it; %s sends them anew"
            log.info(what, job.state.job_id, option("resubmit", True))
        else:
            await work.submit(question)
        if options.on_accepted is not None:
            options.on_accepted()
        return await work.collect(first=0.0 if goes_on else None)


def _http(job: JobFile, token: Secret, options: JobOptions, secrets: Sequence[Secret] = ()) -> Http:
    return Http(
        job.state.api_url,
        token,
        secrets=secrets,
        proxy=options.proxy,
        trust_env=options.trust_env,
        connections=options.upload_workers + 1,
        air_gap=options.air_gap,
    )


class _Work:
    """A job on its way."""

    def __init__(self, job: JobFile, service: Service, pace: Pace, options: JobOptions):
        self._job, self._service, self._pace, self._options = job, service, pace, options
        self._uploader = Uploader(
            service,
            job,
            pace,
            workers=options.upload_workers,
            timeout=options.upload_timeout,
            told=options.on_upload,
        )

    async def submit(self, question: Question) -> None:
        """Upload the files, and submit the job once they are there."""
        request_body(question.request({}))  # what is wrong with it is known before anything is sent
        uploaded = await self._upload_all(question)
        self._job.forget_urls()  # of an upload whose end was the last thing that a process did
        try:
            await self._submit(question.request(uploaded))
        except errors.CyteTypeError as error:
            if not uploaded or not is_upload_lost(error):
                raise
            log.warning("the server has the files no longer (%s): they are uploaded anew", error)
            for kind in uploaded:
                self._uploader.forget(kind)
            await self._submit(question.request(await self._upload_all(question)))

    async def _upload_all(self, question: Question) -> dict[Kind, str]:
        uploaded: dict[Kind, str] = {}
        if self._options.require_artifacts:
            for kind, path in question.artifacts.items():
                check_artifact(kind, path)
        for kind in MOST_BYTES:
            if kind not in question.artifacts:
                continue
            path = question.artifacts[kind]
            try:
                uploaded[kind] = await self._uploader.upload(kind, path)
            except (errors.AuthenticationError, errors.AuthorizationError):
                raise
            except (errors.CyteTypeError, UsageError) as error:
                if self._options.require_artifacts:
                    raise
                log.warning("%s is not uploaded, and the job goes on without it: %s", path.name, error)
        return uploaded

    async def _submit(self, request: Mapping[str, Any]) -> None:
        async def attempt() -> str:
            self._pace.check()
            since = self._pace.clock.utc().isoformat(timespec="seconds")
            self._job.update(phase="submitting", submitting_since=since)
            try:
                return await self._service.annotate(request)
            except errors.CyteTypeError as error:
                if _may_be_taken(error):
                    raise _unknown(error, self._service.api_url) from None
                self._job.update(phase="uploading", submitting_since="")
                raise

        job_id = await self._pace.attempts("submit the job", attempt)
        report = self._service.report_url(job_id)
        self._job.update(phase="submitted", job_id=job_id, report_url=report, before=None)
        log.info("the job %s was submitted; its report is at %s", job_id, report)

    async def collect(self, first: float | None = None) -> JobResults:
        """The results, once they are there; the first look is made after `first` seconds, None for the usual."""
        options = self._options
        looks = Polling(
            self._service,
            self._pace,
            interval=options.poll_interval,
            timeout=options.timeout,
            first=polling.FIRST_S if first is None else first,
        )
        try:
            found = await looks.results(self._job.state.job_id)
        except errors.JobFailedError as error:
            self._job.update(phase="failed")
            text = f"{error.message}; {option('resubmit', True)} submits it anew"
            raise errors.JobFailedError(text, error.error_code, code=error.code, status=error.status) from None
        self._job.update(phase="completed")
        return found


def _may_be_taken(error: errors.CyteTypeError) -> bool:
    """Whether a job may be there although its request has no answer of success."""
    if error.unsent or isinstance(error, _REFUSALS):
        return False
    return error.status is None or error.status in (408, 499) or (error.status >= 500 and error.status != 503)


def _unknown(error: errors.CyteTypeError, api_url: str) -> errors.NetworkError:
    return errors.NetworkError(
        f"{error.message}; whether the server has taken the job is not known, and a second request could make a second "
        f"job: look for it at {api_url}, and submit it anew by {option('resubmit', True)} if it is not there",
        error.error_code,
        code="cytetype-job-unknown",
        status=error.status,
    )
