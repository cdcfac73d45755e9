"""The command line in this process: to start Python takes longer than most of what tests ask of it."""

from __future__ import annotations

import gc
import io
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import pytest

from cassia_engine.cli import main


def cassia(
    *arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """What `cassia` with these arguments ends with and prints.

    Args:
        cwd: the folder that it is called in; env: the whole environment, if it is another one; given: standard input.
    """
    words = ["cassia", *map(str, arguments)]
    out, err = _stream(), _stream()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}, gc.get_threshold()
    with pytest.MonkeyPatch.context() as patch, chdir(cwd or Path.cwd()), redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", words)
        patch.setattr(sys, "stdin", _stream(given))
        given_env = mock.patch.dict(os.environ, os.environ if env is None else env, clear=True)
        with given_env, pytest.raises(SystemExit) as ended:
            main()
    for number, handler in before[0].items():
        signal.signal(number, handler)
    gc.set_threshold(*before[1])
    return subprocess.CompletedProcess(words, int(ended.value.code or 0), _text(out), _text(err))


def _stream(text: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    return stream.buffer.getvalue().decode().replace(os.linesep, "\n")  # type: ignore[attr-defined,no-any-return]
