"""What a process may have and do before it reads a file from outside."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from pathlib import Path

from cassia_engine.process_limits import forbid_core_dumps
from cassia_engine.server.reading.landlock import LandlockError, open_only
from cassia_engine.server.reading.seccomp import SeccompError, refuse_calls

MEMORY = 2 * 2**30
CPU_SECONDS = 600
_OPEN_FILES = 64


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How a process is confined.

    Attributes:
        missing: what the system cannot do, with the reason; empty where it can do all.
    """

    refuses_calls: bool
    missing: list[str]

    def open_only(self, *paths: str | None) -> None:
        """Let nothing but these files be opened; modules that are needed are loaded already."""
        try:
            open_only(Path(path) for path in paths if path is not None)
        except LandlockError as error:
            self.missing.append(f"other files can be opened (Landlock: {error})")

    def close(self) -> None:
        """Let no further file be opened."""
        if self.refuses_calls:
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
        return Sandbox(False, [f"calls are not refused (seccomp: {error})"])
    return Sandbox(True, [])


def _lower(limit: int, most: int) -> None:
    hard = resource.getrlimit(limit)[1]
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(limit, (least, least))
