"""Whether the answer for a subcluster is the population's type or a kind of it, by the Cell Ontology."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cassia_engine.ontology import Ontology, Relation, compare
from cassia_engine.records import ClusterResult
from cassia_engine.subclustering.population import Population


class Fit(StrEnum):
    """What an answer is, compared with the population's type."""

    KIND = "kind of it"
    ITSELF = "no finer"  # the very type, or one above it
    OTHER = "other type"  # of its lineage or of another one: the cluster does not belong there, or the answer is wrong
    UNKNOWN = "unknown"  # the answer has no term, or one that cannot be compared
    NONE = "no answer"


_FITS = {
    Relation.NARROWER: Fit.KIND,
    Relation.SAME: Fit.ITSELF,
    Relation.BROADER: Fit.ITSELF,
    Relation.RELATED: Fit.OTHER,
    Relation.DIFFERENT: Fit.OTHER,
    Relation.UNKNOWN: Fit.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Fitted:
    """A cluster with what its answer is, compared with the population's type."""

    result: ClusterResult
    label: str
    cl_id: str
    fit: Fit


def fitted(result: ClusterResult, population: Population) -> Fitted:
    """ "unresolved" is no answer here."""
    answer = result.annotation
    if answer is None or not answer.detailed_types:
        return Fitted(result, answer.label if answer else "", "", Fit.NONE)
    return Fitted(result, answer.label, answer.cl_id, _fit(answer.cl_id, population))


def _fit(cl_id: str, population: Population) -> Fit:
    return _FITS[compare(Ontology.load(), population.cl_id, cl_id)] if cl_id else Fit.UNKNOWN
