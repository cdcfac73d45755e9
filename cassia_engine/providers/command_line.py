"""The command line of a program that is asked in place of a server: what it may be, and the URL it is recorded as."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from cassia_engine.callers import argument, option
from cassia_engine.errors import UsageError, shown
from cassia_engine.providers.keys import secrets_of
from cassia_engine.providers.table import load
from cassia_engine.records import COMMAND
from cassia_engine.redaction import SHORTEST

SCHEME = f"{COMMAND}:"
_EXAMPLE = "'python3 answer.py'"


def url_of(command: str | None, environ: Mapping[str, str]) -> str:
    """`command:` and the command line, each word quoted where it has to be: the same for the same words.

    Raises:
        UsageError: there is none, it cannot be divided into words, or it holds a key.
    """
    if not (command or "").strip():
        raise UsageError(
            f"{option('provider', COMMAND)}: give the command line of the program with {argument('command')}, such as "
            f"{_EXAMPLE}",
            code="command-missing",
        )
    assert command is not None
    for row in load():
        parts = (part for secret in secrets_of(row, environ) for part in secret.parts)
        if any(len(part) >= SHORTEST and part in command for part in parts):
            raise UsageError(
                f"{argument('command')} holds the key of {row.title}, and the command line is written down with the "
                "answers; let the program read the key from its environment",
                code="command-holds-key",
            )
    try:
        return SCHEME + shlex.join(shlex.split(command))
    except ValueError as error:
        raise UsageError(
            f"{option('command', command)}: it cannot be divided into words as by a shell ({error})",
            code="command-malformed",
        ) from None


def words_of(url: str) -> list[str]:
    """The program and its arguments."""
    return shlex.split(url.removeprefix(SCHEME))


def name_of(url: str) -> str:
    """The program's name, with no signs that no model's name has."""
    return re.sub(r"[^!-~]+", "_", Path(words_of(url)[0]).name) or COMMAND


def check_program(url: str) -> None:
    """Refuse a program that is not there, or cannot be run.

    Raises:
        UsageError: says which.
    """
    program = words_of(url)[0]
    if shutil.which(program) is not None:
        return
    if Path(program).is_file() and "/" in program:
        raise UsageError(
            f"{argument('command')}: {shown(program)} is not executable; chmod +x makes it so, or name the program "
            f"that runs it, as in {_EXAMPLE}",
            code="command-not-executable",
        )
    where = "there is no such file" if "/" in program else "there is no program of this name on PATH"
    raise UsageError(
        f"{argument('command')}: {shown(program)}: {where}; it is started in {Path.cwd()}", code="command-not-found"
    )
