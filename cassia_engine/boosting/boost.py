"""All of an investigation: the table, what was said before, the model, and what comes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cassia_engine.boosting.boosted import Boost, Boosted
from cassia_engine.boosting.investigation import Investigation
from cassia_engine.callers import argument, option
from cassia_engine.cancellation import Cancellation
from cassia_engine.errors import UsageError, did_you_mean, gather, shown
from cassia_engine.labels.summary import ClusterLabel, read_summary
from cassia_engine.llm import ModelAnnotator
from cassia_engine.lookup import GeneTable, Lookup, is_pipe, read_gene_table
from cassia_engine.markers import MarkerTable, Table, read_markers
from cassia_engine.ontology import Ontology, Relation, compare
from cassia_engine.prompts import Briefing
from cassia_engine.prompts.investigation import MOST_GENES
from cassia_engine.providers.chat import ChatModel
from cassia_engine.records import OFFLINE, Cluster, Dataset
from cassia_engine.settings import AnnotateSettings, SplitSettings
from cassia_engine.stages.annotate import check_air_gap
from cassia_engine.stages.run import start_journal

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

MOST_CLUSTERS, FIRST_GENES = 60, 8  # of other clusters that are shown


@dataclass(frozen=True, slots=True)
class Subject:
    """The cluster in question, with its table and what a run said of it."""

    cluster: Cluster
    table: MarkerTable
    genes: GeneTable
    earlier: ClusterLabel | None


def refuse_offline(provider: str) -> None:
    """Refuse the offline annotator, before options of language models are: to leave these out would not help.

    Raises:
        UsageError: it is named.
    """
    if provider == OFFLINE:
        what = f"{option('provider', OFFLINE)} asks no language model, and a boost needs one; name another provider"
        raise UsageError(what, code="boost-offline")


def boost_cluster(
    table: Table | Sequence[Path | str],
    cluster: str,
    dataset: Dataset,
    split: SplitSettings,
    annotate: AnnotateSettings,
    summary: Path | str | pd.DataFrame | None = None,
    *,
    fresh: bool = False,
    stopping: Callable[[], AbstractContextManager[Cancellation]] = lambda: nullcontext(Cancellation()),
) -> Boost:
    """Investigate one cluster.

    Args:
        cluster: its id in the table.
        summary: of a run, which said something of the cluster; None for none.
        fresh: ask everything anew; recorded answers are set aside.
        stopping: within it the model is asked, and the cancellation that it gives ends that early.

    Raises:
        UsageError: something given cannot be used; nothing was spent.
        AccountError, TemporaryError, StoppedError: no further call can be made; what was answered is in the journal.
    """
    if is_pipe(table):
        raise UsageError("a pipe can be read once only, and the table is read twice; give a file", code="boost-pipe")
    check_air_gap(annotate)
    annotate = replace(annotate, max_workers=annotate.max_workers or 1)  # one call follows another
    subject, annotator = gather(
        lambda: read_subject(table, cluster, dataset, split, summary),
        lambda: ModelAnnotator(annotate, dataset),
    )
    for warning in annotator.warnings:
        log.warning("%s", warning)
    start_journal(annotate, dataset, fresh)
    with stopping() as stop:
        boosted = annotator.hold(lambda model: _investigate(subject, dataset, split, annotate, model), stop)
    return Boost(
        dataset, subject.cluster, annotator.run_info, boosted, subject.earlier, _relation(subject.earlier, boosted)
    )


def read_subject(
    table: Table | Sequence[Path | str],
    cluster: str,
    dataset: Dataset,
    split: SplitSettings,
    summary: Path | str | pd.DataFrame | None,
) -> Subject:
    """Read the table, once for the markers and once as a whole, and what a run said of the cluster.

    Raises:
        UsageError: the table or summary cannot be used, or has no such cluster, or the cluster has no markers.
    """
    read, earlier = gather(
        lambda: read_markers(table, split, dataset.species),
        lambda: None if summary is None else _earlier(summary, cluster),
    )
    ids = [one.id for one in read.clusters]
    found = next((one for one in read.clusters if one.id == cluster), None)
    if found is None:
        what = f"{option('cluster', cluster)}: the table has no cluster of this name{did_you_mean(cluster, ids)}"
        raise UsageError(f"{what}; its first ones are {', '.join(map(shown, ids[:5]))}", code="boost-cluster-unknown")
    if not found.markers:
        what = f"{option('cluster', cluster)}: {found.no_markers_reason}; loosen {argument('min_log2fc')} or the like"
        raise UsageError(what, code="boost-cluster-without-markers")
    return Subject(found, read, read_gene_table(table, split, dataset.species), earlier)


def _earlier(summary: Path | str | pd.DataFrame, cluster: str) -> ClusterLabel:
    labels = read_summary(summary).labels
    found = next((label for label in labels if label.cluster == cluster), None)
    if found is None:
        what = f"{argument('summary')} has no cluster {shown(cluster)}; give that of a run on this table"
        raise UsageError(what, code="boost-cluster-not-in-summary")
    return found


async def _investigate(
    subject: Subject, dataset: Dataset, split: SplitSettings, settings: AnnotateSettings, model: ChatModel
) -> Boosted:
    briefing = Briefing(
        dataset,
        subject.table.selection,
        with_fractions=not settings.hide_fractions,
        depth=settings.depth,
    )
    lookup = Lookup(subject.genes, subject.cluster.id, MOST_GENES)
    others = _others(subject, lookup)
    return await Investigation(
        subject.cluster, briefing, lookup, model, settings, others, said_before(subject.earlier)
    ).run()


def _others(subject: Subject, lookup: Lookup) -> dict[int, list[str]]:
    """The first genes of the other clusters, by their numbers; of very many the first ones."""
    others = [one for one in subject.table.clusters if one.id != subject.cluster.id and one.markers]
    return {lookup.number(one.id): one.genes[:FIRST_GENES] for one in others[:MOST_CLUSTERS]}


def said_before(earlier: ClusterLabel | None) -> Mapping[str, Any]:
    """What a model is told of an earlier answer: not how sure it was, nor the reasons to review it."""
    if earlier is None or not earlier.label:
        return {}
    told = {
        "cell_type": earlier.label,
        "general_type": earlier.general_type,
        "evidence": list(earlier.evidence_genes),
    }
    return {name: value for name, value in told.items() if value}


def _relation(earlier: ClusterLabel | None, boosted: Boosted) -> Relation | None:
    if earlier is None or not earlier.cl_id or not boosted.types:
        return None
    return compare(Ontology.load(), earlier.cl_id, boosted.types[0].cl_id)
