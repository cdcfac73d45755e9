"""What code makes of the validator's answers. The rules are data, in words in docs/conversation.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cassia_engine.conversation.term_mapper import Likeness, TermMapper
from cassia_engine.evidence import Findings, GeneList, named
from cassia_engine.records import Judgement, Ruling
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
