"""An event loop in a thread of its own.

It works where a loop is running already, as in a notebook, and leaves the caller free to hear Ctrl-C.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from cassia_engine.cancellation import GRACE_SECONDS, Cancellation, say_stopping
from cassia_engine.cytetype.waiting import stopped
from cassia_engine.process_limits import start

Result = TypeVar("Result")


def in_thread(main: Callable[[Cancellation], Coroutine[Any, Any, Result]], stop: Cancellation | None) -> Result:
    """What a coroutine returns.

    Args:
        main: gets what asks it to stop: that is `stop` or an interrupt (KeyboardInterrupt), which goes on once the
            coroutine has ended; a second one does not wait for it. What does not end by itself within
            `GRACE_SECONDS` is cancelled.

    Raises:
        StoppedError: it was cancelled.
    """
    asked = stop or Cancellation()
    outcome: queue.SimpleQueue[tuple[Result | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        try:
            outcome.put((asyncio.run(_until_stopped(main(asked), asked)), None))
        except BaseException as error:
            outcome.put((None, error))

    thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), name="cassia", daemon=True)
    start(thread)
    try:
        found, error = outcome.get()
    except BaseException:
        if not asked.requested:
            asked.request()
            say_stopping()
            thread.join()
        raise
    thread.join()
    if error is not None:
        raise error
    return found  # type: ignore[return-value]


async def _until_stopped(work: Coroutine[Any, Any, Result], stop: Cancellation) -> Result:
    """What a coroutine returns; a request on its way may take far longer than one who asks to stop is told.

    Raises:
        StoppedError: it had not ended when the time was over.
    """
    task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()

    def ask() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: all is done
            loop.call_soon_threadsafe(lambda: loop.call_later(GRACE_SECONDS, task.cancel))

    stop.on_request(ask)
    try:
        return await task
    except asyncio.CancelledError:
        raise stopped() from None
