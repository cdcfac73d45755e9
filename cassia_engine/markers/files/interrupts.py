"""Ctrl-C while DuckDB works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


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
