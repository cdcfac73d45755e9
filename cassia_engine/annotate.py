"""Annotate: a chunk's clusters, one after the other, each with a result that says what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from cassia_engine.offline import open_annotator as open_offline
from cassia_engine.records import Chunk, Cluster, ClusterResult, Dataset, Outcome, RunInfo
from cassia_engine.settings import AnnotateSettings


class Annotator(Protocol):
    """Whatever can form an opinion on a cluster from its markers.

    Attributes:
        run_info: who it is, for the header of the result file.
        warnings: what of the request it could not do as asked, a line each.
    """

    run_info: RunInfo
    warnings: tuple[str, ...]

    def annotate(self, cluster: Cluster) -> ClusterResult: ...


def open_annotator(settings: AnnotateSettings, dataset: Dataset) -> Annotator:
    """The annotator that the settings name, ready for clusters of this data set.

    Raises:
        UsageError: it cannot work on this data set (a species it does not know), or its tables are bad.
    """
    return open_offline(dataset, settings.knowledge)


def warnings_of(annotator: Annotator, clusters: Iterable[Cluster]) -> list[str]:
    """What of the request is not done as asked, for these clusters, a line each."""
    warnings = list(annotator.warnings)
    if annotator.run_info.provider == "offline" and any(cluster.context for cluster in clusters):
        warnings.append("cluster_context was not read: marker scoring knows genes, tissue and species only")
    return warnings


def run_chunk(
    chunk: Chunk, annotator: Annotator, on_done: Callable[[ClusterResult], None] = lambda result: None
) -> Iterator[ClusterResult]:
    """Annotate the clusters of a chunk in their order; `on_done` is called after each, for progress."""
    for cluster in chunk.clusters:
        if cluster.markers:
            result = annotator.annotate(cluster)
        else:
            result = ClusterResult(cluster, Outcome.NO_MARKERS, cluster.no_markers_reason)
        on_done(result)
        yield result
