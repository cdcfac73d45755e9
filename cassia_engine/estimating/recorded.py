"""What of a chunk's questions the journal has answered already."""

from __future__ import annotations

from msgspec.structs import replace

from cassia_engine.cancellation import Cancellation
from cassia_engine.journal import journal_files
from cassia_engine.llm.genes import GeneReader
from cassia_engine.records import Chunk, ClusterResult, ControlResult
from cassia_engine.settings import AnnotateSettings
from cassia_engine.stages.annotate import open_replayer


def unanswered(chunk: Chunk, settings: AnnotateSettings, genes: GeneReader | None) -> Chunk:
    """The chunk without the clusters and controls about which a run would ask nothing more: a replay answers them."""
    if settings.journal_dir is None or not journal_files(settings.journal_dir / chunk.dataset.name):
        return chunk
    replayer = open_replayer(settings, chunk.dataset, genes)
    if replayer is None:
        return chunk
    clusters: set[int] = set()
    controls: set[int] = set()

    def put(result: ClusterResult | ControlResult) -> None:
        if isinstance(result, ControlResult):
            controls.add(result.result.cluster.index)
        else:
            clusters.add(result.cluster.index)

    replayer.annotate_all(chunk, put, Cancellation())
    return replace(
        chunk,
        clusters=tuple(one for one in chunk.clusters if one.index not in clusters),
        controls=tuple(one for one in chunk.controls if one.cluster.index not in controls),
    )
