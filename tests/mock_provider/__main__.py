"""python -m tests.mock_provider: the mock as a program of its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
from dataclasses import fields
from pathlib import Path

from tests.mock_provider.choosing import read_odds
from tests.mock_provider.server import Mock, Options

LOOK_S = 0.3  # between two looks whether the parent still lives


def main() -> None:
    asyncio.run(_serve(_parser().parse_args()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mock_provider", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=9000, help="0 for any free one (default: 9000)")
    add("--port_file", type=Path, help="file that gets the port once it is open")
    add("--latency", type=float, default=0.0, help="seconds before each answer")
    add("--spread", type=float, default=0.0, help="share of the latency by which it varies (default: 0)")
    add("--faults", type=_odds, default={}, help='odds by fault, such as "503:0.1,429:0.05"')
    add("--steady", type=_odds, default={}, help="the same, but a request has its fault whenever it comes")
    add("--script", type=_script, default=(), help="JSON file: a list, the n-th call gets the n-th fault, or null")
    add("--seed", type=int, default=0, help="of the faults and of the variety")
    add("--variety", type=float, default=0.0, help="share of the clusters whose first annotation is not the best one")
    add("--asks_for_genes", action="store_true", help="second annotators ask for genes, where they may")
    add("--model", default="", help="the one model there is (default: any)")
    add("--rpm", type=float, help="requests a minute")
    add("--tpm", type=float, help="tokens a minute")
    add("--bucket", type=float, default=60.0, help="seconds of these that may be used at once (default: 60)")
    add("--speed", type=float, default=1.0, help="seconds that pass here in one of the machine's (default: 1)")
    add("--max_in_flight", type=int, help="calls at once; more get a 429")
    add("--require_key", nargs="?", const="", help="the key that must be sent, any if none is named")
    add("--hold_after", type=int, help="from this call on withhold the answers until POST /release")
    add("--log", type=Path, help="file that gets a JSON line for each call")
    add("--caches", action="store_true", help="beginnings of prompts that came before are read from a cache")
    add("--redirect", default="", help='where the fault "redirect" leads')
    add("--batch_seconds", type=float, default=0.0, help="that a batch takes (default: 0)")
    add("--parent", type=int, help="end when this process has")
    add("--max_seconds", type=float, default=3600.0, help="end after this time (default: 3600)")
    return parser


def _odds(text: str) -> dict[str, float]:
    try:
        return read_odds(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _script(path: str) -> tuple[str | None, ...]:
    return tuple(json.loads(Path(path).read_text(encoding="utf-8")))


async def _serve(arguments: argparse.Namespace) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    mock = Mock(Options(**{option.name: getattr(arguments, option.name) for option in fields(Options)}))
    async with mock.serving(arguments.port) as url:
        if arguments.port_file is not None:
            _write(arguments.port_file, url.rpartition(":")[2])
        print(f"listening on {url}", flush=True)
        await _until_the_end(told, arguments.parent, arguments.max_seconds)


def _write(path: Path, text: str) -> None:
    """Whoever sees the file sees all of it."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_text(f"{text}\n", encoding="utf-8")
    partial.replace(path)


async def _until_the_end(told: asyncio.Event, parent: int | None, seconds: float) -> None:
    ours = parent == os.getppid()
    end = asyncio.get_running_loop().time() + seconds
    while not told.is_set() and asyncio.get_running_loop().time() < end:
        if parent is not None and not _alive(parent, ours):
            return
        try:
            await asyncio.wait_for(told.wait(), LOOK_S)
        except TimeoutError:
            continue


def _alive(parent: int, ours: bool) -> bool:
    """Whether a process lives; of our own parent we know it at once, of another only when it is waited for."""
    if ours:
        return os.getppid() == parent
    try:
        os.kill(parent, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    main()
