"""How a run of the pipeline ended, by what Nextflow leaves: its exit code, its trace and what it said."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path

TRACE = Path("pipeline_info", "trace.txt")
# What the pipeline tries again too: the engine's code for that, kills by a signal or a scheduler, nodes that are gone.
_TEMPORARY = {"75", "104", "-", *map(str, range(130, 146)), *map(str, range(175, 178))}
_OURS = "cassia: error: "
_LOST = " stays without a result: "
# What Nextflow says before it has read the pipeline, and the last line before the pipeline's own last words.
_GREETINGS = ("N E X T F L O W", "Launching ", "WARN: ", "INFO: ")
_LAST_WORDS = re.compile(r"^The run (?:failed|was stopped)\..*$", re.MULTILINE)


def was_killed(code: int) -> bool:
    """Whether Nextflow's own exit code says that it may go better at another time."""
    return code < 0 or str(code) in _TEMPORARY


def lost_tasks(outdir: Path) -> Mapping[str, str]:
    """The exit code of each task that failed for good, by its name; "-" where it left none."""
    try:
        with (outdir / TRACE).open(encoding="utf-8", newline="") as rows:
            tried = sorted(csv.DictReader(rows, delimiter="\t"), key=lambda row: int(row["task_id"]))
    except FileNotFoundError:
        return {}
    last = {row["name"]: row for row in tried}
    return {name: row["exit"] for name, row in last.items() if row["status"] == "FAILED"}


def may_heal(lost: Mapping[str, str]) -> bool:
    """Whether some task failed for a reason that may pass."""
    return any(code in _TEMPORARY for code in lost.values())


def reason_in(said: str) -> str:
    """The line for a person in what Nextflow and its tasks have said: the engine's own, where there is one."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if lost := [line for line in lines if _LOST in line]:
        return lost[-1].partition(_LOST)[2].removeprefix(_OURS)
    if ours := [line for line in lines if line.startswith(_OURS)]:
        return ours[-1].removeprefix(_OURS)
    last = _LAST_WORDS.split(said)[-1].splitlines()
    told = [line for line in last if line.strip() and not line.startswith((*_GREETINGS, " ", "\t"))]
    return told[0].removeprefix("ERROR ~ ").strip() if told else ""
