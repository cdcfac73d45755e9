"""From a conversation that is over to the record of its cluster."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from cassia_engine.calibration import Calibration
from cassia_engine.conversation.comparing import Comparison
from cassia_engine.conversation.confidence import Assessment, assess
from cassia_engine.conversation.labelling import BROAD, at_depth, finer_type, types_of
from cassia_engine.conversation.log import Log, writable
from cassia_engine.conversation.rounds import NOT_ASKED, OpenRound, RatedClaim, best
from cassia_engine.conversation.term_mapper import TermMapper
from cassia_engine.evidence import kind
from cassia_engine.records import (
    ANNOTATOR,
    SECOND,
    Annotation,
    CellType,
    Cluster,
    ClusterResult,
    ConfidenceReason,
    Conversation,
    CrossCheck,
    FailedReply,
    Outcome,
    Relation,
)
from cassia_engine.records.replies import Claim
from cassia_engine.replies import is_unresolved, named_candidates, nameless
from cassia_engine.replies.claims import UNRESOLVED
from cassia_engine.text import counted

NO_SCORE = "No readable score was given."
_WORDS = {
    Outcome.REFUSED: "was refused",
    Outcome.TRUNCATED: "was cut off",
    Outcome.UNPARSED: "could not be read",
    Outcome.FAILED: "did not come",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """A conversation that is over.

    Attributes:
        model: the annotator's.
        failed: the reply that was lost last, None if none was.
    """

    cluster: Cluster
    model: str
    terms: TermMapper
    rounds: Sequence[OpenRound]
    failed: FailedReply | None
    log: Log
    cross_check: CrossCheck | None
    comparison: Comparison
    depth: str
    calibration: Calibration


def result(ended: Ended) -> ClusterResult:
    """What became of a cluster. An annotation that stands is kept, whatever was lost after it."""
    rounds, failed, comparison = ended.rounds, ended.failed, ended.comparison
    rated = best(rounds, comparison.chosen, ended.terms.broader)
    # What marker scoring says was compared with the first answer; another one may stand, or a finer type be the label.
    cross_check = ended.cross_check
    if rated and cross_check:
        cross_check = ended.terms.checked(cross_check, at_depth(rated.claim, ended.terms, ended.depth))
    conversation = Conversation(
        annotations=tuple(writable(r.said) for r in rounds if r.said),
        checks=tuple("\n".join(r.findings.lines) for r in rounds if r.findings),
        validations=_validations(rounds),
        calls=ended.log.calls,
        adjudication=writable(comparison.said) or None,
    )
    recorded = tuple(
        r.record(failed if failed and failed.round == number else None) for number, r in enumerate(rounds, 1)
    )
    if rated is None:
        assert failed is not None, "a conversation without a claim has a failed reply"
        return ClusterResult(
            cluster=ended.cluster,
            outcome=failed.outcome,
            reason=failed.reason,
            iterations=len(rounds),
            conversation=conversation,
            usage=ended.log.usage,
            rounds=recorded,
        )
    annotation, assessed = _annotation(rated, ended, cross_check)
    return ClusterResult(
        cluster=ended.cluster,
        outcome=Outcome.ANNOTATED,
        reason=_reason(rated, annotation, ended),
        votes=(annotation,),
        score=rated.score,
        validated=rated.validated,
        iterations=len(rounds),
        decided_by=_decided_by(ended, rated),
        conversation=replace(
            conversation,
            formatting=annotation.text,
            scoring=_scoring(rated, annotation, assessed.reasons),
        ),
        usage=ended.log.usage,
        objections=_objections(rated),
        confidence_reasons=assessed.reasons,
        features=assessed.features,
        rounds=recorded,
        cross_check=cross_check,
        doubts=comparison.doubts,
        adjudication=comparison.record(rated.number),
    )


def _validations(rounds: Sequence[OpenRound]) -> tuple[str, ...]:
    """The validator's replies, "" for a round that nobody judged before one that was; () if it was never asked."""
    said = [writable(one.judged) or (NOT_ASKED if one.sent_back else "") for one in rounds]
    while said and not said[-1]:
        said.pop()
    return tuple(said)


def _annotation(rated: RatedClaim, ended: Ended, cross_check: CrossCheck | None) -> tuple[Annotation, Assessment]:
    """The annotation, and how sure it is."""
    claim, findings, terms = rated.claim, rated.findings, ended.terms
    types, match = types_of(claim, rated.score, terms, ended.depth)
    answer = types[0] if types else CellType("")
    labelled = dataclasses.replace(rated, claim=at_depth(claim, terms, ended.depth))
    if ended.depth == BROAD and cross_check and cross_check.relation is Relation.NARROWER:
        cross_check = replace(cross_check, relation=Relation.SAME)  # a kind of a lineage says the same of it
    assessed = assess(labelled, terms, cross_check, ended.comparison, ended.calibration)
    annotation = Annotation(
        general_type=_general_type(claim, types, terms),
        detailed_types=types,
        cl_id=answer.cl_id,
        cl_label=answer.cl_label,
        confidence=assessed.confidence,
        score=rated.score,
        mixed_types=_mixed(claim, findings.partners, types, terms),
        state=claim.state,
        evidence_genes=findings.evidence,
        conflicting_genes=findings.conflicts,
        unsupported_genes=tuple(dict.fromkeys((*findings.unsupported, *_beyond_the_list(rated)))),
        score_reason=NO_SCORE if rated.score is None else rated.score_reason,
        match=match,
        top_explained=findings.top_explained,
        possible_tissues=claim.possible_tissues,
        context_conflict=claim.context_conflict,
        specific=finer_type(claim, types, terms),
        # Experts name finer types than a lineage, so that the fit says nothing of its being the very type.
        probability=None if ended.depth == BROAD else assessed.exact,
        probability_near=assessed.near,
    )
    return annotation, assessed


def _objections(rated: RatedClaim) -> tuple[str, ...]:
    return rated.judgement.objections if rated.judgement else ()


def _beyond_the_list(rated: RatedClaim) -> tuple[str, ...]:
    """Genes outside of the list that the validator's objections name, where these do not count for that."""
    return rated.judgement.unsupported if rated.judgement else ()


def _general_type(claim: Claim, types: Sequence[CellType], terms: TermMapper) -> str:
    if not types:
        return UNRESOLVED
    return terms.lineage(types[0].cl_id, types[0].label) if nameless(claim.lineage) else claim.lineage


def _mixed(claim: Claim, partners: Sequence[str], types: Sequence[CellType], terms: TermMapper) -> tuple[str, ...]:
    """The partners with genes enough, with the answer in front if it is not among them: a mixture has two at least."""
    answer = [types[0].label] if types else []
    kinds = {kind(label, terms.cl_id): label for label in reversed([*answer, *partners])}
    mixed = tuple(dict.fromkeys(kinds[kind(label, terms.cl_id)] for label in [*answer, *partners]))
    return mixed if len(mixed) > 1 else ()


def _reason(rated: RatedClaim, annotation: Annotation, ended: Ended) -> str:
    parts, failed = [], ended.failed
    own = [number for number, r in enumerate(ended.rounds, 1) if r.role == ANNOTATOR]
    if not annotation.detailed_types:
        parts.append(f"the markers do not tell the type: {rated.claim.score_reason or 'no reason was given'}")
    if failed is not None:
        earlier = failed.role == SECOND and ended.rounds[failed.round - 1].claim
        kept = "; what it had said before it saw the genes counts" if earlier else ""
        parts.append(
            f"the {failed.role}'s reply of round {failed.round} {_WORDS[failed.outcome]} ({failed.reason}){kept}"
        )
    if rated.judgement is not None and not rated.judgement.agreed:
        parts.append(
            f"not validated after {counted(len(own), 'round')}: {rated.judgement.reasons[0]}".removesuffix(".")
        )
    agreed = [number for number, r in enumerate(ended.rounds, 1) if r.judgement and r.judgement.agreed]
    if rated.validated is False and agreed:
        parts.append(f"the validator agreed with the broader type of round {agreed[-1]}, which does not replace it")
    if ended.comparison.chosen == rated.number and ended.rounds[rated.number - 1].role == SECOND:
        parts.append("the answer is that of the second annotator, which the adjudicator chose")
    elif rated.number < own[-1]:
        parts.append(f"the annotation is that of round {rated.number}")
    if any(r.role == SECOND and r.findings and r.findings.decisive for r in ended.rounds):
        parts.append("the second opinion names no type or no listed gene, and does not count")
    return "; ".join(parts)


def _scoring(rated: RatedClaim, annotation: Annotation, why: Sequence[ConfidenceReason]) -> str:
    whose = "the validator's; the annotator gave none" if rated.claim.score is None else "the annotator's own"
    lines = [NO_SCORE if rated.score is None else f"Score {rated.score:g} of 100, {whose}."]
    lines.append(annotation.score_reason if rated.score is not None else "")
    lines.append(f"Confidence {annotation.confidence}: {'; '.join(reason.text for reason in why)}.")
    lines += [f"Check failed: {item.text}" for item in rated.findings.failed]
    lines += [f"Objection: {text}" for text in _objections(rated)]
    lines += [f"Not validated: {text}" for text in (rated.judgement.decisive if rated.judgement else ())]
    lines += [f"Not counted: {text}" for text in (rated.judgement.uncounted if rated.judgement else ())]
    if is_unresolved(rated.claim) and named_candidates(rated.claim):
        lines.append(f"Named all the same: {'; '.join(c.cell_type for c in named_candidates(rated.claim))}.")
    lines += [f"Repaired: {text}." for text in rated.claim.repaired]
    lines.append("The score is a language model's opinion, not a probability; the annotation is a hypothesis.")
    return "\n".join(filter(None, lines))


def _decided_by(ended: Ended, rated: RatedClaim) -> str:
    """Who answered, and who looked at it again."""
    looked = [_VALIDATED[rated.validated]] if rated.validated is not None else []
    relation = ended.comparison.relation
    if relation is not None:
        agreed = "agrees" if not ended.comparison.differ else "differs"
        looked.append(f"a second opinion {agreed}")
    return f"language model {ended.model} ({'; '.join(['a hypothesis', *looked])})"


_VALIDATED = {True: "the same model validated it", False: "the same model did not validate it"}
