"""What a person sees while it runs: messages, and how far it is.

That is a bar on a terminal, one that renews itself in a notebook, lines now and then elsewhere; where a model is
asked, also what goes on at the provider.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cassia_engine.callers import argument
from cassia_engine.process_limits import start
from cassia_engine.text import counted

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LINES = 10
# Each drawing is a message to the browser, and thousands of clusters are done in a second.
SECONDS_BETWEEN_DRAWINGS = 0.2

Advance = Callable[[object], None]


@dataclass(frozen=True, slots=True)
class Activity:
    """What goes on at a provider.

    Attributes:
        in_flight: calls under way.
        paused: seconds until calls may go out again, as its rate limit is reached; 0 if they may.
        held: whether calls wait for a limit of requests or tokens a minute that the person has set.
        tokens: of all answers so far, the prompts included; those from a journal are not among them.
        cost_usd: of these; None where the price is not known.
        cap_usd: what all tasks of the run may spend together; None for any.
    """

    in_flight: int = 0
    paused: float = 0.0
    held: bool = False
    tokens: int = 0
    cost_usd: float | None = None
    cap_usd: float | None = None

    @property
    def words(self) -> str:
        parts = [f"{counted(self.in_flight, 'call')} in flight"]
        if self.paused:
            parts.append(f"the rate limit is waited for, {self.paused:.0f} s")
        elif self.held:
            parts.append(f"the next call waits for {argument('rpm')} or {argument('tpm')}")
        if self.tokens:
            parts.append(f"{self.tokens:,} tokens")
        if self.cost_usd is not None and (self.cost_usd or self.cap_usd):
            cap = "" if self.cap_usd is None else f" (cap ${self.cap_usd:.2f})"
            parts.append(f"${self.cost_usd:.2f}{cap}")
        return ", ".join(parts)


def _nothing() -> None:
    """The activity where no provider is asked."""


@contextmanager
def progress(total: int, shown: bool = True, activity: Callable[[], Activity | None] = _nothing) -> Iterator[Advance]:
    """Gives a function to be called after each cluster; nothing is drawn unless `shown`.

    Args:
        activity: what goes on at the provider; None while nothing is asked. It is called in other threads too.
    """
    if not shown:
        yield lambda result: None
    elif in_notebook():
        yield from _in_notebook(total, activity)
    elif sys.stderr.isatty():
        yield from _on_terminal(total, activity)
    else:
        yield from _in_lines(total, activity)


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

    def __init__(self, total: int, activity: Callable[[], Activity | None] = _nothing):
        self.total = total
        self.activity = activity
        self.done = 0
        self.stopped = False

    def __repr__(self) -> str:
        now = None if self.stopped or self.done == self.total else self.activity()
        more = ", stopped" if self.stopped else f"; {now.words}" if now else ""
        return f"annotating: {self.done} of {counted(self.total, 'cluster')}{more}"

    def _repr_html_(self) -> str:
        return f'<progress value="{self.done}" max="{self.total}"></progress> {self!r}'


def _on_terminal(total: int, activity: Callable[[], Activity | None]) -> Iterator[Advance]:
    from rich.console import Console, RenderableType
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Shown(Progress):
        """A bar, and below it what goes on at the provider."""

        def get_renderables(self) -> Iterator[RenderableType]:
            yield from super().get_renderables()
            if now := activity():
                yield Text(now.words, no_wrap=True, overflow="ellipsis")

    times = (TimeElapsedColumn(), TextColumn("elapsed,"), TimeRemainingColumn(), TextColumn("left"))
    columns = (TextColumn("annotating"), BarColumn(), MofNCompleteColumn(), *times)
    with Shown(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("annotating", total=total)
        yield lambda result: bar.advance(task)


def _in_notebook(total: int, activity: Callable[[], Activity | None]) -> Iterator[Advance]:
    import IPython.display

    display: Any = IPython.display.display  # it says nothing of its types
    bar = Bar(total, activity)
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


def _in_lines(total: int, activity: Callable[[], Activity | None]) -> Iterator[Advance]:
    lines = _Lines(total, activity)
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(SECONDS_BETWEEN_LINES):
            if line := lines.next():
                log.info("%s", line)

    thread = threading.Thread(target=tell, name="cassia-progress", daemon=True)
    start(thread)
    try:
        yield lines.advance
    finally:
        ended.set()
        thread.join()


class _Lines:
    """The lines about how far it is; none where nothing has changed."""

    def __init__(self, total: int, activity: Callable[[], Activity | None]):
        self._total, self._activity = total, activity
        self._done = 0
        self._began = time.monotonic()
        self._said: tuple[int, Activity | None] = (0, None)

    def advance(self, result: object) -> None:
        self._done += 1

    def next(self) -> str:
        done, now = self._done, self._activity()
        if (done, now) == self._said or done == self._total:
            return ""
        self._said = done, now
        more = f"; {now.words}" if now else ""
        return f"{done} of {counted(self._total, 'cluster')} done{more}{self._left(done)}"

    def _left(self, done: int) -> str:
        if not done:
            return ""
        seconds = (time.monotonic() - self._began) / done * (self._total - done)
        return f"; about {in_words(seconds)} left"


def in_words(seconds: float) -> str:
    """A time in its largest unit: "40 s", "12 min", "3.5 h"."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
