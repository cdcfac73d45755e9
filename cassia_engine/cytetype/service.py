"""The calls of the CyteType protocol to one server, each with its own time, as typed records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cassia_engine.cytetype import errors
from cassia_engine.cytetype.bodies import FilePart
from cassia_engine.cytetype.http import Http
from cassia_engine.cytetype.protocol import (
    Initiated,
    JobStatus,
    Kind,
    Submitted,
    Uploaded,
    check_id,
    read_answer,
    read_initiated,
    read_status,
)
from cassia_engine.cytetype.question import request_body
from cassia_engine.cytetype.results import JobResults, read_results
from cassia_engine.fast_json import ascii_json

ANNOTATE_S = 180.0
RESULTS_S = 300.0
_OCTETS = "application/octet-stream"


class Service:
    """What a CyteType server can be asked.

    Every method raises a CyteTypeError where there is no answer of the protocol.
    """

    def __init__(self, http: Http):
        self._http = http
        self.api_url = http.api_url

    def report_url(self, job_id: str) -> str:
        """Where people read the report of a job."""
        return f"{self.api_url}/report/{quote(job_id, safe='')}"

    async def initiate(self, kind: Kind, size: int, timeout: float) -> Initiated:
        body = ascii_json({"file_size_bytes": size})
        answer = await self._http.send("POST", f"upload/{kind}/initiate", body=body, timeout=timeout)
        return read_initiated(self._http.json_of(answer), size)

    async def put_chunk(self, upload_id: str, index: int, chunk: FilePart, timeout: float) -> None:
        path = f"upload/{quote(check_id(upload_id), safe='')}/chunk/{index}"
        await self._http.send("PUT", path, body=chunk, kind=_OCTETS, timeout=timeout)

    async def put_part(self, url: str, chunk: FilePart, timeout: float) -> str:
        """Send a chunk to its presigned URL; the ETag that it got."""
        answer = await self._http.put_elsewhere(url, chunk, timeout)
        if not (etag := answer.headers.get("etag", "")):
            raise errors.NetworkError(
                "the store took a part of the upload without an ETag",
                "MISSING_ETAG",
                code="cytetype-no-etag",
                transient=True,
            )
        return etag

    async def complete(self, upload_id: str, etags: Sequence[str] | None, timeout: float) -> Uploaded:
        """End an upload.

        Args:
            etags: of all parts in order, of a presigned upload; else None.
        """
        path = f"upload/{quote(check_id(upload_id), safe='')}/complete"
        parts = [{"ETag": etag, "PartNumber": number} for number, etag in enumerate(etags or (), 1)]
        body = None if etags is None else ascii_json({"parts": parts})
        found = read_answer(
            Uploaded, self._http.json_of(await self._http.send("POST", path, body=body, timeout=timeout))
        )
        check_id(found.upload_id)
        return found

    async def annotate(self, request: Mapping[str, Any]) -> str:
        """Submit a job; its id. It is sent once: the protocol has no means to tell one job sent twice from two jobs.

        Raises:
            UsageError: the request is no JSON.
        """
        answer = await self._http.send_once("annotate", request_body(request), ANNOTATE_S)
        return check_id(str(read_answer(Submitted, self._http.json_of(answer)).job_id))

    async def status(self, job_id: str) -> JobStatus:
        answer = await self._http.send("GET", f"status/{quote(job_id, safe='')}")
        return read_status(self._http.json_of(answer))

    async def results(self, job_id: str) -> JobResults:
        answer = await self._http.send("GET", f"results/{quote(job_id, safe='')}", timeout=RESULTS_S)
        return read_results(self._http.json_of(answer), job_id, self.report_url(job_id))
