"""Appending to a journal: one file, one writer, one write a line, and a thread that syncs in groups.

What was written survives the end of the process at once, and that of the machine after the next sync.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from cassia_engine.files import sync_folder
from cassia_engine.journal.folders import file_error
from cassia_engine.journal.lines import header
from cassia_engine.process_limits import start

GROUP = 16  # lines
GROUP_SECONDS = 0.2
LONGEST_CALL = 600.0  # seconds

_sync_data = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class Writer:
    """Appends to a file of its own in `folder`, which is made at the first line.

    Attributes:
        path: the file; None before the first line and after `close`. A line after that begins another file.
    """

    def __init__(self, folder: Path, cassia_version: str):
        self._folder = folder
        self._header = header(cassia_version)
        self._lock = threading.Lock()
        self._fd = -1
        self._end = 0
        self._torn = False
        self._syncer: Syncer | None = None
        self.path: Path | None = None

    def append(self, raw: bytes) -> int:
        """Write a line.

        Returns:
            The offset of its first byte.

        Raises:
            UsageError, TemporaryError: it could not be written, or lines before it could not be synced.
        """
        with self._lock:
            try:
                if self._syncer is None:
                    self._syncer = self._open()
                self._syncer.check()
                # What a full disk has cut off must not take the next line with it.
                self._write(b"\n" + raw if self._torn else raw)
            except OSError as error:
                raise file_error(error, self.path or self._folder, "written") from error
            self._syncer.note()
            return self._end - len(raw)

    def close(self) -> None:
        """Sync and close the file, if there is one.

        Raises:
            UsageError, TemporaryError: it cannot be synced.
        """
        with self._lock:
            if self._syncer is None:
                return
            syncer, path, fd = self._syncer, self.path or self._folder, self._fd
            self._syncer, self.path, self._fd, self._end, self._torn = None, None, -1, 0, False
            try:
                syncer.close()
                syncer.check()
            except OSError as error:
                raise file_error(error, path, "written") from error
            finally:
                os.close(fd)

    def _open(self) -> Syncer:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / _name()
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o666)
        self._end, self._torn = 0, False
        try:
            self._write(self._header)
        except OSError:
            os.close(self._fd)
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        self.path = path
        return Syncer(self._fd, self._folder)

    def _write(self, raw: bytes) -> None:
        left = memoryview(raw)
        while left:
            try:
                written = os.write(self._fd, left)
            except OSError:
                self._torn = self._torn or len(left) < len(raw)
                raise
            self._end += written
            left = left[written:]
        self._torn = False


class Syncer:
    """Syncs a file after `GROUP` lines or `GROUP_SECONDS`, in a thread, so that who writes never waits for a disk."""

    def __init__(self, fd: int, folder: Path):
        self._fd = fd
        self._folder = folder
        self._changed = threading.Condition()
        self._waiting = 0
        self._closed = False
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._work, name="cassia-journal", daemon=True)
        start(self._thread)

    def note(self) -> None:
        """A line was written."""
        with self._changed:
            self._waiting += 1
            if self._waiting in (1, GROUP):
                self._changed.notify()

    def check(self) -> None:
        """Raise the OSError of a sync that failed, if one did."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Sync what is left and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        sync_folder(self._folder)
        while self._group() and self._error is None:
            try:
                _sync_data(self._fd)
            except OSError as error:
                self._error = error

    def _group(self) -> bool:
        """Wait for a group of lines; False if there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            self._changed.wait_for(lambda: self._waiting >= GROUP or self._closed, GROUP_SECONDS)
            some, self._waiting = self._waiting > 0, 0
            return some


def writers(folder: Path) -> list[int]:
    """Other processes of this machine that seem to be writing into a sample's folder now, by its files' names."""
    found = set()
    for path in folder.glob("*.jsonl"):
        host, pid = [*path.stem.split("-"), "", ""][1:3]
        if host == _host() and pid.isdecimal() and int(pid) != os.getpid() and _is_new(path) and _lives(int(pid)):
            found.add(int(pid))
    return sorted(found)


def process_name() -> str:
    """A name for a task of this process, which no other has."""
    return f"{_host()}-{os.getpid()}-{secrets.token_hex(4)}"


def is_gone(name: str) -> bool:
    """Whether the process of a task, by its `process_name`, is known to have ended; of another machine's it is not."""
    host, pid = [*name.split("-"), "", ""][:2]
    return host == _host() and pid.isdecimal() and not _lives(int(pid))


def _is_new(path: Path) -> bool:
    """Whether a file has been written to since any call may have begun; an older one's process is another by now."""
    with contextlib.suppress(OSError):
        return time.time() - path.stat().st_mtime < LONGEST_CALL
    return False


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (ProcessLookupError, OverflowError):
        return False
    return True


def _name() -> str:
    """The name of a file: sorts by time, and is nobody else's."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return f"{now}-{process_name()}.jsonl"


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "_", socket.gethostname())[:40] or "host"
