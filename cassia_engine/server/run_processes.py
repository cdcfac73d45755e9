"""The processes of runs: started, found again by the next server, told to stop.

The lock of a run's folder is held by the process as long as it lives, whatever becomes of its server, and names it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cassia_engine.server.specs import LOCK, LOG, OUTCOME, Told

WORKER = "cassia_engine.server.worker"
_LOOK_SECONDS = 0.1  # at a process of this server's own
_LOOK_AT_OTHERS_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class RunProcess:
    """A process that does a run.

    Attributes:
        folder: of the run.
        started: by this server; None where an earlier one has started it. No process of asyncio, which would be killed
            with its event loop.
    """

    folder: Path
    started: subprocess.Popen[bytes] | None = None

    async def wait(self) -> int | None:
        """Wait for its end.

        Returns:
            Its exit code; None where only its parent could know.
        """
        if self.started is None:
            while _is_held(self.folder):
                await asyncio.sleep(_LOOK_AT_OTHERS_SECONDS)
            return None
        while self.started.poll() is None:
            await asyncio.sleep(_LOOK_SECONDS)
        return self.started.returncode

    def stop(self) -> None:
        """Tell it to stop; it keeps what was answered."""
        if self.started is not None:
            self.started.send_signal(signal.SIGTERM)
        elif _is_held(self.folder) and (pid := (self.folder / LOCK).read_text()) and _works_in(self.folder, int(pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGTERM)


def start(folder: Path, told: Told) -> RunProcess:
    """Start the process of a run, or find the one that does it.

    Raises:
        OSError: the system starts no process, or the folder is not there.
    """
    with _locked(folder) as lock:
        if lock is None:
            return RunProcess(folder)
        (folder / OUTCOME).unlink(missing_ok=True)
        os.ftruncate(lock, 0)
        with open(folder / LOG, "ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", WORKER, str(folder)],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                pass_fds=(lock,),
                start_new_session=True,  # Ctrl-C at a terminal is for the server
            )
        os.pwrite(lock, str(process.pid).encode(), 0)
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(msgspec.json.encode(told))
    return RunProcess(folder, process)


def _works_in(folder: Path, pid: int) -> bool:
    """Whether a process is that of a run's folder: a child of it may hold the lock when it has ended, and its number be
    another process's. Only where there is /proc; elsewhere none is, and it goes on."""
    try:
        return os.fsencode(folder) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def _is_held(folder: Path) -> bool:
    with _locked(folder) as lock:
        return lock is None


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[int | None]:
    """Holds the lock of a run's folder, and gives its file descriptor; None where a process has it."""
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)
