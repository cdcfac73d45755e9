"""In a container whose PYTHONPATH has this folder: a task that grows, on a word from outside.

Once the file `grow` is there, the annotate process of chunk 0 takes as many bytes as it says, and makes the file
`grown`.
"""

import sys
import threading
import time
from pathlib import Path

ORDERS = Path("/growing-orders")
BLOCK = bytes(range(256)) * 2**16


def grow() -> None:
    while not (ORDERS / "grow").exists():
        time.sleep(0.02)
    held = bytearray()
    while len(held) < int((ORDERS / "grow").read_text()):
        held += BLOCK
    (ORDERS / "grown").touch()
    threading.Event().wait()


if {"annotate", "chunk_00000.json"} <= set(sys.orig_argv):
    threading.Thread(target=grow, daemon=True).start()
