"""A run on this machine: as `cassia run` does it, with the results in the protocol's form beside its outputs."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from cassia_engine.cancellation import stop_on_signals
from cassia_engine.errors import TemporaryError
from cassia_engine.outputs.publish import write_outputs
from cassia_engine.records import ClusterResult
from cassia_engine.server.specs import MARKERS, OUTPUTS, PROGRESS, Outcome, Spec
from cassia_engine.server.worker.results import finish, n_typed, progress_line, split_settings, stopped
from cassia_engine.settings import AnnotateSettings
from cassia_engine.stages.run import run_table


def run_here(folder: Path, spec: Spec, settings: AnnotateSettings) -> Outcome:
    """Annotate the clusters of a run.

    Raises:
        CassiaError: the clusters cannot be annotated, or all of the run is to be done again.
    """
    with open(folder / PROGRESS, "wb", buffering=0) as out, stop_on_signals() as stop:

        def note(result: ClusterResult) -> None:
            out.write(progress_line(spec, result))

        split = split_settings(spec)
        merged, ended = run_table(
            [folder / MARKERS], spec.dataset, split, settings, False, lambda: nullcontext(stop), on_done=note
        )
    if stop.requested:
        raise stopped()
    if isinstance(ended, TemporaryError) or (ended and not n_typed(merged)):
        raise ended
    write_outputs(merged, folder / OUTPUTS)
    return finish(folder, spec, merged, str(ended or ""))
