"""Run a command as a process of its own and measure it; medians of repeated, alternated runs."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measurement:
    """What one run took: wall and CPU time in seconds, and peak memory (largest resident set) in MB."""

    wall: float
    cpu: float
    peak: float

    def __str__(self) -> str:
        return f"wall {self.wall:6.2f} s   cpu {self.cpu:6.2f} s   peak {self.peak:6.0f} MB"


def run(command: Sequence[str]) -> Measurement:
    """Run a command; what it says is shown only if it fails.

    Keep the calling process small: the kernel counts its memory as the child's until the child's program starts.

    Raises:
        SystemExit: the command failed.
    """
    with tempfile.TemporaryFile() as said:
        to_file = [(os.POSIX_SPAWN_DUP2, said.fileno(), stream) for stream in (1, 2)]
        start = time.perf_counter()
        pid = os.posix_spawnp(command[0], list(command), os.environ, file_actions=to_file)
        _, status, usage = os.wait4(pid, 0)
        wall = time.perf_counter() - start
        if status:
            said.seek(0)
            text = said.read().decode("utf-8", "replace")
            raise SystemExit(f"exit code {os.waitstatus_to_exitcode(status)}: {' '.join(command)}\n{text}")
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    return Measurement(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * bytes_per_unit / 1e6)


def medians(commands: Mapping[str, Sequence[str]], repeats: int) -> dict[str, Measurement]:
    """The median of each figure over `repeats` runs, the commands by turns so that all meet the same machine."""
    runs: dict[str, list[Measurement]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            runs[name].append(run(command))
    return {name: _median(measured) for name, measured in runs.items()}


def machine() -> str:
    """The machine in one line: processor, cores that this process may use, system, Python."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{_processor()}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def cassia_command() -> str:
    """The `cassia` that is installed beside the Python that runs this."""
    return str(Path(sys.executable).with_name("cassia"))


def _median(measured: Sequence[Measurement]) -> Measurement:
    return Measurement(
        wall=statistics.median(m.wall for m in measured),
        cpu=statistics.median(m.cpu for m in measured),
        peak=statistics.median(m.peak for m in measured),
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
