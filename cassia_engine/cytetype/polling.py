"""Waiting for a job. Only what is final ends it before its time: a server that is unwell for a while does not."""

from __future__ import annotations

import logging

from cassia_engine.cytetype.errors import (
    INVALID_RESPONSE,
    NO_JSON,
    CyteTypeError,
    JobFailedError,
    JobNotFoundError,
    NetworkError,
    TimeoutError,
)
from cassia_engine.cytetype.protocol import COMPLETED, FAILED, JobStatus
from cassia_engine.cytetype.results import JobResults
from cassia_engine.cytetype.service import Service
from cassia_engine.cytetype.waiting import Pace
from cassia_engine.errors import shown

log = logging.getLogger(__name__)

FIRST_S = 5.0
INTERVAL_S = 30.0
TIMEOUT_S = 7200.0
_INVALID_AT_MOST = 5  # answers of success without one of the protocol between
_WORTH_SAYING = 3  # looks in a row without an answer


class Polling:
    """Looks at a job until it has ended.

    Args:
        interval: seconds between two looks.
        timeout: seconds for all of them; one look is made in any case.
        first: seconds before the first look.
    """

    def __init__(
        self,
        service: Service,
        pace: Pace,
        *,
        interval: float = INTERVAL_S,
        timeout: float = TIMEOUT_S,
        first: float = FIRST_S,
    ):
        self._service, self._pace = service, pace
        self._interval, self._timeout, self._first = interval, timeout, first
        self._invalid = self._missed = 0
        self._last: JobStatus | None = None
        self._why = ""  # the last look has no answer

    async def results(self, job_id: str) -> JobResults:
        """The results of a job, once it has them.

        Raises:
            JobFailedError: it has failed.
            TimeoutError: it has not ended in time.
            CyteTypeError: the server says something that stays.
            StoppedError: someone has asked to stop.
        """
        end, pause = self._pace.clock.now() + self._timeout, self._first
        while True:
            left = max(0.0, end - self._pace.clock.now())
            await self._pace.wait(min(pause, left))
            pause = self._interval
            try:
                if (found := await self._look(job_id)) is not None:
                    return found
            except CyteTypeError as error:
                if self._is_final(error):
                    raise
                pause = max(pause, error.retry_after or 0.0)
                self._say(error)
            if self._pace.clock.now() >= end:
                raise self._late(job_id)

    async def _look(self, job_id: str) -> JobResults | None:
        status = await self._service.status(job_id)
        self._tell(status)
        if status.jobStatus == FAILED:
            raise self._failed(job_id, status)
        found = await self._service.results(job_id) if status.jobStatus == COMPLETED else None
        self._invalid, self._missed, self._why = 0, 0, ""
        return found

    def _tell(self, status: JobStatus) -> None:
        if status != self._last and status.clusterStatus:
            log.info("clusters done: %d of %d", status.n_done, len(status.clusterStatus))
        self._last = status

    def _is_final(self, error: CyteTypeError) -> bool:
        if error.status is not None and 300 <= error.status < 400:
            return True
        if error.error_code == INVALID_RESPONSE or error.code == NO_JSON:
            self._invalid += 1
            return self._invalid == _INVALID_AT_MOST
        waits = error.transient or error.status == 404 or isinstance(error, JobNotFoundError)
        # Without a status no answer came: of a connection, only what passes is waited for.
        plain = isinstance(error, (NetworkError, TimeoutError)) and error.status is not None
        return not (waits or plain)

    def _say(self, error: CyteTypeError) -> None:
        self._missed, self._why = self._missed + 1, f"; the last look: {error}"
        if self._missed % _WORTH_SAYING == 0:
            log.warning(
                "%d looks at the job in a row without an answer: %s; cassia goes on waiting", self._missed, error
            )

    def _failed(self, job_id: str, status: JobStatus) -> JobFailedError:
        failed = status.failed_clusters
        clusters = f" with {len(failed)} of {len(status.clusterStatus)} clusters" if failed else ""
        text = f"the job {shown(job_id)} has failed{clusters}; see {self._service.report_url(job_id)}"
        return JobFailedError(text, "JOB_FAILED", code="cytetype-job-ended-failed")

    def _late(self, job_id: str) -> TimeoutError:
        known = "" if self._last else ", and the server has not told its status once: check the token, too"
        text = (
            f"the job {shown(job_id)} has no results after {self._timeout:g} s{known}{self._why}; it goes on at the "
            f"server: see {self._service.report_url(job_id)}, and resume it later"
        )
        return TimeoutError(text, code="cytetype-job-timeout")
