"""Files that this process may open, for good (Linux 5.13 or newer, Landlock).

Source: linux/landlock.h, and landlock(7).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from cassia_engine.server.reading.syscalls import ARCHITECTURES

# The same on all machines, as of all newer calls.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ALL_OF_FIRST_VERSION, _READ_FILE, _PATH_BENEATH = (1 << 13) - 1, 1 << 2, 1


class LandlockError(Exception):
    """The system cannot do it; the text says why."""


def open_only(paths: Iterable[Path]) -> None:
    """Let this process, which has one thread, open nothing but these files, for reading.

    Raises:
        LandlockError: the system cannot do it.
    """
    if sys.platform != "linux" or platform.machine() not in ARCHITECTURES:
        raise LandlockError(f"there is none for {sys.platform} on {platform.machine()}")
    ruleset = _call(_CREATE_RULESET, struct.pack("=Q", _ALL_OF_FIRST_VERSION), 8, 0)
    try:
        for path in paths:
            with contextlib.suppress(OSError), _opened(path) as descriptor:
                _call(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", _READ_FILE, descriptor), 0)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: bytes | int) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    given = (argument if isinstance(argument, bytes) else ctypes.c_long(argument) for argument in arguments)
    found: int = libc.syscall(ctypes.c_long(number), *given)
    if found < 0:
        raise LandlockError(os.strerror(ctypes.get_errno()))
    return found
