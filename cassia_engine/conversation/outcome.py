"""From a conversation that is over to the record of its cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from cassia_engine.conversation.confidence import confidence
from cassia_engine.conversation.log import Log, writable
from cassia_engine.conversation.rounds import NOT_ASKED, OpenRound, RatedClaim, best
from cassia_engine.conversation.term_mapper import MappedTerm, TermMapper
from cassia_engine.evidence import kind
from cassia_engine.records import (
    Annotation,
    CellType,
    Cluster,
    ClusterResult,
    ConfidenceReason,
    Conversation,
    FailedReply,
    Outcome,
    TermMatch,
)
from cassia_engine.records.replies import Claim
from cassia_engine.replies import is_unresolved, named_candidates, nameless
from cassia_engine.replies.claims import UNRESOLVED

NO_SCORE = "No readable score was given."
_WORDS = {
    Outcome.REFUSED: "was refused",
    Outcome.TRUNCATED: "was cut off",
    Outcome.UNPARSED: "could not be read",
    Outcome.FAILED: "did not come",
}


def result(
    cluster: Cluster, model: str, terms: TermMapper, rounds: Sequence[OpenRound], failed: FailedReply | None, log: Log
) -> ClusterResult:
    """What became of a cluster. An annotation that stands is kept, whatever was lost after it."""
    rated = best(rounds)
    conversation = Conversation(
        annotations=tuple(writable(r.said) for r in rounds if r.said),
        checks=tuple("\n".join(r.findings.lines) for r in rounds if r.findings),
        validations=tuple(_validations(rounds)),
        calls=log.calls,
    )
    recorded = tuple(r.record(failed if r is rounds[-1] else None) for r in rounds)
    if rated is None:
        assert failed is not None, "a conversation without a claim has a failed reply"
        return ClusterResult(
            cluster=cluster,
            outcome=failed.outcome,
            reason=failed.reason,
            iterations=len(rounds),
            conversation=conversation,
            usage=log.usage,
            rounds=recorded,
        )
    annotation, why = _annotation(rated, terms)
    return ClusterResult(
        cluster=cluster,
        outcome=Outcome.ANNOTATED,
        reason=_reason(rated, annotation, len(rounds), failed),
        votes=(annotation,),
        score=rated.score,
        validated=rated.validated,
        iterations=len(rounds),
        decided_by=_decided_by(model, rated.validated),
        conversation=replace(
            conversation,
            formatting=annotation.text,
            scoring=_scoring(rated, annotation, why),
        ),
        usage=log.usage,
        objections=_objections(rated),
        confidence_reasons=why,
        rounds=recorded,
    )


def _validations(rounds: Sequence[OpenRound]) -> Iterator[str]:
    """The validator's replies; a round without one keeps its place among those that follow."""
    for one in rounds:
        if one.judged:
            yield writable(one.judged)
        elif one.sent_back:
            yield NOT_ASKED


def _annotation(rated: RatedClaim, terms: TermMapper) -> tuple[Annotation, tuple[ConfidenceReason, ...]]:
    """The annotation, and why its confidence is no higher."""
    claim, findings, verdict = rated.claim, rated.findings, rated.verdict
    types, match = _types(claim, rated.score, terms)
    answer = types[0] if types else CellType("")
    sure, why = confidence(claim, findings, verdict, rated.judgement, rated.score, placed=bool(answer.cl_id))
    judge_speaks = verdict is not None and verdict.score is not None
    reason = verdict.score_reason if judge_speaks and verdict else claim.score_reason
    annotation = Annotation(
        general_type=_general_type(claim, types, terms),
        detailed_types=types,
        cl_id=answer.cl_id,
        cl_label=answer.cl_label,
        confidence=sure,
        score=rated.score,
        mixed_types=_mixed(claim, findings.partners, types, terms),
        state=claim.state,
        evidence_genes=findings.evidence,
        conflicting_genes=findings.conflicts,
        unsupported_genes=tuple(dict.fromkeys((*findings.unsupported, *_beyond_the_list(rated)))),
        score_reason=NO_SCORE if rated.score is None else reason,
        match=match,
        top_explained=findings.top_explained,
        possible_tissues=claim.possible_tissues,
        context_conflict=claim.context_conflict,
    )
    return annotation, why


def _objections(rated: RatedClaim) -> tuple[str, ...]:
    return rated.judgement.objections if rated.judgement else ()


def _beyond_the_list(rated: RatedClaim) -> tuple[str, ...]:
    """Genes outside of the list that the validator's objections name, where these do not count for that."""
    return rated.judgement.unsupported if rated.judgement else ()


def _types(claim: Claim, score: float | None, terms: TermMapper) -> tuple[tuple[CellType, ...], TermMatch]:
    """The candidates, each type once; the lineage alone where no candidate is named. And how the first was placed."""
    if is_unresolved(claim):
        return (), TermMatch()
    named = [(c.cell_type, c.cl_name) for c in named_candidates(claim)] or [(claim.lineage, "")]
    found: dict[str, tuple[str, MappedTerm]] = {}
    for label, cl_name in named:
        found.setdefault(kind(label, terms.cl_id), (label, terms.map(label, cl_name)))
    every = list(found.values())
    # The score is the answer's; nobody scores the others.
    scores = [score] + [None] * (len(every) - 1)
    types = (CellType(label, p.cl_id, p.cl_label, s) for (label, p), s in zip(every, scores, strict=True))
    return tuple(types), every[0][1].match


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


def _reason(rated: RatedClaim, annotation: Annotation, n_rounds: int, failed: FailedReply | None) -> str:
    parts = []
    if not annotation.detailed_types:
        parts.append(f"the markers do not tell the type: {rated.claim.score_reason or 'no reason was given'}")
    if failed is not None:
        parts.append(f"the {failed.role}'s reply of round {failed.round} {_WORDS[failed.outcome]} ({failed.reason})")
    if rated.judgement is None:
        parts.append("no verdict on the annotation")
    elif not rated.judgement.agreed:
        rounds = f"{n_rounds} round{'s' * (n_rounds > 1)}"
        parts.append(f"not validated after {rounds}: {rated.judgement.reasons[0]}".removesuffix("."))
    if rated.number < n_rounds:
        parts.append(f"the annotation is that of round {rated.number}")
    return "; ".join(parts)


def _scoring(rated: RatedClaim, annotation: Annotation, why: Sequence[ConfidenceReason]) -> str:
    own, given = rated.claim.score, rated.verdict.score if rated.verdict else None
    whose = f"the validator's (the annotator gave {_number(own)})" if given is not None else "the annotator's own"
    lines = [f"Score {_number(rated.score)} of 100, {whose}." if rated.score is not None else NO_SCORE]
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


def _number(score: float | None) -> str:
    return "none" if score is None else f"{score:g}"


def _decided_by(model: str, validated: bool | None) -> str:
    verdict = {True: "the same model validated it", False: "the same model did not validate it", None: "not validated"}
    return f"language model {model} (a hypothesis; {verdict[validated]})"
