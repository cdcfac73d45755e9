"""Which markers of a cluster are kept: technical genes are set aside, and the next of the ranking take their places."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from msgspec import structs

from cassia_engine.callers import offers, option
from cassia_engine.errors import shown
from cassia_engine.genes.gene_names import GeneNames, learn
from cassia_engine.genes.states import STATES, State
from cassia_engine.genes.technical import is_technical, kinds, trait
from cassia_engine.knowledge.known import species_or_none
from cassia_engine.records import Cluster, Marker, SetAside
from cassia_engine.settings import SplitSettings
from cassia_engine.text import are, counted, have

log = logging.getLogger(__name__)

# Of the first genes of a cluster this share, and never fewer than three genes, are many of a kind.
_MANY, _LEAST = 0.1, 3
_EXAMPLES = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of a cluster's ranking; as the fields of `records.Cluster`.

    `repeated` are genes that stood in the looked-at part of the ranking before, a symbol for each such row.
    """

    markers: tuple[Marker, ...]
    set_aside: tuple[SetAside, ...] = ()
    hints: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MarkerSelector:
    """Chooses a cluster's markers from its ranking.

    Attributes:
        n_genes: the most markers a cluster gets.
        technical: whether technical genes are set aside.
        names: the symbols of the table's gene names.
        species: "human" or "mouse"; None for another one.
    """

    n_genes: int
    technical: bool
    names: GeneNames = field(default_factory=GeneNames)
    species: str | None = None

    @classmethod
    def of(cls, settings: SplitSettings, symbols: Mapping[str, str] | None = None, species: str | None = None) -> Self:
        """For a table with a gene map or without one; `species` in a person's words."""
        names = GeneNames(symbols=symbols or {})
        return cls(settings.n_genes, settings.gene_filter == "technical", names, species_or_none(species))

    def for_names(self, place: str, names: Collection[str], repeated: bool) -> Self:
        """The same for a table with these gene names, each given once; says what is taken from them.

        Args:
            repeated: whether a name stands in several rows.
        """
        learned = learn(names, self.species, repeated, self.names.symbols)
        for line in learned.describe():
            log.info("%s: %s", place, line)
        for line in learned.warnings():
            log.warning("%s: %s", place, line)
        return replace(self, names=learned)

    @property
    def window(self) -> int:
        """How much of a ranking to look at first: enough for most clusters."""
        return self.n_genes + (self.n_genes // 2 + 10 if self.technical else 0)

    def is_full(self, ranking: Iterable[Marker]) -> bool:
        """Whether this much of a ranking gives a cluster all the markers it may have."""
        symbols = {self.names.symbol(marker.gene) for marker in ranking}
        return sum(not (self.technical and is_technical(symbol)) for symbol in symbols) >= self.n_genes

    def choose(self, ranking: Sequence[Marker]) -> Choice:
        """The markers to keep, by their symbols, what was set aside before the last of them, and hints.

        Their order stays; of several rows of a gene the first counts. A cluster that would be left without markers
        keeps its technical ones.
        """
        genes, repeated = self._genes(ranking)
        first = genes[: self.n_genes]
        if not self.technical:
            return Choice(tuple(first), repeated=repeated)
        kept: list[Marker] = []
        aside: dict[str, list[str]] = defaultdict(list)
        for marker in genes:
            if len(kept) == self.n_genes:
                break
            found = trait(marker.gene)
            if found and found.aside:
                aside[found.kind].append(marker.gene)
            else:
                kept.append(marker)
        if not kept and genes:
            return Choice(tuple(first), (), (_all_technical(len(first)), *_hints(first, first)), repeated)
        by_kind = tuple(SetAside(kind, tuple(aside[kind])) for kind in kinds() if aside[kind])
        return Choice(tuple(kept), by_kind, _hints(first, kept), repeated)

    def _genes(self, ranking: Sequence[Marker]) -> tuple[list[Marker], tuple[str, ...]]:
        """The ranking by symbols, each once, and those of the rows that are left out for that."""
        found: dict[str, Marker] = {}
        repeated = []
        for marker in ranking:
            symbol = self.names.symbol(marker.gene)
            if symbol in found:
                repeated.append(symbol)
            else:
                same = symbol == marker.gene
                found[symbol] = marker if same else structs.replace(marker, gene=symbol, given=marker.gene)
        return list(found.values()), tuple(repeated)


def describe_repeats(place: str, choices: Mapping[str, Choice]) -> None:
    """Say which genes stood several times in a cluster; `choices` by cluster."""
    touched = {id_: choice.repeated for id_, choice in choices.items() if choice.repeated}
    if touched:
        id_, genes = next(iter(touched.items()))
        log.warning(
            "%s: genes stand in several rows of a cluster in %d of %s (%s in cluster %s); each counts once, "
            "by its best row; further rows left out: %d",
            place,
            len(touched),
            counted(len(choices), "cluster"),
            shown(genes[0]),
            shown(id_),
            sum(map(len, touched.values())),
        )


def _hints(first: Sequence[Marker], kept: Sequence[Marker]) -> tuple[str, ...]:
    """What the first genes of the whole ranking say of a state, with examples of the genes that are kept.

    A gene that is not shown is not named either: it would be cited.
    """
    listed = {marker.gene for marker in kept}
    found = defaultdict(list)
    for marker in first:
        if member := trait(marker.gene):
            found[member.kind].append(marker.gene)
    least = max(_LEAST, _MANY * len(first))
    many = ((state, found[state.kind]) for state in STATES if len(found[state.kind]) >= least)
    return tuple(_hint(state, genes, listed, len(first)) for state, genes in many)


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
            "%s %s set aside in %d of %s: %s%s",
            counted(number, "technical gene"),
            are(number),
            len(touched),
            counted(len(clusters), "cluster"),
            count_words(touched),
            f"; {option('gene_filter', 'none')} keeps them" if offers("gene_filter") else "",
        )
    only = [cluster.id for cluster in clusters if cluster.markers and all(map(is_technical, cluster.genes))]
    if only:
        some = ", ".join(map(shown, only[:10])) + (", ..." if len(only) > 10 else "")
        log.warning(
            "%s %s technical genes only, which are kept: %s", counted(len(only), "cluster"), have(len(only)), some
        )


def _all_technical(number: int) -> str:
    return f"only technical genes pass the filter, {number} are kept: they tell little of the cell type"


def _hint(state: State, genes: Sequence[str], listed: Collection[str], number: int) -> str:
    shown_ones = [gene for gene in genes if gene in listed][:_EXAMPLES]
    more = ", ..." if len(genes) > len(shown_ones) else ""
    examples = f" ({', '.join(shown_ones)}{more})" if shown_ones else ""
    return f"{len(genes)} of the first {number} genes are {state.genes_are}{examples}: {state.meaning}"
