"""What a CyteType server says of clusters, as results of our own, so that every output is made of them as of others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from cassia_engine._version import __version__
from cassia_engine.conversation.term_mapper import MappedTerm, TermMapper
from cassia_engine.cytetype.results import JobResults, ServerAnnotation, by_label, ids_of
from cassia_engine.markers import MarkerTable
from cassia_engine.ontology import Ontology
from cassia_engine.records import (
    Annotation,
    CellType,
    Cluster,
    ClusterResult,
    Confidence,
    ConfidenceReason,
    Conversation,
    Dataset,
    Merged,
    Outcome,
    RunInfo,
    TermMatch,
    Usage,
)
from cassia_engine.stages.collect import merge

PROVIDER = "cytetype"
_NO_TYPE = frozenset({"", "unknown", "none", "n/a", "na", "not available"})


def merged_of(
    results: JobResults, table: MarkerTable, dataset: Dataset, sent: Mapping[str, Sequence[str]], api_url: str
) -> Merged:
    """A sample that a server has annotated.

    Args:
        table: its clusters with their markers.
        sent: by cluster, the marker genes that the server was sent.
    """
    ontology = Ontology.load()
    who = run_info(results, api_url, ontology)
    found = cluster_results(table.clusters, sent, results, ontology)
    return merge(dataset, table.selection, [(result, who) for result in found], table.cells)


def cluster_results(
    clusters: Iterable[Cluster], sent: Mapping[str, Sequence[str]], results: JobResults, ontology: Ontology
) -> list[ClusterResult]:
    """What became of each cluster; `sent` has the marker genes that the server was sent, by cluster."""
    asked, terms = list(clusters), TermMapper(ontology)
    said = by_label(results, ids_of(cluster.id for cluster in asked))
    return [_result(cluster, sent.get(cluster.id, ()), said.get(cluster.id), results, terms) for cluster in asked]


def run_info(results: JobResults, api_url: str, ontology: Ontology) -> RunInfo:
    """Who annotated: a server, whose model is not known here."""
    return RunInfo(
        provider=PROVIDER,
        model=urlsplit(api_url).netloc,
        engine_version=__version__,
        notice=notice_of(results.job_id, api_url),
        ontology=ontology.version,
    )


def notice_of(job_id: str, api_url: str) -> str:
    """What the outputs say first."""
    host = urlsplit(api_url).netloc
    return (
        f"labels are hypotheses of the CyteType server {host}, job {job_id}; which language model it asked is "
        "not known here"
    )


def _result(
    cluster: Cluster, sent: Sequence[str], said: ServerAnnotation | None, results: JobResults, terms: TermMapper
) -> ClusterResult:
    if said is None and not sent and not cluster.markers:
        return ClusterResult.unanswered(cluster, "")
    if said is None:
        reason = f"the server has no annotation of it in job {results.job_id}"
        return ClusterResult(cluster, Outcome.FAILED, reason, usage=_UNKNOWN_USAGE)
    conversation = Conversation(annotations=(_account(said),), validations=(_review(said),))
    if said.annotation.strip().casefold() in _NO_TYPE:
        reason = "the server's answer names no cell type"
        return ClusterResult(cluster, Outcome.FAILED, reason, conversation=conversation, usage=_UNKNOWN_USAGE)
    annotation, why = _annotation(said, {*sent, *cluster.genes}, terms)
    return ClusterResult(
        cluster=cluster,
        outcome=Outcome.ANNOTATED,
        votes=(annotation,),
        validated=_validated(said),
        iterations=1,
        decided_by=f"{PROVIDER} job {results.job_id}",
        conversation=Conversation(conversation.annotations, conversation.validations, formatting=annotation.text),
        usage=_UNKNOWN_USAGE,
        objections=_objections(said),
        confidence_reasons=why,
    )


def _validated(said: ServerAnnotation) -> bool | None:
    """Whether the server's reviewer agrees: not with low confidence, nor where it sees several cell types."""
    if said.review_confidence is None:
        return None
    return said.review_confidence != Confidence.LOW and not said.heterogeneous


# A server does not say what it spent.
_UNKNOWN_USAGE = Usage(0, None, None, None, None)


def _annotation(
    said: ServerAnnotation, known: set[str], terms: TermMapper
) -> tuple[Annotation, tuple[ConfidenceReason, ...]]:
    term = _term(said, terms)
    confidence, why = _confidence(said, term)
    supporting, conflicting = said.supporting_markers, said.conflicting_markers
    annotation = Annotation(
        general_type=terms.lineage(term.cl_id, said.annotation),
        detailed_types=(CellType(said.annotation, term.cl_id, term.cl_label),),
        cl_id=term.cl_id,
        cl_label=term.cl_label,
        confidence=confidence,
        score=None,
        state=said.state,
        evidence_genes=tuple(gene for gene in supporting if gene in known),
        conflicting_genes=tuple(gene for gene in conflicting if gene in known),
        unsupported_genes=tuple(gene for gene in (*supporting, *conflicting) if gene not in known),
        score_reason=said.justification,
        match=term.match,
    )
    return annotation, why


def _term(said: ServerAnnotation, terms: TermMapper) -> MappedTerm:
    """The term of the answer by its own words; by the server's term where these have no exact place."""
    found = terms.map_looked_up(said.annotation, said.term_name)
    if found.cl_id or not said.term_id:
        return found
    given = terms.map(f"{said.term_name} {said.term_id}")
    return given._replace(match=TermMatch(given.match.how, by_ontology_name=True)) if given.cl_id else found


def _confidence(said: ServerAnnotation, term: MappedTerm) -> tuple[Confidence, tuple[ConfidenceReason, ...]]:
    """The confidence of the server's reviewer, by the rules that hold for every answer."""
    if said.review_confidence is None:
        return Confidence.LOW, (ConfidenceReason("not-reviewed", "the server's reviewer gave no confidence"),)
    reviewed = Confidence(said.review_confidence)
    if reviewed is Confidence.HIGH and not term.cl_id:
        return Confidence.MODERATE, (ConfidenceReason("no-term", "the type has no place in the Cell Ontology"),)
    return reviewed, (ConfidenceReason("server-review", f"the server's reviewer says {reviewed}"),)


def _objections(said: ServerAnnotation) -> tuple[str, ...]:
    found = []
    if said.heterogeneous:
        kind = f": {said.heterogeneity_type}" if said.heterogeneity_type else ""
        found.append(f"the server's reviewer takes the cluster for heterogeneous{kind}")
    if said.unexpected_expression:
        found.append(f"unexpected expression: {said.unexpected_expression}")
    if said.missing_expression:
        found.append(f"missing expression: {said.missing_expression}")
    return tuple(found)


def _account(said: ServerAnnotation) -> str:
    """What the server said of a cluster, as text of a conversation."""
    named = {
        "Cell type": said.annotation,
        "In detail": said.granular_annotation,
        "Cell state": said.state,
        "Cell Ontology term": " ".join(filter(None, (said.term_name, said.term_id))),
        "Supporting markers": ", ".join(said.supporting_markers),
        "Conflicting markers": ", ".join(said.conflicting_markers),
        "Missing expression": said.missing_expression,
        "Unexpected expression": said.unexpected_expression,
        "Justification": said.justification,
    }
    return "\n".join(f"{name}: {value}" for name, value in named.items() if value)


def _review(said: ServerAnnotation) -> str:
    review = {
        "confidence": said.review_confidence,
        "isHeterogeneous": said.heterogeneous,
        "heterogeneityType": said.heterogeneity_type,
    }
    return json.dumps(review, ensure_ascii=False)
