"""A filter of system calls for this process, for all of its threads and for good (Linux, seccomp).

Source: linux/seccomp.h, linux/bpf_common.h, linux/filter.h, and seccomp(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from typing import ClassVar

from cassia_engine.server.reading.syscalls import LAST, Calls, calls_of

_LOAD, _EQUAL, _GREATER, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06  # of a word; of a constant
_KILL, _ERROR, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # where struct seccomp_data has them
_SET_NO_NEW_PRIVS, _SET_MODE_FILTER, _ALL_THREADS = 38, 1, 1
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_CLONE_THREAD = 0x10000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, constant


class SeccompError(Exception):
    """The system takes no filter; the text says why."""


class _Filter(ctypes.Structure):
    _fields_: ClassVar = [
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint),
    ]


class _Program(ctypes.Structure):
    _fields_: ClassVar = [("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Filter))]


def refuse_calls(opening: bool) -> None:
    """Refuse connections, processes, changes of files and all that reaches other processes, with EPERM.

    Args:
        opening: whether files may still be opened, for reading.

    Raises:
        SeccompError: the system takes no filter.
    """
    calls = calls_of(platform.machine()) if sys.platform == "linux" else None
    if calls is None:
        raise SeccompError(f"there is no filter for {sys.platform} on {platform.machine()}")
    _install(_program(calls, opening))


def _program(calls: Calls, opening: bool) -> list[Instruction]:
    refuse = (_RETURN, 0, 0, _ERROR | errno.EPERM)
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, calls.architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_GREATER, 0, 1, LAST),  # those of x32 too
        (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
    ]
    for number in calls.unknown:
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERROR | errno.ENOSYS)]
    for number in calls.never if opening else (*calls.never, *calls.opening):
        program += [(_EQUAL, 0, 1, number), refuse]
    program += _unless(calls.clone, 0, (_ANY_BIT, 1, 0, _CLONE_THREAD))
    program += _unless(calls.prlimit, 0, (_EQUAL, 1, 0, 0))
    for number, argument in calls.opening.items() if opening else ():
        program += _unless(number, argument, (_ANY_BIT, 0, 1, _WRITING))
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def _unless(number: int, argument: int, test: Instruction) -> list[Instruction]:
    """Refuse a call unless the test of an argument jumps over that; calls of other numbers go on behind it."""
    return [
        (_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _ARGUMENTS + 8 * argument),  # its lower half, where numbers are little-endian
        test,
        (_RETURN, 0, 0, _ERROR | errno.EPERM),
        (_LOAD, 0, 0, _NUMBER),
    ]


def _install(program: list[Instruction]) -> None:
    filters = (_Filter * len(program))(*(_Filter(*instruction) for instruction in program))
    given = _Program(len(program), filters)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_NO_NEW_PRIVS, *map(ctypes.c_ulong, (1, 0, 0, 0))):
        raise SeccompError(f"prctl: {os.strerror(ctypes.get_errno())}")
    number = ctypes.c_long(_SECCOMP[platform.machine()])
    done = libc.syscall(number, ctypes.c_uint(_SET_MODE_FILTER), ctypes.c_uint(_ALL_THREADS), ctypes.byref(given))
    if done > 0:
        raise SeccompError(f"thread {done} takes no filter")
    if done:
        raise SeccompError(f"seccomp: {os.strerror(ctypes.get_errno())}")
