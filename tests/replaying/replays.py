"""Runs against the mock, and replays of them without it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.command import cassia
from tests.mock_provider.running import Running
from tests.test_controls import ABOUT

Run = subprocess.CompletedProcess[str]


def command(folder: Path, *words: str | Path) -> Run:
    return cassia(*words, cwd=folder, env=dict(os.environ))


def of_model(mock: Running, *more: str) -> tuple[str, ...]:
    named = () if "--models" in more or "--model" in more else ("--model", "mock")
    return ("--provider", "custom", "--base_url", f"{mock.url}/v1", *named, *more)


def made(folder: Path, *words: str | Path) -> Path:
    """The conversations file of a run into the folder `out`."""
    done = command(folder, "run", *words, "--name", "s", "--outdir", "out", *ABOUT, "--max_failed_clusters", "99")
    assert done.returncode == 0, done.stderr
    return folder / "out" / "s_conversations.json"


@contextmanager
def no_network() -> Iterator[None]:
    """Whoever opens a connection fails."""

    def refused(*_: object) -> None:
        raise AssertionError("a connection was tried")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "bind", "sendto"):
            patch.setattr(socket.socket, name, refused)
        patch.setattr(socket, "getaddrinfo", refused)
        yield


def replay(folder: Path, conversations: Path, *more: str | Path) -> Run:
    """Into the folder `again`, with no key, journal or network."""
    with no_network():
        return cassia("replay", conversations, "--outdir", "again", *more, cwd=folder, env={})


def same(folder: Path, *more: str | Path, other: tuple[str, ...] = ()) -> None:
    """All files of `out` come out again, each with its bytes, and none besides, but those named `other`."""
    [conversations] = (folder / "out").glob("*_conversations.json")
    journal = folder / ".cassia"
    if journal.exists():
        journal.rename(folder / "journal-elsewhere")
    done = replay(folder, conversations, *more)
    assert done.returncode == 0, done.stderr
    assert "all as recorded; nothing was sent" in done.stderr
    out, again = ({path.name: path.read_bytes() for path in (folder / name).iterdir()} for name in ("out", "again"))
    assert again.keys() == out.keys() - set(other)
    assert [name for name, bytes_made in again.items() if bytes_made != out[name]] == []
