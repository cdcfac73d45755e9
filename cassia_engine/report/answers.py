"""An annotation as the card of its cluster shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cassia_engine.ontology import How
from cassia_engine.records import Annotation, CellType, Cluster, ClusterResult, Confidence
from cassia_engine.report.look import sentence
from cassia_engine.report.words import share

PIPS = {Confidence.LOW: 1, Confidence.MODERATE: 2, Confidence.HIGH: 3}
TOP = 20  # genes that the share explained is of

# How a label was placed where it is not a term's own name.
PLACED: Mapping[How, str] = {
    How.SYNONYM: "a synonym of the label",
    How.NORMALISED: "the label in another spelling",
    How.ABBREVIATION: "by an abbreviation",
    How.TOKENS: "by the words of the label",
    How.OBSOLETE: "in place of an obsolete term",
    How.BROADER: "a broader type: the label itself has no term",
    How.COMMON_PARENT: "the parent of several types that the label may mean",
    How.MISS: "no term was found",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The words and numbers of an annotation; `score` is None where nobody gave one, `placed` and `explained` are
    empty where there is nothing to say."""

    title: str
    general_type: str
    ranked: tuple[CellType, ...]
    cl_id: str
    cl_label: str
    placed: str
    mixed: tuple[str, ...]
    state: str
    confidence: str
    pips: int
    score: int | None
    score_reason: str
    explained: str
    possible_tissues: tuple[str, ...]
    evidence: tuple[str, ...]
    conflicting: tuple[str, ...]
    unsupported: tuple[str, ...]
    context_conflict: str
    note: str


def answer(a: Annotation, result: ClusterResult) -> Answer:
    best = a.detailed_types[0].label if a.detailed_types else ""
    given = a.score if result.score is None else result.score
    return Answer(
        title=best or a.general_type or "No label was given",
        general_type=a.general_type,
        ranked=a.detailed_types,
        cl_id=a.cl_id,
        cl_label=a.cl_label,
        placed=placed(a.cl_match),
        mixed=a.mixed_types,
        state=a.state,
        confidence=a.confidence.value,
        pips=PIPS[a.confidence],
        score=None if given is None else round(given),
        score_reason=sentence(a.score_reason),
        explained=explained(a, result.cluster),
        possible_tissues=a.possible_tissues,
        evidence=a.evidence_genes,
        conflicting=a.conflicting_genes,
        unsupported=a.unsupported_genes,
        context_conflict=a.context_conflict,
        note=sentence(result.reason) if a.detailed_types and result.validated is not None else "",
    )


def placed(match: str) -> str:
    """How a label was placed in the ontology, for a reader; "" where it is a term's own name or nothing is known."""
    how, _, why = match.partition(": ")
    name, _, by = how.partition(" (")
    if name not in list(How):
        return match
    words = PLACED.get(How(name), "")
    more = f" ({by}" if by else ""
    return (words + more + (f": {why}" if why else "")).strip()


def explained(a: Annotation, cluster: Cluster) -> str:
    """The share of the first genes that the answer explains, "" if nobody asked."""
    if a.top_explained is None:
        return ""
    first = min(TOP, len(cluster.markers))
    return f"{share(a.top_explained)} of the first {first} genes"
