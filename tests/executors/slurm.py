"""The Slurm of the tests: brought up by tests/executors/slurm-up, asked and disturbed by its own commands."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_S = 120.0
# Of the tests only: a site's Slurm would not like to be asked so often.
QUICK = """\
executor { pollInterval = '1 sec' ; queueStatInterval = '2 sec' ; exitReadTimeout = '5 sec' }
"""


@dataclass(frozen=True)
class Slurm:
    """A Slurm that runs.

    Attributes:
        env: variables by which its commands find it.
    """

    env: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """Its configuration, state, spool and logs."""
        return Path(self.env["SLURM_CONF"]).parent

    def ask(self, *command: str) -> str:
        """What a command of Slurm prints.

        Raises:
            subprocess.CalledProcessError: it failed.
        """
        env = {**os.environ, **self.env}
        return subprocess.run(command, env=env, check=True, capture_output=True, text=True, timeout=60).stdout

    def jobs(self, name: str = "", state: str = "RUNNING") -> dict[str, str]:
        """Jobs in the state whose name holds `name`, and the node of each."""
        lines = self.ask("squeue", "-h", "-r", "-t", state, "-o", "%i|%N|%j").splitlines()
        found = (line.split("|", 2) for line in lines)
        return {job: node for job, node, named in found if name in named}

    def node_of(self, name: str) -> str:
        """Where the last job ran whose name holds `name`."""
        lines = (self.folder / "jobcomp.txt").read_text().splitlines()
        (last,) = [line for line in lines if name in line][-1:]
        return last.partition(" NodeList=")[2].split()[0]

    def wait_for_none(self) -> None:
        """Wait until no job is left in the queue."""
        wait_until(lambda: not self.ask("squeue", "-h"))

    def crash(self, node: str) -> None:
        """End all that runs on a node at once, as a power cut does; slurm-up repairs it."""
        jobs = self.jobs()
        kill_tree(int((self.folder / f"slurmd.{node}.pid").read_text()))
        for job in (job for job, where in jobs.items() if where == node):
            steps = (pid for pid, _, command in processes() if command.startswith(f"slurmstepd: [{job}."))
            for pid in list(steps):
                kill_tree(pid)

    def set_node(self, node: str, state: str) -> None:
        self.ask("scontrol", "update", f"NodeName={node}", f"State={state}", "Reason=test")


def wait_until(condition: Callable[[], object], seconds: float = TIMEOUT_S) -> None:
    """Return as soon as it holds.

    Raises:
        AssertionError: it does not in that time.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.1)


def processes() -> Iterator[tuple[int, int, str]]:
    """Id, parent and command line of each process of this machine."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            yield int(entry.name), int(fields[1]), (entry / "cmdline").read_text().replace("\0", " ").strip()


def kill_tree(pid: int) -> None:
    """Kill a process and all below it, which cannot start others meanwhile."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    for child in [child for child, parent, _ in processes() if parent == pid]:
        kill_tree(child)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
