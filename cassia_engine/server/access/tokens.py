"""Tokens: who holds one may call. The database has their hashes, so that nobody reads a token there."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import time
from dataclasses import dataclass

from cassia_engine.errors import UsageError, did_you_mean, shown
from cassia_engine.secret import Secret

_START = "cassia_"  # by which programs that look for keys in files know one
_BYTES = 32
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; None where there is no limit.

    Attributes:
        id: what jobs and uploads have as their owner.
        created, revoked: seconds since 1970.
        max_jobs: jobs at work at once; others wait.
        rpm: calls to models a minute, of all its jobs together.
        max_cost: dollars that its jobs may cost together.
    """

    id: str
    name: str
    created: float
    revoked: float | None
    max_jobs: int | None
    rpm: float | None
    max_cost: float | None


def add(
    connection: sqlite3.Connection,
    name: str,
    max_jobs: int | None = None,
    rpm: float | None = None,
    max_cost: float | None = None,
) -> Secret:
    """A new token, which is known to nobody else from now on.

    Raises:
        UsageError: the name cannot be taken.
    """
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise UsageError(
            f"{shown(name)}: a token's name is 1 to {_LONGEST_NAME} printable characters; choose another one",
            code="token-name",
        )
    token = _START + secrets.token_urlsafe(_BYTES)
    row = (secrets.token_hex(8), name, _hash(token), time.time(), max_jobs, rpm, max_cost)
    columns = "id, name, sha256, created, max_jobs, rpm, max_cost"
    try:
        connection.execute(f"INSERT INTO tokens ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    except sqlite3.IntegrityError:
        raise UsageError(
            f"there is a token {shown(name)}, or there was one that is revoked; choose another name",
            code="token-name-taken",
        ) from None
    return Secret(token)


def all_tokens(connection: sqlite3.Connection) -> list[Token]:
    """All of them, the oldest first."""
    return [_token(row) for row in connection.execute("SELECT * FROM tokens ORDER BY created, name")]


def revoke(connection: sqlite3.Connection, name: str) -> None:
    """Let a token open nothing any more; what it owns stays.

    Raises:
        UsageError: there is none of this name.
    """
    names = [row["name"] for row in connection.execute("SELECT name FROM tokens")]
    if name not in names:
        raise UsageError(
            f"there is no token {shown(name)}{did_you_mean(name, names)}; `cassia token list` shows all",
            code="token-unknown",
        )
    connection.execute(
        "UPDATE tokens SET revoked = ? WHERE name = ? AND revoked IS NULL",
        (time.time(), name),
    )


def verify(connection: sqlite3.Connection, given: str) -> Token | None:
    """The token that somebody shows; None if there is no such token, or it is revoked."""
    digest = _hash(given)
    row = connection.execute("SELECT * FROM tokens WHERE sha256 = ?", (digest,)).fetchone()
    if row is None or not hmac.compare_digest(row["sha256"], digest):
        return None
    return _valid(row)


def by_id(connection: sqlite3.Connection, token_id: str) -> Token | None:
    """A token; None if there is none, or it is revoked."""
    row = connection.execute("SELECT * FROM tokens WHERE id = ?", (token_id,)).fetchone()
    return None if row is None else _valid(row)


def are_needed(connection: sqlite3.Connection) -> bool:
    """Whether there is, or was, a token: to revoke the last one opens the server to nobody."""
    return connection.execute("SELECT 1 FROM tokens LIMIT 1").fetchone() is not None


def have_valid(connection: sqlite3.Connection) -> bool:
    """Whether somebody has a token that is not revoked."""
    return connection.execute("SELECT 1 FROM tokens WHERE revoked IS NULL LIMIT 1").fetchone() is not None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def _token(row: sqlite3.Row) -> Token:
    return Token(**{name: row[name] for name in Token.__slots__})


def _valid(row: sqlite3.Row) -> Token | None:
    return _token(row) if row["revoked"] is None else None
