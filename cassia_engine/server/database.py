"""The database of a server: one SQLite file, one connection, one thread."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from cassia_engine.errors import UsageError

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]

VERSION = 1
_SCHEMA = """
CREATE TABLE tokens (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, sha256 TEXT NOT NULL UNIQUE, created REAL NOT NULL, revoked REAL,
    max_jobs INTEGER, rpm REAL, max_cost REAL, cost_of_deleted REAL NOT NULL DEFAULT 0
);
CREATE TABLE uploads (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, kind TEXT NOT NULL, size INTEGER NOT NULL, chunk_size INTEGER NOT NULL,
    created REAL NOT NULL, expires REAL NOT NULL, completed REAL, digest TEXT
);
CREATE TABLE chunks (
    upload_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE, number INTEGER NOT NULL, size INTEGER NOT NULL,
    sha256 TEXT NOT NULL, PRIMARY KEY (upload_id, number)
) WITHOUT ROWID;
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, created REAL NOT NULL, vars_h5 TEXT REFERENCES uploads (id),
    obs_duckdb TEXT REFERENCES uploads (id)
);
CREATE TABLE runs (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, number INTEGER NOT NULL, cluster_id TEXT,
    feedback TEXT NOT NULL DEFAULT '', state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', own_keys INTEGER NOT NULL,
    created REAL NOT NULL, started REAL, ended REAL, max_cost REAL, cost_usd REAL, PRIMARY KEY (job_id, number)
);
CREATE TABLE corrections (
    id INTEGER PRIMARY KEY, job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, cluster_id TEXT NOT NULL,
    label TEXT NOT NULL, cl_id TEXT NOT NULL, comment TEXT NOT NULL, who TEXT NOT NULL, at REAL NOT NULL
);
CREATE INDEX jobs_of_owner ON jobs (owner, created);
CREATE INDEX runs_by_state ON runs (state, created);
"""


class Database:
    """Runs functions of the connection one after the other, each as one transaction."""

    def __init__(self, path: Path):
        """Open the database, or make it.

        Raises:
            UsageError: the file is no database of this version.
        """
        self._thread = ThreadPoolExecutor(1, "database")
        self._connection = self._thread.submit(_opened, path).result()

    async def __call__(self, work: Work[Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transaction, work)

    def now(self, work: Work[Result]) -> Result:
        """The same for callers without an event loop."""
        return self._thread.submit(self._transaction, work).result()

    def _transaction(self, work: Work[Result]) -> Result:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            return work(self._connection)

    def close(self) -> None:
        self._thread.submit(self._connection.close).result()
        self._thread.shutdown()


def _opened(path: Path) -> sqlite3.Connection:
    connection = _connected(path)
    connection.row_factory = sqlite3.Row
    try:
        # A command such as `cassia token` may have it open too. What was committed survives a power cut.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            [version] = connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in _SCHEMA.split(";\n"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise UsageError(f"cannot be read as a database: {error}", path=path, code="server-database-broken") from None
    if version not in (0, VERSION):
        connection.close()
        what = f"is of version {version}, and this cassia reads {VERSION}; use the cassia that wrote it"
        raise UsageError(what, path=path, code="server-database-version")
    return connection


def _connected(path: Path) -> sqlite3.Connection:
    """The file is for nobody else, whatever its folder is, and so are those that SQLite puts beside it.

    Raises:
        UsageError: it cannot be opened.
    """
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        what = f"cannot be opened: {error.strerror}; use a folder of which all is yours"
        raise UsageError(what, path=path, code="server-database-closed") from None
    return sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
