"""A stand-in for the program `nextflow`, for tests of what the server makes of it: it ends as told, and asks nobody.

$STUB_PLAN is a JSON file: a list with what each start in turn does, the last one also all that follow; an object with

say         lines that it prints
lost        tasks that fail for good: their exit codes by name
publish     folder of the outputs of the one sample; "" for none
waits       whether it first waits, for SIGTERM or for the file "go" beside the plan
code        its exit code

Each start leaves a line beside the plan, in starts.jsonl: its arguments, its process id, and what it sees of variables.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

PLAN = Path(os.environ["STUB_PLAN"])


def main() -> None:
    starts = PLAN.with_name("starts.jsonl")
    number = len(starts.read_text().splitlines()) if starts.exists() else 0
    with starts.open("a") as out:
        out.write(json.dumps({"arguments": sys.argv[1:], "pid": os.getpid(), "environment": _seen()}) + "\n")
    plan = json.loads(PLAN.read_text())
    doing: dict[str, Any] = {"say": [], "lost": {}, "publish": "", "waits": False, "code": 0}
    doing |= plan[min(number, len(plan) - 1)]
    Path(".nextflow").mkdir(exist_ok=True)
    with open(".nextflow/history", "a") as history:
        history.write(f"2026-01-01\tname\t-\t{os.environ['NXF_UUID']}\trun\n")
    if doing["waits"]:
        _wait()
    outdir = Path(json.loads(Path("params.json").read_text())["outdir"])
    if doing["publish"]:
        shutil.copytree(doing["publish"], outdir / "job", dirs_exist_ok=True)
    _trace(outdir, doing["lost"])
    print("N E X T F L O W  ~  version 0", "Launching `main.nf` [stub]", *doing["say"], sep="\n", flush=True)
    sys.exit(doing["code"])


def _seen() -> dict[str, str]:
    """What is set, and of keys no more than how long they are."""
    shown = {name: value for name, value in os.environ.items() if name.startswith(("NXF_", "CASSIA_KEY"))}
    keys = {name: f"{len(value)} characters" for name, value in os.environ.items() if name.endswith("_API_KEY")}
    return shown | keys


def _wait() -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        sys.exit(143)

    signal.signal(signal.SIGTERM, stop)
    PLAN.with_name("waits").touch()
    while not PLAN.with_name("go").exists():
        time.sleep(0.02)


def _trace(outdir: Path, lost: dict[str, str]) -> None:
    """Each lost task was tried twice."""
    info = outdir / "pipeline_info"
    info.mkdir(parents=True, exist_ok=True)
    rows = ["task_id\tname\tstatus\texit", "1\tVERSION\tCOMPLETED\t0"]
    for number, (name, code) in enumerate(lost.items(), 2):
        rows += [f"{number + 100}\t{name}\tFAILED\t{code}", f"{number}\t{name}\tFAILED\t75"]
    (info / "trace.txt").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    main()
