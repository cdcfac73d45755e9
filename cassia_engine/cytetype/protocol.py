"""What the calls of the CyteType protocol ask and answer.

Fields of an answer that are not known here are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec

from cassia_engine.cytetype.errors import invalid_response
from cassia_engine.records.record import Record

Kind = Literal["vars_h5", "obs_duckdb"]
# In the order in which they are uploaded, with what a server takes at most, in bytes.
MOST_BYTES: Mapping[Kind, int] = {"vars_h5": 50 * 2**30, "obs_duckdb": 2 * 2**30}
VISIBILITIES = ("private", "org", "public")

PENDING, PROCESSING, COMPLETED, FAILED = "pending", "processing", "completed", "failed"
# They become parts of a path; a dot alone would be another place.
_ID = re.compile(r"(?!\.+$)[A-Za-z0-9._~:=@+-]{1,300}")


class Answer(Record, frozen=True, forbid_unknown_fields=False):
    """An answer of a server, which may have more fields."""


class Initiated(Answer, frozen=True):
    """An upload that may begin.

    Attributes:
        chunk_size_bytes: of all chunks but the last.
        max_size_bytes: the largest file that is taken, None if it is not said.
        presigned_urls: where chunk n goes, none for the server itself; r2_upload_id then is not None.
    """

    upload_id: str
    chunk_size_bytes: int
    max_size_bytes: int | None = None
    presigned_urls: tuple[str, ...] | None = None
    r2_upload_id: str | None = None

    @property
    def urls(self) -> tuple[str, ...] | None:
        return None if self.r2_upload_id is None else self.presigned_urls


class Uploaded(Answer, frozen=True):
    """An upload that is whole."""

    upload_id: str
    file_kind: str
    file_name: str
    size_bytes: int
    expires_at: str


class Submitted(Answer, frozen=True):
    """A job that was taken; some servers have ids that are numbers."""

    job_id: str | int


class JobStatus(Answer, frozen=True):
    """How far a job is.

    Attributes:
        jobStatus: pending, processing, completed or failed; "" or another word is no reason to end.
        clusterStatus: the same of each cluster.
    """

    jobStatus: str = ""
    clusterStatus: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def n_done(self) -> int:
        return sum(status in (COMPLETED, FAILED) for status in self.clusterStatus.values())

    @property
    def failed_clusters(self) -> list[str]:
        return [cluster for cluster, status in self.clusterStatus.items() if status == FAILED]


Some = TypeVar("Some", bound=Answer)


def read_answer(kind: type[Some], data: Any) -> Some:
    """An answer as its record.

    Raises:
        APIError: it has another form.
    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise invalid_response(str(error)) from None


def read_initiated(data: Any, size: int) -> Initiated:
    """The answer to an upload's beginning.

    Args:
        size: of the file, in bytes.

    Raises:
        APIError: it has another form, or nothing could be sent by it.
    """
    found = read_answer(Initiated, data)
    check_id(found.upload_id)
    if found.chunk_size_bytes < 1:
        raise invalid_response(f"chunks of {found.chunk_size_bytes} bytes")
    wanted = n_chunks(size, found.chunk_size_bytes)
    if found.urls is not None and len(found.urls) < wanted:
        raise invalid_response(f"{len(found.urls)} presigned URLs for {wanted} chunks")
    return found


def read_status(data: Any) -> JobStatus:
    """The answer about a job; what is not as it should be is left out, for a job does not end by that.

    Raises:
        APIError: it is no object.
    """
    if not isinstance(data, dict):
        raise invalid_response("no object")
    clusters = data.get("clusterStatus")
    state = data.get("jobStatus")
    each = clusters.items() if isinstance(clusters, dict) else ()
    return JobStatus(state if isinstance(state, str) else "", {name: str(status) for name, status in each})


def is_id(name: str) -> bool:
    """Whether an upload or a job can be called so."""
    return _ID.fullmatch(name) is not None


def check_id(name: str) -> str:
    """An id of an upload or a job, which becomes a part of a URL.

    Raises:
        APIError: it would lead elsewhere.
    """
    if not is_id(name):
        raise invalid_response("an id with characters that no id has")
    return name


def n_chunks(size: int, chunk_size: int) -> int:
    return -(-size // chunk_size)
