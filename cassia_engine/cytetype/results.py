"""What a server says of each cluster, in one form, whichever of the two the server wrote.

Servers since January 2026 leave the older fields empty, and have their content in
`latest.annotation.fullOutput.cellType`. An older field that has something stands. Results may lack parts: what is not
there, or is of another type, is "" or None.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cassia_engine.cytetype.errors import invalid_response
from cassia_engine.h5ad.names import listed
from cassia_engine.records.record import Record
from cassia_engine.text import NO_TEXT

log = logging.getLogger(__name__)

# Halves of a pair come where JSON was cut in an emoji.
_NO_TEXT = re.compile(f"[{NO_TEXT}]")
CONFIDENCES = ("High", "Moderate", "Low")
_SHORT = 3  # characters: the client's ids are labels only where none is longer


class ServerAnnotation(Record, frozen=True):
    """A cluster's annotation by a CyteType server; texts are "" where the server says nothing.

    Attributes:
        id: of the cluster, as it was sent.
        annotation: the cell type.
        term_name, term_id: of the Cell Ontology.
        granular_annotation: the cell type in more detail.
        review_confidence: High, Moderate, Low or None.
        heterogeneous: whether the reviewer takes it for several cell types.
        heterogeneity_type: of which kind that is.
    """

    id: str
    annotation: str
    term_name: str
    term_id: str
    state: str
    granular_annotation: str
    justification: str
    supporting_markers: tuple[str, ...]
    conflicting_markers: tuple[str, ...]
    missing_expression: str
    unexpected_expression: str
    review_confidence: str | None
    heterogeneous: bool | None
    heterogeneity_type: str | None


class JobResults(Record, frozen=True):
    """The results of a job.

    Attributes:
        clusters: in the server's order; clusters without an annotation are not among them.
        raw: the server's whole answer.
    """

    job_id: str
    report_url: str
    clusters: tuple[ServerAnnotation, ...]
    raw: dict[str, Any]


def read_results(data: Any, job_id: str, report_url: str) -> JobResults:
    """The results of a server's answer.

    Raises:
        APIError: it is no object with annotations.
    """
    if not isinstance(data, dict) or not isinstance(data.get("annotations"), dict):
        raise invalid_response("results without annotations")
    return JobResults(job_id, report_url, tuple(_annotations(data["annotations"])), data)


def ids_of(labels: Iterable[str], by_client: bool = False) -> dict[str, str]:
    """What each cluster is called in a job, by its label.

    Args:
        labels: of the clusters that have cells.
        by_client: the CyteType client has submitted the job, which numbers the clusters where a label is long. In jobs
            of cassia they are called by their labels, whatever comes back.
    """
    known = list(labels)
    if not by_client or all(len(label) <= _SHORT for label in known):
        return {label: label for label in known}
    return {label: str(number) for number, label in enumerate(sorted(known, key=_natural))}


def by_label(results: JobResults, ids: Mapping[str, str]) -> dict[str, ServerAnnotation]:
    """What is said of each cluster, by its label; `ids` are those of `ids_of`."""
    said = {one.id: one for one in results.clusters}
    return {label: said[name] for label, name in ids.items() if name in said}


def warn_of_others(results: JobResults, ids: Mapping[str, str]) -> None:
    """Say which clusters of an answer are none of those that were asked about."""
    asked = set(ids.values())
    if others := [one.id for one in results.clusters if one.id not in asked]:
        log.warning("the server's answer has clusters that were not asked about: %s", listed(others))


def _natural(label: str) -> list[tuple[int, int, str]]:
    """Sorts numbers in texts by their values."""
    parts = re.split(r"(\d+)", label)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts if part]


def _annotations(found: Mapping[str, Any]) -> Iterator[ServerAnnotation]:
    for name, cluster in found.items():
        latest = _object(_object(cluster).get("latest"))
        if isinstance(annotation := latest.get("annotation"), dict):
            yield _annotation(name, annotation, _object(latest.get("review")))


def _annotation(name: str, said: Mapping[str, Any], review: Mapping[str, Any]) -> ServerAnnotation:
    full = _object(_object(said.get("fullOutput")).get("cellType"))
    confidence, heterogeneous = review.get("confidence"), review.get("isHeterogeneous")
    assessment = _object(_object(review.get("fullOutput")).get("heterogeneityAssessment"))
    return ServerAnnotation(
        id=_text(said.get("clusterId")) or name,
        annotation=_text(said.get("annotation")),
        term_name=_text(said.get("cellOntologyTermName")),
        term_id=_text(said.get("cellOntologyTerm")),
        state=_text(said.get("cellState")),
        granular_annotation=_text(said.get("granularAnnotation")),
        justification=_text(said.get("justification")) or _text(full.get("conclusion")),
        supporting_markers=_genes(said.get("supportingMarkers")) or _genes(full.get("keySupportingGenes")),
        conflicting_markers=_genes(said.get("conflictingMarkers")) or _genes(full.get("unexpectedGenes")),
        missing_expression=_text(said.get("missingExpression")) or _about(full, "missingGenes"),
        unexpected_expression=_text(said.get("unexpectedExpression")) or _about(full, "unexpectedGenes"),
        review_confidence=confidence if confidence in CONFIDENCES else None,
        heterogeneous=heterogeneous if isinstance(heterogeneous, bool) else None,
        heterogeneity_type=_text(assessment.get("heterogeneityType")) or None,
    )


def _about(full: Mapping[str, Any], genes: str) -> str:
    """What is said of genes, or else their names."""
    return _text(full.get(f"{genes}Reasoning")) or ", ".join(_genes(full.get(genes)))


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return _NO_TEXT.sub("\ufffd", value) if isinstance(value, str) and value.strip() else ""


def _genes(value: Any) -> tuple[str, ...]:
    return tuple(filter(None, map(_text, value))) if isinstance(value, list) else ()
