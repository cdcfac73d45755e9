"""Marker knowledge beside a model: what the offline annotator says of a cluster, which costs no call."""

from __future__ import annotations

from cassia_engine.conversation.doubts import CrossChecker
from cassia_engine.conversation.term_mapper import MappedTerm
from cassia_engine.errors import UsageError
from cassia_engine.offline import OfflineAnnotator, open_annotator
from cassia_engine.ontology import Ontology, compare
from cassia_engine.records import Cluster, CrossCheck, Dataset, Relation


def open_cross_check(dataset: Dataset) -> CrossChecker | None:
    """Whoever scores the clusters of a data set against the bundled marker knowledge; None for a species without it."""
    try:
        scorer = open_annotator(dataset)
    except UsageError:
        return None  # a species that the knowledge does not have; a model may know its cells all the same
    ontology = Ontology.load()
    return lambda cluster, answer: _cross_check(scorer, ontology, cluster, answer)


def _cross_check(
    scorer: OfflineAnnotator, ontology: Ontology, cluster: Cluster, answer: MappedTerm | None
) -> CrossCheck:
    scored = scorer.annotate(cluster)
    found = scored.annotation
    if found is None or not found.detailed_types or scored.scoring is None:
        return CrossCheck("", "", None, Relation.UNKNOWN)
    relation = compare(ontology, answer.cl_id, found.cl_id) if answer else Relation.UNKNOWN
    return CrossCheck(found.label, found.cl_id, found.score, relation, scored.scoring.margin)
