"""Ids of jobs and uploads, and numbers in paths: they name rows and files, so that no other text is looked for."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from cassia_engine.server.answers import Refused

NUMBER = "[0-9]{1,9}"  # of a chunk or of a run, as a pattern
_ID = re.compile("[0-9a-f]{32}")


def new_id() -> str:
    """The id of a job or an upload that is made."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Whether a job or an upload can have this id."""
    return _ID.fullmatch(text) is not None


def check_path(parts: Mapping[str, str]) -> None:
    """Check the ids and numbers in a path, before any handler has them.

    Args:
        parts: of the path, by their names in the route.

    Raises:
        Refused: one of them has another form.
    """
    if "job_id" in parts and not is_id(parts["job_id"]):
        raise no_job()
    if "upload_id" in parts and not is_id(parts["upload_id"]):
        raise no_upload()
    if "index" in parts and not re.fullmatch(NUMBER, parts["index"]):
        raise Refused("INVALID_REQUEST", "the number of a chunk has 1 to 9 digits")


def no_job() -> Refused:
    """What is answered where there is no such job, or it is somebody else's."""
    return Refused("JOB_NOT_FOUND", "there is no job of this id")


def no_upload() -> Refused:
    """What is answered where there is no such upload, or it is somebody else's."""
    return Refused("UPLOAD_NOT_FOUND", "there is no such upload, or no longer; begin it anew")
