"""The launch of a run of the pipeline: its files, command and environment. A key is in the environment alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cassia_engine.csv_injection import csv_row
from cassia_engine.errors import UsageError
from cassia_engine.fast_json import ascii_json
from cassia_engine.providers.accounts import provider_row
from cassia_engine.providers.keys import environment_of
from cassia_engine.secret import Secret
from cassia_engine.server.questions import written
from cassia_engine.server.specs import MARKERS, Nextflow, Spec, settings_json
from cassia_engine.server.worker.results import split_settings
from cassia_engine.settings import AnnotateSettings

SHEET, PARAMETERS = "samplesheet.csv", "params.json"
# SPLIT has the text as one word of its command line, and Linux allows 128 KiB for one.
MOST_CONTEXT_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Launch:
    """How Nextflow is started for a run.

    Attributes:
        folder: it is started in, and leaves its own files in.
        work: folder of its tasks.
        outdir: what the pipeline writes.
        command: with its arguments.
        environment: of the process, with the key.
    """

    folder: Path
    work: Path
    outdir: Path
    command: tuple[str, ...]
    environment: Mapping[str, str]


def prepare(run: Path, spec: Spec, settings: AnnotateSettings, nextflow: Nextflow) -> Launch:
    """Write what the pipeline reads; one that was begun is resumed.

    Raises:
        UsageError: the run cannot be done by the pipeline.
    """
    size = len(spec.dataset.additional_info.encode())
    if size > MOST_CONTEXT_BYTES:
        what = f"studyInfo has {size:,} bytes, and runs of the pipeline take {MOST_CONTEXT_BYTES:,}; shorten it"
        raise UsageError(what, code="study-too-long-for-pipeline")
    folder, work = run / "nextflow", run / "work"
    outdir = folder / "out"
    written(folder / SHEET, _sheet(run, spec))
    written(folder / PARAMETERS, ascii_json(_parameters(folder / SHEET, outdir, spec, settings)))
    # The same for a run at each of its starts: what is done of it is found again, and what it may spend is one sum.
    session = str(uuid5(NAMESPACE_URL, "/".join(run.parts[-3:])))
    environment = {**os.environ, "NXF_UUID": session, "NXF_ANSI_LOG": "false"}
    environment.setdefault("CASSIA_PYTHON", sys.executable)
    if settings.api_key is not None:
        environment = _with_key(environment, settings.provider, settings.api_key, folder)
    return Launch(folder, work, outdir, _command(folder, work, nextflow, session), environment)


def _command(folder: Path, work: Path, nextflow: Nextflow, session: str) -> tuple[str, ...]:
    command = [nextflow.program, "run", nextflow.pipeline, "-params-file", PARAMETERS, "-work-dir", str(work)]
    if nextflow.profile:
        command += ["-profile", nextflow.profile]
    if nextflow.config:
        command += ["-c", nextflow.config]
    history = folder / ".nextflow" / "history"
    # Nextflow refuses to resume a session that it has no record of.
    if history.is_file() and session in history.read_text(encoding="utf-8", errors="replace"):
        command += ["-resume", session]
    return tuple(command)


def _sheet(run: Path, spec: Spec) -> str:
    of = spec.dataset
    row = {"sample": of.name, "markers": str(run / MARKERS), "tissue": of.tissue, "species": of.species}
    row["additional_info"] = of.additional_info
    return csv_row(row) + csv_row(row.values())


def _parameters(sheet: Path, outdir: Path, spec: Spec, settings: AnnotateSettings) -> dict[str, Any]:
    # Clusters without an annotation are the job's to tell of: the pipeline does not fail for them.
    of_run = {"input": str(sheet), "outdir": str(outdir), "max_failed_clusters": len(spec.ids)}
    return {**of_run, **settings_json(split_settings(spec)), **settings_json(settings)}


def _with_key(environment: Mapping[str, str], provider: str, key: Secret, folder: Path) -> dict[str, str]:
    """The environment with a request's own key in place of any that the site has, also among Nextflow's secrets."""
    no_secrets = str(folder / "no-secrets.json")  # which is not there
    return {**environment, **environment_of(provider_row(provider), key), "NXF_SECRETS_FILE": no_secrets}
