"""Runs a server until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal

from cassia_engine.server.access import tokens
from cassia_engine.server.access.listening import check_listening, serve
from cassia_engine.server.app import make_app
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.starting import open_state

log = logging.getLogger(__name__)


def run_server(options: ServerOptions) -> None:
    """Serve until SIGTERM or Ctrl-C; runs at work are then told to stop, and go on when it is started again.

    Raises:
        UsageError: it cannot be started with these options.
    """
    asyncio.run(_serve(options))


async def _serve(options: ServerOptions) -> None:
    state = open_state(options)
    try:
        check_listening(options, state.database.now(tokens.have_valid))
        serving = asyncio.create_task(serve(make_app(state), state.options, _say))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, _stop, serving)
        with contextlib.suppress(asyncio.CancelledError):
            await serving
    finally:
        state.database.close()


def _say(url: str) -> None:
    log.info("serving %s", url)


def _stop(serving: asyncio.Task[None]) -> None:
    """A second signal changes nothing: the runs are told to stop already."""
    if not serving.cancelling():
        log.info("stopping; jobs at work go on when the server is started again")
        serving.cancel()
