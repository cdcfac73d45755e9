"""A run by the pipeline, on the site's executor; its conversations are read back for the same files as of one here."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from cassia_engine.callers import option
from cassia_engine.cancellation import Cancellation, stop_on_signals
from cassia_engine.errors import TemporaryError, UsageError
from cassia_engine.records import Outcome as ClusterOutcome
from cassia_engine.replaying import replayed
from cassia_engine.server.questions import written
from cassia_engine.server.specs import LOG, OUTPUTS, PROGRESS, Outcome, Spec, Told
from cassia_engine.server.worker.ending import TRACE, lost_tasks, may_heal, reason_in, was_killed
from cassia_engine.server.worker.launch import Launch, prepare
from cassia_engine.server.worker.results import finish, n_typed, progress_line, stopped
from cassia_engine.settings import AnnotateSettings
from cassia_engine.stagefiles import ResultFile, read_part

_LOOK_SECONDS = 2.0  # at what tasks have finished


def run_pipeline(folder: Path, spec: Spec, settings: AnnotateSettings, told: Told) -> Outcome:
    """Annotate the clusters of a run by a run of the pipeline.

    Raises:
        CassiaError: the pipeline cannot be started, or all of the run is to be done again.
    """
    assert told.nextflow is not None
    launch = prepare(folder, spec, settings, told.nextflow)
    with stop_on_signals() as stop:
        code, said = _nextflow(launch, folder, spec, stop)
    lost, reason = lost_tasks(launch.outdir), reason_in(said)
    if code != 0 and stop.requested:
        raise stopped()
    if code != 0 and (was_killed(code) or may_heal(lost)):
        raise TemporaryError(reason or f"Nextflow was ended from outside ({code})", code="pipeline-ended")
    if code != 0:
        return Outcome("failed", reason or f"Nextflow ended with {code}; the log of the run is {LOG}")
    return _finish(folder, spec, settings, launch, reason if lost else "", may_heal(lost))


def _nextflow(launch: Launch, folder: Path, spec: Spec, stop: Cancellation) -> tuple[int, str]:
    """Run it to its end, and tell the server of clusters that are done; its exit code, and what it said."""
    (launch.outdir / TRACE).unlink(missing_ok=True)
    with open(folder / LOG, "ab") as log, open(folder / PROGRESS, "wb", buffering=0) as progress:
        start = log.tell()
        process = _started(launch, log.fileno())
        stop.on_request(process.terminate)
        seen: set[Path] = set()
        while True:
            with suppress(subprocess.TimeoutExpired):
                code = process.wait(_LOOK_SECONDS)
                break
            progress.write(_new_lines(launch.work, spec, seen))
    with open(folder / LOG, "rb") as log:
        log.seek(start)
        return code, log.read().decode("utf-8", "replace")


def _started(launch: Launch, log: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            launch.command,
            cwd=launch.folder,
            env=launch.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # It holds the lock of the run too: were this process killed, no other Nextflow may start beside it.
            close_fds=False,
        )
    except OSError as error:
        what = f"{option('nextflow', launch.command[0])} cannot be started: {error.strerror}"
        raise UsageError(what, code="nextflow-not-started") from None


def _new_lines(work: Path, spec: Spec, seen: set[Path]) -> bytes:
    """The progress of clusters whose tasks have ended since the last look."""
    lines = b""
    for path in sorted(set(work.glob("*/*/chunk_*.jsonl")) - seen):
        seen.add(path)
        with suppress(UsageError, OSError):
            part = read_part(path, in_memory=False)
            if isinstance(part, ResultFile):
                lines += b"".join(progress_line(spec, result) for result in part.results)
    return lines


def _finish(folder: Path, spec: Spec, settings: AnnotateSettings, launch: Launch, reason: str, heals: bool) -> Outcome:
    """Take over what the pipeline has published.

    Args:
        reason: why tasks were lost; "" where none was.
        heals: clusters that are missing for that may be annotated at another time.
    """
    published = launch.outdir / spec.dataset.name
    merged = replayed(published / f"{spec.dataset.name}_conversations.json", settings.knowledge).merged
    if not any(result.outcome is ClusterOutcome.NOT_REACHED for result in merged.results):
        reason = ""
    elif heals:
        return Outcome("stopped", reason, merged.status.cost_usd, retry=True)
    if reason and not n_typed(merged):
        return Outcome("failed", reason, merged.status.cost_usd)
    for path in published.iterdir():
        _placed(path, folder / OUTPUTS / path.name)
    written(folder / PROGRESS, b"".join(progress_line(spec, result) for result in merged.results))
    outcome = finish(folder, spec, merged, reason)
    # Nothing of it is needed any more, and it is the larger part of the run.
    shutil.rmtree(launch.work, ignore_errors=True)
    return outcome


def _placed(published: Path, output: Path) -> None:
    """One file under both names, where the file system can: the pipeline's RO-Crate lists it where it was published."""
    output.parent.mkdir(exist_ok=True)
    output.unlink(missing_ok=True)
    try:
        os.link(published, output)
    except OSError:
        shutil.copy2(published, output)
