"""What code makes of the validator's answers, and how sure the whole is. The rules are data, in words in
docs/conversation.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cassia_engine.conversation.term_mapper import Likeness, TermMapper
from cassia_engine.evidence import Findings, GeneList, named
from cassia_engine.records import HIGH_SCORE, LOW_SCORE, Confidence, ConfidenceReason, Judgement, Ruling
from cassia_engine.records.replies import Answer, Claim, Verdict
from cassia_engine.replies import is_unresolved, named_candidates, nameless
from cassia_engine.replies.questions import VALIDATOR_QUESTIONS, Question


@dataclass(frozen=True, slots=True)
class Stance:
    """What agreement takes.

    Attributes:
        questions: those whose answers count.
        backed: whether an objection counts only with listed genes behind it.
        likeness: the least between the validator's own type and the claim.
    """

    questions: tuple[Question, ...]
    backed: bool
    likeness: Likeness


_ASKED = tuple(VALIDATOR_QUESTIONS.values())
_MODERATE = tuple(question for question in _ASKED if not question.strict_only)
_STRICT_ONLY = tuple(question for question in _ASKED if question.strict_only)
STANCES: Mapping[str, Stance] = {
    "v1": Stance(_MODERATE, backed=True, likeness=Likeness.SAME_LINEAGE),
    "v0": Stance((*_MODERATE, *_STRICT_ONLY), backed=False, likeness=Likeness.UNKNOWN),
}


def rule(verdict: Verdict, genes: GeneList, involvement: str) -> dict[str, Ruling]:
    """What each answer counts for, by the id of its question."""
    stance = STANCES[involvement]
    return {
        name: _ruling(question, verdict.answers[name], genes, stance) for name, question in VALIDATOR_QUESTIONS.items()
    }


def _ruling(question: Question, answer: Answer, genes: GeneList, stance: Stance) -> Ruling:
    if answer.yes is None:
        return Ruling.UNCLEAR
    if answer.yes is question.expected:
        return Ruling.AGREES
    if question not in stance.questions:
        return Ruling.TOLERATED
    backed = not stance.backed or len(genes.listed(answer.genes)) >= question.least_genes
    return Ruling.OBJECTS if backed else Ruling.UNBACKED


def judge(
    verdict: Verdict,
    rulings: Mapping[str, Ruling],
    claim: Claim,
    findings: Findings,
    genes: GeneList,
    involvement: str,
    terms: TermMapper,
) -> Judgement:
    """Decide from the answers; one that is neither yes nor no agrees with nothing. None overrules a decisive check.

    Args:
        rulings: what the answers count for, by `rule`.
    """
    stance, said = STANCES[involvement], verdict.answers
    unbacked = [question for question, ruling in rulings.items() if ruling is Ruling.UNBACKED]
    cited = [gene for answer in said.values() for gene in answer.genes]
    return Judgement(
        objections=(
            *_contradictions(verdict),
            *_objections(verdict, rulings, genes, stance),
            *_other_type(verdict, claim, stance, terms),
        ),
        decisive=tuple(item.text for item in findings.decisive),
        uncounted=tuple(_uncounted(question, said[question], genes) for question in unbacked),
        unsupported=genes.missing(gene for question in unbacked for gene in said[question].genes),
        unfounded=bool(cited) and not genes.listed(cited),
    )


def _contradictions(verdict: Verdict) -> Iterator[str]:
    """That everything was answered with yes: that the type fits, and that another one is better."""
    if all(verdict.answers[question.id].yes for question in _MODERATE):
        yield "The validator answered yes to every question, so its answers contradict each other."


def _objections(verdict: Verdict, rulings: Mapping[str, Ruling], genes: GeneList, stance: Stance) -> Iterator[str]:
    for question in stance.questions:
        ruling = rulings[question.id]
        if ruling is Ruling.UNCLEAR:
            yield f"No clear answer was given to {question.id}."
        elif ruling is Ruling.OBJECTS:
            listed = genes.listed(verdict.answers[question.id].genes)
            yield question.objection + (f": {named(listed)}." if listed else ".")


def _uncounted(question: str, answer: Answer, genes: GeneList) -> str:
    missing = genes.missing(answer.genes)
    why = genes.not_listed(missing) if missing else "too few listed genes are named for it."
    return f"{VALIDATOR_QUESTIONS[question].objection}: {why}"


def _other_type(verdict: Verdict, claim: Claim, stance: Stance, terms: TermMapper) -> Iterator[str]:
    types = [*(c.cell_type for c in named_candidates(claim)[:1]), *(p.cell_type for p in claim.mixture)]
    if is_unresolved(claim) or not types:
        return
    if nameless(verdict.own_type):
        if not any(terms.map(c.cell_type, c.cl_name).cl_id for c in named_candidates(claim)[:1]):
            yield "The validator named no type of its own, and the Cell Ontology does not know the claimed one."
        return
    if max(terms.likeness(verdict.own_type, name) for name in types) < stance.likeness:
        yield f"From the list alone the validator named another type: {verdict.own_type[:60]}."


LEAST_EVIDENCE = 2


def confidence(
    claim: Claim,
    findings: Findings,
    verdict: Verdict | None,
    judgement: Judgement | None,
    score: float | None,
    placed: bool,
) -> tuple[Confidence, tuple[ConfidenceReason, ...]]:
    """How sure an annotation is, and why no more.

    Low: unresolved; the validator did not agree; fewer than two listed genes of evidence; or a score under 50.
    High: none of these, all checks passed, the validator agreed and did not find it too specific, a score of at least
    75, no mixture, no conflict with the context, and a place in the Cell Ontology. Moderate: the rest.
    """
    low = _holding(
        ("unresolved", is_unresolved(claim), "the type is unresolved"),
        ("not_agreed", judgement is not None and bool(judgement.objections), "the validator did not agree"),
        ("decisive_check", bool(findings.decisive), "it names no cell type or no listed gene as evidence"),
        (
            "little_evidence",
            len(findings.evidence) < LEAST_EVIDENCE,
            f"fewer than {LEAST_EVIDENCE} listed genes are its evidence",
        ),
        ("low_score", score is not None and score < LOW_SCORE, f"the score is under {LOW_SCORE}"),
    )
    if low:
        return Confidence.LOW, low
    not_high = _holding(
        ("failed_checks", bool(findings.failed), f"{len(findings.failed)} of {len(findings.items)} checks failed"),
        ("no_verdict", judgement is None, "there is no verdict"),
        (
            "too_specific",
            verdict is not None and verdict.answers["too_specific"].yes is True,
            "it may be too specific",
        ),
        ("no_high_score", score is None or score < HIGH_SCORE, f"there is no score of {HIGH_SCORE} or more"),
        (
            "unbacked_objection",
            judgement is not None and bool(judgement.uncounted),
            "an objection is not backed by listed genes",
        ),
        (
            "unfounded",
            judgement is not None and judgement.unfounded,
            "no gene that the validator cites is listed",
        ),
        ("no_term", not placed, "the Cell Ontology has no place for the type"),
        ("mixture", bool(claim.mixture), "cell types may be mixed"),
        ("context_conflict", bool(claim.context_conflict), "the markers contradict the context"),
    )
    if not_high:
        return Confidence.MODERATE, not_high
    return Confidence.HIGH, (ConfidenceReason("all_passed", "all checks passed and the validator agreed"),)


def _holding(*reasons: tuple[str, bool, str]) -> tuple[ConfidenceReason, ...]:
    """Those of the reasons (a name, whether it holds, its words) that hold."""
    return tuple(ConfidenceReason(code, text) for code, holds, text in reasons if holds)
