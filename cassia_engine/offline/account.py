"""The scorer's account of one cluster: as typed values for the report, and in plain English for the conversations."""

from __future__ import annotations

from dataclasses import dataclass

from cassia_engine.knowledge.tissues import Tissues
from cassia_engine.offline.confidence import Assessment
from cassia_engine.offline.scoring import Candidate, Ranking
from cassia_engine.offline.verdict import ONE_GENE, Verdict
from cassia_engine.records import Cluster, Dataset, MarkerScoring, ScoredType

SHOWN = 3  # types of a tie that are named
DIGITS = 4  # behind the point, of a weight or a strength


@dataclass(frozen=True, slots=True)
class Account:
    """The scorer's account of one cluster."""

    dataset: Dataset
    tissues: Tissues
    cluster: Cluster
    ranking: Ranking
    verdict: Verdict

    def values(self) -> MarkerScoring:
        """The scored types with the weights of their genes, the rival, the tissue and the checks."""
        verdict = self.verdict
        return MarkerScoring(
            known_genes=len(self.ranking.known_genes),
            types=tuple(map(_scored, verdict.candidates, verdict.scores)),
            tissues=tuple(sorted(self.tissues.named)),
            rival=verdict.rival.label if verdict.rival else "",
            rival_strength=round(verdict.rival_strength, DIGITS),
            rival_genes=verdict.rival_genes,
            one_gene=ONE_GENE,
            checks=verdict.checks,
            tie=self.ranking.tie,
        )

    def tie(self) -> str:
        """Which types tie with the answer; "" if none does."""
        tie = self.ranking.tie
        if tie is None:
            return ""
        more = len(tie.types) - SHOWN
        names = " and ".join((*tie.types[:SHOWN], f"{more} more") if more > 0 else tie.types)
        return f"a tie with {names}: " + (
            "the broader type is the answer" if tie.broader else "the markers hardly tell them apart"
        )

    def reason(self) -> str:
        """Which checks failed and which types tie with the answer; "" if none does."""
        failures = self.verdict.failures
        return "; ".join(filter(None, (failures and f"not validated: {failures}", self.tie())))

    def annotation(self) -> str:
        """What was scored, what came first and by which genes."""
        answer, verdict, aside = self.verdict.answer, self.verdict, self.cluster.set_aside
        lines = [
            "Offline marker scoring: no language model was asked. What follows is a hypothesis to be checked.",
            f"Cluster {self.cluster.id} of {self.dataset.species}, {self._tissue()}: "
            f"{len(self.ranking.known_genes)} of its {len(self.cluster.markers)} markers are in the marker knowledge.",
            f"Best match: {_named(answer)} (general type: {answer.lineage.label}), by {', '.join(answer.genes)}.",
        ]
        for candidate, score in list(zip(verdict.candidates, verdict.scores, strict=True))[1:]:
            lines.append(f"Next: {_named(candidate)}, score {score}, by {', '.join(candidate.genes)}.")
        if tie := self.tie():
            lines.append(f"{tie[0].upper()}{tie[1:]}.")
        if verdict.conflicts:
            lines.append(f"Genes that speak for an unrelated type instead: {', '.join(verdict.conflicts)}.")
        if verdict.mixed and verdict.rival:
            lines.append(f"Possible mixture: {verdict.rival.label} is backed by genes of its own.")
        if aside:
            counts = ", ".join(f"{len(some.genes)} {some.kind}" for some in aside)
            lines.append(f"Technical genes were set aside before ({counts}): they tell of a state, not of a type.")
        if verdict.state:
            lines.append(f"State of the cells, by their genes: {verdict.state}.")
        if self.cluster.context:
            lines.append(
                "What was said of this cluster (cluster_context) was not read: marker scoring knows genes only."
            )
        return "\n".join(lines)

    def validation(self) -> str:
        """The checks in code, one a line."""
        head = "Second look, in code: " + ("all checks passed." if self.verdict.validated else "not all checks passed.")
        marks = (f"[{'yes' if c.passed else 'NO'}] {c.question} {c.detail}." for c in self.verdict.checks)
        return "\n".join((head, *marks))

    def scoring(self, assessed: Assessment) -> str:
        """How the score and the confidence came about."""
        verdict, why = self.verdict, "; ".join(reason.text for reason in assessed.reasons)
        against = "no type of an unrelated lineage has a gene of its own in the list"
        if verdict.rival is not None:
            against = f"the strongest type of an unrelated lineage is {verdict.rival.label}"
        return (
            f"Score {verdict.scores[0]} of 100. It sets the answer against its rivals ({against}): 50 is a tie, 100 is "
            f"never reached. It is not a probability. Confidence {assessed.confidence}: {why}. The probability that it "
            f"is exact is {assessed.exact:.0%}, and {assessed.near:.0%} if a broader or narrower type counts as right. "
            "Marker scoring knows only the cell types of its table. No language model was asked; this is a hypothesis."
        )

    def _tissue(self) -> str:
        if not self.tissues.named:
            return "no tissue taken into account"
        return f"tissue {self.dataset.tissue} (taken as {', '.join(sorted(self.tissues.named))})"


def _scored(candidate: Candidate, score: float) -> ScoredType:
    return ScoredType(
        label=candidate.label,
        cl_id=candidate.cl_id,
        score=score,
        strength=round(candidate.strength, DIGITS),
        genes=tuple((gene, round(weight, DIGITS)) for gene, weight in candidate.parts),
        expected=candidate.expected,
    )


def _named(candidate: Candidate) -> str:
    return f"{candidate.label} ({candidate.cl_id})" if candidate.cl_id else candidate.label
