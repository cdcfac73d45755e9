"""What the CyteType client does: the question to a server, the files that go with it, the job and its results.

cyte_type   the class, with the client's calls
calling     what holds within such a call: names of arguments, messages, errors
input_data  the question about clusters, from an AnnData
preparation the question and the two files
submission  a job about an AnnData file, as the command submits it
arguments   arguments of the class, and their checks
targets     the files that a run writes, and their checks
running     a run of the class, on this machine or by a server
run_files   the files of a run: its job file, and those that it sends
llm_configs the models that a caller names
local       annotation on this machine in place of a server
server_form results of our own as a server would answer them
annotations results of a server as results of our own
stored      results in the AnnData
credentials the token that the client keeps
job         a job from its upload to its results, and the one that a process before has left
opening     which job a job file is of, and whether it may go on
question    what a job is asked
upload      files in chunks, several at once, resumed
upload_progress how far an upload is
polling     waiting for a job
job_file    what is on disk of a job, before anything waits
ranges      sets of numbers of chunks
waiting     waits that can be ended, attempts that follow each other
in_thread   an event loop beside the caller
service     the calls of the protocol
http        one request over aiohttp
bodies      what is sent, in pieces
address     which addresses token and files are sent to
protocol    what the calls ask and answer
results     what a server says of each cluster
errors      the errors of the protocol
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cassia_engine.cytetype.errors import (
    APIError,
    AuthenticationError,
    AuthorizationError,
    ClientDisconnectedError,
    CyteTypeError,
    JobFailedError,
    JobNotFoundError,
    LLMValidationError,
    NetworkError,
    QuotaExceededError,
    RateLimitError,
    TimeoutError,
)
from cassia_engine.cytetype.errors import TimeoutError as CyteTypeTimeoutError

if TYPE_CHECKING:
    from cassia_engine.cytetype.cyte_type import CyteType

__all__ = [
    "APIError",
    "AuthenticationError",
    "AuthorizationError",
    "ClientDisconnectedError",
    "CyteType",
    "CyteTypeError",
    "CyteTypeTimeoutError",
    "JobFailedError",
    "JobNotFoundError",
    "LLMValidationError",
    "NetworkError",
    "QuotaExceededError",
    "RateLimitError",
    "TimeoutError",
]


def __getattr__(name: str) -> Any:
    # The class loads what reads an AnnData, which those who need an error do not.
    if name == "CyteType":
        from cassia_engine.cytetype.cyte_type import CyteType

        return CyteType
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
