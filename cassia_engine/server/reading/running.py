"""A reader's process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from cassia_engine.server.reading import messages as ask
from cassia_engine.server.reading.messages import ArtifactError

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

_LONGEST_LINE, _LONGEST_FAULT = 400, 2_000  # characters
_MODULE = "cassia_engine.server.reading"
# What Python and its libraries are found by; nothing else of the server's environment reaches a reader: no key.
_INHERITED = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
_OWN = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "HDF5_PLUGIN_PRELOAD": "::",  # no plugins at all
}


@dataclass(frozen=True, slots=True)
class Files:
    """What a reader is about.

    Attributes:
        labels: of the clusters, by id.
    """

    vars_h5: Path | None
    obs_duckdb: Path | None
    labels: Mapping[str, str]

    def opening(self) -> ask.Open:
        vars_h5, obs = (None if path is None else str(path.absolute()) for path in (self.vars_h5, self.obs_duckdb))
        return ask.Open(vars_h5, obs, dict(self.labels))


class BrokenError(Exception):
    """A process ended without an answer, or gave none that can be taken."""


class Running:
    """A process and who waits for it.

    Attributes:
        users: how many ask it, or wait to.
        lock: held by the one that asks.
        timer: ends it when nobody has asked it for a while.
    """

    def __init__(self, job_id: str, files: Files):
        self.job_id, self.files = job_id, files
        self.lock, self.users = asyncio.Lock(), 0
        self.timer: asyncio.TimerHandle | None = None
        self._process: Process | None = None

    @property
    def is_started(self) -> bool:
        return self._process is not None

    @property
    def is_over(self) -> bool:
        return self._process is not None and self._process.returncode is not None

    async def start(self) -> None:
        """Start the process.

        Raises:
            OSError: the system does not start it.
        """
        environment = _OWN | {name: os.environ[name] for name in _INHERITED if name in os.environ}
        pipes: dict[str, Any] = {"stdin": PIPE, "stdout": PIPE, "stderr": DEVNULL, "limit": ask.LARGEST_ANSWER}
        words = [sys.executable, "-P", "-m", _MODULE]
        self._process = await asyncio.create_subprocess_exec(
            *words, **pipes, cwd="/", env=environment, start_new_session=True
        )

    async def asked(self, request: ask.AnyRequest, kind: type[Answer]) -> Answer:
        """The answer to a request.

        Raises:
            BrokenError: there is none, or none of this kind.
            ArtifactError: the files do not have it.
        """
        return decoded(await self._exchanged(msgspec.json.encode(request)), kind, self.job_id)

    async def _exchanged(self, request: bytes) -> bytes:
        assert self._process and self._process.stdin and self._process.stdout
        line = b""
        try:
            with contextlib.suppress(ConnectionError):
                self._process.stdin.write(request + b"\n")
                await self._process.stdin.drain()
                line = await self._process.stdout.readline()
        except ValueError:
            raise BrokenError(f"the answer has more than {ask.LARGEST_ANSWER} bytes") from None
        if line.endswith(b"\n"):
            return line
        status = await self._process.wait()
        raise BrokenError(f"their reader ended with {signal.Signals(-status).name if status < 0 else status}")

    def stop_timer(self) -> None:
        if self.timer:
            self.timer.cancel()
            self.timer = None

    def kill(self) -> None:
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def ended(self) -> None:
        if self._process:
            await self._process.wait()


def decoded(line: bytes, kind: type[Answer], job_id: str) -> Answer:
    try:
        if line[:1] == b"+":
            return msgspec.json.decode(line[1:], type=kind)
        failed = msgspec.json.decode(line[1:], type=ask.Failed)
    except msgspec.MsgspecError as error:
        raise BrokenError(f"their reader gave no valid answer: {error}") from None
    if failed.fault:
        log.error("a reader failed: %r", failed.fault[-_LONGEST_FAULT:], extra={"job": job_id})
    raise ArtifactError(_line(failed.message), failed.is_absent)


def _line(text: str) -> str:
    """A text with words of a file from outside, as one short line."""
    return "".join(character if character.isprintable() else "?" for character in text[:_LONGEST_LINE])
