"""Commands whose standard output is a terminal."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from collections.abc import Mapping, Sequence

COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def run_on_terminal(
    command: Sequence[str], columns: int, environ: Mapping[str, str] = os.environ
) -> subprocess.CompletedProcess[str]:
    """Run a command on a terminal of so many columns; `stdout` is what it was sent, without colours."""
    ours, theirs = pty.openpty()
    env = {**environ, "TERM": "xterm", "COLUMNS": str(columns)}
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, env=env) as process:
        os.close(theirs)
        shown = b""
        while part := _read(ours):
            shown += part
        _, told = process.communicate(timeout=60)
    os.close(ours)
    return subprocess.CompletedProcess(command, process.returncode, COLOURS.sub("", shown.decode()), told.decode())


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""
