"""STOP markers: an account that refuses keeps the other tasks of the run from sending."""

from __future__ import annotations

import hashlib
import re
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from cassia_engine.files import atomic_write
from cassia_engine.journal.folders import file_error, is_regular

if TYPE_CHECKING:
    from cassia_engine.providers.accounts import Account

_SECONDS = 1.0
_LONGEST = 4096  # bytes that are read of a marker
# When a marker was last looked for, and what it said.
_seen: dict[Path, tuple[float, str]] = {}


def account_id(account: Account) -> str:
    """A name for an account in file names: its provider and a hash of base URL and key."""
    key = account.key.reveal() if account.key else ""
    told = hashlib.sha256(f"cassia account\0{account.base_url}\0{key}".encode("utf-8", "replace")).hexdigest()[:12]
    return f"{_plain(account.provider)}-{told}"


def write_stop(journal_dir: Path, account_id: str, line: str) -> None:
    """Mark an account as refusing, for the reason that `line` gives.

    Raises:
        UsageError, TemporaryError: the marker cannot be written.
    """
    path = _path(journal_dir, account_id)
    try:
        with atomic_write(path) as out:
            out.write(" ".join(line.split()) + "\n")
    except OSError as error:
        raise file_error(error, path, "written") from error
    _seen.pop(path, None)


def read_stop(journal_dir: Path, account_id: str) -> str:
    """Why nothing may be sent to an account any more, "" if it may. The disk is looked at once a second at most."""
    path, now = _path(journal_dir, account_id), time.monotonic()
    seen = _seen.get(path)
    if seen is None or now - seen[0] >= _SECONDS:
        seen = _seen[path] = now, _line(path)
    return seen[1]


def stops(journal_dir: Path) -> list[tuple[Path, str]]:
    """All markers, with what they say."""
    return [(path, _line(path)) for path in sorted(journal_dir.glob("STOP-*")) if is_regular(path)]


def stop_of(journal_dir: Path, provider: str) -> str:
    """Why an account of this provider refuses, whichever key was sent; "" if none does."""
    start = f"STOP-{_plain(provider)}-"
    return next((line for path, line in stops(journal_dir) if path.name.startswith(start)), "")


def clear_stops(journal_dir: Path) -> None:
    """Remove all markers: a new run tries again.

    Raises:
        UsageError, TemporaryError: a marker cannot be removed.
    """
    for path, _ in stops(journal_dir):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise file_error(error, path, "cleared of its STOP marker") from error
    _seen.clear()


def _plain(provider: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.]+", "_", provider)[:40]


@lru_cache(maxsize=16)  # asked before each call
def _path(journal_dir: Path, account_id: str) -> Path:
    return journal_dir / f"STOP-{account_id}"


def _line(path: Path) -> str:
    try:
        if not is_regular(path):
            return ""
        with open(path, "rb") as file:
            text = file.read(_LONGEST).decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        text = f"cannot be read ({error.strerror})"
    # An empty marker is one, too: somebody has touched it.
    return " ".join(text.split()) or f"stopped by the marker {path}"
