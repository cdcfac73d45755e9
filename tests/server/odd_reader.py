"""A process in a reader's place, which does what no reader should: `python -m tests.server.odd_reader`.

What it does is the gene that is asked for; asked for all genes, it says who it is, and what it has in its environment.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any


def answered(data: Any) -> str:
    return "+" + json.dumps(data)


def main() -> None:
    opening = json.loads(sys.stdin.readline())
    print(answered({"missing": ["a", "b"] if "limits" in opening["labels"].values() else []}), flush=True)
    for line in sys.stdin:
        match json.loads(line).get("gene", "process"):
            case "process":
                print(answered({"genes": [str(os.getpid()), *os.environ], "n_cells": 0}), flush=True)
            case "hang":
                signal.pause()
            case "crash":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "end":
                sys.exit(3)
            case "flood":
                while True:
                    sys.stdout.write("+" * 2**20)
            case "other":
                print(answered({"gene": 5}), flush=True)
            case "text":
                print("no answer", flush=True)
            case "long":
                print(json.dumps({"message": "<b>\x1b[31m" + "x" * 10**6}).join(["-", ""]), flush=True)
            case "fault":
                print('-{"message": "it failed", "fault": "Traceback\\nValueError"}', flush=True)


main()
