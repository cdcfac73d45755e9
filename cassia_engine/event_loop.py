"""An event loop in a thread of its own, which gives its results to the thread that started it."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from cassia_engine.cancellation import Cancellation, say_stopping
from cassia_engine.process_limits import start

Result = TypeVar("Result")

_HEARD_WITHIN = 0.5  # seconds


def in_thread(
    main: Callable[[Callable[[Result], None]], Coroutine[Any, Any, None]],
    take: Callable[[Result], None],
    stop: Cancellation,
) -> None:
    """Run a coroutine in a loop of a thread of its own, and `take` here what it puts.

    It works where a loop is running already, as in a notebook, and leaves the caller free to hear Ctrl-C: an interrupt
    requests `stop`, and goes on once the coroutine has ended; a second one does not wait for it.
    """
    results: queue.SimpleQueue[Result | _End] = queue.SimpleQueue()

    def work() -> None:
        try:
            asyncio.run(main(results.put))
            results.put(_End(None))
        except BaseException as error:
            results.put(_End(error))

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), name="cassia", daemon=True)
    start(thread)
    try:
        while not isinstance(item := _next(results), _End):
            take(item)
    except BaseException:
        # What comes while it is stopping is a second request: at once. A daemon does not keep the process.
        if not stop.requested:
            stop.request()
            say_stopping()
            thread.join()
        raise
    thread.join()
    if item.error:
        raise item.error


def in_this_loop(call: Callable[[], object]) -> Callable[[], None]:
    """A function for other threads, which has `call` run in the loop that is running now, unless that has closed."""
    loop = asyncio.get_running_loop()

    def call_soon() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: all is done
            loop.call_soon_threadsafe(call)

    return call_soon


def _next(results: queue.SimpleQueue[Result | _End]) -> Result | _End:
    """The next of the results. Python runs the handler of a signal that comes just before a wait only after it, so that
    no wait may be long."""
    while True:
        with contextlib.suppress(queue.Empty):
            return results.get(timeout=_HEARD_WITHIN)


@dataclass(frozen=True, slots=True)
class _End:
    error: BaseException | None
