"""Nextflow and the pipeline, looked for when a server starts that has its runs done by them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import cassia_engine
from cassia_engine._version import __version__
from cassia_engine.callers import option
from cassia_engine.errors import UsageError, shown
from cassia_engine.server.specs import Nextflow

_CHECKOUT = Path(cassia_engine.__file__).resolve().parent.parent
_VERSION = re.compile(r"^ *version *= *'([^']+)'", re.MULTILINE)


def find_nextflow(pipeline: Path | None, program: str, profile: str, config: Path | None) -> Nextflow:
    """How runs of the pipeline are started.

    Args:
        pipeline: its folder; None for the checkout that this engine runs from.
        program: of Nextflow, a path or a name on PATH.

    Raises:
        UsageError: the pipeline, Nextflow or the configuration is not there, or the pipeline is of another version.
    """
    folder = _pipeline(pipeline)
    # Where `make` has put it, in a checkout.
    found = shutil.which(program) or (shutil.which(folder / ".tools" / "nextflow") if program == "nextflow" else None)
    if found is None:
        what = f"{option('nextflow', program)}: there is no such program; install Nextflow, or give its path"
        raise UsageError(what, code="nextflow-not-found")
    if config is not None and not config.is_file():
        raise UsageError(f"{option('nextflow_config', config)}: no such file", code="nextflow-config-missing")
    return Nextflow(str(Path(found).absolute()), str(folder), profile, str(config.resolve()) if config else "")


def _pipeline(given: Path | None) -> Path:
    folder = _CHECKOUT if given is None else given.resolve()
    if not (folder / "main.nf").is_file():
        told = option("executor", "nextflow") if given is None else option("pipeline", given)
        what = f"{told}: the pipeline is not there; give the folder of its main.nf with {option('pipeline')}"
        raise UsageError(what, code="pipeline-missing")
    # Its tasks run the engine of its version, whose files are read here.
    settings = folder / "nextflow.config"
    found = _VERSION.search(settings.read_text(encoding="utf-8")) if settings.is_file() else None
    version = found[1] if found else "none"
    if version != __version__:
        what = f"{option('pipeline', given or folder)} is of version {shown(version)}, and this is cassia {__version__}"
        raise UsageError(f"{what}; give that of the same version", code="pipeline-version")
    return folder
