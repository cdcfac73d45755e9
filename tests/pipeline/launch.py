"""Real Nextflow over this checkout, in a folder of its own, and what can be read from a run."""

from __future__ import annotations

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

# A run takes seconds; one that takes minutes hangs.
TIMEOUT_S = 240


@dataclass(frozen=True)
class Run:
    """How a run ended: its exit code and all that it said."""

    code: int
    said: str


class Launcher:
    """Starts the pipeline in a launch folder, with a stand-in `cassia-engine` first on PATH once `plan` was called."""

    def __init__(self, nextflow: str, folder: Path):
        self.nextflow = nextflow
        self.folder = folder
        self.out = folder / "out"
        # Neither a person's keys nor their secrets. Beside the folder, as the test looks for its own key in all of it.
        self.secrets = folder.with_name(f"{folder.name}-secrets") / "store.json"
        environ = {name: value for name, value in os.environ.items() if not _is_key(name)}
        settings = {"NXF_ANSI_LOG": "false", "NXF_OFFLINE": "true", "NXF_SECRETS_FILE": str(self.secrets)}
        self.env = {**environ, "CASSIA_PYTHON": sys.executable, **settings}

    def keep_secret(self, name: str, value: str) -> None:
        """Put a secret into Nextflow's store, in the form that it has there."""
        self.secrets.parent.mkdir(exist_ok=True)
        self.secrets.touch(mode=0o600)
        self.secrets.write_text(json.dumps([{"name": name, "value": value}]))

    def plan(self, actions: Mapping[str, Sequence[int | str]]) -> None:
        """Tell the stand-in what to do from now on; see standin.py."""
        bin_dir = self.folder / "stand-in"
        bin_dir.mkdir(exist_ok=True)
        command = bin_dir / "cassia-engine"
        words = shlex.join([sys.executable, str(Path(__file__).with_name("standin.py"))])
        command.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        command.chmod(0o755)
        (bin_dir / "plan.json").write_text(json.dumps(actions))
        (bin_dir / "calls.log").unlink(missing_ok=True)
        path = self.env["PATH"].removeprefix(f"{bin_dir}:")
        self.env |= {
            "PATH": f"{bin_dir}:{path}",
            "STANDIN_DIR": str(bin_dir),
            "STANDIN_REAL": str(ROOT / "bin/cassia-engine"),
        }

    def calls(self) -> dict[str, list[int]]:
        """The stand-in's calls of annotate since the plan was made: process ids by "<sample> <chunk index>"."""
        log = self.folder / "stand-in" / "calls.log"
        found: dict[str, list[int]] = {}
        for line in log.read_text().splitlines() if log.exists() else []:
            key, pid = line.rsplit(" ", 1)
            found.setdefault(key, []).append(int(pid))
        return found

    def start(self, *arguments: str | Path, pipeline: str | Path = ROOT) -> subprocess.Popen[str]:
        """Start `nextflow run`; a failed task is tried again at once."""
        quick = self.folder / "quick.config"
        # By one selector each, which a test's own configuration takes the place of.
        delays = [f"process {{ withName: {name} {{ ext.retry_delay_s = 0 }} }}\n" for name in ("ANNOTATE", "SUBMIT")]
        quick.write_text("".join(delays))
        command = [self.nextflow, "run", str(pipeline), "-c", str(quick), *map(str, arguments)]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )

    def run(self, *arguments: str | Path, pipeline: str | Path = ROOT) -> Run:
        """Start it and wait for its end."""
        process = self.start(*arguments, pipeline=pipeline)
        try:
            said, _ = process.communicate(timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return Run(process.returncode, said)

    def tasks(self) -> dict[str, str]:
        """Status of each task of the last run, by name without the workflow's; of a retried one, the last."""
        trace = self.out / "pipeline_info" / "trace.txt"
        with trace.open(encoding="utf-8") as rows:
            found = sorted(csv.DictReader(rows, delimiter="\t"), key=lambda row: int(row["task_id"]))
        return {row["name"].removeprefix("CASSIA:"): row["status"] for row in found}

    def on_record(self, task: str) -> bool:
        """Whether Nextflow has written the end of a task down for -resume, which it does some time after the trace."""
        # The last letter of a text is stored differently.
        name = task[:-1].encode()
        return any(name in log.read_bytes() for log in self.folder.glob(".nextflow/cache/*/db/*.log"))

    def summary(self, sample: str) -> list[dict[str, str]]:
        """The rows of a sample's published summary."""
        with (self.out / sample / f"{sample}_summary.csv").open(encoding="utf-8", newline="") as rows:
            return list(csv.DictReader(rows))

    def statuses(self, sample: str) -> list[str]:
        return [row["Status"] for row in self.summary(sample)]


def _is_key(name: str) -> bool:
    return name.endswith(("_API_KEY", "_AUTH_TOKEN")) or name.startswith("AWS_")
