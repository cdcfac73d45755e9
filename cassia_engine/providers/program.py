"""One attempt at a call by a program of the person's own: the request on its standard input, the reply on its output.

It runs without a shell, in a process group of its own, so that all that it has started can be ended with it, and that
Ctrl-C at a terminal reaches cassia alone, which waits for replies as it does for those of servers.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import shlex
import signal
import time
from asyncio.subprocess import Process
from datetime import UTC, datetime
from typing import Self

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError, shown
from cassia_engine.providers import process_groups
from cassia_engine.providers.accounts import Account
from cassia_engine.providers.chat import Call, Receipt
from cassia_engine.providers.command_line import check_program, name_of, words_of
from cassia_engine.providers.dialects.command import MARK, VERSION, envelope, is_whole
from cassia_engine.providers.faults import Fault, FaultAction, clean
from cassia_engine.providers.keys import secrets_of
from cassia_engine.providers.table import load
from cassia_engine.redaction import redacted

MOST_OUTPUT = 2**20  # bytes, as of an answer over HTTP
_MOST_TOLD = 2**16  # bytes that are kept of standard error, its last ones
_PIECE = 2**16

# What exit codes say; 75 and 77 are those of sysexits.h and of cassia itself, 126 and 127 those of a shell.
BY_EXIT_CODE = {
    65: FaultAction.FAIL_CALL,
    75: FaultAction.BACK_OFF,
    77: FaultAction.ABORT_RUN,
    126: FaultAction.ABORT_RUN,
    127: FaultAction.ABORT_RUN,
}
_WILL_PASS = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


class Program:
    """An `Exchange` that runs the program of an account for each call.

    Args:
        timeout: seconds that a reply may take.

    Raises:
        UsageError: there is no such program, or it cannot be run.
    """

    def __init__(self, account: Account, *, timeout: float = 300.0):
        check_program(account.base_url)
        self._words = words_of(account.base_url)
        self._name = shown(name_of(account.base_url))
        self._timeout = timeout
        self._keys = {secret for row in load() for secret in secrets_of(row, os.environ)}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing to do: a call ends its program."""

    def find(self, call: Call) -> None:
        """Nothing is recorded here."""

    async def exchange(self, call: Call) -> Receipt:
        """What the program has printed, as an object with "stdout".

        Raises:
            Fault: it has no reply.
            UsageError: the system cannot start it.
        """
        began = time.monotonic()
        process = await self._start()
        try:
            async with asyncio.timeout(self._timeout):
                printed, told = await _talk(process, _question(call))
                code = await process.wait()
        except TimeoutError:
            await process_groups.end(process)
            what = f"took longer than {self._timeout:g} s and was ended; {argument('timeout')} allows more"
            raise self._fault(what, FaultAction.FAIL_CALL) from None
        except BaseException:
            await process_groups.end(process)
            raise
        finally:
            process_groups.forget(process)
        text = await asyncio.to_thread(self._checked, printed, told, code)
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        return Receipt(json.dumps({"stdout": text}), at, round(time.monotonic() - began, 3))

    def shown(self, call: Call) -> tuple[str, str, bytes]:
        """The program, its command line, and what it would be given on standard input."""
        return self._name, shlex.join(self._words), _question(call)

    def void(self, call: Call) -> None:
        """Nothing to do: nothing is recorded here."""

    async def _start(self) -> Process:
        try:
            return await process_groups.start(self._words)
        except OSError as error:
            what = error.strerror or str(error)
            if error.errno in _WILL_PASS:
                raise self._fault(f"could not be started ({what})", FaultAction.RETRY) from None
            raise UsageError(
                f"{option('command')}: {self._name} cannot be started ({what})", code="command-not-startable"
            ) from None

    def _checked(self, printed: bytes, told: bytes, code: int) -> str:
        """What was printed, if it is a reply, without the keys that the environment has."""
        if len(printed) > MOST_OUTPUT:
            raise self._fault(f"printed more than {MOST_OUTPUT // 2**20} MB, which no reply has", FaultAction.FAIL_CALL)
        if code:
            lines = [line for line in self._text(told).splitlines() if line.strip()]
            why = f": {clean(lines[-1], None)}" if lines else ""
            how = f"ended with exit code {code}" if code > 0 else f"was ended by {_signal_name(-code)}"
            raise self._fault(f"{how}{why}", BY_EXIT_CODE.get(code, FaultAction.RETRY))
        text = self._text(printed).removeprefix("\ufeff").strip()
        if not text:
            raise self._fault("printed nothing", FaultAction.RETRY)
        if (found := envelope(text)) is not None and not is_whole(found):
            what = f'printed an object with "{MARK}" that is not {VERSION}, or that has no text as "text"'
            raise self._fault(what, FaultAction.RETRY)
        return text

    def _text(self, raw: bytes) -> str:
        text = raw.decode("utf-8", errors="replace")
        for key in self._keys:
            text = redacted(text, key)
        return text

    def _fault(self, what: str, action: FaultAction) -> Fault:
        return Fault(f"the program {self._name} {what}", action)


def _question(call: Call) -> bytes:
    return call.request.payload + b"\n"


async def _talk(process: Process, question: bytes) -> tuple[bytes, bytes]:
    """What the program prints on its output, and the end of what it says on its error output."""
    assert process.stdin and process.stdout and process.stderr
    printed, told, _ = await asyncio.gather(
        _read(process.stdout, process), _last(process.stderr), _ask(process.stdin, question)
    )
    return printed, told


async def _ask(stdin: asyncio.StreamWriter, question: bytes) -> None:
    with contextlib.suppress(ConnectionError):  # it need not read all of it
        stdin.write(question)
        await stdin.drain()
        stdin.close()
        await stdin.wait_closed()


async def _read(stream: asyncio.StreamReader, process: Process) -> bytes:
    """All that comes; of what is longer than any reply the beginning, and the program is ended."""
    pieces = bytearray()
    while piece := await stream.read(_PIECE):
        if len(pieces) <= MOST_OUTPUT:
            pieces += piece
            if len(pieces) > MOST_OUTPUT:
                process_groups.send(process, signal.SIGKILL)
    return bytes(pieces)


async def _last(stream: asyncio.StreamReader) -> bytes:
    kept = b""
    while piece := await stream.read(_PIECE):
        kept = (kept + piece)[-_MOST_TOLD:]
    return kept


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
