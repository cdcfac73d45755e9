"""Results of our own in the form in which a CyteType server answers, older fields and newer ones both filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cassia_engine.ontology import Ontology
from cassia_engine.records import Annotation, ClusterResult, Merged


def answer_of(merged: Merged, context: str, ids: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What a server answers to /results about a study of this context; clusters without an annotation are left out.

    Args:
        ids: what the question calls each cluster, by its label; None for their labels.
    """
    terms = Ontology.load()
    named = [(result, result.cluster.id if ids is None else ids[result.cluster.id]) for result in merged.results]
    annotations = {name: _cluster(result, name, terms) for result, name in named if result.annotation}
    return {
        "annotations": annotations,
        "summary": {"totalClusters": len(merged.results), "annotatedClusters": len(annotations)},
        "clusterCategories": _categories(named),
        "studyContext": context,
    }


def _term(annotation: Annotation) -> dict[str, str]:
    """The term of the Cell Ontology. Without one its fields are left out: clients then say "Unknown"."""
    if not annotation.cl_id:
        return {}
    return {"cellOntologyTermName": annotation.cl_label, "cellOntologyTerm": annotation.cl_id}


def _finer(annotation: Annotation, terms: Ontology) -> str:
    """The first alternative, where it is a kind of the answer; others are no finer names of it."""
    alternatives = annotation.detailed_types[1:]
    if not (alternatives and annotation.cl_id and alternatives[0].cl_id):
        return ""
    finer = alternatives[0].cl_id != annotation.cl_id and terms.is_a(alternatives[0].cl_id, annotation.cl_id)
    return alternatives[0].label if finer else ""


def _cluster(result: ClusterResult, name: str, terms: Ontology) -> dict[str, Any]:
    annotation = result.annotation
    assert annotation is not None
    mixed = " or ".join(annotation.mixed_types)
    reason = annotation.score_reason or result.reason or result.confidence_reason
    justification = " ".join(filter(None, (reason, annotation.context_conflict)))
    unexpected = ", ".join(annotation.conflicting_genes)
    kind = "mixed cell types" if mixed else None
    return {
        "latest": {
            "annotation": {
                "clusterId": name,
                "annotation": annotation.label,
                **_term(annotation),
                "granularAnnotation": _finer(annotation, terms),
                "cellState": annotation.state,
                "justification": justification,
                "supportingMarkers": list(annotation.evidence_genes),
                "conflictingMarkers": list(annotation.conflicting_genes),
                "missingExpression": "",
                "unexpectedExpression": unexpected,
                "fullOutput": {
                    "cellType": {
                        "conclusion": justification,
                        "alternatives": [one.label for one in annotation.detailed_types[1:]],
                        "keySupportingGenes": list(annotation.evidence_genes),
                        "unexpectedGenes": list(annotation.conflicting_genes),
                        "missingGenes": [],
                    }
                },
            },
            "review": {
                "confidence": annotation.confidence.value,
                "isHeterogeneous": bool(mixed),
                "fullOutput": {"heterogeneityAssessment": {"heterogeneityType": kind, "types": mixed}},
            },
        },
        "history": [],
    }


def _categories(named: Sequence[tuple[ClusterResult, str]]) -> list[Mapping[str, Any]]:
    """Clusters by their general type."""
    found: dict[str, list[str]] = {}
    for result, name in named:
        if result.annotation:
            found.setdefault(result.annotation.general_type, []).append(name)
    return [{"categoryName": kind, "clusterIds": clusters} for kind, clusters in found.items()]
