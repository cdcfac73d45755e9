"""What every run leaves for the server: how far each cluster is, and results in the protocol's form."""

from __future__ import annotations

from pathlib import Path

from cassia_engine.cytetype.protocol import COMPLETED, FAILED
from cassia_engine.cytetype.server_form import answer_of
from cassia_engine.errors import CassiaError, StoppedError, TemporaryError
from cassia_engine.fast_json import ascii_json
from cassia_engine.records import ClusterResult, Merged
from cassia_engine.server.questions import TABLE_COLUMNS, written
from cassia_engine.server.specs import RESULTS, Outcome, Spec
from cassia_engine.settings import SplitSettings


def split_settings(spec: Spec) -> SplitSettings:
    """How the markers of a question are read: they are chosen and ranked already."""
    cluster, gene = TABLE_COLUMNS
    return SplitSettings(
        marker_format="long",
        cluster_column=cluster,
        gene_column=gene,
        n_genes=spec.n_genes,
        allow_unknown_genes=True,
        controls=0,
    )


def progress_line(spec: Spec, result: ClusterResult) -> bytes:
    """The line of a cluster that is done."""
    state = COMPLETED if result.annotation else FAILED
    return ascii_json({"cluster": spec.ids[result.cluster.id], "state": state}) + b"\n"


def finish(folder: Path, spec: Spec, merged: Merged, reason: str) -> Outcome:
    """Write the results of a run, whose outputs are there, in the protocol's form."""
    written(folder / RESULTS, ascii_json(answer_of(merged, spec.context, spec.ids)))
    cost = merged.status.cost_usd
    if not n_typed(merged):
        first = next((result.reason for result in merged.results if result.reason), "")
        return Outcome("failed", f"no cluster was annotated: {first}", cost)
    return Outcome("completed", reason, cost)


def n_typed(merged: Merged) -> int:
    """How many clusters have an annotation."""
    return sum(result.annotation is not None for result in merged.results)


def stopped() -> TemporaryError:
    """That a run was told to stop, and is done again."""
    return TemporaryError("the server has stopped; the job goes on when it is started", code="stopped-by-server")


def ended_by(error: CassiaError, cost: float | None = None) -> Outcome:
    """How a run ended that an error has ended: what is temporary is done again."""
    if isinstance(error, StoppedError):  # told so twice, as service managers and a server may do at a time
        return Outcome("stopped", str(error), cost)
    if isinstance(error, TemporaryError):
        return Outcome("stopped", str(error), cost, retry=error.code != "stopped-by-server")
    return Outcome("failed", str(error), cost)
