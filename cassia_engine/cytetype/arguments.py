"""Arguments of the class CyteType and their checks, before anything is written or sent."""

from __future__ import annotations

import errno
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from cassia_engine.callers import argument, option
from cassia_engine.cytetype.job import JobOptions
from cassia_engine.cytetype.protocol import VISIBILITIES
from cassia_engine.cytetype.upload_progress import progress_lines
from cassia_engine.errors import UsageError, shown
from cassia_engine.files import local

# What a path may end in that leads to no file yet; what is wrong with the last two is said where it is to be written.
_MAY_BE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


@dataclass(frozen=True, slots=True)
class RunArguments:
    """Arguments of `CyteType.run`, of which docs are there. The repr has no llm_configs, which hold keys.

    Attributes:
        tags: `metadata` as texts.
        prefix, query: `results_prefix` and `query_filename`.

    Raises:
        UsageError: one cannot be used.
    """

    study_context: str
    llm_configs: Sequence[Mapping[str, Any]] | None = field(repr=False)
    tags: Mapping[str, str]
    n_parallel_clusters: int
    prefix: str
    query: Path
    require_artifacts: bool
    override_existing_results: bool
    resubmit: bool
    visibility: str | None
    poll_interval_seconds: float
    timeout_seconds: float
    upload_timeout_seconds: float
    upload_max_workers: int
    show_progress: bool
    air_gap: bool

    def __post_init__(self) -> None:
        if self.visibility is not None and self.visibility not in VISIBILITIES:
            what = f"{option('visibility', self.visibility)}: expected {', '.join(VISIBILITIES)}"
            raise UsageError(what, code="visibility-unknown")
        check_whole("n_parallel_clusters", self.n_parallel_clusters, 1, 50)
        check_whole("upload_max_workers", self.upload_max_workers, 1)
        _check_seconds("poll_interval_seconds", self.poll_interval_seconds, 1)
        _check_seconds("timeout_seconds", self.timeout_seconds, 0, endless=True)
        _check_seconds("upload_timeout_seconds", self.upload_timeout_seconds, 1)
        check_text("study_context", self.study_context)
        check_text("results_prefix", self.prefix)

    @property
    def job_options(self) -> JobOptions:
        """How a job at a server is run."""
        return JobOptions(
            require_artifacts=self.require_artifacts,
            upload_timeout=self.upload_timeout_seconds,
            upload_workers=self.upload_max_workers,
            poll_interval=self.poll_interval_seconds,
            timeout=self.timeout_seconds,
            air_gap=self.air_gap,
            on_upload=progress_lines(),
        )


def check_whole(name: str, value: object, least: int, most: int | None = None) -> None:
    """Make sure that an argument is a whole number within bounds.

    Raises:
        UsageError: it is not.
    """
    fits = isinstance(value, Integral) and not isinstance(value, bool)
    if fits and least <= int(value) and (most is None or int(value) <= most):  # type: ignore[call-overload]
        return
    bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
    raise UsageError(f"{option(name, value)}: expected a whole number {bounds}", code="cytetype-not-whole")


def _check_seconds(name: str, value: object, least: float, endless: bool = False) -> None:
    """Make sure that an argument is a time in seconds; `endless` allows infinity.

    Raises:
        UsageError: it is not.
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if is_number and least <= float(value) and (endless or math.isfinite(value)):  # type: ignore[arg-type]
        return
    raise UsageError(f"{option(name, value)}: expected seconds, at least {least:g}", code="cytetype-not-seconds")


def check_text(name: str, value: object) -> None:
    """Make sure that an argument is text.

    Raises:
        UsageError: it is not, or no file can hold it.
    """
    if not isinstance(value, str):
        what = f"{argument(name)}: expected text, found {type(value).__name__}"
        raise UsageError(what, code="cytetype-not-text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        half = ascii(value[error.start])
        what = f"{argument(name)}: {half} is half of a character, and no file can hold it; leave it out"
        raise UsageError(what, code="cytetype-not-unicode") from None


def tags_of(metadata: object) -> dict[str, str]:
    """Notes for the report's head, as texts; numbers are written as such.

    Raises:
        UsageError: they are no mapping, or a value is neither text nor number.
    """
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping) or not all(isinstance(one, (str, Real)) for one in metadata.values()):
        what = f"{argument('metadata')}: expected texts by name, such as {{'Tissue': 'blood'}}"
        raise UsageError(what, code="cytetype-metadata-no-texts")
    tags = {str(name): str(value) for name, value in metadata.items()}
    for text in (*tags, *tags.values()):
        check_text("metadata", text)
    return tags


def path_of(name: str, value: object) -> Path:
    """The path of a file to write.

    Raises:
        UsageError: it is none, or a URL.
    """
    if not isinstance(value, (str, Path)) or not str(value).strip():
        raise UsageError(f"{argument(name)}: expected a path, found {value!r}", code="cytetype-no-path")
    path = local(value, argument(name))
    try:
        path.stat()
    except ValueError:
        why: str | None = "with characters that no path has"
    except OSError as error:
        why = None if error.errno in _MAY_BE else error.strerror
    else:
        why = None
    if why is not None:
        raise UsageError(f"{argument(name)}: {shown(value)} is no path here ({why})", code="cytetype-path-unusable")
    return path
