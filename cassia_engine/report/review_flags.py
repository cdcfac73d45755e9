"""Which clusters need review, and why: the worst reason first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from cassia_engine.cells.agreement import ComparedWitness, compared_witnesses
from cassia_engine.evidence import HealthKind, hardly_expressed, health_issues
from cassia_engine.records import OFFLINE, SECOND, Annotation, ClusterResult, Confidence, Outcome, RunInfo, ScoringCheck
from cassia_engine.records.record import Record
from cassia_engine.records.replies import Claim
from cassia_engine.replies.claims import UNRESOLVED, answer_label, is_unresolved
from cassia_engine.report.voting import agreement_words, contradicting, fallback_votes
from cassia_engine.report.wording import OUTCOME_WORDS, plural

# The order of the list on the first screen.
KINDS = (
    "failed",
    "refused",
    "truncated",
    "unparsed",
    "not_reached",
    "not_validated",
    "no_verdict",
    "second_opinion",
    "votes",
    "conflicting",
    "unsupported",
    "hardly_expressed",
    "context",
    *HealthKind,
    "witness",
    "fallback",
    "unresolved",
    "mixture",
    "low",
    "no_markers",
)
# Vermilion is for trouble; these ask for judgement only.
QUIET = frozenset({"low_counts", "mitochondrial", "fallback", "unresolved", "mixture", "low", "no_markers"})
MANY_CONFLICTS = 0.5  # a conflicting gene to two evidence genes

REMEDY = {
    Outcome.FAILED: "Until then, judge it by its markers.",
    Outcome.REFUSED: "Another model may answer; until then, judge it by its markers.",
    Outcome.TRUNCATED: "Allow longer replies or choose another model; until then, judge it by its markers.",
    Outcome.UNPARSED: "The reply is kept in its conversation; read it there, or run it again.",
    Outcome.NOT_REACHED: "Until then, judge it by its markers.",
    Outcome.NO_MARKERS: "Loosen the thresholds, or ask whether these cells are a cluster of their own.",
}


_HEALTH_WORDS = {
    HealthKind.DOUBLETS: "likely doublets",
    HealthKind.TWO_LINEAGES: "two lineages",
    HealthKind.LOW_COUNTS: "low counts",
    HealthKind.MITOCHONDRIAL: "mitochondrial",
}


class ReviewFlag(Record, frozen=True):
    """A reason to review a cluster: its kind (one of KINDS), a few words, a sentence, and what to do."""

    kind: str
    word: str
    detail: str
    remedy: str = ""

    @property
    def rank(self) -> int:
        return KINDS.index(self.kind)

    @property
    def tone(self) -> str:
        return "quiet" if self.kind in QUIET else "trouble"


def sentence(text: str) -> str:
    """With a capital and a full stop, as reasons are written without."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def review_flags(result: ClusterResult, provider: str) -> tuple[ReviewFlag, ...]:
    """Every reason to review this cluster, worst first; empty if there is none."""
    if result.named_by_person:
        return ()  # a person has looked
    if result.outcome is not Outcome.ANNOTATED or result.annotation is None:
        word = OUTCOME_WORDS[result.outcome]
        reason = sentence(result.reason) or "No reason was recorded."
        return (ReviewFlag(result.outcome.value, word, reason, REMEDY.get(result.outcome, "")),)
    if not result.has_cell_type:
        return (ReviewFlag("unresolved", "unresolved", sentence(result.reason) or "The markers did not tell."),)
    return tuple(sorted(_doubts(result, result.annotation, provider), key=lambda c: c.rank))


def part(result: ClusterResult, provider: str) -> str:
    """The part of the outcome bar that the cluster is of: its outcome where it has no annotation, else "warned" with
    a reason for review and "clear" without one; "person" where a person named it."""
    if result.named_by_person:
        return "person"
    if result.outcome is not Outcome.ANNOTATED:
        return result.outcome.value
    return "warned" if review_flags(result, provider) else "clear"


def review(results: Iterable[ClusterResult], run: RunInfo) -> tuple[tuple[str, str], ...]:
    """The clusters that need review, as the report lists them: (id, the worst reason in a few words), worst first."""
    found = [(r.cluster.id, reasons[0]) for r in results if (reasons := review_flags(r, run.provider))]
    return tuple((cluster, reason.word) for cluster, reason in sorted(found, key=lambda pair: pair[1].rank))


def parts(results: Iterable[ClusterResult], run: RunInfo) -> dict[str, int]:
    """How many clusters each part of the outcome bar has."""
    return dict(Counter(part(result, run.provider) for result in results))


def _doubts(result: ClusterResult, a: Annotation, provider: str) -> Iterator[ReviewFlag]:
    if result.validated is False:
        failures = ", ".join(check.failure for check in _failed(result) if check.failure)
        word = f"not validated: {failures}" if failures else "not validated"
        yield ReviewFlag("not_validated", word, _disagreement(result, provider))
    if word := _missing(result, provider):
        detail = sentence(result.reason) or f"There is {word} on the annotation."
        yield ReviewFlag("no_verdict", word, detail, "Nobody else has looked at it.")
    if result.adjudication and not result.adjudication.agree:
        yield ReviewFlag("second_opinion", "second opinion differs", second_opinion(result))
    if contradicting(result):
        yield ReviewFlag("votes", "votes differ", f"{agreement_words(result)}.")
    if a.conflicting_genes and _conflict_is_open(result, a):
        word = plural(len(a.conflicting_genes), "conflicting gene")
        yield ReviewFlag("conflicting", word, f"Against it: {_some(a.conflicting_genes)}.")
    if a.unsupported_genes:
        word = plural(len(a.unsupported_genes), "unsupported gene")
        detail = f"Cited, but not in the marker list: {_some(a.unsupported_genes)}."
        yield ReviewFlag("unsupported", word, detail)
    if hardly := hardly_expressed(result.cluster, a.evidence_genes):
        word = plural(len(hardly), "hardly expressed gene")
        shares = ", ".join(f"{gene} in {fraction:.1%}" for gene, fraction in hardly.items())
        yield ReviewFlag("hardly_expressed", word, f"Cited, but few of the cluster's cells express it: {shares}.")
    if a.context_conflict:
        detail = f"The markers contradict what was said of the data: {sentence(a.context_conflict)}"
        yield ReviewFlag("context", "context conflict", detail)
    for issue in health_issues(result.cluster.cells) if result.cluster.cells else ():
        yield ReviewFlag(issue.kind.value, _HEALTH_WORDS[issue.kind], issue.text)
    for one in compared_witnesses(result):
        if one.contradicts:
            yield ReviewFlag("witness", f"{one.witness.column} disagrees", _contradiction(one, a.label))
    if fallen := fallback_votes(result):
        told = "; ".join(f"{one.model} answered in place of {one.instead_of}" for one in fallen)
        yield ReviewFlag("fallback", "fallback model", f"{told}, which refused or is not served.")
    if a.mixed_types:
        others = [mixed for mixed in a.mixed_types if mixed != a.label] or a.mixed_types
        yield ReviewFlag("mixture", "possible mixture", f"It may be mixed with: {', '.join(others)}.")
    if a.confidence is Confidence.LOW:
        why = result.confidence_reason or "by the written rule, from its score, checks and evidence"
        yield ReviewFlag("low", "low confidence", sentence(why))


def _missing(result: ClusterResult, provider: str) -> str:
    """Whose look at an answer was wanted and is missing, "" where nobody's is."""
    if result.doubts and result.adjudication is None:
        return "no second opinion"
    asked = not result.rounds or any(r.failed and r.failed.role == "validator" for r in result.rounds)
    return "no verdict" if result.validated is None and provider != OFFLINE and asked else ""


def second_opinion(result: ClusterResult) -> str:
    """What came of a second opinion, in a sentence or two; "" where there is none."""
    found, claim = result.adjudication, result.second_claim
    if found is None:
        return ""
    said = _type_of(claim)
    if found.agree:
        return f"It agrees: {said}."
    stands = "the second" if result.rounds and result.rounds[found.chosen - 1].role == SECOND else "the first"
    if found.choice is None:
        return f"It says {said}; nobody chose between the two, and the first stands."
    if not found.choice.answer:
        return f"It says {said}. The adjudicator took neither, and the first stands: {sentence(found.choice.reason)}"
    chosen = f"The other answer is {_other(result, said)}. The adjudicator chose"
    if found.chosen != {"a": found.a, "b": found.b}[found.choice.answer]:
        chosen = f"It says {said}. The adjudicator chose that, but marker scoring does not back it, and"
        return f"{chosen} the first stands: {sentence(found.choice.reason)}"
    return f"{chosen} {stands}: {sentence(found.choice.reason)}"


def _type_of(claim: Claim | None) -> str:
    return UNRESOLVED if claim is None or is_unresolved(claim) else answer_label(claim)


def _other(result: ClusterResult, said: str) -> str:
    """The type of the answer that does not stand."""
    found = result.adjudication
    if found is None or result.rounds[found.chosen - 1].role != SECOND:
        return said
    numbers = [number for number in (found.a, found.b) if number != found.chosen]
    claim = result.rounds[numbers[0] - 1].claim if numbers else None
    return _type_of(claim)


def _disagreement(result: ClusterResult, provider: str) -> str:
    """That the answer was not agreed to, with the first objection where a model had any."""
    if provider == OFFLINE:
        return _failed_checks(result)
    rounds = f" in {plural(result.iterations, 'round')}" if result.iterations > 1 else ""
    objections = result.objections
    if not objections and result.reason:
        return sentence(result.reason)  # a check failed with which no validator's agreement counts
    if not objections:
        return f"The validator did not agree with the answer{rounds}; the conversation says why."
    more = f" And {plural(len(objections) - 1, 'more objection')}." if len(objections) > 1 else ""
    return f"The validator did not agree with the answer{rounds}: {sentence(objections[0])}{more}"


def _contradiction(one: ComparedWitness, label: str) -> str:
    """What a witness says of another lineage, with how many of the cells say so."""
    said = one.witness
    kin = f", {said.lineage_purity:.0%} with related types" if said.lineage_purity > said.purity else ""
    share = f"{said.purity:.0%} of {plural(said.n_cells, 'labelled cell')}{kin}"
    return f"{said.column} calls it {said.label} ({share}), which is of another lineage than {label}."


def _failed(result: ClusterResult) -> list[ScoringCheck]:
    """The checks of the marker scoring that did not pass."""
    return [check for check in result.scoring.checks if not check.passed] if result.scoring else []


def _failed_checks(result: ClusterResult) -> str:
    """The checks of the marker scoring that did not pass, each with its finding."""
    failed = _failed(result)
    if not failed:
        return "The checks of the marker scoring did not all pass."
    return " ".join(f"{check.question} {sentence(check.detail)}" for check in failed)


def _conflict_is_open(result: ClusterResult, a: Annotation) -> bool:
    """Whether conflicting genes call for review: in an answer that is sure of itself a few have been weighed, not a
    great many."""
    many = len(a.conflicting_genes) >= MANY_CONFLICTS * len(a.evidence_genes)
    return many or not (result.validated or a.confidence is Confidence.HIGH)


def _some(genes: tuple[str, ...], most: int = 6) -> str:
    more = len(genes) - most
    return ", ".join(genes[:most]) + (f" and {more} more" if more > 0 else "")
