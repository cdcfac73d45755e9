"""An annotation as the view of its cluster shows it."""

from __future__ import annotations

from collections.abc import Mapping

from cassia_engine.ontology import Ontology
from cassia_engine.records import (
    TOP_GENES,
    Annotation,
    CellType,
    Cluster,
    ClusterResult,
    Confidence,
    Correction,
    CrossCheck,
    How,
    Relation,
    TermMatch,
)
from cassia_engine.records.record import Record
from cassia_engine.report.review_flags import second_opinion, sentence
from cassia_engine.report.voting import agreement_words
from cassia_engine.report.wording import share

PIPS = {Confidence.LOW: 1, Confidence.MODERATE: 2, Confidence.HIGH: 3}

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


# What another label's type is, compared with that of the cluster.
COMPARED: Mapping[Relation, str] = {
    Relation.SAME: "the same type",
    Relation.NARROWER: "a narrower type",
    Relation.BROADER: "a broader type",
    Relation.RELATED: "a related type",
    Relation.DIFFERENT: "of another lineage",
    Relation.UNKNOWN: "cannot be told",
}


class Answer(Record, frozen=True):
    """The words and numbers of an annotation beside those of its row; empty where there is nothing to say.

    Attributes:
        path: labels of the Cell Ontology from the broad lineage down to the term.
    """

    ranked: tuple[CellType, ...] = ()
    placed: str = ""
    path: tuple[str, ...] = ()
    score_reason: str = ""
    explained: str = ""
    possible_tissues: tuple[str, ...] = ()
    context_conflict: str = ""
    note: str = ""
    chance: str = ""
    finer: str = ""
    cross_check: str = ""
    second: str = ""
    votes: str = ""


def answer(a: Annotation, result: ClusterResult) -> Answer:
    return Answer(
        ranked=a.detailed_types,
        placed=placed(a.match),
        path=Ontology.load().lineage_path(a.cl_id),
        score_reason=sentence(a.score_reason),
        explained=explained(a, result.cluster),
        possible_tissues=a.possible_tissues,
        context_conflict=a.context_conflict,
        note=sentence(result.reason) if a.detailed_types and result.validated is not None else "",
        chance=chance(a),
        finer=finer(a),
        cross_check=cross_checked(result.cross_check),
        second=second_opinion(result),
        votes=agreement_words(result),
    )


def named(said: Correction) -> Answer:
    """Where the label of a person has its place in the ontology."""
    return Answer(placed=placed(said.match), path=Ontology.load().lineage_path(said.cl_id))


def given_score(a: Annotation, result: ClusterResult) -> int | None:
    """The score of the cluster, or of its annotation; None where nobody gave one."""
    given = a.score if result.score is None else result.score
    return None if given is None else round(given)


def placed(match: TermMatch) -> str:
    """How a label was placed in the ontology, for a reader; "" where it is a term's own name or nothing is known."""
    words = PLACED.get(match.how, "") if match.how else ""
    by = "(by the model's ontology name)" if match.by_ontology_name else ""
    found = " ".join(filter(None, (words, by)))
    return ": ".join(filter(None, (found, match.why)))


def explained(a: Annotation, cluster: Cluster) -> str:
    """The share of the first genes that the answer explains, "" if nobody asked."""
    if a.top_explained is None:
        return ""
    first = min(TOP_GENES, len(cluster.markers))
    return f"{share(a.top_explained)} of the first {first} genes"


def chance(a: Annotation) -> str:
    """The calibrated probabilities in words, "" where there are none."""
    if a.probability_near is None:
        return ""
    near = f"{share(a.probability_near)} if a broader or narrower type counts as right"
    return near if a.probability is None else f"{share(a.probability)} exact, {near}"


def finer(a: Annotation) -> str:
    """The finer type that the markers point to, with the model's own probability; "" for none."""
    if a.specific is None:
        return ""
    stated = "" if a.specific.score is None else f" (the model gives it {a.specific.score:g} of 100)"
    return f"{a.specific.label}{stated}"


def cross_checked(found: CrossCheck | None) -> str:
    """What marker scoring says beside a model, "" where nothing is known."""
    if found is None or not found.label:
        return ""
    return f"{found.label} ({COMPARED[found.relation]})"
