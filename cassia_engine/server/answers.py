"""Errors of the protocol, and JSON as it comes and as it is answered."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from aiohttp import web

from cassia_engine.fast_json import ascii_json
from cassia_engine.text import one_line

Value = TypeVar("Value")

# The status that goes with a code. A client ends its run at any of them.
STATUS = {
    "INVALID_REQUEST": 400,
    "AUTHENTICATION_REQUIRED": 401,
    "INVALID_TOKEN": 401,
    "QUOTA_EXCEEDED": 402,
    "ACCESS_DENIED": 403,
    "JOB_NOT_FOUND": 404,
    "UPLOAD_NOT_FOUND": 404,
    "NOT_FOUND": 404,
    "JOB_PROCESSING": 409,
    "JOB_NOT_COMPLETED": 409,
    "UPLOAD_INCOMPLETE": 409,
    "UPLOAD_TOO_LARGE": 413,
    "JOB_FAILED": 422,
    "ARTIFACT_UNREADABLE": 422,
    "LLM_VALIDATION_FAILED": 422,
    "RATE_LIMIT_EXCEEDED": 429,
    "INTERNAL_ERROR": 500,
}


class Refused(Exception):
    """A request that is answered with an error of the protocol.

    Args:
        code: a key of `STATUS`.
        message: one line for the person who runs the client: what is wrong, and what to do.
    """

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code, self.message = code, message


class Unavailable(Exception):
    """A request that may be sent again: a plain 503, at which no client gives up."""


def read_json(data: bytes | msgspec.Raw, kind: type[Value], what: str) -> Value:
    """JSON that a client has sent, as a value of this type.

    Args:
        what: is said before the reason where it is none.

    Raises:
        Refused: it is none.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except RecursionError:
        why = "it is too deep"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        why = one_line(str(error))
    raise Refused("INVALID_REQUEST", f"{what}: {why}")


def json_answer(data: Any, status: int = 200) -> web.Response:
    return web.Response(body=ascii_json(data), status=status, content_type="application/json")


def error_answer(error: Refused) -> web.Response:
    fields = {"error_code": error.code, "message": error.message}
    # `cytetype login` looks there alone.
    return json_answer({**fields, "detail": fields}, STATUS[error.code])


def unavailable(why: str) -> web.Response:
    return web.Response(text=why, status=503, headers={"Retry-After": "5"})
