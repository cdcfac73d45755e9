"""A process that confines itself and tries what it may not do: `python -m tests.server.confined FOLDER`.

Prints what came of each attempt as JSON: the name of an error, or "done". The folder has files `a` and `open`.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cassia_engine.server.reading import sandbox


def tried(attempt: Callable[[], Any]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    except MemoryError:
        return "MemoryError"
    return "done"


def call(name: str, *arguments: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*map(ctypes.c_long, arguments)) < 0:
        raise OSError(ctypes.get_errno(), name)


def in_thread() -> None:
    found: list[int] = []
    thread = threading.Thread(target=found.append, args=(1,))
    thread.start()
    thread.join()
    assert found == [1]


def main() -> None:
    folder, a = Path(sys.argv[1]), Path(sys.argv[1], "a")
    written, parent, own = (folder / "open").open("wb", buffering=0), os.getppid(), os.getpid()
    listening = socket.create_server(("127.0.0.1", 0))
    spare = socket.socket()
    tracing = (16, parent, 0, 0)  # PTRACE_ATTACH
    confined = sandbox.enter()
    attempts: dict[str, Callable[[], Any]] = {
        "make a socket": socket.socket,
        "make a pair of sockets": socket.socketpair,
        "connect": lambda: spare.connect(listening.getsockname()),
        "bind": lambda: spare.bind(("127.0.0.1", 0)),
        "accept": listening.accept,
        "send": lambda: spare.sendto(b"x", listening.getsockname()),
        "fork": os.fork,
        "start a program": lambda: subprocess.run([sys.executable, "-V"], check=True),
        "become a program": lambda: os.execv(sys.executable, [sys.executable, "-V"]),
        "look into another process": lambda: call("ptrace", *tracing),
        "send a signal": lambda: os.kill(parent, 0),
        "change limits of another process": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE),
        "delete": a.unlink,
        "rename": lambda: a.rename(folder / "b"),
        "link": lambda: (folder / "b").hardlink_to(a),
        "link by name": lambda: (folder / "b").symlink_to(a),
        "make a folder": lambda: (folder / "b").mkdir(),
        "change rights": lambda: a.chmod(0o777),
        "cut": lambda: os.truncate(a, 0),
        "change times": lambda: os.utime(a),
        "open to write": lambda: os.open(a, os.O_WRONLY),
        "open to read and write": lambda: os.open(a, os.O_RDWR),
        "open to append": lambda: os.open(a, os.O_WRONLY | os.O_APPEND),
        "create": lambda: os.open(folder / "b", os.O_RDONLY | os.O_CREAT),
        "unshare": lambda: call("unshare", 0x10000000),
    }
    found = {name: tried(attempt) for name, attempt in attempts.items()}
    also = {
        "write to an open file": tried(lambda: written.write(b"x")),
        "have more memory": tried(lambda: bytearray(sandbox.MEMORY)),
        "open to read": tried(lambda: os.close(os.open(a, os.O_RDONLY))),
        "know own limits": tried(lambda: resource.prlimit(own, resource.RLIMIT_NOFILE)),
    }
    confined.open_only(str(a), str(folder / "nothing"), None)
    also["open an allowed file"] = tried(lambda: os.close(os.open(a, os.O_RDONLY)))
    also["open another file"] = tried(lambda: os.open(folder / "open", os.O_RDONLY))
    also["list a folder"] = tried(lambda: os.open(folder, os.O_RDONLY))
    confined.close()
    also["open to read later"] = tried(lambda: os.open(a, os.O_RDONLY))
    also["start a thread later"] = tried(in_thread)
    limits = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1] for name in ("AS", "CPU", "FSIZE")}
    core = resource.getrlimit(resource.RLIMIT_CORE)[0]
    told = {"refused": found, "also": also, "limits": limits, "core": core, "missing": confined.missing}
    print(json.dumps(told), flush=True)
    os._exit(0)


main()
