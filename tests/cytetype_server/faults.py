"""Everything that can go wrong with a call, by name.

status:503          a plain text of this status, with Retry-After if one follows (status:503:2); nothing is done
error:JOB_FAILED    the structured error of this code, with its own status if one follows (error:JOB_FAILED:500)
drop                the connection is closed before the body is read
drop_middle         the connection is closed after a part of the body
lost                all is done, and the connection is closed without an answer
hold                nothing is done until POST /release, and nothing at all if the client has gone by then
hold_done           all is done, and the answer is withheld until POST /release
kill                all is done, and the server is killed
html                a page of status 200 in place of the answer; all is done
truncated           the first half of the answer
missing             an object without the fields of the answer
id:NAME             the answer to a job that was submitted, with this id
redirect            to another place
wrong_etag, no_etag of a part
"""

from __future__ import annotations

import json
import os
import signal

from tests.cytetype_server.calls import Refused, Reply, error_reply

UNDONE = ("status", "error", "drop", "drop_middle", "hold", "redirect")
DONE = ("lost", "hold_done", "kill", "html", "truncated", "missing", "id", "wrong_etag", "no_etag")
_PAGE = b"<!doctype html><title>Maintenance</title>"


class Dropped(Exception):
    """The connection is closed in place of an answer."""


def check_fault(name: str) -> None:
    """Raises:
    ValueError: there is no such fault.
    """
    if name.partition(":")[0] not in (*UNDONE, *DONE):
        raise ValueError(f"no fault {name}")


def without_work(fault: str) -> Reply | None:
    """The answer of a fault that keeps the call from being done, None for others."""
    name, _, values = fault.partition(":")
    first, _, second = values.partition(":")
    if name == "status":
        headers = {"Retry-After": second} if second else {}
        return Reply(b"the server is unwell", int(first), "text/plain", headers)
    if name == "error":
        return error_reply(Refused(first, f"scripted {first}", int(second) if second else None))
    if name == "redirect":
        return Reply(b"", 302, headers={"Location": "http://127.0.0.1:9/elsewhere"})
    return None


def changed(fault: str, reply: Reply) -> Reply:
    """The answer with the fault."""
    name, _, value = fault.partition(":")
    match name:
        case "lost":
            raise Dropped
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "html":
            return Reply(_PAGE, 200, "text/html")
        case "truncated":
            return Reply(reply.body[: len(reply.body) // 2], reply.status)
        case "missing":
            return Reply(b'{"other": 1}', reply.status)
        case "id":
            return Reply(json.dumps({"job_id": value}).encode(), reply.status)
        case "wrong_etag":
            reply.headers["ETag"] = '"00000000000000000000000000000000"'
        case "no_etag":
            del reply.headers["ETag"]
    return reply
