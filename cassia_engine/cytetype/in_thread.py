"""What a coroutine returns that has an event loop in a thread of its own, and is cancelled where it does not stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from cassia_engine import event_loop
from cassia_engine.cancellation import GRACE_SECONDS, Cancellation
from cassia_engine.cytetype.waiting import stopped

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
    found: list[Result] = []

    async def work(give: Callable[[Result], None]) -> None:
        give(await _until_stopped(main(asked), asked))

    event_loop.in_thread(work, found.append, asked)
    return found[0]


async def _until_stopped(work: Coroutine[Any, Any, Result], stop: Cancellation) -> Result:
    """What a coroutine returns; a request on its way may take far longer than one who asks to stop is told.

    Raises:
        StoppedError: it had not ended when the time was over.
    """
    task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()
    stop.on_request(event_loop.in_this_loop(lambda: loop.call_later(GRACE_SECONDS, task.cancel)))
    try:
        return await task
    except asyncio.CancelledError:
        raise stopped() from None
