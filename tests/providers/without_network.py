"""Runs of cassia where a listener and a DNS server hear whoever goes out; a process of a test, in a network namespace.

    unshare -n -m python -m tests.providers.without_network FOLDER

Its last line is JSON: what each run ended with, and how many connections and queries there were meanwhile.
"""

from __future__ import annotations

import asyncio
import csv
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cassia_engine.providers.faults import Fault
from cassia_engine.providers.network import open_session
from tests.conftest import EXAMPLES
from tests.mock_provider.running import running_mock

OWN = "10.9.8.7"  # an address of this machine that is not loopback
NAME = "models.example"
_SET_FLAGS, _SET_ADDRESS, _UP = 0x8914, 0x8916, 1


class Heard:
    """Counts connections to `OWN`, and queries of DNS, to which there is no such name."""

    def __init__(self) -> None:
        self.connections = self.queries = 0
        self._listener = socket.create_server((OWN, 0))
        self._dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._dns.bind(("127.0.0.1", 53))
        self.url = f"http://{OWN}:{self._listener.getsockname()[1]}"
        for work in (self._accept, self._answer):
            threading.Thread(target=work, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            self.connections += 1
            connection.close()

    def _answer(self) -> None:
        while True:
            query, peer = self._dns.recvfrom(4096)
            self.queries += 1
            self._dns.sendto(query[:2] + b"\x81\x83" + query[4:6] + bytes(6) + query[12:], peer)

    @contextmanager
    def during(self, told: dict[str, Any]) -> Iterator[None]:
        before = self.connections, self.queries
        yield
        told.update(connections=self.connections - before[0], queries=self.queries - before[1])


def prepare(folder: Path) -> None:
    """Bring up the loopback with a second address, and have this process's resolver ask DNS here."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP))
        address = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(OWN))
        fcntl.ioctl(control, _SET_ADDRESS, struct.pack("16s16s", b"lo:1", address))
    for name, text in (("resolv.conf", "nameserver 127.0.0.1\n"), ("nsswitch.conf", "hosts: files dns\n")):
        own = folder / name
        own.write_text(text)
        place = Path("/etc") / name
        place.touch()
        subprocess.run(["mount", "--bind", own, place.resolve()], check=True)


def cassia(heard: Heard, folder: Path, *arguments: str) -> dict[str, Any]:
    told: dict[str, Any] = {}
    with heard.during(told):
        done = subprocess.run(
            [sys.executable, "-m", "cassia_engine", *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(Path.cwd()), "CUSTOM_API_KEY": "sk-no-key-0123456789"},
            capture_output=True,
            text=True,
        )
    return {"code": done.returncode, "said": done.stderr[-500:], **told}


def whole_run(heard: Heard, folder: Path) -> dict[str, Any]:
    """A run that asks a model at this machine."""
    about = ("--tissue", "blood", "--species", "human", "--outdir", "out", "--name", "pbmc")
    with running_mock(folder) as mock:
        asked = ("--provider", "custom", "--base_url", f"{mock.url}/v1", "--model", "mock", "--air_gap")
        told = cassia(heard, folder, "run", str(EXAMPLES / "pbmc68k_scanpy.csv"), *about, *asked)
        told["calls"] = mock.stats()["calls"]
    with (folder / "out" / "pbmc_summary.csv").open(newline="") as file:
        told["clusters"] = len(list(csv.reader(file))) - 1
    return told


def with_and_without(heard: Heard, folder: Path, *arguments: str) -> list[dict[str, Any]]:
    asked = ("providers", "--model", "mock", "--allow_http", "--check", *arguments)
    return [cassia(heard, folder, *asked, "--air_gap"), cassia(heard, folder, *asked)]


def sessions(heard: Heard) -> dict[str, Any]:
    """Sessions of the air gap that are told to go out, past every check before them."""

    async def is_refused(url: str, proxy: str | None = None) -> bool:
        async with open_session("mock", connections=1, secure=False, air_gap=True) as session:
            try:
                async with session.get(url, proxy=proxy):
                    return False
            except Fault:
                return True

    async def main() -> int:
        given = ((heard.url, None), (f"http://{NAME}/", None), ("http://127.0.0.1:1/", heard.url))
        return sum([await is_refused(url, proxy) for url, proxy in given])

    told: dict[str, Any] = {}
    with heard.during(told):
        faults = asyncio.run(main())
    return {"faults": faults, **told}


def main(folder: Path) -> None:
    prepare(folder)
    heard = Heard()
    found = {
        "run": whole_run(heard, folder),
        "address": with_and_without(heard, folder, f"{heard.url}/v1"),
        "name": with_and_without(heard, folder, f"http://{NAME}/v1"),
        "proxy": with_and_without(heard, folder, "http://127.0.0.1:1/v1", "--proxy", heard.url),
        "session": sessions(heard),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
