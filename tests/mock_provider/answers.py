"""Plausible replies: the offline scorer's opinion of a marker list, in the shapes that cassia asks for."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cassia_engine.errors import UsageError
from cassia_engine.knowledge import Knowledge
from cassia_engine.knowledge.genes import species_of
from cassia_engine.knowledge.tissues import TissueTable
from cassia_engine.offline.scoring import Candidate, Ranking, Scorer
from cassia_engine.offline.verdict import Verdict, judge
from cassia_engine.ontology import Ontology
from cassia_engine.records import Cluster, Marker
from cassia_engine.replies import shapes as shapes_of
from cassia_engine.replies.questions import VALIDATOR_QUESTIONS
from tests.mock_provider.reading import Question, last_block, read_question

ANNOTATION, VALIDATION, ADJUDICATION = "cassia_annotation", "cassia_validation", "cassia_adjudication"
ENQUIRY, OPINION = "cassia_enquiry", "cassia_opinion"
SHAPES = {
    ANNOTATION: shapes_of.ANNOTATION,
    VALIDATION: shapes_of.VALIDATION,
    ADJUDICATION: shapes_of.ADJUDICATION,
    ENQUIRY: shapes_of.ENQUIRY,
    OPINION: shapes_of.OPINION,
}
_SECOND = "Role: second annotator"
PONG = "pong"
EVIDENCE = 8
LOW = 40  # the score of an answer that is not the best one


def answer(
    title: str,
    messages: Sequence[tuple[str, str]],
    system: str = "",
    seed: int = 0,
    variety: float = 0.0,
    asks_for_genes: bool = False,
) -> str:
    """The reply, always the same for the same arguments.

    Args:
        title: title of the schema asked for, "" for free text.
        messages: (role, text) of the turns, without the system text.
        variety: share of the clusters whose first answer is not the best one, with a low score; a second annotator
            gives the best one, an adjudicator chooses it, and a validator sends the other back.
        asks_for_genes: a second annotator that may ask for genes does.
    """
    if title not in SHAPES:
        return PONG
    broken = last_block("reply", [text for role, text in messages if role == "user"])[1]
    repaired = repair(title, broken) if isinstance(broken, str) else None
    second = _SECOND in system or any(_SECOND in text for _, text in messages)
    question = read_question(title, messages, _is_gene)
    return repaired or _reply(question, seed, 0.0 if second else variety, asks_for_genes)


@lru_cache(maxsize=4096)
def _reply(question: Question, seed: int, variety: float, asks_for_genes: bool) -> str:
    opinion = form_opinion(question.genes, question.tissue, question.species)
    varied = draw(seed, *question.genes) < variety and len(opinion.candidates) > 1
    said = _WRITERS[question.title](opinion, question, varied)
    if question.title == OPINION:
        said["wanted_genes"] = _wanted(opinion, question) if asks_for_genes else []
    return json.dumps(said, ensure_ascii=False)


def draw(seed: int, *words: str) -> float:
    """A number from 0 to 1 that depends on nothing else."""
    digest = hashlib.sha256("\0".join((str(seed), *words)).encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the scorer thinks of a list; without candidates it cannot tell."""

    scorer: Scorer
    ranking: Ranking
    verdict: Verdict | None

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        return self.verdict.candidates if self.verdict else ()


@lru_cache(maxsize=4096)
def form_opinion(genes: tuple[str, ...], tissue: str, species: str) -> Opinion:
    """The opinion, remembered: annotator and validator are asked about the same lists."""
    scorer = open_scorer(tissue, species)
    ranking = scorer.rank(genes)
    return Opinion(scorer, ranking, judge(ranking, _cluster(genes)) if ranking.candidates else None)


def _cluster(genes: tuple[str, ...]) -> Cluster:
    return Cluster("", 0, n_rows=len(genes), n_passing=len(genes), markers=tuple(map(Marker, genes)))


@lru_cache(maxsize=64)
def open_scorer(tissue: str, species: str) -> Scorer:
    """The scorer for a tissue; a species that it does not know is taken for human."""
    try:
        known = species_of(species)
    except UsageError:
        known = "human"
    knowledge = Knowledge.load(None, known)
    tissues = TissueTable.load().read("" if tissue.casefold() == "none" else tissue, knowledge.tissues)
    return Scorer(knowledge, Ontology.load(), tissues)


def _annotation(opinion: Opinion, question: Question, varied: bool) -> dict[str, Any]:
    verdict = opinion.verdict
    if verdict is None:
        return _unresolved()
    first_round = question.named is None
    candidates = verdict.candidates
    if varied and first_round:
        candidates = (candidates[1], candidates[0], *candidates[2:])
    best = candidates[0]
    named = [g for g in question.named or () if g not in best.genes]
    conflicts = list(dict.fromkeys((*verdict.conflicts, *named)))
    rival = verdict.rival.label if verdict.rival else "another type"
    return {
        "evidence": [{"gene": gene, "speaks_for": best.label} for gene in best.genes[:EVIDENCE]],
        "conflicts": [{"gene": gene, "speaks_for": rival} for gene in conflicts],
        "lineage": best.lineage.label or best.label,
        "candidates": [_candidate(c, candidates) for c in candidates],
        "sure": {"cell_type": best.label, "cl_name": Ontology.load().label(best.cl_id)},
        "specific": {**_candidate(best, candidates), "probability": round(verdict.scores[0])},
        "mixture": _mixture(verdict),
        "state": verdict.state,
        "context_conflict": "" if best.expected else f"{best.label} is not expected in {question.tissue}",
        "possible_tissues": _tissues(opinion, best) if question.tissue.casefold() == "none" else [],
        "score": LOW if varied and first_round else round(verdict.scores[0]),
        "score_reason": f"{len(best.genes)} of the listed genes mark {best.label}.",
    }


def _unresolved() -> dict[str, Any]:
    lists = dict.fromkeys(("evidence", "conflicts", "candidates", "mixture", "possible_tissues"), ())
    texts = dict.fromkeys(("state", "context_conflict"), "")
    reason = "None of the listed genes marks a cell type."
    none = {"sure": _fit(None, _part("sure")), "specific": {**_fit(None, _part("specific")), "probability": 0}}
    return {**lists, **texts, **none, "lineage": "unresolved", "score": 0, "score_reason": reason}


def _part(name: str) -> Mapping[str, Any]:
    form: Mapping[str, Any] = shapes_of.ANNOTATION["properties"][name]
    return form


def _candidate(candidate: Candidate, all_of_them: Sequence[Candidate]) -> dict[str, Any]:
    others = {gene for other in all_of_them if other is not candidate for gene in other.genes}
    own = [gene for gene in candidate.genes if gene not in others]
    name = Ontology.load().label(candidate.cl_id)
    return {"cell_type": candidate.label, "cl_name": name, "separating_genes": (own or list(candidate.genes))[:4]}


def _mixture(verdict: Verdict) -> list[dict[str, Any]]:
    if not (verdict.mixed and verdict.rival and len(verdict.conflicts) > 1):
        return []
    rivals = set(verdict.rival.genes)
    own = [gene for gene in verdict.answer.genes if gene not in rivals]
    return [
        {"cell_type": verdict.answer.label, "genes": own[:4]},
        {"cell_type": verdict.rival.label, "genes": list(verdict.conflicts[:4])},
    ]


def _tissues(opinion: Opinion, best: Candidate) -> list[str]:
    profile = next(p for p in opinion.scorer.profiles if p.label == best.label)
    return sorted(profile.tissues)[:3]


def _validation(opinion: Opinion, question: Question, varied: bool) -> dict[str, Any]:
    if not opinion.candidates:
        return _judgement("unresolved", (), agrees=question.claim[1].casefold() == "unresolved", score=20)
    best = opinion.candidates[0]
    claimed, lineage = (text.casefold() for text in question.claim)
    if varied:
        agrees = claimed == best.label.casefold()
    else:
        names = {c.label.casefold(): c.lineage.family for c in opinion.ranking.candidates}
        same_family = names.get(claimed) == best.lineage.family
        agrees = same_family or lineage in (best.lineage.label.casefold(), best.label.casefold())
    score = round(opinion.verdict.scores[0]) if opinion.verdict else 0
    return _judgement(best.label, best.genes[:EVIDENCE], agrees=agrees, score=score if agrees else 30)


def _adjudication(opinion: Opinion, question: Question, varied: bool) -> dict[str, Any]:
    """The answer that is the scorer's best type, else that of its lineage, else neither."""
    if not opinion.candidates:
        return {"for_a": [], "for_b": [], "reason": "No listed gene marks a type.", "choice": "neither"}
    best = opinion.candidates[0]
    names = {c.label.casefold(): c.lineage.family for c in opinion.ranking.candidates}
    a, b = (text.casefold() for text in question.answers)
    same = [one for one in (a, b) if one == best.label.casefold()]
    near = [one for one in (a, b) if names.get(one) == best.lineage.family]
    chosen = next(iter(same + near), "")
    choice = "neither" if not chosen else "a" if chosen == a else "b"
    genes = list(best.genes[:3])
    told = f"{', '.join(genes)} mark {best.label}."
    return {"for_a": genes * (choice == "a"), "for_b": genes * (choice == "b"), "reason": told, "choice": choice}


def _enquiry(opinion: Opinion, question: Question, varied: bool) -> dict[str, Any]:
    """The best types with their genes; in the first round genes that mark them and are not listed are asked for."""
    best = opinion.candidates[:3]
    hypotheses = [
        {
            "cell_type": one.label,
            "cl_name": Ontology.load().label(one.cl_id),
            "genes_for": list(one.genes[:4]),
            "genes_against": [],
            "still_open": "",
        }
        for one in best
    ]
    return {"hypotheses": hypotheses, "wanted_genes": _wanted(opinion, question) if question.named is None else []}


def _wanted(opinion: Opinion, question: Question) -> list[str]:
    """Genes that mark the best types and are not listed."""
    known = {profile.label: list(profile.weights) for profile in opinion.scorer.profiles}
    best = opinion.candidates[:3]
    return [gene for one in best for gene in known[one.label][:8] if gene not in question.genes][:12]


_WRITERS = {
    ANNOTATION: _annotation,
    VALIDATION: _validation,
    ADJUDICATION: _adjudication,
    ENQUIRY: _enquiry,
    OPINION: _annotation,
}


def _judgement(own: str, genes: Iterable[str], *, agrees: bool, score: int) -> dict[str, Any]:
    good = {name for name, asked in VALIDATOR_QUESTIONS.items() if asked.expected} if agrees else {"better_type"}
    told = list(genes)
    answers = {name: {"answer": "yes" if name in good else "no", "genes": told[:3]} for name in VALIDATOR_QUESTIONS}
    feedback = "" if agrees else f"{own} explains the list better, by {', '.join(told) or 'no gene'}."
    reason = "The strongest genes fit the claim." if agrees else f"The strongest genes mark {own}."
    return {"own_type": own, **answers, "feedback": feedback, "score": score, "score_reason": reason}


def repair(title: str, broken: str) -> str | None:
    """The reply in the form asked for, with all that can be read of it; None if it has no JSON object."""
    start = broken.find("{")
    try:
        said, _ = json.JSONDecoder().raw_decode(re.sub(r",(\s*[}\]])", r"\1", broken), start)
    except (ValueError, RecursionError):
        return None
    return json.dumps(_fit(said, SHAPES[title]), ensure_ascii=False)


def _fit(value: Any, schema: Mapping[str, Any]) -> Any:
    """The value, or what stands for nothing."""
    kind = schema["type"]
    if kind == "object":
        given = value if isinstance(value, dict) else {}
        return {name: _fit(given.get(name), inner) for name, inner in schema["properties"].items()}
    if kind == "array":
        return [_fit(item, schema["items"]) for item in value] if isinstance(value, list) else []
    if kind == "integer":
        return value if isinstance(value, int) else -1
    allowed = schema.get("enum")
    return value if isinstance(value, str) and (not allowed or value in allowed) else "no" if allowed else ""


def _is_gene(word: str) -> bool:
    return word in open_scorer("none", "human").index
