"""What is on disk of a job, `<name>_job.json`: written before anything waits, so that a process after a kill goes on.

It holds no token, no key, and no address that lets its reader write. Presigned addresses do that; while an upload by
them is under way they are in `<name>_job_urls.json`, which its owner alone can read and which goes with the upload.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from cassia_engine.callers import argument
from cassia_engine.cytetype.protocol import MOST_BYTES, Kind, is_id, n_chunks
from cassia_engine.cytetype.ranges import Ranges, are_within, count, indexes, with_index
from cassia_engine.errors import UsageError
from cassia_engine.files import atomic_write, remove_left_aside
from cassia_engine.records.record import Record

VERSION = "1"
Phase = Literal["uploading", "submitting", "submitted", "completed", "failed"]


class FileState(Record, frozen=True):
    """A file that is uploaded, or has been.

    Attributes:
        name, size, mtime_ns: of the file when its upload began; by the last two a changed file is noticed.
        acknowledged: chunks that the server has, as first and last of each run of them.
        etags: of acknowledged chunks by index, of a presigned upload.
        presigned: whether chunks go to presigned addresses.
        complete: the server has the whole file.
        expires_at: until when, as the server said; "" if it has not.
    """

    name: str
    size: int
    mtime_ns: int
    upload_id: str
    chunk_size: int
    acknowledged: Ranges = ()
    etags: dict[str, str] = msgspec.field(default_factory=dict)
    presigned: bool = False
    complete: bool = False
    expires_at: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it can be as cassia has written it."""
        if not (is_id(self.upload_id) and 0 <= self.size <= max(MOST_BYTES.values()) and self.chunk_size >= 1):
            return False
        if not are_within(self.acknowledged, n_chunks(self.size, self.chunk_size)):
            return False
        if not self.presigned or self.complete:
            return True
        # Counted first: a damaged range may have more numbers than memory.
        n_known = count(self.acknowledged)
        return n_known == len(self.etags) and {str(index) for index in indexes(self.acknowledged)} == set(self.etags)


class JobState(Record, frozen=True):
    """A job.

    Attributes:
        input_sha256: of the question, without keys.
        data_sha256: of the clusters and what they express, "" in a file of an earlier version.
        phase: uploading; submitting: the request may have reached the server; submitted: it has, and `job_id` is known.
        submitting_since: the time of that request, in UTC, "" before it.
        before: the job that this one follows, until the server has accepted this one.
    """

    schema_version: str
    api_url: str
    input_sha256: str
    phase: Phase = "uploading"
    submitting_since: str = ""
    job_id: str = ""
    report_url: str = ""
    files: dict[Kind, FileState] = msgspec.field(default_factory=dict)
    data_sha256: str = ""
    before: JobState | None = None

    @property
    def has_ended(self) -> bool:
        return self.phase in ("completed", "failed")

    @property
    def last_sent(self) -> JobState | None:
        """The last job that a server has, or may have: this one, else the one before; None for neither."""
        return self if self.job_id or self.phase == "submitting" else self.before

    @property
    def is_blank(self) -> bool:
        """Whether no server has got anything of this job, but what the one before had uploaded."""
        uploaded = self.before.files if self.before else {}
        return not self.job_id and self.phase == "uploading" and self.files in ({}, uploaded)

    def after(self, other: JobState) -> JobState:
        """This one, which follows another in its file."""
        earlier = other.last_sent
        return replace(self, before=earlier and replace(earlier, before=None))

    @property
    def is_whole(self) -> bool:
        """Whether it can be as cassia has written it: a job that was submitted has an id, and chunks are of a file."""
        known = is_id(self.job_id) or (not self.job_id and self.phase in ("uploading", "submitting"))
        return (
            known and all(file.is_whole for file in self.files.values()) and (not self.before or self.before.is_whole)
        )


def read_state(path: Path) -> JobState | None:
    """The state in a job file; None if none is there.

    A job of which no server has got anything, as after a kill, gives way to the one that it was to follow.

    Raises:
        UsageError: it is none of cassia's.
    """
    found = None
    with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError, OSError):
        if not path.exists():
            return None
        if path.is_file():  # a pipe would be waited for
            found = msgspec.json.decode(path.read_bytes(), type=JobState)
    if found is None or found.schema_version != VERSION or not found.is_whole:
        what = (
            "this is no job file of this version of cassia, or it is damaged; move it away to begin anew: a job that "
            "was sent stays at the server"
        )
        raise UsageError(what, path=path, code="job-file-unreadable")
    return found.before if found.before and found.is_blank else found


class JobFile:
    """The state of a job, on disk whenever it has changed."""

    def __init__(self, path: Path, state: JobState):
        self.path, self.state = path, state

    @classmethod
    def begin(cls, path: Path, state: JobState) -> JobFile:
        """The one at `path`, with this state.

        Raises:
            OSError: it cannot be written.
        """
        found = cls(path, state)
        if read_state(path) != state:
            found._write()
        return found

    def give_way(self) -> None:
        """Put the job before this one back, where no server has got anything of this one."""
        if self.state.before and self.state.is_blank:
            self.state = self.state.before
            self._write()

    def update(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)
        self._write()

    def update_file(self, kind: Kind, file: FileState | None) -> None:
        """Put the state of a file, None to forget it."""
        others = {name: state for name, state in self.state.files.items() if name != kind}
        self.update(files=others if file is None else {**others, kind: file})

    def acknowledge(self, kind: Kind, index: int, etag: str | None) -> None:
        """A chunk is with the server: it is not sent again, by no later process either."""
        file = self.state.files[kind]
        etags = file.etags if etag is None else {**file.etags, str(index): etag}
        self.update_file(kind, replace(file, acknowledged=with_index(file.acknowledged, index), etags=etags))

    def _write(self) -> None:
        with atomic_write(self.path) as out:
            out.write(msgspec.json.format(msgspec.json.encode(self.state), indent=1).decode() + "\n")

    @property
    def _urls_path(self) -> Path:
        return self.path.with_name(f"{self.path.stem}_urls.json")

    def keep_urls(self, upload_id: str, urls: Sequence[str]) -> None:
        """Write down presigned addresses, for the owner alone."""
        self.forget_urls()
        handle = os.open(self._urls_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb") as out:
            out.write(msgspec.json.encode({upload_id: urls}))

    def urls(self, upload_id: str) -> list[str] | None:
        """The presigned addresses of an upload, None where they are lost: it is begun anew then."""
        with contextlib.suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode(self._urls_path.read_bytes(), type=dict[str, list[str]]).get(upload_id)
        return None

    def forget_urls(self) -> None:
        self._urls_path.unlink(missing_ok=True)


@contextmanager
def held(path: Path, place: str = "outdir") -> Iterator[None]:
    """Keep other processes from a job file, and clear away what one that was killed has left half written.

    The system lets go of it when this process ends, however it does.

    Args:
        place: the option that says where the job file is.

    Raises:
        UsageError: another one is at work with it.
        OSError: the folder cannot be written.
    """
    what = f"another process is at work with this job; wait for it, or give another {argument(place)}"
    with _locked(path, UsageError(what, path=path, code="job-file-in-use")):
        yield


@contextmanager
def held_artifact(path: Path, name: str) -> Iterator[None]:
    """Keep other runs from a file that is written and uploaded, or one could upload what another wrote.

    Args:
        name: of the argument that names the file.

    Raises:
        UsageError: another run is at work with it.
        OSError: the folder cannot be written.
    """
    what = f"another run writes or uploads this file; wait for it, or give another {argument(name)}"
    with _locked(path, UsageError(what, path=path, code="artifact-in-use")):
        yield


@contextmanager
def _locked(path: Path, refusal: UsageError) -> Iterator[None]:
    """Hold the lock of a file.

    Raises:
        UsageError: `refusal`, where another one holds it.
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    handle = _lock(lock, refusal)
    try:
        remove_left_aside(path)
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


def _lock(lock: Path, refusal: UsageError) -> int:
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise refusal from None
        except OSError:  # a file system that knows no locks
            return handle
        # The process before may have removed it between the two calls.
        with contextlib.suppress(FileNotFoundError):
            if lock.stat().st_ino == os.fstat(handle).st_ino:
                return handle
        os.close(handle)
