"""What a process may have and do before it reads a file from outside."""

from __future__ import annotations

import resource
from dataclasses import dataclass

from cassia_engine.process_limits import forbid_core_dumps
from cassia_engine.server.reading.seccomp import SeccompError, refuse_calls

MEMORY = 2 * 2**30
CPU_SECONDS = 600
_OPEN_FILES = 64


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How a process is confined.

    Attributes:
        without_calls: why the system refuses no calls to it; "" where it does.
    """

    without_calls: str = ""

    def close(self) -> None:
        """Let no further file be opened."""
        if not self.without_calls:
            refuse_calls(opening=False)


def enter(memory: int = MEMORY, cpu_seconds: int = CPU_SECONDS) -> Sandbox:
    """Confine this process for good: memory, time, open files; nothing is written, and no core.

    Where the system can (Linux), calls for connections, processes and changes of files are refused too, and files are
    opened for reading only.
    """
    forbid_core_dumps()
    for limit, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
    ):
        _lower(limit, most)
    try:
        refuse_calls(opening=True)
    except SeccompError as error:
        return Sandbox(str(error))
    return Sandbox()


def _lower(limit: int, most: int) -> None:
    hard = resource.getrlimit(limit)[1]
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(limit, (least, least))
