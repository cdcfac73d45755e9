"""Processes that lead a group of their own, so that all that they start can be ended with them.

None is left behind when this process ends, also where a run is stopped at once, whose thread nobody waits for.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import signal
import threading
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

_GRACE = 2.0  # seconds between SIGTERM and SIGKILL
_STARTING = 5.0  # seconds that the end of this process waits for others that are just being started

_changed = threading.Condition()
_n_starting = 0
_running: set[int] = set()


async def start(words: Sequence[str]) -> Process:
    """Start a program, with pipes to all of its standard streams; `forget` it when it has ended by itself.

    Raises:
        OSError: the system does not start it.
    """
    making = asyncio.create_task(_made(words))
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        await end(await making)
        raise


async def end(process: Process) -> None:
    """End a program and all that it has started and that is in its group."""
    send(process, signal.SIGTERM)
    try:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE)
    finally:
        send(process, signal.SIGKILL)
        forget(process)
    with contextlib.suppress(TimeoutError):  # one that has left the group may hold the pipes open
        await asyncio.wait_for(process.communicate(), _GRACE)


def send(process: Process, number: signal.Signals) -> None:
    """Send a signal to all of a process's group, if it is still there."""
    _send(process.pid, number)


def forget(process: Process) -> None:
    """Let the end of this process do nothing about that one any more."""
    _running.discard(process.pid)


async def _made(words: Sequence[str]) -> Process:
    global _n_starting
    with _changed:
        _n_starting += 1
    try:
        made = await asyncio.create_subprocess_exec(
            *words, stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True
        )
        _running.add(made.pid)
        return made
    finally:
        with _changed:
            _n_starting -= 1
            _changed.notify_all()


def _send(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


@atexit.register
def _end_all() -> None:
    with _changed:
        _changed.wait_for(lambda: not _n_starting, _STARTING)
    for group in tuple(_running):
        _send(group, signal.SIGKILL)
