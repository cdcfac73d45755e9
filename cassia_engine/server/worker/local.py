"""A run on this machine: as `cassia run` does it, with the results in the protocol's form beside its outputs."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from cassia_engine.cancellation import stop_on_signals
from cassia_engine.cytetype.protocol import COMPLETED, FAILED
from cassia_engine.cytetype.server_form import answer_of
from cassia_engine.errors import TemporaryError
from cassia_engine.fast_json import ascii_json
from cassia_engine.outputs.publish import write_outputs
from cassia_engine.records import ClusterResult, Merged
from cassia_engine.server.questions import MOST_GENES, TABLE_COLUMNS, written
from cassia_engine.server.specs import MARKERS, OUTPUTS, PROGRESS, RESULTS, Outcome, Spec
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.stages.run import run_table


def run_here(folder: Path, spec: Spec, settings: AnnotateSettings) -> Outcome:
    """Annotate the clusters of a run.

    Raises:
        CassiaError: the clusters cannot be annotated, or all of the run is to be done again.
    """
    with open(folder / PROGRESS, "wb", buffering=0) as out, stop_on_signals() as stop:

        def note(result: ClusterResult) -> None:
            state = COMPLETED if result.annotation else FAILED
            out.write(ascii_json({"cluster": spec.ids[result.cluster.id], "state": state}) + b"\n")

        split = split_settings()
        merged, ended = run_table(
            [folder / MARKERS], spec.dataset, split, settings, False, lambda: nullcontext(stop), on_done=note
        )
    if stop.requested:
        what = "the server has stopped; the job goes on when it is started"
        raise TemporaryError(what, code="stopped-by-server")
    if isinstance(ended, TemporaryError) or (ended and not _n_typed(merged)):
        raise ended
    return finish(folder, spec, merged, str(ended or ""))


def split_settings() -> SplitSettings:
    """How the markers of a question are read: they are chosen and ranked already."""
    cluster, gene = TABLE_COLUMNS
    return SplitSettings(
        marker_format="long",
        cluster_column=cluster,
        gene_column=gene,
        n_genes=MOST_GENES,
        allow_unknown_genes=True,
        controls=0,
    )


def finish(folder: Path, spec: Spec, merged: Merged, reason: str) -> Outcome:
    """Write the outputs of a run and its results in the protocol's form."""
    write_outputs(merged, folder / OUTPUTS)
    written(folder / RESULTS, ascii_json(answer_of(merged, spec.context, spec.ids)))
    cost = merged.status.cost_usd
    if not _n_typed(merged):
        first = next((result.reason for result in merged.results if result.reason), "")
        return Outcome("failed", f"no cluster was annotated: {first}", cost)
    return Outcome("completed", reason, cost)


def _n_typed(merged: Merged) -> int:
    return sum(result.annotation is not None for result in merged.results)
