"""Marker scoring: ranks the cell types of the knowledge by how well a cluster's markers speak for them.

A pure function of markers, knowledge, ontology and tissue. docs/offline.md explains it to biologists.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cassia_engine.genes.states import is_sign
from cassia_engine.knowledge import Knowledge, Profile
from cassia_engine.knowledge.tables import SHIPPED_WEIGHT
from cassia_engine.knowledge.tissues import ANY, Tissues
from cassia_engine.ontology import Ontology
from cassia_engine.ontology.broad_lineages import Lineage, lineage_of
from cassia_engine.records import Tie

VERSION = "1.1"  # changes whenever the same markers may get another answer
SHORTEST = 4.0  # added to the length of every profile, so that one of a gene or two has no great advantage


@dataclass(frozen=True, slots=True)
class Settings:
    """The scorer's few settings; benchmarks/accuracy.py measures them.

    Attributes:
        foreign: factor for a type that is not found in the tissue, nor in one near it.
        near: factor for a type of a tissue near it.
        state_sign: factor for a gene that shows a state of the cells (cell cycle, interferon, stress) in any type.
        rank_offset: how slowly a gene loses weight down the list (rank r counts 1 / log2(r + offset)).
        length_power: how much types with many known markers are held back; 0 not at all.
        few_genes: how much types with few markers in the list are held back; 0 not at all.
        lineage_power: how much a type gains from markers of its relatives; 0 not at all.
        tie: types whose strengths lie within this share of the best are a tie, which a broader type among them,
            or above several of them, wins.
        alike: types within this share of the answer's strength are said to tie with it, where no broader one won.
        broad_floor: but only with at least this share of the best strength of its own,
        own_genes: and if fewer genes than this speak for the best type and not for the broader one.
    """

    foreign: float = 0.4
    near: float = 0.8
    state_sign: float = 0.3
    rank_offset: float = 5.0
    length_power: float = 0.2
    few_genes: float = 1.0
    lineage_power: float = 0.5
    tie: float = 0.3
    alike: float = 0.1
    broad_floor: float = 0.5
    own_genes: int = 3


DEFAULTS = Settings()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cell type with what speaks for it.

    Attributes:
        strength: the number that types are ranked by; comparable within a cluster only.
        parts: its markers in the list, in the list's spelling, with what each adds; strongest first.
        expected: whether it is found in the data's tissue, near it or everywhere.
    """

    cl_id: str
    label: str
    lineage: Lineage
    strength: float
    parts: tuple[tuple[str, float], ...]
    expected: bool

    @property
    def genes(self) -> tuple[str, ...]:
        return tuple(gene for gene, _ in self.parts)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The candidates of a cluster, best first; empty if no gene is in the knowledge.

    Attributes:
        known_genes: genes of the list that mark any type, in the list's order and spelling.
        families: for each of them the families of lineages whose types it marks.
        tie: the types that came out about as strong as the first, if there are any.
    """

    candidates: tuple[Candidate, ...] = ()
    known_genes: tuple[str, ...] = ()
    families: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tie: Tie | None = None


class Scorer:
    """Scores the clusters of one data set: knowledge, ontology and tissue are weighed once, when it is made."""

    def __init__(self, knowledge: Knowledge, ontology: Ontology, tissues: Tissues, settings: Settings = DEFAULTS):
        self.knowledge, self.settings, self.profiles = knowledge, settings, knowledge.profiles
        self.lineages = [lineage_of(p.cl_id, p.label, ontology) for p in self.profiles]
        place = {p.cl_id: i for i, p in enumerate(self.profiles) if p.cl_id}
        above = (ontology.ancestors(p.cl_id) for p in self.profiles)
        self.ancestors = [frozenset(place[a] for a in terms if a in place) for terms in above]
        self.factors = [self._tissue_factor(p, tissues) for p in self.profiles]
        self.index = self._index()
        self._symbols: dict[str, str] = {}

    def rank(self, genes: Iterable[str]) -> Ranking:
        """Candidates for a list of markers, best first. Of several spellings of one gene the first counts."""
        found = self._look_up(genes)
        parts: dict[int, list[tuple[str, float]]] = defaultdict(list)
        for gene, symbol, discount in found:
            for place, weight in self.index[symbol]:
                parts[place].append((gene, weight * discount))
        strengths = self._strengths(parts)
        order = sorted(strengths, key=lambda place: (-strengths[place], place))
        tie = self._let_broader_type_win(order, strengths, parts) or self._near_the_first(order, strengths)
        return Ranking(
            tuple(self._candidate(place, strengths[place], parts[place]) for place in order),
            tuple(gene for gene, _, _ in found),
            {g: frozenset(self.lineages[place].family for place, _ in self.index[s]) for g, s, _ in found},
            tie,
        )

    def _look_up(self, genes: Iterable[str]) -> list[tuple[str, str, float]]:
        """(gene, its spelling in the knowledge, discount for its rank) of the genes that the knowledge has."""
        found, seen = [], {""}
        for rank, gene in enumerate(genes):
            symbol = self._symbol(gene)
            if symbol not in seen:
                seen.add(symbol)
                factor = self.settings.state_sign if is_sign(gene) else 1.0
                found.append((gene, symbol, factor / math.log2(rank + self.settings.rank_offset)))
        return found

    def _symbol(self, gene: str) -> str:
        if gene not in self._symbols:
            self._symbols[gene] = next((s for s in self.knowledge.symbols(gene) if s in self.index), "")
        return self._symbols[gene]

    def _strengths(self, parts: Mapping[int, list[tuple[str, float]]]) -> dict[int, float]:
        """Sum of the parts, times tissue factor, number of genes, and standing of the family."""
        support: dict[str, dict[str, float]] = defaultdict(dict)
        for place, pairs in parts.items():
            best = support[self.lineages[place].family]
            for gene, part in pairs:
                best[gene] = max(best.get(gene, 0.0), part * self.factors[place])
        sums = {family: sum(best.values()) for family, best in support.items()}
        strongest = max(sums.values(), default=0.0)
        power, few = self.settings.lineage_power, self.settings.few_genes
        return {
            place: sum(part for _, part in pairs)
            * self.factors[place]
            * len(pairs)
            / (len(pairs) + few)
            * (sums[self.lineages[place].family] / strongest) ** power
            for place, pairs in parts.items()
        }

    def _let_broader_type_win(
        self, order: list[int], strengths: dict[int, float], parts: Mapping[int, list[tuple[str, float]]]
    ) -> Tie | None:
        """Moves the best backed broader type to the first place if types below it tie there, and says which do."""
        if not order:
            return None
        top, best = order[0], strengths[order[0]]
        tied = [place for place in order if strengths[place] >= best * (1 - self.settings.tie)]

        def wins(broad: int) -> bool:
            genes = {gene for gene, _ in parts.get(broad, ())}
            return (
                strengths.get(broad, 0.0) >= best * self.settings.broad_floor
                and sum(place == broad or broad in self.ancestors[place] for place in tied) > 1
                and sum(gene not in genes for gene, _ in parts[top]) < self.settings.own_genes
            )

        winners = [broad for broad in self.ancestors[top] if wins(broad)]
        if not winners:
            return None
        broad = max(winners, key=lambda place: (strengths[place], -place))
        strengths[broad] = best
        order.remove(broad)
        order.insert(0, broad)
        return self._tie([place for place in tied if broad in self.ancestors[place]], broader=True)

    def _near_the_first(self, order: Sequence[int], strengths: Mapping[int, float]) -> Tie | None:
        least = strengths[order[0]] * (1 - self.settings.alike) if order else 0.0
        return self._tie([place for place in order[1:] if strengths[place] >= least], broader=False)

    def _tie(self, places: Sequence[int], broader: bool) -> Tie | None:
        return Tie(tuple(self.profiles[place].label for place in places), broader) if places else None

    def _candidate(self, place: int, strength: float, parts: list[tuple[str, float]]) -> Candidate:
        profile, lineage = self.profiles[place], self.lineages[place]
        ordered = tuple(sorted(parts, key=lambda part: -part[1]))
        expected = self.factors[place] > self.settings.foreign
        return Candidate(profile.cl_id, profile.label, lineage, strength, ordered, expected)

    def _tissue_factor(self, profile: Profile, tissues: Tissues) -> float:
        if not tissues.named or ANY in profile.tissues or profile.tissues & tissues.named:
            return 1.0
        return self.settings.near if profile.tissues & tissues.near else self.settings.foreign

    def _index(self) -> dict[str, list[tuple[int, float]]]:
        """Gene -> the types it marks, with weight: the fewer types it marks, the heavier."""
        n_types = Counter(gene for p in self.profiles for gene in p.weights)
        rarity = {gene: math.log((len(self.profiles) + 1) / (n + 0.5)) for gene, n in n_types.items()}
        index: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, profile in enumerate(self.profiles):
            weights = {gene: weight / SHIPPED_WEIGHT * rarity[gene] for gene, weight in profile.weights.items()}
            length = (sum(weights.values()) + SHORTEST) ** self.settings.length_power
            for gene, weight in weights.items():
                index[gene].append((place, weight / length))
        return dict(index)
