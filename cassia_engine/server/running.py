"""Runs a server until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal

from cassia_engine.secret import Secret
from cassia_engine.server.access import tokens
from cassia_engine.server.access.listening import check_listening, serve
from cassia_engine.server.app import drain, make_app
from cassia_engine.server.jobs import secret_values
from cassia_engine.server.logs import Secrets, keys_of_environment, logged_as
from cassia_engine.server.options import ServerOptions
from cassia_engine.server.starting import alone_with, asked_line, open_state
from cassia_engine.server.state import ServerState

log = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run_server(options: ServerOptions) -> None:
    """Serve until SIGTERM, Ctrl-C, or the end of its terminal; runs at work are then told to stop, and go on when it is
    started again.

    Raises:
        UsageError: it cannot be started with these options.
    """
    asyncio.run(_run(options))


async def _run(options: ServerOptions) -> None:
    stop = _stop_on_signals()
    with alone_with(options.data):
        state = open_state(options)
        try:
            check_listening(options, state.database.now(tokens.have_valid))
            with logged_as(options.log_format, _secrets(state)):
                await _serve_until(stop, state)
        finally:
            state.database.close()


def _secrets(state: ServerState) -> Secrets:
    of_environment = keys_of_environment()

    def of(job: str | None) -> list[Secret]:
        held = state.keys if job is None else {job: state.keys.get(job, [])}
        return [*of_environment, *secret_values(held)]

    return of


def _stop_on_signals() -> asyncio.Event:
    """An event that the first signal sets; the second one ends the process at once, as a crash does."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    # A terminal that is closed sends SIGHUP; `nohup` has it ignored.
    heard = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]

    def hear() -> None:
        stop.set()
        for number in heard:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in heard:
        loop.add_signal_handler(number, hear)
    return stop


async def _serve_until(stop: asyncio.Event, state: ServerState) -> None:
    app = make_app(state)
    told = f"data in {state.options.data}; {asked_line(state.options.annotate)}"
    serving = asyncio.ensure_future(serve(app, state.options, lambda url: log.info("serving %s; %s", url, told)))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not serving.done():
        log.info("stopping; jobs at work go on when the server is started again; a second signal ends it at once")
        await drain(app)
        serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    log.info("stopped")
