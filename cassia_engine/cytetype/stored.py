"""Results in an AnnData object, as the CyteType client stores them: five columns of obs, two entries of uns.

Source: the client, 0.21.0.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from cassia_engine.cytetype.annotations import notice_of
from cassia_engine.cytetype.job_file import JobState
from cassia_engine.cytetype.results import CONFIDENCES, JobResults, ServerAnnotation, by_label, ids_of, warn_of_others
from cassia_engine.errors import UsageError
from cassia_engine.h5ad.annotated import Groups
from cassia_engine.h5ad.names import listed

log = logging.getLogger(__name__)

UNKNOWN = "Unknown"
_FIELDS: Mapping[str, Callable[[ServerAnnotation], str]] = {
    "annotation": lambda one: one.annotation or UNKNOWN,
    "cellOntologyTerm": lambda one: one.term_name or UNKNOWN,
    "cellOntologyTermID": lambda one: one.term_id or UNKNOWN,
    "cellState": lambda one: one.state,
    "reviewerConfidence": lambda one: one.review_confidence or UNKNOWN,
}


def result_of(results: JobResults) -> dict[str, Any]:
    """The results as `get_results` gives them, by the client's names."""
    return {
        "annotations": [_entry(cluster) for cluster in results.clusters],
        "summary": results.raw.get("summary", {}),
        "clusterCategories": results.raw.get("clusterCategories", []),
        "studyContext": results.raw.get("studyContext", ""),
        "raw_annotations": results.raw["annotations"],
    }


def _entry(cluster: ServerAnnotation) -> dict[str, Any]:
    return {
        "clusterId": cluster.id,
        "annotation": cluster.annotation,
        "ontologyTerm": cluster.term_name,
        "ontologyTermID": cluster.term_id,
        "granularAnnotation": cluster.granular_annotation,
        "cellState": cluster.state,
        "justification": cluster.justification,
        "supportingMarkers": list(cluster.supporting_markers),
        "conflictingMarkers": list(cluster.conflicting_markers),
        "missingExpression": cluster.missing_expression,
        "unexpectedExpression": cluster.unexpected_expression,
        "reviewerConfidence": cluster.review_confidence,
        "isHeterogeneous": cluster.heterogeneous,
        "heterogeneityType": cluster.heterogeneity_type,
    }


def details_of(results: JobResults, api_url: str, visibility: str | None, notice: str) -> dict[str, str]:
    """What uns says of the job, and what every reader of the labels should know."""
    details = {"job_id": results.job_id, "report_url": results.report_url, "api_url": api_url, "notice": notice}
    return details if visibility is None else {**details, "visibility": visibility}


@dataclass(frozen=True, slots=True)
class NotedJob:
    """A job that uns names.

    Attributes:
        api_url: of its server, None where it is not noted, as by early releases of the client.
        by_client: the CyteType client has noted it, as far as uns tells: cassia notes who says so, too.
    """

    job_id: str
    api_url: str | None
    by_client: bool


def noted_job(uns: Mapping[str, Any], prefix: str) -> NotedJob | None:
    """The job that uns names; None for none.

    Raises:
        UsageError: what it notes of one cannot be read.
    """
    details = uns.get(f"{prefix}_jobDetails")
    if details is None:
        return None
    if not isinstance(details, Mapping):
        what = (
            f"uns['{prefix}_jobDetails']: expected a mapping with job_id and api_url, found {type(details).__name__}; "
            "correct or remove it"
        )
        raise UsageError(what, path="the AnnData", code="cytetype-noted-no-mapping")
    job_id, api_url = details.get("job_id"), details.get("api_url")
    for name, value in {"job_id": job_id, "api_url": api_url}.items():
        if not isinstance(value, str | Integral | None):
            what = f"uns['{prefix}_jobDetails']: {name} is {type(value).__name__}, where a text is expected; correct it"
            raise UsageError(what, path="the AnnData", code="cytetype-noted-job")
    return NotedJob(str(job_id), str(api_url) if api_url else None, "notice" not in details) if job_id else None


def note_job(uns: MutableMapping[str, Any], prefix: str, job: JobState | None) -> None:
    """Put a job that goes on without this process into uns, so that whoever has the AnnData finds it."""
    if job and job.job_id and job.phase == "submitted":
        notice = notice_of(job.job_id, job.api_url)
        details = {"job_id": job.job_id, "report_url": job.report_url, "api_url": job.api_url, "notice": notice}
        uns[f"{prefix}_jobDetails"] = details
        log.info("the job %s goes on at %s; run the same again, or call get_results()", job.job_id, job.api_url)


def column_names(prefix: str, group_key: str) -> list[str]:
    """The columns of obs that results go to."""
    return [f"{prefix}_{name}_{group_key}" for name in _FIELDS]


def store(
    adata: Any, results: JobResults, prefix: str, group_key: str, groups: Groups, by_client: bool = False
) -> None:
    """Put results into an AnnData object; cells of clusters without one get "Unknown", which is said.

    Args:
        by_client: the CyteType client has submitted the job.
    """
    import pandas as pd

    adata.uns[f"{prefix}_results"] = {"job_id": results.job_id, "result": json.dumps(result_of(results))}
    ids = ids_of((label for label, size in groups.sizes.items() if size), by_client)
    known = by_label(results, ids)
    warn_of_others(results, ids)
    if without := [label for label in ids if label not in known]:
        log.warning("clusters without an annotation, whose cells are called %s: %s", UNKNOWN, listed(without))
    for name, value in _FIELDS.items():
        missing = "" if name == "cellState" else UNKNOWN
        of_label = [value(known[label]) if label in known else missing for label in groups.labels]
        values = np.array([*of_label, missing], object)[groups.codes]
        order = [*CONFIDENCES, UNKNOWN] if name == "reviewerConfidence" else sorted(set(values))
        kind = pd.CategoricalDtype([one for one in order if one in set(values)])
        adata.obs[f"{prefix}_{name}_{group_key}"] = pd.Series(values, index=adata.obs.index, dtype=kind)


def stored_result(stored: Any) -> dict[str, Any] | None:
    """What `uns` has of results, which older clients keep as a dict; None where it is damaged."""
    if isinstance(stored, Mapping):
        return dict(stored)
    try:
        found = json.loads(stored)
    except (TypeError, ValueError):
        found = None
    if not isinstance(found, dict):
        log.warning("the stored results cannot be read")
        return None
    return found
