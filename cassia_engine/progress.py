"""What a person sees while it runs: messages, and how far it is.

That is a bar on a terminal, one that renews itself in a notebook, lines now and then elsewhere.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cassia_engine.text import counted

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 10
# Each drawing is a message to the browser, and thousands of clusters are done in a second.
SECONDS_BETWEEN_DRAWINGS = 0.2

Advance = Callable[[object], None]


@contextmanager
def progress(total: int, shown: bool = True) -> Iterator[Advance]:
    """Gives a function to be called after each cluster; nothing is drawn unless `shown`."""
    if not shown:
        yield lambda result: None
    elif in_notebook():
        yield from _in_notebook(total)
    elif sys.stderr.isatty():
        yield from _on_terminal(total)
    else:
        yield from _in_lines(total)


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this; IPython on a terminal has none."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)
    return hasattr(get_ipython(), "kernel")


def say(line: str) -> None:
    """Tell a person something: under the cell of a notebook, elsewhere on stderr, where it spoils no output."""
    print(line, file=sys.stdout if in_notebook() else sys.stderr)


class PlainFormatter(logging.Formatter):
    """A log record as a line to a person: "cassia: ...", with the word warning where it is one."""

    def format(self, record: logging.LogRecord) -> str:
        level = "warning: " if record.levelno >= logging.WARNING else ""
        return f"cassia: {level}{record.getMessage()}"


class _Messages(logging.Handler):
    """Log records as lines to a person; under the cell of a notebook warnings stand out, as they go to stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            print(self.format(record), file=sys.stderr)
        else:
            say(self.format(record))


_lock = threading.Lock()
_n_showing = 0
_level = logging.NOTSET  # of the logger, before
_messages = _Messages()
_messages.setFormatter(PlainFormatter())


@contextmanager
def without_repeats(package: str, said: set[str]) -> Iterator[None]:
    """Within it the modules of a package say nothing twice, as where the same file is read once more.

    Args:
        said: what was said before; it grows.
    """

    def is_new(record: logging.LogRecord) -> bool:
        line = record.getMessage()
        return not (line in said or said.add(line))  # type: ignore[func-returns-value]

    names = [name for name in logging.root.manager.loggerDict if name.startswith(f"{package}.")]
    loggers = [logging.getLogger(name) for name in names]
    for one in loggers:
        one.addFilter(is_new)
    try:
        yield
    finally:
        for one in loggers:
            one.removeFilter(is_new)


@contextmanager
def messages(shown: bool) -> Iterator[None]:
    """Within it a caller of Python sees what the command line says: all of it if `shown`, else warnings only.

    One who has set up logging gets the records there instead, and nothing is changed.
    """
    global _n_showing, _level
    logger = logging.getLogger("cassia_engine")
    with _lock:
        showing = _n_showing > 0 or not logger.hasHandlers()
        if showing and not _n_showing:
            logger.addHandler(_messages)
            _level = logger.level
            logger.setLevel(logging.INFO if shown else logging.WARNING)
        _n_showing += showing
    try:
        yield
    finally:
        with _lock:
            _n_showing -= showing
            if showing and not _n_showing:
                logger.removeHandler(_messages)
                logger.setLevel(_level)


class Bar:
    """A bar for a notebook, drawn with HTML's own element.

    A widget would need an extension in the notebook's server, and be gone when the file is opened again.
    """

    def __init__(self, total: int):
        self.total = total
        self.done = 0
        self.stopped = False

    def __repr__(self) -> str:
        return f"annotating: {self.done} of {counted(self.total, 'cluster')}{', stopped' if self.stopped else ''}"

    def _repr_html_(self) -> str:
        return f'<progress value="{self.done}" max="{self.total}"></progress> {self!r}'


def _on_terminal(total: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    times = (TimeElapsedColumn(), TextColumn("elapsed,"), TimeRemainingColumn(), TextColumn("left"))
    columns = (TextColumn("annotating"), BarColumn(), MofNCompleteColumn(), *times)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("annotating", total=total)
        yield lambda result: bar.advance(task)


def _in_notebook(total: int) -> Iterator[Advance]:
    import IPython.display

    display: Any = IPython.display.display  # it says nothing of its types
    bar = Bar(total)
    drawn = time.monotonic()
    handle = display(bar, display_id=True)

    def advance(result: object) -> None:
        nonlocal drawn
        bar.done += 1
        if time.monotonic() - drawn > SECONDS_BETWEEN_DRAWINGS:
            drawn = time.monotonic()
            handle.update(bar)

    try:
        yield advance
    finally:
        bar.stopped = bar.done < total
        handle.update(bar)


def _in_lines(total: int) -> Iterator[Advance]:
    done, said = 0, time.monotonic()

    def advance(result: object) -> None:
        nonlocal done, said
        done += 1
        if time.monotonic() - said >= SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            log.info("%d of %s done", done, counted(total, "cluster"))

    yield advance
