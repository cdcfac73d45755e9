"""What the system lets a process have and do: open files and threads, looked at before anything is spent; no core."""

from __future__ import annotations

import contextlib
import resource
import threading
from pathlib import Path

from cassia_engine.callers import option
from cassia_engine.errors import UsageError

# Besides a connection a worker: the journal, the outputs, the event loop, and libraries that are loaded later.
FILES_BESIDES = 64
_LISTINGS = (Path("/proc/self/fd"), Path("/dev/fd"))


def check_open_files(max_workers: int) -> None:
    """Make sure that so many workers can each have a connection; the soft limit is raised for them.

    Raises:
        UsageError: the hard limit does not allow it; says which one, what is needed, and how many workers it allows.
    """
    needed = _open_files() + max_workers + FILES_BESIDES
    hard = allow_open_files(needed)
    if hard >= needed:
        return
    possible = hard - needed + max_workers
    remedy = f", or give at most {option('max_workers', possible)}" if possible > 0 else ""
    raise UsageError(
        f"{option('max_workers', max_workers)}: that needs {needed} open files, and this process may have {hard} "
        f"(ulimit -Hn); raise that limit{remedy}",
        code="open-files-limit",
    )


def allow_open_files(needed: int) -> int:
    """Raise the soft limit for so many open files, where it is lower.

    Returns:
        How many this process may have, at least `needed` unless the hard limit does not allow that.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return needed
    if hard == resource.RLIM_INFINITY or hard >= needed:
        with contextlib.suppress(OSError, ValueError):  # macOS has a lower limit that it does not tell here
            resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
            return needed
        return soft
    return hard


def forbid_core_dumps() -> None:
    """Let the system write no image of this process's memory to disk if it crashes: the key is in it."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def start(thread: threading.Thread) -> None:
    """Start a thread.

    Raises:
        UsageError: the system starts no further one; says which limit.
    """
    try:
        thread.start()
    except RuntimeError:
        most = resource.getrlimit(resource.RLIMIT_NPROC)[0]
        told = "unlimited" if most == resource.RLIM_INFINITY else str(most)
        raise UsageError(
            "the system starts no further thread: the limit of processes and threads of your account (ulimit -u, now "
            f"{told}), or that of this container or job, is used up; raise it, or end what you do not need",
            code="threads-limit",
        ) from None


def _open_files() -> int:
    for listing in _LISTINGS:
        with contextlib.suppress(OSError):
            return len(list(listing.iterdir()))
    return FILES_BESIDES
