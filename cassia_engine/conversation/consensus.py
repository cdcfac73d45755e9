"""One answer of several conversations on a cluster, by their votes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from cassia_engine.conversation.majority import Majority, find_majority
from cassia_engine.conversation.votes import Vote, in_words, with_ballots
from cassia_engine.ontology import Ontology, compare
from cassia_engine.ontology.broad_lineages import lineage_of
from cassia_engine.records import (
    Annotation,
    CellType,
    ClusterResult,
    Confidence,
    ConfidenceReason,
    CrossCheck,
    How,
    TermMatch,
)
from cassia_engine.replies.claims import UNRESOLVED
from cassia_engine.text import are, counted

CITED_BY = 2  # votes that have to name a gene for a label that is broader than each of them


def merged(votes: Sequence[Vote], ontology: Ontology) -> ClusterResult:
    """The result of a cluster on which several conversations were held: the deepest type that most votes are for.

    Conversations without an answer have no vote, but lower the agreement. Where votes name the label itself, the most
    probable answer of these stands; where it is broader than each of them, the evidence is what two of them cite.
    Without a majority the cluster is unresolved, and without any answer it ended as its first conversation did.
    """
    cast = [place for place, vote in enumerate(votes) if vote.result.annotation]
    if not cast:
        return with_ballots(votes[0], votes, (), None)
    found = find_majority([votes[place].type for place in cast], ontology)
    if found is None:
        return with_ballots(_without_majority(votes, cast), votes, (), None)
    agreeing = [cast[place] for place in found.agreeing]
    named = [votes[cast[place]] for place in found.named]
    standing = most_probable(named) if named else _broader([votes[place] for place in agreeing], found, ontology)
    return with_ballots(_counted(standing, votes, agreeing), votes, agreeing, round(len(agreeing) / len(votes), 4))


def most_probable(votes: Iterable[Vote]) -> Vote:
    """The vote with the most probable answer; of equal ones the names of the models decide, not the order of votes."""

    def merit(vote: Vote) -> list[float]:
        of = vote.annotation
        return [-1.0 if value is None else float(value) for value in (of.probability, of.probability_near, of.score)]

    return max(sorted(votes, key=lambda vote: (vote.model, vote.replicate)), key=merit)


def _counted(standing: Vote, votes: Sequence[Vote], agreeing: Sequence[int]) -> Vote:
    """The answer that stands with how many votes are for it; its confidence is not High if one is not."""
    told = f"{len(agreeing)} of {counted(len(votes), 'vote')}"
    standing = standing.changed(decided_by=f"{told}; {standing.result.decided_by}")
    if len(agreeing) == len(votes):
        return standing
    annotation = replace(standing.annotation, confidence=_at_most_moderate(standing))
    stands = f"{told} {are(len(agreeing))} for it"
    why = (*_doubts(standing), ConfidenceReason("votes_differ", stands))
    line = f"Confidence {annotation.confidence}: {stands}. {in_words(votes)}."
    return standing.told(line, annotation, confidence_reasons=why)


def _without_majority(votes: Sequence[Vote], cast: Sequence[int]) -> Vote:
    """The conversation of the most probable answer, left unresolved."""
    nothing = Annotation(UNRESOLVED, (), "", "", Confidence.LOW, None)
    why = (ConfidenceReason("no_majority", "the votes have no majority"),)
    standing = most_probable(votes[place] for place in cast)
    reason = f"the votes have no majority: {in_words(votes)}"
    return _answering(standing, nothing, reason, None).changed(confidence_reasons=why)


def _broader(agreeing: Sequence[Vote], found: Majority, ontology: Ontology) -> Vote:
    """The most probable answer's conversation, with a label that is broader than each vote and what two of them say."""
    standing = most_probable(agreeing)
    of, several = standing.annotation, [vote.annotation for vote in agreeing]
    genes = standing.result.cluster.genes
    states = {one.state for one in several}
    annotation = Annotation(
        general_type=lineage_of(found.cl_id, found.label, ontology).label,
        detailed_types=(CellType(found.label, found.cl_id, found.label),),
        cl_id=found.cl_id,
        cl_label=found.label,
        confidence=_at_most_moderate(standing),
        score=None,
        mixed_types=_shared(one.mixed_types for one in several),
        state=of.state if len(states) == 1 else "",
        evidence_genes=_in_order(_shared(one.evidence_genes for one in several), genes),
        conflicting_genes=_in_order(_shared(one.conflicting_genes for one in several), genes),
        unsupported_genes=_shared(one.unsupported_genes for one in several),
        match=TermMatch(How.EXACT),
        possible_tissues=of.possible_tissues,
        context_conflict=of.context_conflict,
    )
    reason = f"the label is the deepest type that {counted(len(agreeing), 'vote')} have in common: {in_words(agreeing)}"
    why = (*_doubts(standing), ConfidenceReason("broader_than_votes", "no vote names the type itself"))
    known = standing.result.cross_check
    crossed = known and replace(known, relation=compare(ontology, found.cl_id, known.cl_id))
    return _answering(standing, annotation, reason, crossed).changed(confidence_reasons=why)


def _answering(standing: Vote, annotation: Annotation, reason: str, crossed: CrossCheck | None) -> Vote:
    """A vote's conversation with another answer than its own; what was said of its own answer does not hold for it."""
    return standing.told(
        f"Of several votes: {reason}. The conversation is that of {standing.model}.",
        annotation,
        reason=reason,
        score=annotation.score,
        validated=None,
        objections=(),
        doubts=(),
        adjudication=None,
        cross_check=crossed,
        features={},
        decided_by="language models (a hypothesis)",
    )


def _at_most_moderate(vote: Vote) -> Confidence:
    given = vote.annotation.confidence
    return Confidence.MODERATE if given is Confidence.HIGH else given


def _doubts(vote: Vote) -> tuple[ConfidenceReason, ...]:
    """The reasons of its confidence, but that there is none against a higher one."""
    return tuple(reason for reason in vote.result.confidence_reasons if reason.code != "nothing_against")


def _shared(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """What at least two votes name, in the order in which it comes."""
    counts = Counter(one for named in lists for one in dict.fromkeys(named))
    return tuple(one for one, count in counts.items() if count >= CITED_BY)


def _in_order(cited: Iterable[str], genes: Sequence[str]) -> tuple[str, ...]:
    """Genes in the order of the cluster's list, the strongest first."""
    places = {gene: place for place, gene in enumerate(genes)}
    return tuple(sorted(cited, key=lambda gene: places.get(gene, len(places))))
