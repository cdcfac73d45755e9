"""A `cassia-engine` that the tests put first on PATH: it fails as told, and is else the real one.

$STANDIN_DIR/plan.json maps "<sample> <chunk index>" (or "*", every chunk) to what the successive calls of
`cassia-engine annotate` for that chunk do: an exit code, "killed" (as a scheduler would) or "hang" (until somebody
kills it). Calls
beyond the list, and all other subcommands, go to the real command, $STANDIN_REAL. Each call of annotate leaves a line
in $STANDIN_DIR/calls.log: its chunk and its process id. What the plan has for "--version" is said instead of
the version; if that is nothing, the command fails as one that is not there.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path


def main() -> None:
    if sys.argv[1:] == ["--version"]:
        _tell_version()
    action = _action() if sys.argv[1:2] == ["annotate"] else None
    if action == "hang":
        signal.pause()
    if action == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if isinstance(action, int):
        print(f"cassia: error: stand-in trouble {action}", file=sys.stderr)
        sys.exit(action)
    real = os.environ["STANDIN_REAL"]
    os.execv(real, [real, *sys.argv[1:]])


def _tell_version() -> None:
    """Say what the plan says of the version, if it says anything."""
    said = json.loads((Path(os.environ["STANDIN_DIR"]) / "plan.json").read_text()).get("--version")
    if said is not None:
        print(*said)
        sys.exit(0 if said else 127)


def _action() -> int | str | None:
    """What the plan says for this call for this chunk."""
    folder = Path(os.environ["STANDIN_DIR"])
    chunk = json.loads(Path(sys.argv[2]).read_text("utf-8"))
    key = f"{chunk['dataset']['name']} {chunk['index']}"
    with (folder / "calls.log").open("a+") as log:
        log.seek(0)
        earlier = sum(line.startswith(f"{key} ") for line in log)
        log.write(f"{key} {os.getpid()}\n")
    plan = json.loads((folder / "plan.json").read_text())
    actions: list[int | str] = plan.get(key, plan.get("*", []))
    return actions[earlier] if earlier < len(actions) else None


if __name__ == "__main__":
    main()
