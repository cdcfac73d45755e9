"""Which markers of a cluster are kept: technical genes are set aside, and the next of the ranking take their places."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cassia_engine.errors import shown
from cassia_engine.faces import option
from cassia_engine.markers.symbols import symbol_of
from cassia_engine.markers.technical import (
    CELL_CYCLE,
    INTERFERON,
    MITOCHONDRIAL,
    STRESS,
    Trait,
    is_technical,
    kinds,
    trait,
)
from cassia_engine.records import Cluster, Marker, SetAside
from cassia_engine.settings import SplitSettings

log = logging.getLogger(__name__)

# Of the first genes of a cluster this share, and never fewer than three genes, are many of a kind.
_MANY, _LEAST = 0.1, 3
_EXAMPLES = 4
# What many genes of a kind are called, and what they may mean.
_STATES: Mapping[str, tuple[str, str]] = {
    CELL_CYCLE: ("cell-cycle genes", "many cells may be cycling"),
    INTERFERON: ("interferon-stimulated genes", "many cells may be responding to interferon"),
    STRESS: ("heat-shock or immediate early genes", "the cells may have been stressed when the tissue was dissociated"),
    MITOCHONDRIAL: ("mitochondrial genes", "many cells may be damaged, or need much energy"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of a cluster's ranking; as the fields of `records.Cluster`."""

    markers: tuple[Marker, ...]
    set_aside: tuple[SetAside, ...] = ()
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sieve:
    """Chooses a cluster's markers from its ranking.

    Attributes:
        n_genes: the most markers a cluster gets.
        technical: whether technical genes are set aside.
        symbols: the gene map; {} without one.
    """

    n_genes: int
    technical: bool
    symbols: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: SplitSettings, symbols: Mapping[str, str] | None = None) -> Sieve:
        return cls(settings.n_genes, settings.gene_filter == "technical", symbols or {})

    @property
    def window(self) -> int:
        """How much of a ranking to look at first: enough for most clusters."""
        return self.n_genes + (self.n_genes // 2 + 10 if self.technical else 0)

    def is_full(self, ranking: Iterable[Marker]) -> bool:
        """Whether this much of a ranking gives a cluster all the markers it may have."""
        aside = (self.technical and is_technical(symbol_of(marker.gene, self.symbols)) for marker in ranking)
        return sum(not technical for technical in aside) >= self.n_genes

    def choose(self, ranking: Sequence[Marker]) -> Choice:
        """The markers to keep, what was set aside before the last of them, and hints. Their order stays.

        A cluster that would be left without markers keeps its technical ones.
        """
        if not self.technical:
            return Choice(tuple(ranking[: self.n_genes]))
        kept: list[Marker] = []
        aside: dict[str, list[str]] = defaultdict(list)
        for marker in ranking:
            if len(kept) == self.n_genes:
                break
            found = self._trait(marker)
            if found and found.aside:
                aside[found.kind].append(symbol_of(marker.gene, self.symbols))
            else:
                kept.append(marker)
        first = ranking[: self.n_genes]
        if not kept and ranking:
            return Choice(tuple(first), (), (_all_technical(len(first)), *self._hints(first)))
        by_kind = tuple(SetAside(kind, tuple(aside[kind])) for kind in kinds() if aside[kind])
        return Choice(tuple(kept), by_kind, self._hints(first))

    def _hints(self, first: Sequence[Marker]) -> tuple[str, ...]:
        """What the first genes of the whole ranking say of a state."""
        found = defaultdict(list)
        for marker in first:
            if member := self._trait(marker):
                found[member.kind].append(symbol_of(marker.gene, self.symbols))
        least = max(_LEAST, _MANY * len(first))
        return tuple(_hint(kind, found[kind], len(first)) for kind in _STATES if len(found[kind]) >= least)

    def _trait(self, marker: Marker) -> Trait | None:
        return trait(symbol_of(marker.gene, self.symbols))


def count_words(clusters: Iterable[Cluster]) -> str:
    """What was set aside in some clusters: "12 ribosomal, 3 stress"; "" if nothing was."""
    counts = Counter[str]()
    for cluster in clusters:
        counts.update({aside.kind: len(aside.genes) for aside in cluster.set_aside})
    return ", ".join(f"{counts[kind]} {kind}" for kind in kinds() if counts[kind])


def describe(clusters: Sequence[Cluster]) -> None:
    """Say how much was set aside, and in which clusters there was nothing else."""
    touched = [cluster for cluster in clusters if cluster.set_aside]
    if touched:
        number = sum(len(aside.genes) for cluster in touched for aside in cluster.set_aside)
        log.info(
            "%d technical genes are set aside in %d of %d clusters: %s; %s keeps them",
            number,
            len(touched),
            len(clusters),
            count_words(touched),
            option("gene_filter", "none"),
        )
    only = [cluster.id for cluster in clusters if cluster.markers and all(map(is_technical, cluster.genes))]
    if only:
        some = ", ".join(map(shown, only[:10])) + (", ..." if len(only) > 10 else "")
        log.warning("%d clusters have technical genes only, which are kept: %s", len(only), some)


def _all_technical(number: int) -> str:
    return f"only technical genes pass the filter, {number} are kept: they tell little of the cell type"


def _hint(kind: str, genes: Sequence[str], number: int) -> str:
    name, meaning = _STATES[kind]
    # Those that are still in the list say most to whoever reads it.
    examples = ", ".join(sorted(genes, key=is_technical)[:_EXAMPLES]) + (", ..." if len(genes) > _EXAMPLES else "")
    return f"{len(genes)} of the first {number} genes are {name} ({examples}): {meaning}"
