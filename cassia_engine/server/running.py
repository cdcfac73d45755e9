"""Runs a server until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal

from aiohttp import web

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
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(make_app(state), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, options.host, options.port)
        await site.start()
        host, port = runner.addresses[0][:2]
        log.info("serving http://%s:%d", host, port)
        await stop.wait()
        log.info("stopping; jobs at work go on when the server is started again")
    finally:
        await runner.cleanup()
        state.database.close()
