"""Connections to DuckDB: Ctrl-C during a query or while connecting, and no progress bar of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


@contextmanager
def interrupts() -> Iterator[None]:
    """Gives an interrupted query the exception that Python has for it.

    When a signal's handler raises during a query, DuckDB swallows that and raises a RuntimeError of this text.
    """
    try:
        yield
    except RuntimeError as error:
        if str(error) == "Query interrupted":
            raise KeyboardInterrupt from None
        raise


@contextmanager
def connected() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory, closed at the end, that draws no progress bar and downloads no extension.

    In a notebook DuckDB looks for ipywidgets while it connects, and loses whatever a signal's handler raises then.
    """
    import duckdb

    with _deferred():
        db = duckdb.connect()
    with db:
        db.execute("SET autoinstall_known_extensions = false")
        with suppress(duckdb.Error):  # refused in a notebook without ipywidgets, where DuckDB draws none
            db.execute("SET enable_progress_bar = false")
        yield db


@contextmanager
def _deferred() -> Iterator[None]:
    """Defers Ctrl-C: its handler runs at the end."""
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    pressed = False

    def note(*_: Any) -> None:
        nonlocal pressed
        pressed = True

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if pressed:
        signal.raise_signal(signal.SIGINT)
