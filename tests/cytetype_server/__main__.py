"""python -m tests.cytetype_server: the server as a program of its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
from pathlib import Path

from tests.cytetype_server.server import Server

LOOK_S = 0.3  # between two looks whether the parent still lives


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.cytetype_server", description=__doc__)
    add = parser.add_argument
    add("--folder", type=Path, required=True, help="for its state")
    add("--port", type=int, default=0, help="0 for any free one (default: 0)")
    add("--settings", type=json.loads, default={}, help="JSON: fields of Settings")
    add("--parent", type=int, help="end when this process, which started it, has")
    asyncio.run(_serve(parser.parse_args()))


async def _serve(arguments: argparse.Namespace) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    server = Server(arguments.folder)
    server.change(arguments.settings)
    async with server.serving(arguments.port) as url:
        print(f"listening on {url}", flush=True)
        while not told.is_set() and arguments.parent in (None, os.getppid()):
            try:
                await asyncio.wait_for(told.wait(), LOOK_S)
            except TimeoutError:
                continue


if __name__ == "__main__":
    main()
