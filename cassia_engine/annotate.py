"""Annotate: the clusters of a chunk, each with a result that says what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from cassia_engine.errors import TemporaryError
from cassia_engine.offline import OfflineAnnotator
from cassia_engine.offline import open_annotator as open_offline
from cassia_engine.records import Chunk, Cluster, ClusterResult, Dataset, Outcome, RunInfo
from cassia_engine.settings import OFFLINE, AnnotateSettings
from cassia_engine.stopping import NOT_REACHED_REASON, Annotated, Stop

OnDone = Callable[[ClusterResult], None]


class Annotator(Protocol):
    """Whatever can form an opinion on clusters from their markers.

    Attributes:
        run_info: who it is, for the header of the result file.
        warnings: what of the request it could not do as asked, a line each.
    """

    run_info: RunInfo
    warnings: tuple[str, ...]

    def annotate_all(self, chunk: Chunk, on_done: OnDone, stop: Stop) -> Annotated:
        """A result for each cluster of the chunk that has markers; `on_done` is called after each, in any order."""
        ...


def open_annotator(settings: AnnotateSettings, dataset: Dataset) -> Annotator:
    """The annotator that the settings name, ready for clusters of this data set. Nothing is sent yet.

    Raises:
        UsageError: it cannot work on this data set (offline: a species it does not know), or with these settings.
        AccountError: there is no key for the provider.
    """
    if settings.provider == OFFLINE:
        return OneByOne(open_offline(dataset, settings.knowledge))
    # Loaded only where a model is asked: HTTP takes a third of a second to import.
    from cassia_engine.llm import ModelAnnotator

    return ModelAnnotator(settings, dataset)


def open_replayer(settings: AnnotateSettings, dataset: Dataset) -> Annotator | None:
    """An annotator that only reads what the journal holds and sends nothing; None where no journal is kept."""
    if settings.provider == OFFLINE or settings.journal_dir is None:
        return None
    from cassia_engine.llm import ModelAnnotator

    return ModelAnnotator(settings, dataset, replay=True)


def warnings_of(annotator: Annotator, clusters: Iterable[Cluster]) -> list[str]:
    """What of the request is not done as asked, for these clusters, a line each."""
    warnings = list(annotator.warnings)
    if annotator.run_info.provider == OFFLINE and any(cluster.context for cluster in clusters):
        warnings.append("cluster_context was not read: marker scoring knows genes, tissue and species only")
    return warnings


def run_chunk(
    chunk: Chunk, annotator: Annotator, on_done: OnDone = lambda result: None, stop: Stop | None = None
) -> Annotated:
    """Annotate the clusters of a chunk; results are in their order, `on_done` is called after each, for progress."""
    return annotator.annotate_all(chunk, on_done, stop or Stop())


class OneByOne:
    """The offline annotator as an `Annotator`: nothing is waited for, so one cluster comes after the other."""

    def __init__(self, offline: OfflineAnnotator):
        self._offline = offline
        self.run_info = offline.run_info
        self.warnings = offline.warnings

    def annotate_all(self, chunk: Chunk, on_done: OnDone, stop: Stop) -> Annotated:
        results = []
        for cluster in chunk.clusters:
            if cluster.markers and stop.requested:
                results.append(ClusterResult(cluster, Outcome.NOT_REACHED, NOT_REACHED_REASON))
                continue
            result = self._offline.annotate(cluster)
            on_done(result)
            results.append(result)
        return Annotated(tuple(results), TemporaryError("stopped; run the same again") if stop.requested else None)
