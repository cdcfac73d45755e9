"""Annotate: the clusters of a chunk, each with a result that says what became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from cassia_engine.calibration import Calibration, open_calibration
from cassia_engine.callers import argument
from cassia_engine.cancellation import Cancellation
from cassia_engine.errors import AccountError, CassiaError, TemporaryError
from cassia_engine.files import file_sha256
from cassia_engine.offline import OfflineAnnotator
from cassia_engine.offline import open_annotator as open_offline
from cassia_engine.progress import Activity
from cassia_engine.records import (
    COMMAND,
    OFFLINE,
    Chunk,
    Cluster,
    ClusterResult,
    ControlResult,
    Dataset,
    RunInfo,
    Setup,
)
from cassia_engine.secret import Secret
from cassia_engine.settings import AnnotateSettings
from cassia_engine.stagefiles import check_genes, read_genes, read_genes_head

if TYPE_CHECKING:
    from cassia_engine.llm import ModelAnnotator
    from cassia_engine.llm.genes import GeneReader
    from cassia_engine.lookup import GeneSource

log = logging.getLogger(__name__)

OnDone = Callable[[ClusterResult], None]
OnControl = Callable[[ControlResult], None]
Put = Callable[[ClusterResult | ControlResult], None]

NOT_REACHED_REASON = "the run ended before it was done; run the same again to annotate it"


class Annotator(Protocol):
    """Whatever can form an opinion on clusters from their markers.

    Attributes:
        run_info: who it is, for the header of the result file.
        warnings: what of the request it could not do as asked, a line each.
    """

    run_info: RunInfo
    warnings: tuple[str, ...]

    def annotate_all(self, chunk: Chunk, put: Put, stop: Cancellation) -> CassiaError | None:
        """Give the result of each cluster, and of each control if it asks about these, to `put` as it is done, in any
        order; none of those that were not reached.

        Returns:
            What ended the work early, if anything did.
        """
        ...

    def activity(self) -> Activity | None:
        """What goes on at the provider; None where none is asked. May be called in any thread."""
        ...


def open_annotator(settings: AnnotateSettings, dataset: Dataset, genes: GeneReader | None = None) -> Annotator:
    """The annotator that the settings name, ready for clusters of this data set. Nothing is sent yet.

    Args:
        genes: reads what the table says of any gene, for second annotators that ask; None where they cannot.

    Raises:
        UsageError: it cannot work on this data set (offline: a species it does not know), or with these settings
            (a calibration that is none, or of another annotator).
        AccountError: there is no key for the provider.
    """
    if settings.provider == OFFLINE:
        calibration = open_calibration(settings.calibration, settings.provider)
        return OneByOne(open_offline(dataset, settings.knowledge, calibration), _offline_setup(settings, calibration))
    # Loaded only where a model is asked: HTTP takes a third of a second to import.
    from cassia_engine.llm import ModelAnnotator

    return ModelAnnotator(settings, dataset, genes=genes)


def _offline_setup(settings: AnnotateSettings, calibration: Calibration) -> Setup:
    own = file_sha256(settings.knowledge) if settings.knowledge else ""
    return Setup(calibration=calibration.text if settings.calibration else "", knowledge_sha256=own)


def check_air_gap(settings: AnnotateSettings) -> None:
    """Refuse a provider or a proxy elsewhere, where nothing may leave this machine: before a table is read.

    Raises:
        UsageError: there is one, or whoever is to be asked cannot be.
    """
    if not settings.air_gap or settings.provider == OFFLINE:
        return
    if settings.provider == COMMAND:
        log.warning(
            "%s holds back nothing that the program of %s sends itself", argument("air_gap"), argument("command")
        )
        return
    from cassia_engine.llm.accounts import Accounts
    from cassia_engine.providers.network import proxy_for

    account = Accounts.opened(settings, settings.api_key or Secret("unused")).first
    proxy_for(account.base_url, settings.proxy, settings.trust_env, settings.air_gap)


def gene_reader(path: Path | None, chunk: Chunk) -> GeneReader | None:
    """Reads a genes file when a second annotator asks for genes; None where no file is given.

    Raises:
        UsageError: the file is missing, is no genes file, or is of another split than the chunk.
    """
    if path is None:
        return None
    check_genes(path, read_genes_head(path), chunk)

    def read() -> GeneSource:
        from cassia_engine.lookup import StoredTable

        return StoredTable(read_genes(path))

    return read


def prepare(settings: AnnotateSettings) -> None:
    """Load what the annotator of these settings needs, so that it need not be waited for later."""
    if settings.provider != OFFLINE:
        import cassia_engine.llm  # noqa: F401 - so that it is loaded


def open_replayer(
    settings: AnnotateSettings, dataset: Dataset, genes: GeneReader | None = None
) -> ModelAnnotator | None:
    """An annotator that only reads what the journal holds and sends nothing; None where no journal is kept."""
    if settings.provider == OFFLINE or settings.journal_dir is None:
        return None
    from cassia_engine.llm import ModelAnnotator

    return ModelAnnotator(settings, dataset, replay=True, genes=genes)


def warnings_of(annotator: Annotator, clusters: Iterable[Cluster]) -> list[str]:
    """What of the request is not done as asked, for these clusters, a line each."""
    warnings = list(annotator.warnings)
    if annotator.run_info.provider == OFFLINE and any(cluster.context for cluster in clusters):
        warnings.append("cluster_context was not read: marker scoring knows genes, tissue and species only")
    return warnings


@dataclass(frozen=True, slots=True)
class Annotated:
    """What came of a chunk: a result for each of its clusters, in their order, what ended the work early, and those
    of its controls that were asked about."""

    results: tuple[ClusterResult, ...]
    ended: CassiaError | None = None
    controls: tuple[ControlResult, ...] = ()


def run_chunk(
    chunk: Chunk, annotator: Annotator, on_done: OnDone = lambda result: None, stop: Cancellation | None = None
) -> Annotated:
    """Annotate the clusters of a chunk; `on_done` is called after each, for progress."""
    results: list[ClusterResult] = []
    controls: list[ControlResult] = []
    ended = stream_chunk(chunk, annotator, results.append, on_done, stop or Cancellation(), controls.append)
    return Annotated(tuple(results), ended, tuple(controls))


def stream_chunk(
    chunk: Chunk,
    annotator: Annotator,
    take: OnDone,
    on_done: OnDone,
    stop: Cancellation,
    take_control: OnControl,
) -> CassiaError | None:
    """Annotate the clusters of a chunk and give each result to `take` in their order, as soon as those before it are
    there: so they need not all be held. What was not done is `not_reached`. `take_control` gets those of controls
    after them; one that was not reached is left out.

    Returns:
        What ended the work early, if anything did.
    """
    ready: dict[int, ClusterResult] = {}
    controls: list[ControlResult] = []
    expected = iter(chunk.clusters)
    following = next(expected, None)

    def give_ready(why_not: str = "") -> None:
        """Those that are done; to the end where there is a reason for those that are not."""
        nonlocal following
        while following and (why_not or following.index in ready):
            result = ready.pop(following.index, None)
            take(result or ClusterResult.unanswered(following, why_not))
            following = next(expected, None)

    def put(result: ClusterResult | ControlResult) -> None:
        if isinstance(result, ControlResult):
            controls.append(result)
            return
        on_done(result)
        ready[result.cluster.index] = result
        give_ready()

    ended = annotator.annotate_all(chunk, put, stop)
    # What an account refuses, or a budget, is refused again until a person has done something.
    give_ready(str(ended) if isinstance(ended, AccountError) else NOT_REACHED_REASON)
    for control in sorted(controls, key=lambda one: one.result.cluster.index):
        take_control(control)
    return ended


class OneByOne:
    """The offline annotator as an `Annotator`: nothing is waited for, so one cluster comes after the other."""

    def __init__(self, offline: OfflineAnnotator, setup: Setup):
        self._offline = offline
        self.run_info = replace(offline.run_info, setup=setup)
        self.warnings = offline.warnings

    def activity(self) -> None:
        """No provider is asked."""

    def annotate_all(self, chunk: Chunk, put: Put, stop: Cancellation) -> CassiaError | None:
        for cluster in chunk.clusters:
            if stop.requested:
                return TemporaryError("stopped; run the same again", code="stopped-offline")
            put(self._offline.annotate(cluster))
        return None
