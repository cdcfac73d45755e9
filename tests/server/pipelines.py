"""What tests of runs by the pipeline share: a stand-in for Nextflow with a plan, and runs without a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from cassia_engine.cytetype.protocol import PENDING
from cassia_engine.errors import CassiaError
from cassia_engine.outputs.publish import write_outputs
from cassia_engine.records import ClusterResult
from cassia_engine.server.job_runs import JOURNAL, Run
from cassia_engine.server.questions import dataset, marker_table, read_question
from cassia_engine.server.specs import MARKERS, SPEC, Nextflow, Outcome, Spec, Told, read_spec, settings_json
from cassia_engine.server.worker.pipeline import run_pipeline
from cassia_engine.server.worker.results import ended_by, split_settings
from cassia_engine.settings import AnnotateSettings
from cassia_engine.stages.run import run_table
from tests.conftest import ROOT
from tests.server import processes

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Stub:
    """A stand-in for Nextflow, see stub_nextflow.py."""

    folder: Path

    @property
    def program(self) -> Path:
        return self.folder / "nextflow"

    @property
    def environment(self) -> dict[str, str]:
        return {"STUB_PLAN": str(self.folder / "plan.json")}

    def plan(self, *starts: Mapping[str, Any]) -> None:
        (self.folder / "plan.json").write_text(json.dumps(starts))

    def starts(self) -> list[dict[str, Any]]:
        """Of each start its arguments, process id and what it saw of variables."""
        found = self.folder / "starts.jsonl"
        return [json.loads(line) for line in found.read_text().splitlines()] if found.exists() else []

    def wait(self) -> int:
        """The process id of one that waits now."""
        wait_until((self.folder / "waits").exists)
        (self.folder / "waits").unlink()
        return int(self.starts()[-1]["pid"])

    def go(self) -> None:
        (self.folder / "go").touch()

    def options(self, *more: str) -> tuple[str, ...]:
        """Of a server whose runs it does."""
        return ("--executor", "nextflow", "--nextflow", str(self.program), "--pipeline", str(ROOT), *more)


def stub(folder: Path) -> Stub:
    """A stand-in without a plan."""
    folder.mkdir()
    made = Stub(folder)
    script = Path(__file__).with_name("stub_nextflow.py")
    made.program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{script}" "$@"\n')
    made.program.chmod(0o755)
    return made


def run_folder(data: Path, settings: AnnotateSettings | None = None, job: str = "0" * 32, **question: Any) -> Path:
    """The folder of a job's first run, as the server writes it."""
    asked = read_question(msgspec.json.encode(processes.question(**question)))
    folder = Run(job, 0, None, "", PENDING, "", False, 0.0).folder(data / "jobs")
    folder.mkdir(parents=True)
    clusters = list(asked.marker_genes)
    ids = {asked.labels[cluster]: cluster for cluster in clusters}
    spec = Spec(
        dataset(asked, "custom"),  # with all that is said of the study, as a model is told it
        asked.study_info,
        ids,
        settings_json(settings or AnnotateSettings()),
        asked.n_genes(clusters),
    )
    (folder / MARKERS).write_text(marker_table(asked, clusters))
    (folder / SPEC).write_bytes(msgspec.json.encode(spec))
    return folder


def publish(run: Path, outdir: Path, unreached: int) -> Path:
    """What the pipeline publishes of a run's folder; returns the folder of its outputs.

    Args:
        unreached: how many clusters have no answer; markers are scored of the others.
    """
    spec = read_spec(run)
    merged, _ = run_table([run / MARKERS], spec.dataset, split_settings(spec), AnnotateSettings(), False)
    results = [
        ClusterResult.unanswered(result.cluster, "not reached") if number < unreached else result
        for number, result in enumerate(merged.results)
    ]
    write_outputs(replace(merged, results=tuple(results)), outdir, {"Nextflow": "0"})
    return outdir


def outcome_of(
    folder: Path,
    program: Stub,
    *starts: Mapping[str, Any],
    settings: AnnotateSettings | None = None,
    **nextflow: str,
) -> Outcome:
    """How a run ends where Nextflow does this; it runs in this process."""
    program.plan(*starts)
    told = Told("", "nextflow", nextflow=Nextflow(str(program.program), str(ROOT), **nextflow))
    given = settings or AnnotateSettings()
    try:
        return run_pipeline(folder, read_spec(folder), given, told)
    except CassiaError as error:
        return ended_by(error)


def start_worker(folder: Path, program: Stub) -> subprocess.Popen[bytes]:
    """The process of a run, as the queue starts it."""
    told = Told(str(folder.parent / JOURNAL), "nextflow", nextflow=Nextflow(str(program.program), str(ROOT)))
    with open(folder / "run.log", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cassia_engine.server.worker", str(folder)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, **program.environment},
            start_new_session=True,
        )
    assert process.stdin
    process.stdin.write(msgspec.json.encode(told))
    process.stdin.close()
    return process


def wait_until(is_so: Callable[[], object]) -> None:
    """Return as soon as it is so.

    Raises:
        AssertionError: it is not in that time.
    """
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.02)


def holding(text: str, *folders: Path) -> list[Path]:
    """The files below folders in which a text stands."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert files
    return [path for path in files if text.encode() in path.read_bytes()]
