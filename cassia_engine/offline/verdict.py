"""Judges a ranking: score, rivals of another lineage, state and the checks in code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cassia_engine.genes.states import is_sign, states_of
from cassia_engine.knowledge.rule_out import RuledOutBy, excluding_genes
from cassia_engine.offline.scoring import Candidate, Ranking
from cassia_engine.ontology.broad_lineages import related
from cassia_engine.records import TOP_GENES, Cluster, ScoringCheck
from cassia_engine.text import counted

# A strength about that of one good marker in the middle of the list: without it a single gene would score 100.
ONE_GENE = 0.5
MIXED_SHARE = 0.5  # of the answer's strength, from two own genes on, makes another lineage a possible mixture
MAX_CONFLICTS = 10
MAX_CANDIDATES = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is made of a ranking that has at least one candidate.

    Attributes:
        candidates: up to three, best first; the first one is the answer.
        scores: for each of them 100 x strength / (strength + rival's strength + one gene).
        rival: the strongest type of an unrelated lineage that has a gene of its own.
        rival_strength, rival_genes: of these genes alone, strongest first.
        mixed: whether the rival is strong enough for a mixture.
        conflicts: genes that mark the rival and nothing related to the answer, if there are two or more.
    """

    candidates: tuple[Candidate, ...]
    scores: tuple[float, ...]
    rival: Candidate | None
    rival_strength: float
    rival_genes: tuple[str, ...]
    mixed: bool
    conflicts: tuple[str, ...]
    state: str
    checks: tuple[ScoringCheck, ...]

    @property
    def answer(self) -> Candidate:
        return self.candidates[0]

    @property
    def validated(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failures(self) -> str:
        """What failed, in a few words: "few genes, unexpected CD3D"."""
        return ", ".join(check.failure for check in self.checks if not check.passed)


@dataclass(frozen=True, slots=True)
class _Rival:
    """The strongest type unrelated to the answer, by the genes that mark no type related to the answer."""

    candidate: Candidate
    strength: float
    own: tuple[str, ...]


def judge(ranking: Ranking, cluster: Cluster) -> Verdict:
    """Judges the ranking of a cluster.

    Genes that were set aside are no evidence of a type, but of a state.
    """
    answer, genes = ranking.candidates[0], cluster.genes
    set_aside = [gene for aside in cluster.set_aside for gene in aside.genes]
    rival = _rival(ranking)
    strength = rival.strength if rival else 0.0
    mixed = rival is not None and len(rival.own) >= 2 and strength >= MIXED_SHARE * answer.strength
    candidates = ranking.candidates[:MAX_CANDIDATES]
    scores = tuple(round(100 * c.strength / (c.strength + strength + ONE_GENE), 1) for c in candidates)
    partner = rival if mixed else None
    against = excluding_genes(answer.cl_id, cluster, partner.own if partner else ())
    checks = (*_checks(answer, genes, partner), _not_ruled_out(against))
    return Verdict(
        candidates=candidates,
        scores=scores,
        rival=rival.candidate if rival else None,
        rival_strength=strength,
        rival_genes=rival.own if rival else (),
        mixed=mixed,
        # A single stray gene of another lineage says little, and most lists have some.
        conflicts=rival.own[:MAX_CONFLICTS] if rival and len(rival.own) >= 2 else (),
        state=", ".join(states_of([*genes, *set_aside])),
        checks=checks,
    )


def _rival(ranking: Ranking) -> _Rival | None:
    answer, best = ranking.candidates[0], None
    for candidate in ranking.candidates[1:]:
        if best and candidate.strength <= best.strength:
            break  # they are in order, and own genes are never worth more than all
        if not related(candidate.lineage.family, answer.lineage.family):
            own = [(gene, part) for gene, part in candidate.parts if _speaks_against(gene, ranking)]
            share = sum(part for _, part in own) / sum(part for _, part in candidate.parts)
            if own and (best is None or candidate.strength * share > best.strength):
                best = _Rival(candidate, candidate.strength * share, tuple(gene for gene, _ in own))
    return best


def _speaks_against(gene: str, ranking: Ranking) -> bool:
    """Whether a gene marks no type related to the answer, and is no sign of a mere state."""
    family = ranking.candidates[0].lineage.family
    return not is_sign(gene) and not any(related(other, family) for other in ranking.families[gene])


def _checks(answer: Candidate, genes: Sequence[str], partner: _Rival | None) -> tuple[ScoringCheck, ...]:
    n_genes = len(answer.genes)
    high = [gene for gene in answer.genes if gene in genes[:TOP_GENES]]
    return (
        _check("Do at least three genes support it?", n_genes >= 3, counted(n_genes, "gene"), "few genes"),
        _check(
            f"Is one of them among the first {TOP_GENES}?",
            bool(high),
            ", ".join(high[:5]) or "none",
            f"no gene among the first {TOP_GENES}",
        ),
        _check(
            "Is it expected in this tissue?",
            answer.expected,
            "yes" if answer.expected else "it is known from other tissues",
            "unexpected tissue",
        ),
        _check(
            "Is it free of a second, unrelated lineage?",
            partner is None,
            "yes" if partner is None else f"{partner.candidate.label} is backed too, by {', '.join(partner.own[:5])}",
            "a second lineage",
        ),
    )


def _not_ruled_out(against: Sequence[RuledOutBy]) -> ScoringCheck:
    genes, more = ", ".join(found.gene for found in against[:2]), len(against) - 2
    failure = f"unexpected {genes}{f' and {more} more' if more > 0 else ''}"
    found = ", ".join(map(str, against))
    return _check("Is it free of genes that rule it out?", not against, found or "yes", failure)


def _check(question: str, passed: bool, detail: str, failure: str) -> ScoringCheck:
    return ScoringCheck(question, passed, detail, "" if passed else failure)
